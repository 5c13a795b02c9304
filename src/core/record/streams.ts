/**
 * The streams of the record other than those of proposals, and the facts that each of their events may have. All other
 * data of an event is personal and stands beside it.
 */

import type { Facts } from './entry.ts'

/** Names of facts, by stream and event. Streams of teams are listed by the part of their name before the colon. */
const facts: Readonly<Record<string, Readonly<Record<string, readonly string[]>>>> = {
  persons: {
    'person-known': ['person'],
    'person-renamed': ['person'],
    'account-named': ['person', 'platform'],
    'account-unnamed': ['person', 'platform'],
    'account-linked': ['person', 'platform', 'confirmedIn'],
    'account-revoked': ['person', 'platform', 'via', 'through', 'linkedAt'],
    'sign-in-link-issued': ['person', 'madeBy', 'expiresAt', 'example'],
    'signed-in': ['person', 'how', 'madeBy', 'example'],
    'session-ended': ['person', 'sessions', 'links'],
  },
  rights: {
    // config/recorded.ts says which part of the configuration is recorded.
    'configuration-loaded': ['configuration', 'changed', 'more'],
    'group-read': ['group', 'count', 'people', 'configuration'],
    'group-unread': ['group'],
    'absence-declared': ['person', 'deputy', 'until', 'teams', 'anybody', 'via', 'through', 'linkedAt'],
    'absence-ended': ['person', 'via', 'through', 'linkedAt'],
    'freeze-declared': ['freeze', 'team', 'from', 'until', 'via', 'through', 'linkedAt'],
    'freeze-lift-agreed': ['freezes', 'team', 'via', 'through', 'linkedAt'],
    'freeze-lifted': ['freezes', 'team', 'via', 'through', 'linkedAt'],
  },
  feeds: {
    'feed-read': ['feed', 'readAt', 'saidAt', 'counts', 'rejected', 'changed', 'cursor', 'said'],
    'feed-failed': ['feed'],
    'feed-recovered': ['feed'],
    'feed-removed': ['feed'],
  },
  assets: {
    'assets-enrolled': ['source', 'assets', 'count'],
    'assets-moved': ['source', 'from', 'to', 'assets', 'count'],
    'assets-changed': ['source', 'assets', 'count'],
    'assets-gone': ['source', 'why', 'assets', 'count'],
    'coverage-changed': ['platform', 'is', 'since', 'assets', 'count'],
  },
  findings: {
    'findings-opened': ['flaw', 'patches', 'feeds', 'fixedAt', 'fixDate', 'readAt', 'assets', 'count', 'open'],
    'findings-closed': ['flaw', 'how', 'proposal', 'assets', 'count', 'open'],
    // Earlier versions named the flaw, the context and the grounds of one judgement here.
    judged: ['judgements', 'flaws', 'count'],
  },
}

/** Throws if the event is unknown or has a fact that is not listed for it. Both are faults of the program. */
export function checkFacts(
  stream: string,
  { event, facts: given }: { readonly event: string; readonly facts: Facts },
): void {
  const known = facts[stream.split(':')[0] ?? '']?.[event]
  if (known === undefined) throw new Error(`The stream ${stream} has no event "${event}".`)
  for (const name of Object.keys(given))
    if (!known.includes(name))
      throw new Error(`"${name}" is not a fact of ${event}: what is personal stands beside it.`)
}
