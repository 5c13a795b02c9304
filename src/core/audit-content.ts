/** Checks that the content named by events exists and is the content they name. */

import { type AuditProblem, isEntry, type RecordItem } from './audit.ts'
import { type ContentKind, contentName, contentProblem, ownProblem, type StoredContent } from './content.ts'
import { createHashTable } from './hash-table.ts'
import { limits } from './limits.ts'
import type { Policy } from './policy.ts'
import type { SubjectHashes } from './proposal/decision-content.ts'
import { hashesNamed } from './proposal/named.ts'
import { type Named, namedBy } from './proposal/written.ts'
import { contentsOfFacts } from './record/content-facts.ts'
import { readEntry } from './record/entry.ts'
import { DAY_MS } from './time/instant.ts'

/** The content that one event names. The text may have been changed in the store, so it may have any shape. */
export function contentsNamed(item: RecordItem): readonly { readonly kind: ContentKind; readonly hash: string }[] {
  if (!isEntry(item)) return namedBy(item.event)
  try {
    return contentsOfFacts(readEntry(item.text).facts)
  } catch {
    return []
  }
}

/** The hashes of the decision and the evidence, if the event names both. */
export function subjectsNamed(item: RecordItem): readonly SubjectHashes[] {
  const named = contentsNamed(item)
  const [decision, evidence] = (['decision', 'evidence'] as const).map((kind) => named.find((one) => one.kind === kind))
  return decision === undefined || evidence === undefined ? [] : [{ decision: decision.hash, evidence: evidence.hash }]
}

/** Pages and policies from the contents that were read. */
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

/** The mark of each hash has these bits. */
const HELD = 1
const NAMED = 2
/** Content that this content needs, directly or through other content, is missing. The link points to it. */
const LOST = 4
/** Some logs that this content names are missing. The link points to the first of them. */
const WITHOUT_LOGS = 8
/** The hash is that of a log, and the log is missing. */
const EXPIRED = 16

/**
 * Checks content one by one while the record is read. Content must come before the event that names it, and after the
 * content that it names itself. Keeps each hash, also of missing content: at most 100 bytes per hash. `now` (ISO 8601):
 * logs that have expired at this time may be missing.
 */
export function createContentCheck(now: string) {
  const table = createHashTable()
  let held = 0
  let expired = 0
  const is = (number: number, mark: number) => (table.mark(number) & mark) !== 0
  const set = (number: number, mark: number) => table.setMark(number, table.mark(number) | mark)

  /** What is wrong with the next content, or `null`. Missing content is reported with the event that needs it. */
  function content(stored: StoredContent): string | null {
    const problem = ownProblem(stored)
    if (problem !== null) return problem
    const own = table.add(stored.hash)
    if (is(own, HELD)) return 'stands twice'
    set(own, HELD)
    held++
    for (const hash of hashesNamed(stored)) {
      const below = table.add(hash)
      set(below, NAMED)
      if (is(below, HELD)) {
        if (is(below, LOST)) lacks(own, LOST, table.link(below))
      } else if (stored.kind === 'results') {
        lacks(own, WITHOUT_LOGS, below)
        if (!is(below, EXPIRED)) expired++
        set(below, EXPIRED)
      } else lacks(own, LOST, below)
    }
    return null
  }

  /** Links the first missing content. Missing logs never replace that link, because logs may expire. */
  function lacks(number: number, mark: number, missing: number): void {
    if (!is(number, LOST) && !is(number, mark)) table.setLink(number, missing)
    set(number, mark)
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
    const number = table.find(hash)
    if (number === -1 || !is(number, HELD)) return `needs ${contentName(kind, hash)}, which is missing`
    set(number, NAMED)
    const missing = () => table.hash(table.link(number))
    if (is(number, LOST)) return `needs ${contentName('', missing())}, which is missing`
    if (!is(number, WITHOUT_LOGS)) return null
    return Date.parse(at) + limits.logDays * DAY_MS > Date.parse(now)
      ? `needs ${contentName('log', missing())}, which is missing`
      : null
  }

  /** Hash of content that no event names; `null`: every content is named. */
  function unnamed(): string | null {
    for (let number = 0; number < table.size(); number++)
      if (is(number, HELD) && !is(number, NAMED)) return table.hash(number)
    return null
  }

  return { content, event, unnamed, counts: () => ({ contents: held, expiredLogs: expired }) }
}
