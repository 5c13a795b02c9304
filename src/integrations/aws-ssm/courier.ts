import { setTimeout as sleep } from 'node:timers/promises'
import pLimit, { type LimitFunction } from 'p-limit'
import { unpackAnswer } from './answer.ts'
import {
  chunks,
  INSTANCES_PER_CALL,
  type Invocation,
  invocationOutput,
  invocationsOf,
  type Ssm,
  SsmProblem,
  sendCommand,
} from './client.ts'

export interface CourierOptions {
  readonly ssm: Ssm
  readonly document: string
  /** Seconds until the agent must have taken a command. Systems Manager allows at least 30. */
  readonly deliverySeconds: number
  /** Seconds that a command may run. */
  readonly runSeconds: number
  /** Seconds between two polls of a command. */
  readonly lookSeconds: number
}

/** The result of a command on one instance so far. */
export type Heard =
  | { readonly kind: 'going'; readonly status: string }
  | { readonly kind: 'answer'; readonly text: string }
  /** `reached` false: the command certainly never ran on the instance. `details`: the word of Systems Manager. */
  | { readonly kind: 'nothing'; readonly reason: string; readonly reached: boolean; readonly details: string }

/** For each instance, the id of the command, or the problem that prevented sending. */
export type Sent = ReadonlyMap<string, { readonly command: string } | { readonly problem: SsmProblem }>

/** Sends scripts to instances and fetches their answers. */
export interface Courier extends CourierOptions {
  /** Limits the calls at the same time, because Systems Manager throttles the whole account. */
  readonly calls: LimitFunction
  /**
   * Questions that arrived at the same moment, by their text. Questions with the same text share one command. `null`:
   * no question is waiting.
   */
  gathering: Map<string, Question[]> | null
}

export function createCourier(options: CourierOptions): Courier {
  return { ...options, calls: pLimit(4), gathering: null }
}

/** The content of one command. */
export interface Message {
  readonly text: string
  readonly comment: string
}

export async function send(
  courier: Courier,
  instances: readonly string[],
  message: Message,
  signal: AbortSignal,
): Promise<Sent> {
  const portions = chunks(instances, INSTANCES_PER_CALL)
  const sent = await Promise.all(portions.map((some) => sendTogether(courier, some, message, signal)))
  return new Map(sent.flatMap((some) => [...some]))
}

async function sendTogether(
  courier: Courier,
  instances: readonly string[],
  message: Message,
  signal: AbortSignal,
): Promise<Sent> {
  const { ssm, document, deliverySeconds, runSeconds, calls } = courier
  try {
    const request = { instances, document, ...message, deliverySeconds, runSeconds }
    const command = await calls(() => sendCommand(ssm, request, signal))
    return new Map(instances.map((instance) => [instance, { command }]))
  } catch (error) {
    if (!(error instanceof SsmProblem)) throw error
    // If Systems Manager does not know one of the instances, it refuses the command for all. So each half is sent
    // separately.
    if (error.code === 'InvalidInstanceId' && instances.length > 1) {
      const middle = Math.ceil(instances.length / 2)
      const first = await sendTogether(courier, instances.slice(0, middle), message, signal)
      return new Map([...first, ...(await sendTogether(courier, instances.slice(middle), message, signal))])
    }
    return new Map(instances.map((instance) => [instance, { problem: error }]))
  }
}

/** Returns the result of one command for several of its instances. */
export async function hear(
  courier: Courier,
  command: string,
  instances: readonly string[],
  signal: AbortSignal,
): Promise<ReadonlyMap<string, Heard>> {
  const invocations = await courier.calls(() => invocationsOf(courier.ssm, command, signal))
  const heard = new Map<string, Heard>()
  await Promise.all(
    instances.map(async (instance) => {
      heard.set(instance, await read(courier, { command, instance, invocation: invocations.get(instance) }, signal))
    }),
  )
  return heard
}

interface Listed {
  readonly command: string
  readonly instance: string
  readonly invocation: Invocation | undefined
}

/** Returns the result of one invocation. Fetches the whole output when the list has only its beginning. */
async function read(
  { ssm, calls }: Courier,
  { command, instance, invocation }: Listed,
  signal: AbortSignal,
): Promise<Heard> {
  if (invocation === undefined) return { kind: 'going', status: 'not listed yet' }
  const { status, details } = invocation
  if (status === 'Pending' || status === 'InProgress' || status === 'Delayed' || status === 'Cancelling')
    return { kind: 'going', status }
  const listed = unpackAnswer(invocation.output)
  if (listed.kind === 'text') return { kind: 'answer', text: listed.text }
  if (NEVER_RAN.has(details)) return { kind: 'nothing', reason: neverRan(details), reached: false, details }
  const whole = await calls(() => invocationOutput(ssm, command, instance, signal))
  if (whole === null) return { kind: 'going', status: 'not listed yet' }
  const unpacked = unpackAnswer(whole.output)
  if (unpacked.kind === 'text') return { kind: 'answer', text: unpacked.text }
  if (unpacked.kind === 'cut off') {
    const reason = 'Its answer is longer than the 24,000 characters that Systems Manager hands on'
    return { kind: 'nothing', reason, reached: true, details }
  }
  const reached = status !== 'Cancelled' || whole.began
  return { kind: 'nothing', reason: `The command ended without an answer (${details || status})`, reached, details }
}

