import type { Command, CommandInvocation, InstanceInformation, SSMClient, SSMClientConfig } from '@aws-sdk/client-ssm'
import { networkProblem } from '../network-problem.ts'

/** The most `InstanceIds` in one call. */
export const INSTANCES_PER_CALL = 50
const PAGE = 50
const MAX_PAGES = 40

export interface SsmOptions {
  /** For example `eu-central-1`. */
  readonly region: string
  /** An address instead of Amazon's own, such as a VPC endpoint. */
  readonly endpoint?: string
  /** Default: the AWS SDK finds credentials itself, in the environment, shared files, web identity or instance role. */
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
  /** More exact than `status`: DeliveryTimedOut, Undeliverable, Terminated, ... */
  readonly details: string
  /** The beginning of the output. */
  readonly output: string
}

export interface InvocationOutput {
  readonly output: string
  /** False: the agent never began the command. */
  readonly began: boolean
}

/**
 * Why a call of AWS failed. `sent` false: the call certainly did not reach the instances. `lasting`: the same call
 * fails again until somebody repairs something.
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

/** Systems Manager in one region. Every function that takes it throws an SsmProblem, whose message is a sentence. */
export interface Ssm {
  readonly region: string
  /** Loads the SDK at the first call. The SDK is large, and most installations do not use it. */
  readonly loaded: () => Promise<Loaded>
}

export function createSsm({ region, endpoint, credentials }: SsmOptions): Ssm {
  const config: SSMClientConfig = {
    region,
    // On throttling, the SDK waits longer and calls less often. When it sends SendCommand again after a lost answer, no
    // harm is done: the journal on the host lets only one command begin.
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

/** Returns the state of each instance; `unknown` when Systems Manager does not know the instance. */
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

/** Returns the commands with this document since `since`, the newest first. */
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

/** Returns the id of the command. */
export async function sendCommand(ssm: Ssm, request: SendRequest, signal: AbortSignal): Promise<string> {
  const { instances, document, text, comment, deliverySeconds, runSeconds } = request
  // Without instance ids, Systems Manager would choose the instances by the other fields.
  if (instances.length === 0 || instances.length > INSTANCES_PER_CALL)
    throw new Error(`A command goes to 1 to ${INSTANCES_PER_CALL} instances, not ${instances.length}.`)
  const input = {
    InstanceIds: [...instances],
    DocumentName: document,
    Parameters: { commands: [text], executionTimeout: [String(runSeconds)] },
    TimeoutSeconds: deliverySeconds,
    // By default, after one instance fails, the other instances do not get the command.
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

/** Returns the invocations by instance id. An instance is missing until the list contains it. */
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

/** Returns `null` when there is no invocation yet, which is usual right after sending. */
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

/** Calls AWS and turns errors into an SsmProblem. `name`: the name of the operation at AWS. */
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

/** Yields pages, at most `MAX_PAGES`. `next` is empty for the first page. */
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
  /** Seconds to wait until the agent takes the command. */
  readonly deliverySeconds: number
  /** Seconds that the command may run. */
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
  // One operation of AWS writes the details with blanks, another without.
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
