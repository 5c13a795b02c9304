/**
 * A glance: the small state of a proposal, the brief of its subject, and the tally of its assets. Its size does not
 * depend on the number of assets. Lists, cards and overviews need no more.
 */

import { testRunning } from '../rollout/run.ts'
import { type Tally, tallyOf } from '../rollout/tally.ts'
import { type Brief, type BriefRing, briefOf } from './brief.ts'
import { type LightRing, type LightState, lightOf } from './light.ts'
import { finalStatuses, type ProposalState } from './proposal.ts'

export interface Glance extends LightState {
  readonly subject: Brief
  readonly tally: Tally
}

export function glanceOf(state: ProposalState): Glance {
  return { ...lightOf(state), subject: briefOf(state.subject), tally: tallyOf(state) }
}

/** The rings of a subject, whole or in brief. */
export type Rings =
  | { readonly kind: 'patches'; readonly rings: readonly Pick<BriefRing, 'name' | 'beforeVote' | 'gate'>[] }
  | { readonly kind: 'standing rule' }

/** The ring that is under way or next, as `ringNow` gives it; `null`: all have passed, or nothing runs. */
export function ringAt(glance: Pick<LightState, 'rollout' | 'test'> & { readonly subject: Rings }): {
  readonly index: number
  readonly planned: Pick<BriefRing, 'name' | 'beforeVote' | 'gate'>
  readonly ring: LightRing
} | null {
  const { subject } = glance
  const run = glance.rollout ?? (testRunning(glance) ? glance.test : null)
  if (run === null || subject.kind !== 'patches') return null
  const index = run.rings.findIndex((ring) => ring.status !== 'passed')
  const [ring, planned] = [run.rings[index], subject.rings[index]]
  if (!ring || !planned || (testRunning(glance) && planned.beforeVote !== true)) return null
  return { index, planned, ring }
}

/** Is a rollout scheduled, running or stopped, or does a test run? */
export function isUnderWay(state: Pick<Glance, 'status' | 'rollout' | 'test'> | ProposalState): boolean {
  if (testRunning(state)) return true
  return state.status !== 'open' && state.status !== 'approved' && !finalStatuses.includes(state.status)
}
