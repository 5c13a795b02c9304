/**
 * Outcomes, verifications and calls are stored in pages, as content. An event names its page, and says how many assets
 * ended how.
 */

import { contentName, contentOf, contentProblem, type HashedContent, type StoredContent } from '../content.ts'
import { limits } from '../limits.ts'
import { memoizeByIdentity } from '../memoize-by-identity.ts'
import type { SystemCall } from '../ports.ts'
import type { ProposalEvent, RecordedOutcome, RecordedVerification } from '../proposal/event.ts'
import { portions } from '../proposal/portions.ts'

const outcomesPage = memoizeByIdentity((outcomes: readonly RecordedOutcome[]) => contentOf('results', { outcomes }))
const verificationsPage = memoizeByIdentity((verifications: readonly RecordedVerification[]) =>
  contentOf('results', { verifications }),
)
const callsPage = memoizeByIdentity((calls: readonly SystemCall[]) => contentOf('results', { calls }))

/** The events that record these outcomes. There are as many as the limits on an event and a page require. */
export function outcomesEvents(outcomes: readonly RecordedOutcome[]): readonly ProposalEvent[] {
  return portions(outcomes, limits.resultsPageBytes).map((some) => ({
    type: 'outcomes-recorded',
    page: outcomesPage(some).hash,
    counts: counted(some.map(({ outcome }) => outcome.state)),
    outcomes: some,
  }))
}

export function verificationsEvents(verifications: readonly RecordedVerification[]): readonly ProposalEvent[] {
  return portions(verifications, limits.resultsPageBytes).map((some) => ({
    type: 'verifications-recorded',
    page: verificationsPage(some).hash,
    counts: counted(some.map(({ verification }) => verification.end)),
    verifications: some,
  }))
}

export function callsEvents(key: string, calls: readonly SystemCall[]): readonly ProposalEvent[] {
  return portions(calls, limits.resultsPageBytes).map((some) => ({
    type: 'calls-recorded',
    key,
    page: callsPage(some).hash,
    counts: counted(some.map(({ problem }) => (problem === undefined ? 'answered' : 'not answered'))),
    calls: some,
  }))
}

function counted(ends: readonly string[]): Readonly<Record<string, number>> {
  const counts: Record<string, number> = {}
  for (const end of ends) counts[end] = (counts[end] ?? 0) + 1
  return counts
}

/** The page that an event names; `null`: it names none. */
export function pageOf(event: ProposalEvent): HashedContent | null {
  if (event.type === 'outcomes-recorded' && event.page !== undefined) return outcomesPage(event.outcomes)
  if (event.type === 'verifications-recorded' && event.page !== undefined) return verificationsPage(event.verifications)
  if (event.type === 'calls-recorded') return callsPage(event.calls)
  return null
}

interface Page {
  readonly outcomes?: readonly RecordedOutcome[]
  readonly verifications?: readonly RecordedVerification[]
  readonly calls?: readonly SystemCall[]
}

/** Reads a page. Throws a clause if the page is missing or was changed. */
export function readPage(page: string, contents: ReadonlyMap<string, StoredContent>): Page {
  const content = contents.get(page)
  const problem = contentProblem('results', content)
  if (problem !== null || content === undefined)
    throw new Error(`needs ${contentName('results', page)}, which ${problem}`)
  return JSON.parse(content.text) as Page
}
