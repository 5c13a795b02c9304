/**
 * What became of assets stands in pages beside the events: an event names its page by the hash and says how many ended
 * how. In the program an event has the assets of its page in it ("opened"); as it is recorded it has not ("written").
 */

import { contentName, contentOf, contentProblem, type HashedContent, type StoredContent } from '../content.ts'
import { limits } from '../limits.ts'
import { remembered } from '../remembered.ts'
import type { ProposalCommand } from './command.ts'
import type { ProposalEvent, RecordedOutcome, RecordedVerification, ResultsPage, WrittenEvent } from './event.ts'
import { portions } from './portions.ts'

const outcomesPage = remembered((outcomes: readonly RecordedOutcome[]) => contentOf('results', { outcomes }))
const verificationsPage = remembered((verifications: readonly RecordedVerification[]) =>
  contentOf('results', { verifications }),
)

/** Outcomes as events; each fits, and so does its page. */
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

function counted(ends: readonly string[]): Readonly<Record<string, number>> {
  const counts: Record<string, number> = {}
  for (const end of ends) counts[end] = (counts[end] ?? 0) + 1
  return counts
}

/** The page that an event names; `null`: it names none. */
export function pageOf(event: ProposalEvent): HashedContent | null {
  if (event.type === 'outcomes-recorded' && event.page !== undefined) return outcomesPage(event.outcomes)
  if (event.type === 'verifications-recorded' && event.page !== undefined) return verificationsPage(event.verifications)
  return null
}

/** The hash of the page that an event names; `null`: it names none. What was changed in the store may be of any shape. */
export function pageNamed(event: WrittenEvent): string | null {
  const { type, page }: { readonly type?: unknown; readonly page?: unknown } = event ?? {}
  if (type !== 'outcomes-recorded' && type !== 'verifications-recorded') return null
  return typeof page === 'string' && HASH.test(page) ? page : null
}

function namesPage(event: WrittenEvent): event is Extract<WrittenEvent, ResultsPage> {
  return pageNamed(event) !== null
}

const HASH = /^[0-9a-f]{64}$/

/** An event as it is recorded: without the assets that its page tells of. */
export function written(event: ProposalEvent): WrittenEvent {
  if (event.type !== 'outcomes-recorded' && event.type !== 'verifications-recorded') return event
  const { type, page, counts } = event
  if (page !== undefined) return { type, page, counts: counts ?? {} }
  return event.type === 'outcomes-recorded'
    ? { type: event.type, outcomes: event.outcomes }
    : { type: event.type, verifications: event.verifications }
}

/** An event with the assets of its page. Throws a sentence where the page is not there or is not what it was. */
export function opened(event: WrittenEvent, contents: ReadonlyMap<string, StoredContent>): ProposalEvent {
  if (!namesPage(event)) return event
  const { type, page, counts } = event
  const content = contents.get(page)
  const problem = contentProblem('results', content)
  if (problem !== null || content === undefined)
    throw new Error(`needs ${contentName('results', page)}, which ${problem}`)
  const { outcomes = [], verifications = [] } = readPage(content)
  return type === 'outcomes-recorded' ? { type, page, counts, outcomes } : { type, page, counts, verifications }
}

interface Page {
  readonly outcomes?: readonly RecordedOutcome[]
  readonly verifications?: readonly RecordedVerification[]
}

/** What a page says, whose hash is right and which an event names: so it is what we wrote. */
function readPage({ text }: StoredContent): Page {
  return JSON.parse(text) as Page
}

/** Hashes of the logs that a page names. Whoever forges a page may have given it any shape. */
export function logsNamed({ text }: StoredContent): readonly string[] {
  const outcomes = member(parsed(text), 'outcomes')
  const logs = Array.isArray(outcomes) ? outcomes.map((one: unknown) => member(one, 'log')) : []
  return [...new Set(logs)].flatMap((log) => (typeof log === 'string' && HASH.test(log) ? log : []))
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return null
  }
}

function member(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null ? Reflect.get(value, name) : undefined
}

/**
 * A command with what it needs written before: logs go out of it and are named by their hash. The pages are those of a
 * command of which all is new, as it mostly is.
 */
export function withContents(command: ProposalCommand): {
  readonly command: ProposalCommand
  readonly contents: readonly HashedContent[]
} {
  switch (command.type) {
    case 'record-outcomes': {
      const logs: HashedContent[] = []
      const outcomes = command.outcomes.map((one) => {
        const log = keptLog(one.outcome.log)
        const outcome = { ...one.outcome, log: '' }
        if (log === '') return { ...one, outcome }
        const content = contentOf('log', log)
        logs.push(content)
        return { ...one, outcome, log: content.hash }
      })
      return { command: { ...command, outcomes }, contents: [...logs, ...pagesOf(outcomesEvents(outcomes))] }
    }
    case 'record-verifications':
      return { command, contents: pagesOf(verificationsEvents(command.verifications)) }
    default:
      return { command, contents: [] }
  }
}

function pagesOf(events: readonly ProposalEvent[]): readonly HashedContent[] {
  return events.flatMap((event) => pageOf(event) ?? [])
}

/** The end of a log says what went wrong. */
function keptLog(log: string): string {
  const most = limits.logCharacters
  if (log.trim() === '') return ''
  return log.length <= most ? log : `(${log.length - most} characters before this were not kept)\n${log.slice(-most)}`
}
