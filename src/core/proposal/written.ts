/**
 * Events and the content that they name by hash. In the program an event holds the content itself ("opened"); in the
 * record it does not ("written").
 */

import { type ContentKind, contentOf, type HashedContent, type StoredContent } from '../content.ts'
import { limits } from '../limits.ts'
import { memoizeByIdentity } from '../memoize-by-identity.ts'
import type { Policy } from '../policy.ts'
import type { SystemCall } from '../ports.ts'
import { callsEvents, outcomesEvents, pageOf, readPage, verificationsEvents } from '../rollout/results-page.ts'
import { storable } from '../storable.ts'
import type { ProposalCommand } from './command.ts'
import { keepSubject, type SubjectHashes } from './decision-content.ts'
import type {
  Content,
  ProposalEvent,
  RecordedEvent,
  RecordedOutcome,
  RecordedVerification,
  WrittenEvent,
} from './event.ts'
import { isHash } from './named.ts'
import type { Subject } from './proposal.ts'

/**
 * The hashes of the subject; `null`: the event names none as content. The event may have been changed in the store, so
 * it may have any shape.
 */
function subjectNamed(event: WrittenEvent): SubjectHashes | null {
  const { type, contentHash, evidence }: Readonly<Partial<Record<string, unknown>>> = { ...event }
  if (type !== 'opened' && type !== 'revised' && type !== 'content-kept') return null
  return isHash(contentHash) && isHash(evidence) ? { decision: contentHash, evidence } : null
}

/** The hash of the results page that an event names; `null`: it names none. */
function pageNamed(event: WrittenEvent): string | null {
  const { type, page }: Readonly<Partial<Record<string, unknown>>> = { ...event }
  const hasPage = type === 'outcomes-recorded' || type === 'verifications-recorded' || type === 'calls-recorded'
  return hasPage && isHash(page) ? page : null
}

/** The content that an event names. The event may have been changed in the store, so it may have any shape. */
export function namedBy(event: WrittenEvent): readonly { readonly kind: ContentKind; readonly hash: string }[] {
  const subject = subjectNamed(event)
  if (subject !== null)
    return [
      { kind: 'decision', hash: subject.decision },
      { kind: 'evidence', hash: subject.evidence },
    ]
  const page = pageNamed(event)
  return page === null ? [] : [{ kind: 'results', hash: page }]
}

/**
 * An event whose texts can be stored. A subject that was made into content can be stored already, and is not copied
 * because it is very large.
 */
export function recordable(recorded: RecordedEvent): RecordedEvent {
  const { event } = recorded
  if (!('evidence' in event) || event.evidence === undefined) return storable(recorded)
  const { subject, ...rest } = event
  return { ...storable({ ...recorded, event: rest }), event: { ...storable(rest), subject } as ProposalEvent }
}

/** The content that events name; it is read before an event is opened. */
export interface Named {
  readonly pages: ReadonlyMap<string, StoredContent>
  /** Throws a sentence if the subject cannot be read. */
  readonly subject: (hashes: SubjectHashes) => Subject
  /** The policy, by its hash. */
  readonly policy: (hash: string) => Policy
}

export function outcomesIn(page: string, { pages }: Named): readonly RecordedOutcome[] {
  return readPage(page, pages).outcomes ?? []
}

export function verificationsIn(page: string, { pages }: Named): readonly RecordedVerification[] {
  return readPage(page, pages).verifications ?? []
}

export function callsIn(page: string, { pages }: Named): readonly SystemCall[] {
  return readPage(page, pages).calls ?? []
}

/** An event together with its content. Throws a sentence if the content is missing or was changed. */
export function opened(event: WrittenEvent, named: Named): ProposalEvent {
  switch (event.type) {
    case 'opened':
    case 'revised':
      return event.evidence === undefined ? event : { ...event, subject: subjectOf(event, named) }
    case 'content-kept':
      return { ...event, subject: subjectOf(event, named) }
    case 'outcomes-recorded': {
      if (event.page === undefined) return event
      return { ...event, outcomes: outcomesIn(event.page, named) }
    }
    case 'verifications-recorded': {
      if (event.page === undefined) return event
      return { ...event, verifications: verificationsIn(event.page, named) }
    }
    case 'calls-recorded':
      return { ...event, calls: callsIn(event.page, named) }
    default:
      return event
  }
}

function subjectOf(
  { contentHash, evidence }: { readonly contentHash: string; readonly evidence: string },
  named: Named,
) {
  return named.subject({ decision: contentHash, evidence })
}

/**
 * A command, and the content that must be stored before it. Logs are moved into content and named by hash. Results
 * pages are made as if all results were new, which is usually true.
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
    case 'record-calls':
      return { command, contents: pagesOf(callsEvents(command.key, command.calls)) }
    case 'open': {
      const { content, contents } = toOpen(command.content, command.policy)
      return { command: { ...command, content }, contents }
    }
    case 'revise': {
      const { content, contents } = withContent(command.content)
      return { command: { ...command, content }, contents }
    }
    default:
      return { command, contents: [] }
  }
}

/** The content of a proposal, and everything that must be stored before it opens: its subject and its policy. */
export function toOpen(asked: Content, policy: Policy): ReturnType<typeof withContent> {
  const { content, contents } = withContent(asked)
  return { content, contents: [...contents, policyContent(policy)] }
}

export const policyContent = memoizeByIdentity((policy: Policy) => contentOf('policy', policy))

/** The content of a proposal with the hashes of its subject, and what must be stored for it. */
export function withContent(content: Content): {
  readonly content: Content
  readonly contents: readonly HashedContent[]
} {
  const { subject, contents, decision, evidence } = keepSubject(content.subject)
  return { content: { ...content, subject, contentHash: decision, evidence }, contents }
}

function pagesOf(events: readonly ProposalEvent[]): readonly HashedContent[] {
  return events.flatMap((event) => pageOf(event) ?? [])
}

/** At most `logCharacters` from the end of a log, because the end says what went wrong. */
function keptLog(log: string): string {
  const most = limits.logCharacters
  if (log.trim() === '') return ''
  return log.length <= most ? log : `(${log.length - most} characters before this were not kept)\n${log.slice(-most)}`
}
