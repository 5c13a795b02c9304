import { ChildProcess, type ChildProcessWithoutNullStreams, spawn } from 'node:child_process'
import { Socket } from 'node:net'
import type { Readable, Writable } from 'node:stream'
import { StringDecoder } from 'node:string_decoder'
import { whenAborted } from './when-aborted.ts'

export interface ProcessRequest {
  readonly command: string
  readonly args: readonly string[]
  /** Written to its standard input, which is then closed. */
  readonly input: string
  readonly timeoutSeconds: number
  /** The limit for standard output and for error output, each. */
  readonly maxBytes: number
  readonly signal: AbortSignal
  /** Hears standard output as it comes. */
  readonly onOutput?: (text: string) => void
  /** Added to the part of our environment that every child is told; overrides it. */
  readonly environment?: Readonly<Record<string, string>>
}

/** How a process ended, and what it printed until then. */
export interface ProcessEnd {
  readonly end: 'exited' | 'killed' | 'timed out' | 'too much output' | 'aborted' | 'not found' | 'not started'
  /** Exit status; `null` unless it exited by itself. */
  readonly status: number | null
  readonly stdout: string
  readonly stderr: string
}

/** What a child may know of our environment: no tokens and no database address. */
const passedOn = [
  'PATH',
  'HOME',
  'USER',
  'LOGNAME',
  'SHELL',
  'TMPDIR',
  'XDG_RUNTIME_DIR',
  'SSH_AUTH_SOCK',
  'KRB5CCNAME',
  'KRB5_CONFIG',
]

/** After the process is gone, how long to wait for the rest of its output; a child that it left may hold the pipe open. */
const DRAIN_MS = 1_000

export interface StartedProcess {
  readonly stdin: Writable
  readonly stdout: Readable
  readonly stderr: Readable
  /** When it is gone and its output was read; `status`: its exit status, `null` where it did not exit by itself. */
  readonly ended: Promise<{
    readonly end: 'exited' | 'killed' | 'not found' | 'not started'
    readonly status: number | null
  }>
  /** Ends it, with all that it started. */
  kill(): void
  /** Whether this process waits for it when it has nothing else to do. It does, unless it is told otherwise. */
  holdOn(yes: boolean): void
}

/** Starts a program in a process group of its own. `null`: no system would accept the command. */
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
    // Its number may be another's by then.
    if (!gone) killGroup(child.pid)
  }
  function holdOn(yes: boolean): void {
    for (const one of [child, stdin, stdout, stderr]) {
      if (!(one instanceof ChildProcess || one instanceof Socket)) continue
      if (yes) one.ref()
      else one.unref()
    }
  }
  // It may end without having read everything.
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
 * Runs a program in a process group of its own, within limits of time and output. Whatever goes wrong is an answer;
 * never throws. On any end but its own, the whole group is killed.
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

/** The part of our environment that every child gets. */
export function childEnvironment(): Record<string, string> {
  const kept: Record<string, string> = { LC_ALL: 'C' }
  for (const name of passedOn) {
    const value = process.env[name]
    if (value !== undefined) kept[name] = value
  }
  return kept
}

function killGroup(pid: number | undefined): void {
  if (pid === undefined) return
  try {
    process.kill(-pid, 'SIGKILL')
  } catch {
    // It is gone already.
  }
}

function collector(maxBytes: number) {
  const chunks: Buffer[] = []
  let bytes = 0
  return {
    /** False when the limit is passed; what is over it is dropped. */
    add(chunk: Buffer): boolean {
      const room = maxBytes - bytes
      bytes += chunk.length
      if (room > 0) chunks.push(chunk.subarray(0, room))
      return bytes <= maxBytes
    },
    text: () => Buffer.concat(chunks).toString('utf8'),
  }
}

/** Looking for a name also gives EACCES where some folder of PATH may not be entered (execvp). */
function isMissing(error: Error, command: string): boolean {
  const code = 'code' in error ? error.code : null
  return code === 'ENOENT' || (code === 'EACCES' && !command.includes('/'))
}
