/** Thread entries about the time of a rollout, and about what it waits for. */

import { assetName } from '../../core/rollout/tally.ts'
import { rich, sentence, time } from '../rich-text.ts'
import { hasEnd } from '../words.ts'
import { bot, named, said, type Tellers } from './telling.ts'
import { approvedJustNow } from './voting.ts'
import { names, waitingFor } from './words.ts'

export const scheduling = {
  'acknowledgement-asked': ({ people, escalated }, telling) => {
    const who = named(telling, people, 'nobody: no one is on call')
    const late = escalated && people.length > 0 ? ' Nobody on call has answered, so others are asked, too.' : ''
    return bot('warning', rich(`Asked to acknowledge before it starts: ${who}.${late}`))
  },
  acknowledged: (_, telling) => said(telling, 'good', rich('Acknowledged: I am watching this rollout.')),
  postponed: ({ window: { start, end }, reason }, telling) => {
    const why = reason === null ? '.' : `: ${sentence(reason)}`
    return said(telling, 'warning', rich('Postponed to ', time(start), ' until ', time(end, 'time'), why))
  },
  frozen: ({ until, reason }, telling) =>
    said(telling, 'urgent', rich('Froze the team until ', time(until), `: ${sentence(reason)} Nothing starts before.`)),
  unfrozen: (_, telling) => said(telling, 'neutral', rich('Lifted the freeze of the team.')),
  scheduled: ({ window: { start, end }, reason }, telling) => {
    const approved = approvedJustNow(telling)
    const why = reason === null ? '' : ` (${reason})`
    const tone = approved.length === 0 ? 'neutral' : 'good'
    if (Date.parse(start) <= Date.parse(telling.recorded.at))
      return bot(tone, [...approved, ...rich(`Its window is open now${why}.`)])
    if (!hasEnd(end, start)) return bot(tone, [...approved, ...rich('Scheduled from ', time(start), ` on${why}.`)])
    return bot(tone, [...approved, ...rich('Scheduled for ', time(start), ' to ', time(end, 'time'), `${why}.`)])
  },
  'window-announced': ({ window: { start, end } }) =>
    bot('warning', rich('Coming up: this runs from ', time(start), ' to ', time(end, 'time'), '.')),
  'window-extended': ({ until, reason }, telling) =>
    said(telling, 'urgent', rich('May run on until ', time(until), `: ${sentence(reason)}`)),
  'start-refused': ({ reason }, telling) =>
    bot('warning', [...approvedJustNow(telling), ...rich(`Not started, because ${sentence(reason)}`)]),
  'asset-awaited': (event, { state }) => bot('neutral', waitingFor(assetName(state, event.asset), event)),
  yielded: ({ to, assets }, { state }) =>
    bot('warning', [
      ...rich(`${to} is more urgent and takes over: `, ...names(state, assets)),
      ...rich(' What was told is taken back here, and told again when they are free.'),
    ]),
  'took-over': ({ from, assets }, { state }) =>
    bot('neutral', [
      ...rich(`More urgent than ${from}, which has told and not begun. Taken over from it: `, ...names(state, assets)),
      ...rich(' They begin here as soon as that is taken back.'),
    ]),
} satisfies Partial<Tellers>
