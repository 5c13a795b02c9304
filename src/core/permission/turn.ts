/**
 * The turn of an act is a number that its button carries. It names what the act answers: the revision, the stop, the
 * window or the ring. If a button is pressed after its turn is over, nothing is counted.
 */

import type { Refusal } from '../proposal/command.ts'
import { ringAt } from '../proposal/glance.ts'
import { statusWords } from '../proposal/stop-test.ts'
import { waitingForResume } from '../rollout/run.ts'
import type { Act } from './acts.ts'
import type { Askable } from './place.ts'
import { no } from './row.ts'

/** The number that a button for this act carries now. */
export function turnOf(act: Act, glance: Askable): number {
  switch (act) {
    case 'resume':
    case 'retry':
      return instant(waitingForResume(glance)?.at)
    case 'acknowledge':
      return instant(glance.schedule?.start)
    case 'go':
      return ringAt(glance)?.index ?? 0
    default:
      return glance.revision
  }
}

function instant(at: string | undefined): number {
  return at === undefined ? 0 : Date.parse(at)
}

/**
 * Why the button's turn is over; `null`: it is not over, or no turn was given. `turn`: the number that the button
 * carried.
 */
export function turnProblem(act: Act, glance: Askable, turn: number | null): Refusal | null {
  if (turn === null || turn === turnOf(act, glance)) return null
  const { id, revision, schedule } = glance
  const old = (sentence: string) => no('old revision', `${sentence} Look at the new card; nothing was counted.`)
  switch (act) {
    case 'approve':
    case 'abstain':
    case 'reject':
      return no(
        'old revision',
        `${id} has changed since: this was revision ${turn}, now it is revision ${revision}. Look at the new card before you vote; nothing was counted.`,
      )
    case 'resume':
    case 'retry': {
      const stop = waitingForResume(glance)
      const now =
        stop === null ? `${id} is ${statusWords(glance)}` : `${id} was stopped at ${stop.at} by ${stop.by.name}`
      return old(`That button was for something earlier: ${now}.`)
    }
    case 'acknowledge':
      return old(`That button was for another window: ${id} starts at ${schedule?.start ?? 'no known time'}.`)
    case 'go':
      return old(`That button was for another ring: now ${ringAt(glance)?.title ?? 'none'} waits.`)
    default:
      return null
  }
}
