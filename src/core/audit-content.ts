/** Whether what events name is there, and is what they name. */

import type { AuditProblem, SealedEvent } from './audit.ts'
import { contentName, ownProblem, type StoredContent } from './content.ts'
import { limits } from './limits.ts'
import { hashesNamed } from './proposal/named.ts'
import { namedBy } from './proposal/written.ts'

const DAY_MS = 86_400_000

interface Known {
  /** Logs that it names and that are missing. */
  readonly logs: readonly string[]
  /** Anything else that it names, or what that names, and that is missing; the first of it. */
  readonly lost: string | null
}

/**
 * Checks content while it is read, one at a time, each before the event that names it, and what it names before itself. Of
 * each its hash is kept. `now` (ISO 8601): a log that would have expired by then may be missing.
 */
export function createContentCheck(now: string) {
  /** Every one that holds. */
  const known = new Map<string, Known>()
  const named = new Set<string>()
  const expired = new Set<string>()

  /** What is wrong with the next content; told with the event that needs it where there is one. */
  function content(stored: StoredContent): string | null {
    const problem = ownProblem(stored)
    if (problem !== null) return problem
    if (known.has(stored.hash)) return 'stands twice'
    const logs: string[] = []
    let lost: string | null = null
    for (const hash of hashesNamed(stored)) {
      named.add(hash)
      const below = known.get(hash)
      if (below !== undefined) lost ??= below.lost
      else if (stored.kind === 'results') logs.push(hash)
      else lost ??= hash
    }
    known.set(stored.hash, { logs, lost })
    return null
  }

  function event(sealed: SealedEvent): AuditProblem | null {
    const record = `${sealed.stream} event ${sealed.seq}`
    for (const { kind, hash } of namedBy(sealed.event)) {
      const problem = problemOf(kind, hash, sealed.at)
      if (problem !== null) return { record, problem }
    }
    return null
  }

  function problemOf(kind: string, hash: string, at: string): string | null {
    const found = known.get(hash)
    if (found === undefined) return `needs ${contentName(kind, hash)}, which is missing`
    named.add(hash)
    if (found.lost !== null) return `needs ${contentName('', found.lost)}, which is missing`
    const [log] = found.logs
    if (log === undefined) return null
    if (Date.parse(at) + limits.logDays * DAY_MS > Date.parse(now))
      return `needs ${contentName('log', log)}, which is missing`
    for (const missing of found.logs) expired.add(missing)
    return null
  }

  /** Content that no event names; `null`: there is none. */
  function unnamed(): string | null {
    for (const hash of known.keys()) if (!named.has(hash)) return hash
    return null
  }

  return { content, event, unnamed, counts: () => ({ contents: known.size, expiredLogs: expired.size }) }
}
