import type { Command, CommandInvocation, InstanceInformation, SSMClient, SSMClientConfig } from '@aws-sdk/client-ssm'
import { networkProblem } from '../network-problem.ts'

/** One call takes at most this many `InstanceIds`. */
export const INSTANCES_PER_CALL = 50
const PAGE = 50
const MAX_PAGES = 40

export interface SsmOptions {
  /** `eu-central-1`. */
  readonly region: string
  /** An address other than Amazon's own, such as a VPC endpoint. */
  readonly endpoint?: string
  /** Left out: what the AWS SDK finds by itself: environment, shared files, web identity, instance role. */
  readonly credentials?: SSMClientConfig['credentials']
}

export interface SentCommand {
  readonly id: string
  readonly comment: string
  readonly instances: readonly string[]
}

export type InstanceState = 'online' | 'lost' | 'unknown' | 'not linux'

export interface Invocation {
  /** Pending, InProgress, Delayed, Success, Cancelled, TimedOut, Failed, Cancelling. */
  readonly status: string
  /** Says more: DeliveryTimedOut, Undeliverable, Terminated, ... */
  readonly details: string
  /** The beginning of what it printed. */
  readonly output: string
}

export interface InvocationOutput {
  readonly output: string
  /** False: the agent never began it. */
  readonly began: boolean
}

/**
 * Why Amazon did not do it. `sent` false: it certainly did not reach the instances. `lasting`: it will not work the
 * next time either, until somebody mends something.
 */
export class SsmProblem extends Error {
  readonly code: string
  readonly sent: boolean
  readonly lasting: boolean

  constructor(message: string, code: string, sent: boolean, cause: unknown) {
    super(message, { cause })
    this.code = code
    this.sent = sent
    this.lasting = !sent && !isThrottling(code)
  }
}

interface Loaded {
  readonly sdk: typeof import('@aws-sdk/client-ssm')
  readonly client: SSMClient
}

/** Systems Manager in one region. Each operation on it throws an SsmProblem with a sentence. */
export interface Ssm {
  readonly region: string
  /** The SDK is large, and most do not use it: it is loaded when something is asked for the first time. */
  readonly loaded: () => Promise<Loaded>
}

export function createSsm({ region, endpoint, credentials }: SsmOptions): Ssm {
  const config: SSMClientConfig = {
    region,
    // Throttling is answered by longer waits and by fewer calls. A SendCommand that is sent again after a lost answer
    // is harmless: the host's journal lets only one of them begin.
    maxAttempts: 6,
    retryMode: 'adaptive',
    requestHandler: { connectionTimeout: 5_000, requestTimeout: 20_000, throwOnRequestTimeout: true },
    ...(endpoint === undefined ? {} : { endpoint }),
    ...(credentials === undefined ? {} : { credentials }),
  }
  let loaded: Promise<Loaded> | null = null
  async function load(): Promise<Loaded> {
    const sdk = await import('@aws-sdk/client-ssm')
    return { sdk, client: new sdk.SSMClient(config) }
  }
  return {
    region,
    loaded() {
      loaded ??= load()
      return loaded
    },
  }
}

/** What Systems Manager knows about the instances; those that it does not know are `unknown`. */
export async function instanceStates(
  ssm: Ssm,
  instances: readonly string[],
  signal: AbortSignal,
): Promise<ReadonlyMap<string, InstanceState>> {
  const states = new Map<string, InstanceState>(instances.map((id) => [id, 'unknown']))
  for (const some of chunks(instances, INSTANCES_PER_CALL)) {
    const input = { Filters: [{ Key: 'InstanceIds', Values: [...some] }], MaxResults: PAGE }
    const pages = pagesOf((next) =>
      operation(ssm, 'DescribeInstanceInformation', signal, ({ sdk, client }) =>
        client.send(new sdk.DescribeInstanceInformationCommand({ ...input, ...next }), { abortSignal: signal }),
      ),
    )
    for await (const { InstanceInformationList } of pages)
      for (const one of InstanceInformationList ?? [])
        if (one.InstanceId !== undefined) states.set(one.InstanceId, stateOf(one))
  }
  return states
}

