import type { Asset } from '../../core/asset.ts'
import { errorText } from '../../core/error-text.ts'
import { type ProcessEnd, runBounded } from '../bounded-process.ts'
import { inputLimits } from '../input-limits.ts'
import { type ConnectionProblem, connectionProblem, STARTUP_FILE } from './connection-problem.ts'
import type { SshConnections } from './connections.ts'
import { diagnosed } from './diagnose.ts'
import type { HostShell } from './shell.ts'
import { AS_ROOT, AS_USER, DEFAULT_CONNECT_SECONDS, type SshTarget, sshArguments } from './target.ts'

export interface RemoteScript {
  /** POSIX sh, sent on standard input. */
  readonly script: string
  readonly as: 'user' | 'root'
  /** Seconds for the script, without the time to connect. */
  readonly timeoutSeconds: number
  readonly signal: AbortSignal
  readonly connections?: SshConnections | undefined
  /** More scripts come soon. When connections are shared, the script runs in a shell that stays open for them. */
  readonly moreToCome?: boolean
  /** Called with each piece of the output as soon as it arrives. */
  readonly onOutput?: (text: string) => void
}

export type RemoteAnswer =
  /** The script ended. Its output may still be incomplete, so look for the mark at its end. */
  | { readonly kind: 'ran'; readonly status: number; readonly stdout: string; readonly stderr: string }
  | ({ readonly kind: 'failed'; readonly stdout: string } & ConnectionProblem)

/** The purpose of a script. */
export type Purpose = 'preview' | 'preflight' | 'apply' | 'outcome' | 'cancel'

export interface CarriedScript extends RemoteScript {
  readonly asset: Asset
  readonly purpose: Purpose
  /** The key of the batch; for a preview it is `preview`. */
  readonly key: string
}

/** Runs scripts on hosts in another way than with the OpenSSH client. */
export interface ScriptCarrier {
  /** Continues "Upgrades hosts of ...", for example `with Ansible`. */
  readonly how: string
  /** Throws only when `signal` aborts. */
  run(carried: CarriedScript): Promise<RemoteAnswer>
}

/** Exit status of ssh when the connection failed. */
const SSH_FAILED = 255

/** Runs a script on a host. `name` is the name of the host for people. Throws only when `signal` aborts. */
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
    // The shared connection was dead. A new connection gives a certain answer.
    remote.connections?.renew(target)
    return runOverSsh(name, target, { ...remote, moreToCome: false })
  }
  if (ran.end === 'exited' && ran.status !== null && ran.status !== SSH_FAILED) {
    return { kind: 'ran', status: ran.status, stdout: ran.stdout, stderr: ran.stderr }
  }
  remote.connections?.renew(target)
  if ('untaken' in ran)
    return { kind: 'failed', reason: untakenReason(name, ran.stdout, seconds), begun: 'no', stdout: '' }
  const { reason, begun } = await diagnosed(name, target, connectionProblemOf(ran, name, seconds), signal)
  signal.throwIfAborted()
  return { kind: 'failed', stdout: ran.stdout, reason, begun: 'unsent' in ran ? 'no' : begun }
}

/** A host that cannot be reached ends ssh itself, so a shell that takes nothing is busy with something of its own. */
function untakenReason(name: string, printed: string, seconds: number): string {
  const said = printed.trim().split('\n')[0]?.slice(0, 200) ?? ''
  const words = said === '' ? '' : ` It printed ${JSON.stringify(said)}.`
  return `The shell of the login on ${name} took nothing of what was sent within ${seconds} s: ${STARTUP_FILE}${words}`
}

type Way = { readonly shell: HostShell } | { readonly shell: null; readonly args: readonly string[] }

/** Throws a sentence. */
function wayTo(target: SshTarget, { as, connections, moreToCome = false }: RemoteScript): Way {
  const shell = moreToCome ? (connections?.shell(target) ?? null) : null
  if (shell !== null) return { shell }
  const shared = connections?.socket(target) ?? null
  return { shell, args: sshArguments(target, as === 'root' ? AS_ROOT : AS_USER, shared) }
}

/** Why ssh or sftp did not do its work. */
export function connectionProblemOf(ran: ProcessEnd, name: string, seconds: number): ConnectionProblem {
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
