import type { Asset } from '../../core/asset.ts'
import { errorText } from '../../core/error-text.ts'
import { type ProcessEnd, runBounded } from '../bounded-process.ts'
import { inputLimits } from '../input-limits.ts'
import { type ConnectionProblem, connectionProblem } from './connection-problem.ts'
import type { SshConnections } from './connections.ts'
import type { HostShell } from './shell.ts'
import { AS_ROOT, AS_USER, DEFAULT_CONNECT_SECONDS, type SshTarget, sshArguments } from './target.ts'

export interface RemoteScript {
  /** POSIX sh, sent on standard input. */
  readonly script: string
  readonly as: 'user' | 'root'
  /** The time for the script itself, without the time to connect. */
  readonly timeoutSeconds: number
  readonly signal: AbortSignal
  readonly connections?: SshConnections | undefined
  /** More scripts come soon: where connections are shared, it goes over a shell that stays for them. */
  readonly moreToCome?: boolean
  /** Hears its output as it comes. */
  readonly onOutput?: (text: string) => void
}

export type RemoteAnswer =
  /** The script came to an end; it may still have been cut short, so look for its own mark of the end. */
  | { readonly kind: 'ran'; readonly status: number; readonly stdout: string; readonly stderr: string }
  | ({ readonly kind: 'failed'; readonly stdout: string } & ConnectionProblem)

/** What a script is sent for. */
export type Purpose = 'preview' | 'preflight' | 'apply' | 'outcome' | 'cancel'

export interface CarriedScript extends RemoteScript {
  readonly asset: Asset
  readonly purpose: Purpose
  /** The key of the batch; for a preview it is `preview`. */
  readonly key: string
}

/** Another way to have scripts run on hosts than the OpenSSH client. */
export interface ScriptCarrier {
  /** After "Upgrades hosts of ...": `with Ansible`. */
  readonly how: string
  /** Throws only when `signal` aborts. */
  run(carried: CarriedScript): Promise<RemoteAnswer>
}

/** ssh's own exit status for a connection that failed. */
const SSH_FAILED = 255

/** Runs a script on a host. `name` is what people call the host. Throws only when `signal` aborts. */
export async function runOverSsh(name: string, target: SshTarget, remote: RemoteScript): Promise<RemoteAnswer> {
  const connect = target.connectTimeoutSeconds ?? DEFAULT_CONNECT_SECONDS
  const seconds = remote.timeoutSeconds + connect
  let way: Way
  try {
    way = wayTo(target, remote)
  } catch (error) {
    const reason = `${name} cannot be reached: ${errorText(error)}`
    return { kind: 'failed', reason, begun: 'no', stdout: '' }
  }
  const { script, as, signal } = remote
  const bounds = { timeoutSeconds: seconds, maxBytes: inputLimits.hostOutputBytes, signal }
  const heard = remote.onOutput === undefined ? {} : { onOutput: remote.onOutput }
  const ran =
    way.shell === null
      ? await runBounded({ command: 'ssh', args: way.args, input: script, ...bounds, ...heard })
      : await way.shell.run({ script, as, ...bounds, ...heard })
  remote.signal.throwIfAborted()
  if (ran === null) {
    // The connection was dead. What a new one says is certain.
    remote.connections?.renew(target)
    return runOverSsh(name, target, { ...remote, moreToCome: false })
  }
  if (ran.end === 'exited' && ran.status !== null && ran.status !== SSH_FAILED) {
    return { kind: 'ran', status: ran.status, stdout: ran.stdout, stderr: ran.stderr }
  }
  remote.connections?.renew(target)
  return { kind: 'failed', stdout: ran.stdout, ...problemOf(ran, name, seconds) }
}

type Way = { readonly shell: HostShell } | { readonly shell: null; readonly args: readonly string[] }

/** Throws a sentence. */
function wayTo(target: SshTarget, { as, connections, moreToCome = false }: RemoteScript): Way {
  const shell = moreToCome ? (connections?.shell(target) ?? null) : null
  if (shell !== null) return { shell }
  const shared = connections?.socket(target) ?? null
  return { shell, args: sshArguments(target, as === 'root' ? AS_ROOT : AS_USER, shared) }
}

function problemOf(ran: ProcessEnd, name: string, seconds: number): ConnectionProblem {
  switch (ran.end) {
    case 'not found':
      return { reason: 'There is no SSH client here: install OpenSSH (openssh-client).', begun: 'no' }
    case 'not started':
      return { reason: 'The SSH client cannot be started on this machine.', begun: 'no' }
    case 'timed out':
      return { reason: `${name} did not answer within ${seconds} s.`, begun: 'maybe' }
    case 'too much output':
      return { reason: `${name} answered more than ${inputLimits.hostOutputBytes} bytes.`, begun: 'maybe' }
    case 'exited':
    case 'killed':
    case 'aborted':
      return connectionProblem(name, ran.stderr)
  }
}
