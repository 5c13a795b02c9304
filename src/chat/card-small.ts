/** The last line of a card: dates, and who asked. */

import type { Place } from '../core/permission/place.ts'
import { finalStatuses } from '../core/proposal/proposal.ts'
import { isBefore } from '../core/time/instant.ts'
import { type RichText, rich, time } from './rich-text.ts'
import { dayWords, hasEnd } from './words.ts'

export function cardSmall({ glance: state, now }: Place): RichText {
  const { status, dueAt, expiresAt, openedAt, proposer, rollout, schedule, closedAt, revision, subject } = state
  const by = proposer.kind === 'person' ? proposer.name : 'Patchwarden'
  const changed = revision > 1 ? `, changed since: revision ${revision}` : ''
  const sentences = [
    ...(status === 'open' && dueAt !== null
      ? [rich(`Due to the end of ${dayWords(dueAt)} (`, time(dueAt, 'relative'), ').')]
      : []),
    ...(status === 'scheduled' && schedule !== null && !isBefore(schedule.start, now)
      ? [rich('Starts ', time(schedule.start, 'relative'), '.')]
      : []),
    ...(rollout === null ? [] : [rich('Started ', time(rollout.startedAt), '.')]),
    ...(rollout !== null && schedule !== null && closedAt === null && hasEnd(schedule.end, now)
      ? [rich('Its window ends ', time(schedule.end), '.')]
      : []),
    ...(closedAt === null ? [] : [rich('Ended ', time(closedAt), '.')]),
    rich('Asked ', time(openedAt), ` by ${by}${changed}.`),
    ...(status === 'open' ? [rich('Undecided, it expires ', time(expiresAt), '.')] : []),
    ...(subject.kind === 'patches' && finalStatuses.includes(status) ? [rich(`Priority: ${state.priority}.`)] : []),
  ]
  return sentences.flatMap((one, index) => (index === 0 ? one : [...rich(' '), ...one]))
}
