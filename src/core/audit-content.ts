/** Whether what events name is there, and is what they name. */

import type { AuditProblem, SealedEvent } from './audit.ts'
import { contentName, ownProblem, type StoredContent } from './content.ts'
import { limits } from './limits.ts'
import { logsNamed, pageNamed } from './proposal/results-page.ts'

const DAY_MS = 86_400_000

/**
 * Checks content while it is read, one at a time, each before the event that names it, and what it names before itself. Of
 * each its hash is kept. `now` (ISO 8601): a log that would have expired by then may be missing.
 */
export function createContentCheck(now: string) {
  /** Every one that holds; of a page, the logs that are missing. */
  const known = new Map<string, readonly string[]>()
  const named = new Set<string>()
  const expired = new Set<string>()

  /** What is wrong with the next content; told with the event that needs it where there is one. */
  function content(stored: StoredContent): string | null {
    const problem = ownProblem(stored)
    if (problem !== null) return problem
    if (known.has(stored.hash)) return 'stands twice'
    const logs = stored.kind === 'results' ? logsNamed(stored) : []
    known.set(
      stored.hash,
      logs.filter((log) => !known.has(log)),
    )
    for (const log of logs) named.add(log)
    return null
  }

  function event(sealed: SealedEvent): AuditProblem | null {
    const page = pageNamed(sealed.event)
    if (page === null) return null
    const record = `${sealed.stream} event ${sealed.seq}`
    const missing = known.get(page)
    if (missing === undefined) return { record, problem: `needs ${contentName('results', page)}, which is missing` }
    named.add(page)
    const [first] = missing
    if (first === undefined) return null
    if (Date.parse(sealed.at) + limits.logDays * DAY_MS > Date.parse(now))
      return { record, problem: `needs ${contentName('log', first)}, which is missing` }
    for (const log of missing) expired.add(log)
    return null
  }

  /** Content that no event names; `null`: there is none. */
  function unnamed(): string | null {
    for (const hash of known.keys()) if (!named.has(hash)) return hash
    return null
  }

  return { content, event, unnamed, counts: () => ({ contents: known.size, expiredLogs: expired.size }) }
}
