import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process'
import { StringDecoder } from 'node:string_decoder'

export interface ProcessRequest {
  readonly command: string
  readonly args: readonly string[]
  /** Written to its standard input, which is then closed. */
  readonly input: string
  readonly timeoutSeconds: number
  /** Of standard output and of error output, each. */
  readonly maxBytes: number
  readonly signal: AbortSignal
  /** Hears standard output as it comes. */
  readonly onOutput?: (text: string) => void
  /** Beside what every child is told of our environment; overrides it. */
  readonly environment?: Readonly<Record<string, string>>
}

/** How a process came to its end, and what it printed until then. */
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

/**
 * Runs a program in a process group of its own, within limits of time and output. Whatever goes wrong is an answer;
 * never throws. On any end but its own, the whole group is killed.
 */
export function runBounded(request: ProcessRequest): Promise<ProcessEnd> {
  const { command, args, input, timeoutSeconds, maxBytes, signal } = request
  return new Promise((resolve) => {
    const decoder = new StringDecoder('utf8')
    const output = { stdout: collector(maxBytes), stderr: collector(maxBytes) }
    let end: ProcessEnd['end'] | null = signal.aborted ? 'aborted' : null
    let settled = false
    function settle(status: number | null): void {
      if (settled) return
      settled = true
      clearTimeout(timer)
      signal.removeEventListener('abort', abort)
      const exited = end ?? (status === null ? 'killed' : 'exited')
      resolve({
        end: exited,
        status: exited === 'exited' ? status : null,
        stdout: output.stdout.text(),
        stderr: output.stderr.text(),
      })
    }
    function stop(why: ProcessEnd['end']): void {
      end ??= why
      killGroup(child.pid)
    }
    function abort(): void {
      stop('aborted')
    }
    const timer = setTimeout(() => stop('timed out'), timeoutSeconds * 1_000)
    if (end !== null) return settle(null)

    let child: ChildProcessWithoutNullStreams
    try {
      child = spawn(command, args, {
        detached: true,
        stdio: ['pipe', 'pipe', 'pipe'],
        env: { ...childEnvironment(), ...request.environment },
      })
    } catch {
      end = 'not started' // a command that no system accepts
      return settle(null)
    }
    signal.addEventListener('abort', abort, { once: true })
    child.once('error', (error) => {
      end ??= isMissing(error, command) ? 'not found' : 'not started'
      settle(null)
    })
    for (const name of ['stdout', 'stderr'] as const) {
      child[name].on('data', (chunk: Buffer) => {
        if (!output[name].add(chunk)) stop('too much output')
        else if (name === 'stdout') request.onOutput?.(decoder.write(chunk))
      })
    }
    // It may end without having read everything.
    child.stdin.on('error', () => undefined)
    child.stdin.end(input)
    child.once('close', (status) => settle(status))
    child.once('exit', (status) => {
      setTimeout(() => {
        if (!settled) killGroup(child.pid)
        child.stdout.destroy()
        child.stderr.destroy()
        settle(status)
      }, DRAIN_MS).unref()
    })
  })
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

/** Looking for a name also answers EACCES where some folder of PATH may not be entered (execvp). */
function isMissing(error: Error, command: string): boolean {
  const code = 'code' in error ? error.code : null
  return code === 'ENOENT' || (code === 'EACCES' && !command.includes('/'))
}
