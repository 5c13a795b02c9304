import { whenAborted } from '../when-aborted.ts'
import type { SshTarget } from './target.ts'
import { type RemoteAnswer, type RemoteScript, runOverSsh } from './transport.ts'

/** A script that answers several times: it stays attached to an upgrade and reports the progress. */
export interface HostSession {
  /** The first complete answer, or why the script ended without one. Rejects only when the signal aborts. */
  readonly first: Promise<RemoteAnswer>
  /** The latest complete answer; `null` before the first. */
  latest(): string | null
  ended(): boolean
  /** Resolves at the next complete answer, or at the end of the script. */
  news(): Promise<void>
}

export interface SessionRequest extends Omit<RemoteScript, 'onOutput'> {
  /** Seconds until the first answer must arrive; `timeoutSeconds` is for the whole session. */
  readonly firstSeconds: number
}

/** The end of an answer. Only our own lines begin with `@@`. */
const END = '\n@@ end\n'

export function openSession(name: string, target: SshTarget, request: SessionRequest): HostSession {
  const { firstSeconds, signal, ...script } = request
  const over = new AbortController()
  let rest = ''
  let latest: string | null = null
  let ended = false
  let hear: () => void = () => undefined
  let news: Promise<void>
  function tell(): void {
    hear()
    news = new Promise((resolve) => {
      hear = resolve
    })
  }
  tell()
  let answered: (answer: RemoteAnswer) => void = () => undefined
  const first = new Promise<RemoteAnswer>((resolve, reject) => {
    answered = resolve
    if (signal.aborted) over.abort(signal.reason)
    const forget = whenAborted(signal, () => over.abort(signal.reason))
    const timer = setTimeout(() => over.abort(), firstSeconds * 1_000)
    runOverSsh(name, target, { ...script, signal: over.signal, onOutput })
      .then(resolve, (error) => {
        if (signal.aborted) return reject(error)
        resolve({
          kind: 'failed',
          reason: `${name} did not answer within ${firstSeconds} s.`,
          begun: 'maybe',
          stdout: '',
        })
      })
      .finally(() => {
        ended = true
        forget()
        clearTimeout(timer)
        tell()
      })
    function onOutput(text: string): void {
      rest += text
      for (let at = rest.indexOf(END); at !== -1; at = rest.indexOf(END)) {
        latest = rest.slice(0, at + END.length)
        rest = rest.slice(at + END.length)
        clearTimeout(timer)
        answered({ kind: 'ran', status: 0, stdout: latest, stderr: '' })
        tell()
      }
    }
  })
  // When the caller no longer waits, an abort must not become an unhandled rejection.
  first.catch(() => undefined)
  return { first, latest: () => latest, ended: () => ended, news: () => news }
}
