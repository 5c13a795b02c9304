/**
 * A glance: the small state of a proposal, the brief of its subject, and the tally of its assets. Its size does not
 * depend on the number of assets. Lists, cards and overviews need no more.
 */

import { currentRings, isBound, lanesOf, ringTitle } from '../rollout/lanes.ts'
import { testRunning } from '../rollout/run.ts'
import { type Tally, tallyOf } from '../rollout/tally.ts'
import { wantsGo } from '../rollout/turn.ts'
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
  | {
      readonly kind: 'patches'
      readonly engine?: string
      readonly rings: readonly Pick<BriefRing, 'name' | 'beforeVote' | 'gate' | 'engine' | 'after'>[]
    }
  | { readonly kind: 'standing rule' }

/** A ring that is under way or next, at a glance. */
export interface RingAt {
  readonly index: number
  readonly planned: Pick<BriefRing, 'name' | 'beforeVote' | 'gate'>
  /** Its name as people read it. */
  readonly title: string
  readonly ring: LightRing
}

/** For each lane, the ring that is under way or next, as `ringsNow` gives it. Empty: all have passed, or nothing runs. */
export function ringsAt(glance: Pick<LightState, 'rollout' | 'test'> & { readonly subject: Rings }): readonly RingAt[] {
  const { subject } = glance
  const testing = testRunning(glance)
  const run = glance.rollout ?? (testing ? glance.test : null)
  if (run === null || subject.kind !== 'patches') return []
  return currentRings(subject.rings, run.rings).flatMap((index): readonly RingAt[] => {
    const [ring, planned] = [run.rings[index], subject.rings[index]]
    if (!ring || !planned || (testing && (index > 0 || planned.beforeVote !== true))) return []
    if (!testing && isBound(subject, run.rings, index)) return []
    return [{ index, planned, title: ringTitle(subject, index) ?? planned.name, ring }]
  })
}

/** The ring that people are asked about: the first that waits for a go, or else the first; `null`: there is none. */
export function ringAt(glance: Parameters<typeof ringsAt>[0]): RingAt | null {
  const rings = ringsAt(glance)
  return rings.find(wantsGo) ?? rings[0] ?? null
}

/** Where a rollout is, as in "ring 2 of 3"; with several lanes by name, as in "rings broad (ssh), canary (wsus)". */
export function ringWords(glance: Parameters<typeof ringsAt>[0]): string | null {
  const rings = ringsAt(glance)
  const [first] = rings
  if (first === undefined || glance.subject.kind !== 'patches') return null
  if (lanesOf(glance.subject).length === 1) return `ring ${first.index + 1} of ${glance.rollout?.rings.length ?? 0}`
  return `${rings.length === 1 ? 'ring' : 'rings'} ${rings.map(({ title }) => title).join(', ')}`
}

/** Is a rollout scheduled, running or stopped, or does a test run? */
export function isUnderWay(state: Pick<Glance, 'status' | 'rollout' | 'test'> | ProposalState): boolean {
  if (testRunning(state)) return true
  return state.status !== 'open' && state.status !== 'approved' && !finalStatuses.includes(state.status)
}
