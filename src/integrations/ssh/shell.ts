import { randomBytes } from 'node:crypto'
import { StringDecoder } from 'node:string_decoder'
import { type ProcessEnd, type StartedProcess, startProcess } from '../bounded-process.ts'
import { whenAborted } from '../when-aborted.ts'
import { type MarkedText, markedText } from './marked-text.ts'

/** A shell on a host. It runs scripts one after another, with one login and one process here. */
export interface HostShell {
  /** True when the shell is open and idle. */
  takes(): boolean
  /**
   * Runs one script; only one at a time. Never throws. When `end` is `exited`, only the script ended; otherwise the
   * shell ended, too. `null`: the shell had run earlier scripts, but was gone before this one was sent.
   */
  run(script: ShellScript): Promise<ShellEnd | null>
  /** True when the shell has ended or accepts no more scripts. */
  over(): boolean
  /** Ends the shell as soon as it is idle. */
  leave(): void
  /** Ends the shell and the script in it. */
  close(): void
}

/**
 * `untaken`: the shell of the login never took what was sent, although nothing ended the connection. `unsent`: the script
 * was not sent, so nothing of it was run.
 */
export type ShellEnd = ProcessEnd & { readonly untaken?: true; readonly unsent?: true }

export interface ShellScript {
  /** POSIX sh. */
  readonly script: string
  readonly as: 'user' | 'root'
  readonly timeoutSeconds: number
  /** The limit for standard output, and the same limit for error output. */
  readonly maxBytes: number
  readonly signal: AbortSignal
  /** Called with each piece of standard output as soon as it arrives. */
  readonly onOutput?: ((text: string) => void) | undefined
}

/** The state of the running script. */
interface Running {
  readonly asked: ShellScript
  readonly mark: string
  /** Standard output before the script was sent; `null`: the script was sent. */
  before: string | null
  readonly stdout: MarkedText
  readonly stderr: MarkedText
  readonly settle: (end: ProcessEnd['end'], status: number | null) => void
  stopped: 'timed out' | 'too much output' | 'aborted' | null
}

/** The state of a shell. */
interface ShellState {
  /** `null`: ssh could not be started. */
  readonly started: StartedProcess | null
  readonly idleSeconds: number
  ended: Pick<ProcessEnd, 'end' | 'status'> | null
  running: Running | null
  idle: NodeJS.Timeout | undefined
  /**
   * True when the shell accepts no more scripts: a script failed, so nobody knows how much of it was read; or the
   * connection may be dead.
   */
  spent: boolean
  /** True when the shell has taken a script. */
  used: boolean
}

/**
 * Opens a shell. `args` are the arguments of ssh, which start SHELL (target.ts). The shell ends after `idleSeconds`
 * without work.
 */
export function openShell(args: readonly string[], idleSeconds: number): HostShell {
  const started = startProcess('ssh', args)
  const shell: ShellState = {
    started,
    idleSeconds,
    ended: started === null ? { end: 'not started', status: null } : null,
    running: null,
    idle: undefined,
    spent: false,
    used: false,
  }
  if (started !== null) listen(shell, started)
  return {
    takes: () => !isOver(shell) && shell.running === null,
    over: () => isOver(shell),
    run: (asked) => run(shell, asked),
    leave() {
      shell.spent = true
      if (shell.running === null) started?.kill()
    },
    close() {
      if (shell.running !== null) stop(shell, 'aborted')
      else started?.kill()
    },
  }
}

function isOver({ ended, spent, started }: ShellState): boolean {
  return ended !== null || spent || started?.stdin.writable !== true
}

function listen(shell: ShellState, started: StartedProcess): void {
  for (const stream of ['stdout', 'stderr'] as const) {
    const decoder = new StringDecoder('utf8')
    started[stream].on('data', (chunk: Buffer) => hear(shell, stream, decoder.write(chunk)))
  }
  void started.ended.then((end) => {
    shell.ended = end
    clearTimeout(shell.idle)
    shell.running?.settle(shell.running.stopped ?? end.end, end.status)
  })
}

function stop({ running, started }: ShellState, why: NonNullable<Running['stopped']>): void {
  if (running !== null) running.stopped ??= why
  started?.kill()
}

function hear(shell: ShellState, stream: 'stdout' | 'stderr', text: string): void {
  const { running } = shell
  if (running === null) return
  const { asked, mark, stdout, stderr } = running
  let said = text
  if (stream === 'stdout' && running.before !== null) {
    said = running.before + text
    const at = said.indexOf(`${mark}\n`)
    running.before = at === -1 ? said : null
    if (at === -1) {
      if (said.length > asked.maxBytes) stop(shell, 'too much output')
      return
    }
    shell.used = true
    shell.started?.stdin.write(asked.script)
    said = said.slice(at + mark.length + 1)
  }
  if (!running[stream].add(said)) stop(shell, 'too much output')
  const status = stdout.after()
  if (status === null || stderr.after() === null) return
  shell.spent ||= status !== '0'
  running.settle('exited', Number(status))
}

function run(shell: ShellState, asked: ShellScript): Promise<ShellEnd | null> {
  const { script, as, timeoutSeconds, maxBytes, signal, onOutput } = asked
  const mark = `pw-${randomBytes(12).toString('hex')}`
  const [stdout, stderr] = [markedText(mark, maxBytes, onOutput), markedText(mark, maxBytes)]
  return new Promise((resolve) => {
    const timer = setTimeout(() => stop(shell, 'timed out'), timeoutSeconds * 1_000)
    let forget = () => {}
    function settle(end: ProcessEnd['end'], status: number | null): void {
      clearTimeout(timer)
      forget()
      const before = shell.running?.before ?? ''
      const isSent = shell.running !== null && shell.running.before === null
      shell.running = null
      rest(shell)
      // Before the script was sent, only the login itself can have printed something.
      const texts = { stdout: isSent ? stdout.text() : before, stderr: stderr.text() }
      const isLost = shell.used && !isSent && end !== 'aborted'
      const untaken = end === 'timed out' && !isSent ? ({ untaken: true } as const) : {}
      const unsent = isSent ? {} : ({ unsent: true } as const)
      resolve(isLost ? null : { end, status: end === 'exited' ? status : null, ...texts, ...untaken, ...unsent })
    }
    if (signal.aborted) return settle('aborted', null)
    if (shell.ended !== null) return settle(shell.ended.end, shell.ended.status)
    shell.running = { asked, mark, before: '', stdout, stderr, settle, stopped: null }
    work(shell)
    forget = whenAborted(signal, () => stop(shell, 'aborted'))
    shell.started?.stdin.write(`${as} ${Buffer.byteLength(script)} ${mark}\n`)
  })
}

/** While a script runs, this process does not exit. */
function work({ idle, started }: ShellState): void {
  clearTimeout(idle)
  started?.holdOn(true)
}

function rest(shell: ShellState): void {
  const { started, ended, spent, idleSeconds } = shell
  clearTimeout(shell.idle)
  if (ended !== null) return
  started?.holdOn(false)
  if (spent) started?.kill()
  else shell.idle = setTimeout(() => started?.stdin.end(), idleSeconds * 1_000).unref()
}
