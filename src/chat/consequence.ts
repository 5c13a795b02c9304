import { namesIn } from '../core/hands.ts'
import type { Member } from '../core/policy.ts'
import { type Glance, ringAt } from '../core/proposal/glance.ts'
import type { ActionName } from './actions.ts'
import { shorten } from './visible.ts'
import { count } from './words.ts'

/** What happens once the dialog of an action is sent, for the person who is about to send it. */
const sentences: Readonly<Partial<Record<ActionName, (proposal: string) => string>>> = {
  reject: (id) => `One rejection closes ${id} until that date. Its due date stays as it is.`,
  postpone: (id) => `${id} starts in a later window: the first from that date on.`,
  halt: (id) => `Nothing further of ${id} starts. It goes on only when it is resumed.`,
  'end-waiting': (id) => `Servers of ${id} that have not reported count as silent, and its rollout is halted.`,
  skip: (id) => `${id} leaves the server out: it is not touched, or its failure does not count any more.`,
  retry: (id) => `What failed in ${id} is tried again. If it is stopped, this counts as your agreement to resume.`,
  extend: (id) => `${id} may go on for one more hour after its window ends.`,
  'roll-back': (id) => `The versions from before ${id} are put back at once.`,
  withdraw: (id) => `${id} ends for good.`,
  freeze: (id) => `Nothing of the team of ${id} starts until the end of that day.`,
  ask: (id) => `Whom you ask gets a direct message about ${id}, and its thread says so.`,
  'break-glass': (id) =>
    `${id} is approved at once, may start outside its window, and everybody sees it. Somebody else must review it.`,
}

/** `null`: the action asks nothing first, so nothing is said before it. */
export function consequenceOf(action: ActionName, proposal: string): string | null {
  return sentences[action]?.(proposal) ?? null
}

/** At most so many characters of a sentence, and of what it quotes: Slack shows 300. */
const ASKED = 290
const QUOTED = 100

/**
 * What a button without a dialog says before it does something that cannot be taken back: it starts work on servers, or
 * undoes what somebody else decided. `null`: it asks nothing.
 */
export function askedBefore(name: ActionName, glance: Glance, members: readonly Member[]): string | null {
  const said = sentenceBefore(name, glance, members)
  return said === null ? null : shorten(said, ASKED)
}

function sentenceBefore(name: ActionName, glance: Glance, members: readonly Member[]): string | null {
  const { id, status, policy, subject, tally, breakGlass } = glance
  switch (name) {
    case 'resume': {
      const people = policy.resume.reduce((sum, { count }) => sum + count, 0)
      const once = people > 1 ? ' once enough people have agreed' : ''
      const left = subject.kind === 'patches' ? ` (${tally.ends.untouched} of ${count(subject.assets, 'server')})` : ''
      return `What is left of ${id}${left} is patched now${once}.${whoStopped(glance)}`
    }
    case 'go': {
      const ring = ringAt(glance)?.title
      return ring === undefined ? null : `Ring ${ring} of ${id} begins now.`
    }
    case 'unfreeze':
      return `The freeze of the team of ${id} ends: whatever is approved may start in its window.`
    case 'withdraw-vote':
      return status === 'approved' || status === 'scheduled'
        ? `Your vote is taken back. Where the others are not enough, ${id} is open again and does not start.`
        : null
    case 'review-break-glass': {
      const who = breakGlass === null ? 'somebody' : namesIn(members)(breakGlass.person)
      return `You say that you have read what ${who} did with ${id} and why. Your name and the time go into the record; it undoes nothing.`
    }
    default:
      return null
  }
}

function whoStopped({ stopped }: Glance): string {
  if (stopped === null) return ''
  return ` It was stopped by ${stopped.by.name}: “${shorten(stopped.reason, QUOTED)}”.`
}
