/** A Windows server, reached over SSH: one fixed script there answers each call. */

import { randomUUID } from 'node:crypto'
import type { z } from 'zod'
import { errorText } from '../../core/error-text.ts'
import { type ProcessEnd, runBounded } from '../bounded-process.ts'
import { schemaProblem } from '../feeds/schema-problem.ts'
import { inputLimits } from '../input-limits.ts'
import { createSshConnections, type SshConnections } from '../ssh/connections.ts'
import { DEFAULT_CONNECT_SECONDS, type SshTarget, sshArguments } from '../ssh/target.ts'
import { connectionProblemOf } from '../ssh/transport.ts'
import { whenAborted } from '../when-aborted.ts'
import { deliver, type Place } from './deliver.ts'
import { ScriptProblem } from './problem.ts'
import { findAnswer, type OwnEnvelope, whyNoAnswer } from './read-answer.ts'
import { checkedFolder, commandFor, HOME_FOLDER, type Script } from './script.ts'

export interface RemoteOptions {
  /** The name of the server for people. */
  readonly name: string
  readonly target: SshTarget
  /** Where the script lies. Default: `.patchwarden` in the home of the login. */
  readonly folder?: string
  /** Default: `inputLimits.scriptCallSeconds`. */
  readonly callSeconds?: number
  /** How many rows an answer may have. Default: `inputLimits.scriptRows`. */
  readonly rows?: number
  /** How long a call waits on the server for an earlier one. Default: `inputLimits.scriptWaitSeconds`. */
  readonly waitSeconds?: number
}

/** The calls of a script, and how its errors are told. */
export interface ScriptCalls<Calls extends Readonly<Record<string, { readonly answers: z.ZodType }>>> {
  script(): Script
  readonly calls: Calls
  /** Calls that change something. After one of them is lost, somebody must look. */
  readonly changes: ReadonlySet<string>
  /** The sentence for an error that the script reports. `tooMuch`: less must be asked at once. */
  refused(
    name: string,
    op: keyof Calls & string,
    error: ScriptError,
  ): { readonly sentence: string; readonly tooMuch: boolean }
}
export type ScriptError = NonNullable<OwnEnvelope['error']>

type AnyCalls = Readonly<Record<string, { readonly asks: z.ZodType; readonly answers: z.ZodType }>>
type Asked<Calls extends AnyCalls, Op extends keyof Calls> = z.input<Calls[Op]['asks']>
type Answered<Calls extends AnyCalls, Op extends keyof Calls> = z.output<Calls[Op]['answers']>

export interface ScriptServer<Calls extends AnyCalls> {
  /** One line for people: `WSUS01 over SSH`. */
  readonly describe: string
  /** Throws a ScriptProblem. `truncated`: the list was cut. */
  call<Op extends keyof Calls & string>(
    op: Op,
    data: Asked<Calls, Op>,
    signal: AbortSignal,
  ): Promise<{ readonly data: Answered<Calls, Op>; readonly truncated: boolean }>
}

/** The servers of one system. All roles of the system share them, so that a server gets one call at a time. */
export interface ScriptServers<Calls extends AnyCalls> {
  /** The same login gives the same server. Throws a sentence. */
  over(options: RemoteOptions): ScriptServer<Calls>
  close(): Promise<void>
}

export function createScriptServers<Calls extends AnyCalls>(of: ScriptCalls<Calls>): ScriptServers<Calls> {
  const connections = createSshConnections()
  const servers = new Map<string, ScriptServer<Calls>>()
  return {
    over(options) {
      const login = JSON.stringify(options.target)
      const known = servers.get(login)
      if (known !== undefined) return known
      const server = createRemoteServer(of, options, connections)
      servers.set(login, server)
      return server
    },
    close: () => connections.close(),
  }
}

function createRemoteServer<Calls extends AnyCalls>(
  of: ScriptCalls<Calls>,
  options: RemoteOptions,
  connections: SshConnections,
): ScriptServer<Calls> {
  const { name, target, folder = HOME_FOLDER } = options
  const place: Place = { name, target, folder: checkedFolder(folder), connections }
  const turns = createTurns()
  return {
    describe: `${name} over SSH`,
    async call(op, data, signal) {
      const done = await turns.take(signal)
      try {
        return await call(of, place, options, op, data, signal)
      } finally {
        done()
      }
    },
  }
}

/** One after another, in the order in which they came. */
function createTurns() {
  let last: Promise<void> = Promise.resolve()
  return {
    /** Resolves with what ends the turn. Throws a ScriptProblem when the signal aborts before its turn comes. */
    async take(signal: AbortSignal): Promise<() => void> {
      const earlier = last
      let done: () => void = () => undefined
      last = new Promise((resolve) => {
        done = resolve
      })
      if (await comesBefore(earlier, signal)) return done
      void earlier.then(done)
      throw new ScriptProblem('The call was stopped before its turn came.', { sent: false, cause: signal.reason })
    },
  }
}

