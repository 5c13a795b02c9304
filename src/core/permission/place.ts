/** A place: a proposal at a glance, its team's members and the moment. It decides who may do what. */

import type { Estimates } from '../estimate.ts'
import type { Member, Policy } from '../policy.ts'
import { quorumNeeds } from '../proposal/approval.ts'
import type { Glance, Rings } from '../proposal/glance.ts'
import type { LightState } from '../proposal/light.ts'
import { isEndState } from '../proposal/proposal.ts'
import { countEndState } from '../rollout/gate.ts'
import type { Freeze } from '../window.ts'

/** A small state with its subject, either whole or as a brief. */
export type Askable = LightState & { readonly subject: Rings }

/** The part of a place that belongs to this moment and not to the proposal. */
export interface Moment {
  /** The members of the team, with their roles as they are now. */
  readonly members: readonly Member[]
  /** ISO 8601 UTC. */
  readonly now: string
  /** Freezes of the configuration, and freezes that people of the team declared. */
  readonly freezes: readonly Freeze[]
  /** The policy under which the team opens proposals now; freezes go by it. Left out: the policy of the proposal. */
  readonly teamPolicy?: Policy
}

export interface Place extends Moment {
  readonly glance: Glance
  /** From earlier rollouts. Left out: not read. */
  readonly estimates?: Estimates
  /** Assets of the team that nobody can judge, by platform. Left out: none, or not read. */
  readonly unjudged?: readonly { readonly platform: string; readonly assets: number }[]
}

/** The roles that may vote now: the roles of the quorum, or those that may object while a notice runs. */
export function voters({ policy, standingRefused }: Pick<Glance, 'policy' | 'standingRefused'>): readonly string[] {
  const { approval } = policy
  const needs = quorumNeeds({ policy, standingRefused })
  if (needs !== null) return needs.map(({ role }) => role)
  return approval.kind === 'quorum' ? [] : approval.objectors
}

/** How many assets the rollout is working on now. */
export function atWork(glance: Pick<Glance, 'rollout'>): number {
  return ended(glance, (end) => end === 'at work')
}

/** How many assets of the rollout ended, but not well. */
export function notWell(glance: Pick<Glance, 'rollout'>): number {
  return ended(glance, (end) => isEndState(end) && countEndState(end) !== 'good')
}

/** How many assets can still be skipped: they were not started and were not left out before. */
export function leftToSkip(glance: Pick<Glance, 'rollout' | 'subject' | 'tally'>): number {
  const { subject, tally } = glance
  if (subject.kind !== 'patches') return 0
  const well = ended(glance, (end) => isEndState(end) && countEndState(end) === 'good')
  return subject.assets - atWork(glance) - well - tally.skipped - tally.failed.count
}

function ended({ rollout }: Pick<Glance, 'rollout'>, counts: (end: string) => boolean): number {
  const ends = (rollout?.rings ?? []).flatMap((ring) => Object.entries(ring.counts))
  return ends.reduce((sum, [end, count]) => sum + (counts(end) ? count : 0), 0)
}
