import { errorText } from '../core/error-text.ts'
import { request } from '../integrations/http/request.ts'
import type { Writing } from '../store/write-test.ts'

const EVERY_MS = 60_000
const PATIENCE_SECONDS = 10
const MOST_BYTES = 64 * 1_024

interface HeartbeatParts {
  /** Secret: whoever knows it can hide that the service is down. */
  readonly url: string
  readonly writing: () => Promise<Writing>
  readonly log: { info(message: string): void; warn(message: string): void }
  readonly everyMs?: number
}

/**
 * Asks the address each minute, as long as something can be written to the database. Whoever waits there for the next
 * beat raises the alarm where none comes. Returns the function that stops it.
 */
export function startHeartbeat({ url, writing, log, everyMs = EVERY_MS }: HeartbeatParts): () => void {
  const stopping = new AbortController()
  let told = false
  const beat = async () => {
    const answer = await writing()
    // Silence is the message then. What is wrong with the database is told elsewhere.
    if (answer !== 'ok') return
    const problem = await problemOf(url, stopping.signal)
    if (problem !== null && !told) log.warn(`The heartbeat does not arrive: ${problem} It is sent again each minute.`)
    if (problem === null && told) log.info('The heartbeat arrives again.')
    told = problem !== null
  }
  const go = () => void beat().catch(() => undefined)
  go()
  const timer = setInterval(go, everyMs)
  return () => {
    clearInterval(timer)
    stopping.abort(new Error('Patchwarden is stopping.'))
  }
}

/** Why it did not arrive, without the address; `null`: it did. */
async function problemOf(url: string, signal: AbortSignal): Promise<string | null> {
  try {
    const asked = { url, timeoutSeconds: PATIENCE_SECONDS, maxBytes: MOST_BYTES } as const
    const answer = await request(asked, signal)
    if (answer.kind === 'none') return `${answer.problem.replaceAll(url, 'the address').replace(/\.?$/, '.')}`
    return answer.response.ok ? null : `it is answered with status ${answer.response.status}.`
  } catch (error) {
    if (signal.aborted) return null
    return `${errorText(error).replaceAll(url, 'the address')}.`
  }
}