/** Commands with this document since then, the newest first. */
export async function recentCommands(
  ssm: Ssm,
  document: string,
  since: Date,
  signal: AbortSignal,
): Promise<readonly SentCommand[]> {
  const Filters = [
    { key: 'DocumentName' as const, value: document },
    { key: 'InvokedAfter' as const, value: since.toISOString().replace(/\.\d+Z$/, 'Z') },
  ]
  const pages = pagesOf((next) =>
    operation(ssm, 'ListCommands', signal, ({ sdk, client }) =>
      client.send(new sdk.ListCommandsCommand({ Filters, MaxResults: PAGE, ...next }), { abortSignal: signal }),
    ),
  )
  const found: SentCommand[] = []
  for await (const { Commands } of pages) for (const command of Commands ?? []) found.push(...sentCommand(command))
  return found
}

/** The id of the command. */
export async function sendCommand(ssm: Ssm, request: SendRequest, signal: AbortSignal): Promise<string> {
  const { instances, document, text, comment, deliverySeconds, runSeconds } = request
  // Without instances, a command would go to whatever else it names.
  if (instances.length === 0 || instances.length > INSTANCES_PER_CALL)
    throw new Error(`A command goes to 1 to ${INSTANCES_PER_CALL} instances, not ${instances.length}.`)
  const input = {
    InstanceIds: [...instances],
    DocumentName: document,
    Parameters: { commands: [text], executionTimeout: [String(runSeconds)] },
    TimeoutSeconds: deliverySeconds,
    // By default the first instance that fails keeps the command from the others.
    MaxErrors: '100%',
    MaxConcurrency: '100%',
    Comment: comment,
  }
  const answer = await operation(ssm, 'SendCommand', signal, ({ sdk, client }) =>
    client.send(new sdk.SendCommandCommand(input), { abortSignal: signal }),
  )
  const id = answer.Command?.CommandId
  if (id === undefined) throw new SsmProblem('Systems Manager gave the command no id.', 'NoId', true, null)
  return id
}

/** By instance id. One that is missing has not appeared in the list yet. */
export async function invocationsOf(
  ssm: Ssm,
  command: string,
  signal: AbortSignal,
): Promise<ReadonlyMap<string, Invocation>> {
  const input = { CommandId: command, Details: true, MaxResults: PAGE }
  const pages = pagesOf((next) =>
    operation(ssm, 'ListCommandInvocations', signal, ({ sdk, client }) =>
      client.send(new sdk.ListCommandInvocationsCommand({ ...input, ...next }), { abortSignal: signal }),
    ),
  )
  const found = new Map<string, Invocation>()
  for await (const { CommandInvocations } of pages)
    for (const one of CommandInvocations ?? [])
      if (one.InstanceId !== undefined) found.set(one.InstanceId, invocationOf(one))
  return found
}

/** `null`: not there yet, which is usual right after sending. */
export async function invocationOutput(
  ssm: Ssm,
  command: string,
  instance: string,
  signal: AbortSignal,
): Promise<InvocationOutput | null> {
  const input = { CommandId: command, InstanceId: instance }
  try {
    const answer = await operation(ssm, 'GetCommandInvocation', signal, ({ sdk, client }) =>
      client.send(new sdk.GetCommandInvocationCommand(input), { abortSignal: signal }),
    )
    return { output: answer.StandardOutputContent ?? '', began: (answer.ExecutionStartDateTime ?? '') !== '' }
  } catch (error) {
    if (error instanceof SsmProblem && error.code === 'InvocationDoesNotExist') return null
    throw error
  }
}

export async function cancelCommand(
  ssm: Ssm,
  command: string,
  instances: readonly string[],
  signal: AbortSignal,
): Promise<void> {
  const input = { CommandId: command, InstanceIds: [...instances] }
  await operation(ssm, 'CancelCommand', signal, ({ sdk, client }) =>
    client.send(new sdk.CancelCommandCommand(input), { abortSignal: signal }),
  )
}