/** Sends a command and waits for the answer. Throws an SsmProblem when the command cannot be sent. */
export function ask(courier: Courier, instance: string, message: Message, signal: AbortSignal): Promise<Heard> {
  const { text, comment } = message
  return new Promise((resolve, reject) => {
    if (courier.gathering === null) {
      courier.gathering = new Map()
      setTimeout(() => carryGathered(courier), GATHER_MS)
    }
    const same = courier.gathering.get(text)
    const question = { instance, comment, signal, resolve, reject }
    if (same === undefined) courier.gathering.set(text, [question])
    else same.push(question)
  })
}

function carryGathered(courier: Courier): void {
  const gathered = courier.gathering ?? new Map<string, Question[]>()
  courier.gathering = null
  for (const [text, questions] of gathered) {
    // A command asks an instance only once. A second question with the same text gets its own command.
    for (const round of rounds(questions)) void carry(courier, text, round)
  }
}

async function carry(courier: Courier, text: string, questions: readonly Question[]): Promise<void> {
  try {
    const [{ signal, comment } = { signal: NEVER, comment: '' }] = questions
    const instances = [...new Set(questions.map((question) => question.instance))]
    const sent = await send(courier, instances, { text, comment }, signal)
    const byCommand = new Map<string, Question[]>()
    for (const question of questions) {
      const came = sent.get(question.instance)
      if (came === undefined) throw new Error(`No word of ${question.instance}.`)
      if ('problem' in came) question.reject(came.problem)
      else byCommand.set(came.command, [...(byCommand.get(came.command) ?? []), question])
    }
    await Promise.all([...byCommand].map(([command, some]) => waitForAnswers(courier, command, some)))
  } catch (error) {
    for (const question of questions) question.reject(error)
  }
}

async function waitForAnswers(courier: Courier, command: string, questions: readonly Question[]): Promise<void> {
  const { deliverySeconds, runSeconds, lookSeconds } = courier
  const open = new Map(questions.map((question) => [question.instance, question]))
  const rounds = Math.ceil((deliverySeconds + runSeconds + 30) / lookSeconds)
  for (let round = 0; round < rounds && open.size > 0; round++) {
    const [{ signal } = { signal: NEVER }] = open.values()
    await sleep(lookSeconds * 1_000, undefined, { signal })
    for (const [instance, heard] of await hear(courier, command, [...open.keys()], signal)) {
      if (heard.kind === 'going') continue
      open.get(instance)?.resolve(heard)
      open.delete(instance)
    }
  }
  for (const question of open.values()) {
    const reason = 'Systems Manager came to no end with it'
    question.resolve({ kind: 'nothing', reason, reached: true, details: '' })
  }
}

interface Question {
  readonly instance: string
  readonly comment: string
  readonly signal: AbortSignal
  readonly resolve: (heard: Heard) => void
  readonly reject: (error: unknown) => void
}

const GATHER_MS = 20
const NEVER = new AbortController().signal

/** Groups questions so that each group has one signal and each instance at most once. */
function rounds(questions: readonly Question[]): readonly (readonly Question[])[] {
  const bySignal = new Map<AbortSignal, Map<string, Question>[]>()
  for (const question of questions) {
    const lists = bySignal.get(question.signal) ?? []
    const free = lists.find((list) => !list.has(question.instance))
    if (free === undefined) lists.push(new Map([[question.instance, question]]))
    else free.set(question.instance, question)
    bySignal.set(question.signal, lists)
  }
  return [...bySignal.values()].flat().map((list) => [...list.values()])
}

/** StatusDetails of commands that never ran on the instance. */
const NEVER_RAN = new Set(['DeliveryTimedOut', 'Undeliverable', 'Terminated', 'InvalidPlatform', 'AccessDenied'])

function neverRan(details: string): string {
  switch (details) {
    case 'InvalidPlatform':
      return 'The document of the engine does not run on its platform'
    case 'AccessDenied':
      return 'The agent may not run the document of the engine'
    default:
      return `Its agent did not take the command (${details})`
  }
}
