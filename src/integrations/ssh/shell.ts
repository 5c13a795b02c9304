import { randomBytes } from 'node:crypto'
import { StringDecoder } from 'node:string_decoder'
import { type ProcessEnd, startProcess } from '../bounded-process.ts'
import { whenAborted } from '../when-aborted.ts'

/** A shell on a host: one login and one process here, for one script after another. */
export interface HostShell {
  /** It is there and has nothing to do. */
  takes(): boolean
  /**
   * `exited` is the end of the script; any other end is that of the shell, too. `null`: it has run scripts before, and was
   * gone before this one was sent. One script at a time; never throws.
   */
  run(script: ShellScript): Promise<ProcessEnd | null>
  /** It has ended, or takes nothing any more. */
  over(): boolean
  /** Ends it as soon as it has nothing to do. */
  leave(): void
  /** Ends it, and what it runs. */
  close(): void
}

export interface ShellScript {
  /** POSIX sh. */
  readonly script: string
  readonly as: 'user' | 'root'
  readonly timeoutSeconds: number
  /** Of standard output and of error output, each. */
  readonly maxBytes: number
  readonly signal: AbortSignal
  /** Hears standard output as it comes. */
  readonly onOutput?: ((text: string) => void) | undefined
}

/** What is known of the script that runs. */
interface Running {
  readonly asked: ShellScript
  readonly mark: string
  /** What stood on standard output before the script was sent; `null`: it was. */
  before: string | null
  readonly stdout: MarkedText
  readonly stderr: MarkedText
  readonly settle: (end: ProcessEnd['end'], status: number | null) => void
  stopped: 'timed out' | 'too much output' | 'aborted' | null
}

/** `args`: those of ssh, which begin SHELL (target.ts). It ends by itself when it had nothing to do for `idleSeconds`. */
export function openShell(args: readonly string[], idleSeconds: number): HostShell {
  const started = startProcess('ssh', args)
  let ended: Pick<ProcessEnd, 'end' | 'status'> | null = started === null ? { end: 'not started', status: null } : null
  let running: Running | null = null
  let idle: NodeJS.Timeout | undefined
  /** It takes no script any more: one has failed, and nobody knows how much of it was read, or the connection may be dead. */
  let spent = false
  /** It has taken a script. */
  let used = false

  function stop(why: NonNullable<Running['stopped']>): void {
    if (running !== null) running.stopped ??= why
    started?.kill()
  }

  function hear(stream: 'stdout' | 'stderr', text: string): void {
    if (running === null) return
    const { asked, mark, stdout, stderr } = running
    let said = text
    if (stream === 'stdout' && running.before !== null) {
      said = running.before + text
      const at = said.indexOf(`${mark}\n`)
      running.before = at === -1 ? said : null
      if (at === -1) {
        if (said.length > asked.maxBytes) stop('too much output')
        return
      }
      used = true
      started?.stdin.write(asked.script)
      said = said.slice(at + mark.length + 1)
    }
    if (!running[stream].add(said)) stop('too much output')
    const status = stdout.after()
    if (status === null || stderr.after() === null) return
    spent ||= status !== '0'
    running.settle('exited', Number(status))
  }

  function rest(): void {
    clearTimeout(idle)
    if (ended !== null) return
    started?.holdOn(false)
    if (spent) started?.kill()
    else idle = setTimeout(() => started?.stdin.end(), idleSeconds * 1_000).unref()
  }

  function work(): void {
    clearTimeout(idle)
    started?.holdOn(true)
  }

  if (started !== null) {
    for (const stream of ['stdout', 'stderr'] as const) {
      const decoder = new StringDecoder('utf8')
      started[stream].on('data', (chunk: Buffer) => hear(stream, decoder.write(chunk)))
    }
    void started.ended.then((end) => {
      ended = end
      clearTimeout(idle)
      running?.settle(running.stopped ?? end.end, end.status)
    })
  }

  const over = () => ended !== null || spent || started?.stdin.writable !== true

  return {
    takes: () => !over() && running === null,
    over,
    run(asked) {
      const { script, as, timeoutSeconds, maxBytes, signal, onOutput } = asked
      const mark = `pw-${randomBytes(12).toString('hex')}`
      const [stdout, stderr] = [markedText(mark, maxBytes, onOutput), markedText(mark, maxBytes)]
      return new Promise((resolve) => {
        const timer = setTimeout(() => stop('timed out'), timeoutSeconds * 1_000)
        let forget = () => {}
        function settle(end: ProcessEnd['end'], status: number | null): void {
          clearTimeout(timer)
          forget()
          const isSent = running !== null && running.before === null
          running = null
          rest()
          const texts = { stdout: stdout.text(), stderr: stderr.text() }
          const isLost = used && !isSent && end !== 'aborted'
          resolve(isLost ? null : { end, status: end === 'exited' ? status : null, ...texts })
        }
        if (signal.aborted) return settle('aborted', null)
        if (ended !== null) return settle(ended.end, ended.status)
        running = { asked, mark, before: '', stdout, stderr, settle, stopped: null }
        work()
        forget = whenAborted(signal, () => stop('aborted'))
        started?.stdin.write(`${as} ${Buffer.byteLength(script)} ${mark}\n`)
      })
    },
    leave() {
      spent = true
      if (running === null) started?.kill()
    },
    close() {
      if (running !== null) stop('aborted')
      else started?.kill()
    },
  }
}

interface MarkedText {
  /** False when it is more than there may be. */
  add(text: string): boolean
  /** What came before the mark, or all, until there is one. */
  text(): string
  /** What stands behind the mark in its line; `null` until that has come. */
  after(): string | null
}

/** Text up to a line that begins with the mark, or holds it behind what did not end its own line. */
function markedText(mark: string, maxBytes: number, hear: (text: string) => void = () => undefined): MarkedText {
  const parts: string[] = []
  let bytes = 0
  /** It may be the beginning of the mark. */
  let open = ''

  function keep(text: string): void {
    if (text === '') return
    parts.push(text)
    hear(text)
  }

  return {
    add(text) {
      bytes += Buffer.byteLength(text)
      open += text
      const at = open.indexOf(mark)
      if (at === -1) {
        const from = beginning(open, mark)
        keep(open.slice(0, from))
        open = open.slice(from)
      } else {
        keep(open.slice(0, at))
        open = open.slice(at)
      }
      return bytes <= maxBytes
    },
    text: () => parts.join('') + (open.startsWith(mark) ? '' : open),
    after() {
      if (!open.startsWith(mark) || !open.includes('\n')) return null
      return open.slice(mark.length, open.indexOf('\n')).trim()
    },
  }
}

/** Where in the text the longest beginning of the mark stands with which it ends; its length where there is none. */
function beginning(text: string, mark: string): number {
  for (let length = Math.min(mark.length - 1, text.length); length > 0; length--) {
    if (mark.startsWith(text.slice(-length))) return text.length - length
  }
  return text.length
}