/** `name`: what AWS calls the operation. */
async function operation<T>(
  ssm: Ssm,
  name: string,
  signal: AbortSignal,
  call: (loaded: Loaded) => Promise<T>,
): Promise<T> {
  signal.throwIfAborted()
  try {
    return await call(await ssm.loaded())
  } catch (error) {
    signal.throwIfAborted()
    throw problemOf(name, ssm.region, error)
  }
}

/** Page after page, up to the most that are read. `next` is empty for the first. */
async function* pagesOf<Page extends { readonly NextToken?: string | undefined }>(
  ask: (next: { readonly NextToken?: string }) => Promise<Page>,
): AsyncGenerator<Page> {
  let next: { readonly NextToken?: string } = {}
  for (let page = 0; page < MAX_PAGES; page++) {
    const answer = await ask(next)
    yield answer
    if (!answer.NextToken) return
    next = { NextToken: answer.NextToken }
  }
}

export interface SendRequest {
  readonly instances: readonly string[]
  readonly document: string
  readonly text: string
  readonly comment: string
  /** How long to wait for the agent to take it. */
  readonly deliverySeconds: number
  /** How long it may run. */
  readonly runSeconds: number
}

export function chunks<T>(items: readonly T[], size: number): readonly (readonly T[])[] {
  const parts: T[][] = []
  for (let at = 0; at < items.length; at += size) parts.push(items.slice(at, at + size))
  return parts
}

function stateOf({ PingStatus, PlatformType }: InstanceInformation): InstanceState {
  if (PlatformType !== undefined && PlatformType !== 'Linux') return 'not linux'
  return PingStatus === 'Online' ? 'online' : 'lost'
}

function sentCommand({ CommandId, Comment, InstanceIds }: Command): readonly SentCommand[] {
  return CommandId === undefined ? [] : [{ id: CommandId, comment: Comment ?? '', instances: InstanceIds ?? [] }]
}

function invocationOf({ Status, StatusDetails, CommandPlugins }: CommandInvocation): Invocation {
  const output = (CommandPlugins ?? []).map((plugin) => plugin.Output ?? '').join('\n')
  // The details are spelt with blanks here and without there.
  return { status: Status ?? 'Pending', details: (StatusDetails ?? '').replaceAll(' ', ''), output }
}

function problemOf(operation: string, region: string, error: unknown): SsmProblem {
  const name = error instanceof Error ? error.name : ''
  if (error instanceof Error && '$fault' in error) {
    const said = error.message.slice(0, 300)
    const sent = error.$fault !== 'client' && !isThrottling(name)
    if (/AccessDenied|NotAuthorized/.test(name))
      return new SsmProblem(`AWS does not allow ssm:${operation} in ${region}: ${said}`, name, false, error)
    if (/UnrecognizedClient|InvalidSignature|ExpiredToken|InvalidClientTokenId|IncompleteSignature/.test(name))
      return new SsmProblem(`AWS does not take the credentials (${name}): renew them.`, name, false, error)
    if (isThrottling(name))
      return new SsmProblem(`AWS throttles ssm:${operation} in ${region} and did not stop to.`, name, false, error)
    if (name === 'InvalidDocument')
      return new SsmProblem('Systems Manager has no such document, or it may not be run.', name, false, error)
    return new SsmProblem(`AWS answers ${name} to ssm:${operation}: ${said}`, name, sent, error)
  }
  if (/CredentialsProviderError|TokenProviderError/.test(name)) {
    const mend = 'set AWS_PROFILE or AWS_ACCESS_KEY_ID, or give the machine a role'
    return new SsmProblem(`There are no AWS credentials here: ${mend}.`, name, false, error)
  }
  return new SsmProblem(`Systems Manager in ${region} does not answer: ${networkProblem(error)}.`, name, true, error)
}

function isThrottling(name: string): boolean {
  return /Throttl|TooManyRequests|RequestLimitExceeded|RateExceeded/.test(name)
}