async function comesBefore(earlier: Promise<void>, signal: AbortSignal): Promise<boolean> {
  if (signal.aborted) return false
  let forget = () => {}
  const stopped = new Promise<boolean>((resolve) => {
    forget = whenAborted(signal, () => resolve(false))
  })
  const came = await Promise.race([earlier.then(() => true), stopped])
  forget()
  return came
}

async function call<Calls extends AnyCalls, Op extends keyof Calls & string>(
  of: ScriptCalls<Calls>,
  place: Place,
  options: RemoteOptions,
  op: Op,
  data: Asked<Calls, Op>,
  signal: AbortSignal,
): Promise<{ readonly data: Answered<Calls, Op>; readonly truncated: boolean }> {
  const { name, target, folder, connections } = place
  const script = of.script()
  const id = randomUUID()
  const request = Buffer.from(JSON.stringify(requestOf(id, data, options))).toString('base64')
  if (request.length > inputLimits.scriptRequestBytes) {
    throw new ScriptProblem(`The call ${op} asks ${name} for too much at once.`, { sent: false, tooMuch: true })
  }
  await deliver(place, script, signal)
  const connect = target.connectTimeoutSeconds ?? DEFAULT_CONNECT_SECONDS
  const seconds = connect + (options.callSeconds ?? inputLimits.scriptCallSeconds)
  const ran = await runBounded({
    command: 'ssh',
    args: sshArguments(target, commandFor(op, folder, script), connections.socket(target)),
    input: `${request}\n`,
    timeoutSeconds: seconds,
    maxBytes: inputLimits.hostOutputBytes,
    signal,
  })
  const envelope = envelopeOf(ran, { name, op, id, seconds, signal, changes: of.changes })
  if (envelope.error !== null || !envelope.ok) throw errorOf(of, envelope, name, op)
  return { data: answerOf(of, envelope, name, op), truncated: envelope.truncated }
}

function requestOf(call: string, data: unknown, { rows, waitSeconds }: RemoteOptions) {
  const limit = rows ?? inputLimits.scriptRows
  return { v: 1, call, limit, wait: waitSeconds ?? inputLimits.scriptWaitSeconds, data }
}

interface Asking {
  readonly name: string
  readonly op: string
  readonly id: string
  readonly seconds: number
  readonly signal: AbortSignal
  readonly changes: ReadonlySet<string>
}

/** The answer, also when the connection died right after it. Throws a ScriptProblem. */
function envelopeOf(ran: ProcessEnd, { name, op, id, seconds, signal, changes }: Asking): OwnEnvelope {
  const lost = (reason: string, begun: 'no' | 'maybe', tooMuch = false) =>
    new ScriptProblem(reason, { sent: begun === 'maybe' && changes.has(op), tooMuch })
  try {
    const envelope = findAnswer(ran.stdout, id)
    if (envelope !== null && (envelope.op === op || !envelope.ok)) return envelope
  } catch (error) {
    throw lost(`${name} cannot be understood: ${errorText(error)}.`, 'maybe')
  }
  if (signal.aborted) throw lost(`The call ${op} to ${name} was stopped before its answer came.`, 'maybe')
  if (ran.end === 'too much output') {
    throw lost(`${name} answered more than ${inputLimits.hostOutputBytes} bytes.`, 'maybe', true)
  }
  if (ran.end === 'exited' && ran.status !== null && ran.status !== SSH_FAILED) {
    const { reason, begun } = whyNoAnswer(name, { ...ran, status: ran.status })
    throw lost(reason, begun)
  }
  const { reason, begun } = connectionProblemOf(ran, name, seconds)
  throw lost(reason, begun)
}

/** Exit status of ssh when the connection failed. */
const SSH_FAILED = 255

function errorOf<Calls extends AnyCalls>(
  { changes, refused }: ScriptCalls<Calls>,
  { error }: OwnEnvelope,
  name: string,
  op: keyof Calls & string,
): ScriptProblem {
  if (error === null)
    return new ScriptProblem(`${name} refused the call ${op} and does not say why.`, { sent: changes.has(op) })
  const { sentence, tooMuch } = refused(name, op, error)
  return new ScriptProblem(sentence, { sent: error.begun === 'maybe' && changes.has(op), tooMuch })
}

function answerOf<Calls extends AnyCalls, Op extends keyof Calls & string>(
  { calls, changes }: ScriptCalls<Calls>,
  { data }: OwnEnvelope,
  name: string,
  op: Op,
): Answered<Calls, Op> {
  const read = calls[op]?.answers.safeParse(data)
  // The schema is the one of `op`; TypeScript does not see that.
  if (read?.success === true) return read.data as Answered<Calls, Op>
  const why = read === undefined ? 'nobody knows this call' : schemaProblem(read.error)
  throw new ScriptProblem(`${name} answered the call ${op} in another form: ${why}.`, { sent: changes.has(op) })
}
