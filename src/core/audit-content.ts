/** Whether what events name is there, and is what they name. */

import { type AuditProblem, isEntry, type RecordItem } from './audit.ts'
import { type ContentKind, contentName, contentProblem, ownProblem, type StoredContent } from './content.ts'
import { limits } from './limits.ts'
import type { Policy } from './policy.ts'
import type { SubjectHashes } from './proposal/decision-content.ts'
import { hashesNamed } from './proposal/named.ts'
import { type Named, namedBy } from './proposal/written.ts'
import { contentsOfFacts } from './record/content-facts.ts'
import { readEntry } from './record/entry.ts'

const DAY_MS = 86_400_000

/** The content that one event of the record names. What was changed in the store may be of any shape. */
export function contentsNamed(item: RecordItem): readonly { readonly kind: ContentKind; readonly hash: string }[] {
  if (!isEntry(item)) return namedBy(item.event)
  try {
    return contentsOfFacts(readEntry(item.text).facts)
  } catch {
    return []
  }
}

/** The hashes of what an event asks for, where it names that. */
export function subjectsNamed(item: RecordItem): readonly SubjectHashes[] {
  const named = contentsNamed(item)
  const [decision, evidence] = (['decision', 'evidence'] as const).map((kind) => named.find((one) => one.kind === kind))
  return decision === undefined || evidence === undefined ? [] : [{ decision: decision.hash, evidence: evidence.hash }]
}

/** Pages and policies among what was read. */
export function namedIn(contents: ReadonlyMap<string, StoredContent>): Omit<Named, 'subject'> {
  return {
    pages: contents,
    policy: (hash) => {
      const content = contents.get(hash)
      const problem = contentProblem('policy', content)
      if (problem !== null || content === undefined)
        throw new Error(`needs ${contentName('policy', hash)}, which ${problem}`)
      return JSON.parse(content.text) as Policy
    },
  }
}

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

  function event(item: RecordItem): AuditProblem | null {
    const record = `${item.stream} event ${item.seq}`
    for (const { kind, hash } of contentsNamed(item)) {
      const problem = problemOf(kind, hash, isEntry(item) ? readEntry(item.text).at : item.at)
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
