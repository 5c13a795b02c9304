/** What decides who may do what: a proposal at a glance, its team's people and the moment. */

import type { Member, Policy } from '../policy.ts'
import { quorumNeeds } from '../proposal/approval.ts'
import type { Glance, Rings } from '../proposal/glance.ts'
import type { LightState } from '../proposal/light.ts'
import { isEndState } from '../proposal/proposal.ts'
import { countEndState } from '../rollout/gate.ts'
import type { Freeze } from '../window.ts'

/** A small state and what it asks for, in full or in short. */
export type Askable = LightState & { readonly subject: Rings }

/** The part of this moment that decides who may do what. */
export interface Moment {
  /** The team's people and their roles as they are now. */
  readonly members: readonly Member[]
  /** ISO 8601 UTC. */
  readonly now: string
  /** What holds the team up now. */
  readonly freezes: readonly Freeze[]
  /** The policy that the team's proposals are opened under now; freezes follow it. Left out: the proposal's. */
  readonly teamPolicy?: Policy
}

export interface Place extends Moment {
  readonly glance: Glance
}

/** Whoever may vote on what is asked for now: the quorum's roles, or while a notice runs those who may object. */
export function voters({ policy, standingRefused }: Pick<Glance, 'policy' | 'standingRefused'>): readonly string[] {
  const { approval } = policy
  const needs = quorumNeeds({ policy, standingRefused })
  if (needs !== null) return needs.map(({ role }) => role)
  return approval.kind === 'quorum' ? [] : approval.objectors
}

/** How many assets are at work for the rollout. */
export function atWork(glance: Pick<Glance, 'rollout'>): number {
  return ended(glance, (end) => end === 'at work')
}

/** How many the rollout has brought to an end that is not a good one. */
export function notWell(glance: Pick<Glance, 'rollout'>): number {
  return ended(glance, (end) => isEndState(end) && countEndState(end) !== 'good')
}

/** How many can still be left out before they begin: they were not started, and not left out already. */
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
