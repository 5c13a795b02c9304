import { ChildProcess, type ChildProcessWithoutNullStreams, spawn } from 'node:child_process'
import { Socket } from 'node:net'
import type { Readable, Writable } from 'node:stream'
import { StringDecoder } from 'node:string_decoder'
import { kerberosAsStarted } from './kerberos-as-started.ts'
import { whenAborted } from './when-aborted.ts'

export interface ProcessRequest {
  readonly command: string
  readonly args: readonly string[]
  /** Text for the standard input of the process; after it, the input is closed. */
  readonly input: string
  readonly timeoutSeconds: number
  /** The limit for standard output, and the same limit for error output. */
  readonly maxBytes: number
  readonly signal: AbortSignal
  /** Called with each piece of standard output as soon as it arrives. */
  readonly onOutput?: (text: string) => void
  /** Variables added to `childEnvironment()`; they override variables of the same name. */
  readonly environment?: Readonly<Record<string, string>>
}

/** How a process ended, and what it had printed. */
export interface ProcessEnd {
  readonly end: 'exited' | 'killed' | 'timed out' | 'too much output' | 'aborted' | 'not found' | 'not started'
  /** Exit status; `null` when the process did not exit by itself. */
  readonly status: number | null
  readonly stdout: string
  readonly stderr: string
}

/** The variables of our environment that a child process gets. Tokens and the database address are not among them. */
const passedOn = ['PATH', 'HOME', 'USER', 'LOGNAME', 'SHELL', 'TMPDIR', 'XDG_RUNTIME_DIR', 'SSH_AUTH_SOCK']

/**
 * How long to wait for the rest of the output after the process exited. A child of the process may hold the pipe open.
 */
const DRAIN_MS = 1_000

export interface StartedProcess {
  readonly stdin: Writable
  readonly stdout: Readable
  readonly stderr: Readable
  /**
   * Resolves when the process has ended and its output was read. `status`: exit status; `null` when the process did not
   * exit by itself.
   */
  readonly ended: Promise<{
    readonly end: 'exited' | 'killed' | 'not found' | 'not started'
    readonly status: number | null
  }>
  /** Kills the process and every process that it started. */
  kill(): void
  /** `yes`: Node.js does not exit while the child runs (the default). `false`: Node.js may exit before the child. */
  holdOn(yes: boolean): void
}

/** Starts a program in its own process group. Returns `null` when the system cannot take the command at all. */
export function startProcess(
  command: string,
  args: readonly string[],
  environment: Readonly<Record<string, string>> = {},
): StartedProcess | null {
  let child: ChildProcessWithoutNullStreams
  try {
    child = spawn(command, args, {
      detached: true,
      stdio: ['pipe', 'pipe', 'pipe'],
      env: { ...childEnvironment(), ...environment },
    })
  } catch {
    return null
  }
  const { stdin, stdout, stderr } = child
  let gone = false
  function kill(): void {
    // After its end, another process may have the same number.
    if (!gone) killGroup(child.pid)
  }
  function holdOn(yes: boolean): void {
    for (const one of [child, stdin, stdout, stderr]) {
      if (!(one instanceof ChildProcess || one instanceof Socket)) continue
      if (yes) one.ref()
      else one.unref()
    }
  }
  // The process may end before it has read all its input.
  stdin.on('error', () => undefined)
  const ended: StartedProcess['ended'] = new Promise((resolve) => {
    function settle(status: number | null): void {
      gone = true
      resolve({ end: status === null ? 'killed' : 'exited', status })
    }
    child.once('error', (error) => {
      resolve({ end: isMissing(error, command) ? 'not found' : 'not started', status: null })
    })
    child.once('close', settle)
    child.once('exit', (status) => {
      setTimeout(() => {
        if (!stdout.closed || !stderr.closed) kill()
        stdout.destroy()
        stderr.destroy()
        settle(status)
      }, DRAIN_MS).unref()
    })
  })
  return { stdin, stdout, stderr, ended, kill, holdOn }
}

/**
 * Runs a program in its own process group, with limits of time and output. Never throws: every failure is a
 * `ProcessEnd`. Unless the program exits by itself, the whole group is killed.
 */
export async function runBounded(request: ProcessRequest): Promise<ProcessEnd> {
  const { command, args, input, timeoutSeconds, maxBytes, signal } = request
  const output = { stdout: collector(maxBytes), stderr: collector(maxBytes) }
  let stopped: 'timed out' | 'too much output' | 'aborted' | null = signal.aborted ? 'aborted' : null
  const started = stopped === null ? startProcess(command, args, request.environment) : null
  function endedAs(end: ProcessEnd['end'], status: number | null): ProcessEnd {
    return { end, status: end === 'exited' ? status : null, stdout: output.stdout.text(), stderr: output.stderr.text() }
  }
  if (started === null) return endedAs(stopped ?? 'not started', null)

  const { stdin, stdout, stderr, kill } = started
  function stop(why: NonNullable<typeof stopped>): void {
    stopped ??= why
    kill()
  }
  const forget = whenAborted(signal, () => stop('aborted'))
  const timer = setTimeout(() => stop('timed out'), timeoutSeconds * 1_000)
  const decoder = new StringDecoder('utf8')
  stdout.on('data', (chunk: Buffer) => {
    if (output.stdout.add(chunk)) request.onOutput?.(decoder.write(chunk))
    else stop('too much output')
  })
  stderr.on('data', (chunk: Buffer) => {
    if (!output.stderr.add(chunk)) stop('too much output')
  })
  stdin.end(input)
  const { end, status } = await started.ended
  clearTimeout(timer)
  forget()
  return endedAs(stopped ?? end, status)
}

/** The part of our environment that every child process gets. */
export function childEnvironment(): Record<string, string> {
  const kept: Record<string, string> = { LC_ALL: 'C' }
  const { KRB5CCNAME, KRB5_CONFIG } = kerberosAsStarted
  const all = { ...Object.fromEntries(passedOn.map((name) => [name, process.env[name]])), KRB5CCNAME, KRB5_CONFIG }
  for (const [name, value] of Object.entries(all)) if (value !== undefined) kept[name] = value
  return kept
}

function killGroup(pid: number | undefined): void {
  if (pid === undefined) return
  try {
    process.kill(-pid, 'SIGKILL')
  } catch {
    // The process has already ended.
  }
}

function collector(maxBytes: number) {
  const chunks: Buffer[] = []
  let bytes = 0
  return {
    /** Returns false when the limit is passed; the bytes over the limit are dropped. */
    add(chunk: Buffer): boolean {
      const room = maxBytes - bytes
      bytes += chunk.length
      if (room > 0) chunks.push(chunk.subarray(0, room))
      return bytes <= maxBytes
    },
    text: () => Buffer.concat(chunks).toString('utf8'),
  }
}

/** When a folder of PATH may not be entered, execvp reports EACCES although the program is simply not there. */
function isMissing(error: Error, command: string): boolean {
  const code = 'code' in error ? error.code : null
  return code === 'ENOENT' || (code === 'EACCES' && !command.includes('/'))
}
