/**
 * Who must say yes, how many, by when, and what happens otherwise. A policy is copied into the proposal when it opens,
 * so that a later change of the configuration does not change what people are voting under.
 */

import type { RebootRule, RestartRule } from './ports.ts'

/** The role that is on call, whoever holds it at the time. */
export const ON_CALL = 'on-call'

export interface RoleCount {
  readonly role: string
  /** At least 1. */
  readonly count: number
}

export type Approval =
  /** Every role's count is filled by different people. */
  | { readonly kind: 'quorum'; readonly needs: readonly RoleCount[] }
  /** Goes ahead when the notice has passed and nobody with one of the `objectors` roles objected. */
  | { readonly kind: 'lazy consensus'; readonly noticeSeconds: number; readonly objectors: readonly string[] }
  /** Goes ahead after the notice under a rule that was itself voted and is still in force; otherwise `fallback` is asked. */
  | {
      readonly kind: 'standing'
      readonly rule: string
      readonly noticeSeconds: number
      readonly objectors: readonly string[]
      readonly fallback: readonly RoleCount[]
    }

export interface Policy {
  readonly name: string
  readonly approval: Approval
  readonly selfApproval: 'forbidden' | 'allowed'
  /** Whether what people decide is taken from the command line; all of it is then one hand. Left out: refused. */
  readonly cli?: 'refused' | 'recorded'
  /** Seconds from opening until the proposal expires undecided. */
  readonly expiresAfterSeconds: number
  /** Seconds of silence after which the thread reminds those whose vote is missing; `null` never. */
  readonly remindAfterSeconds: number | null
  /** Seconds of silence after which they are sent a direct message; `null` never. */
  readonly messageAfterSeconds: number | null
  /** Seconds of silence after which holders of `escalateTo` are asked to see to it; `null` never. */
  readonly escalateAfterSeconds: number | null
  readonly escalateTo: readonly string[]
  /** Roles that may pause or halt a rollout, each alone. Never empty. */
  readonly stop: readonly string[]
  /** What resuming a halted rollout takes. Never empty. */
  readonly resume: readonly RoleCount[]
  readonly breakGlass: { readonly roles: readonly string[]; readonly reviewWithinSeconds: number } | null
  readonly reboot: RebootRule
  /** Whether services that still run replaced files are restarted after the transaction. */
  readonly restartServices: RestartRule
  readonly testRing: TestRingRule
  /** A rollout does not start on an inventory older than this. */
  readonly inventoryMaxAgeSeconds: number
  /** Somebody on call (role `on-call`) is asked to acknowledge before the first ring starts; `null`: nobody is. */
  readonly acknowledgement: AcknowledgementRule | null
  /** An approval of a rollout that has one of these rings counts only when it was confirmed by an account of the person's own. */
  readonly stepUpRings: readonly string[]
}

/**
 * What a ring that may run before the vote does while people vote: nothing, or it runs and what came of it is shown
 * with the proposal; `required`: an approval also needs it to have passed.
 */
export type TestRingRule = 'never' | 'run' | 'required'

export interface AcknowledgementRule {
  /** Seconds before the window opens at which those on call are asked first. */
  readonly askBeforeSeconds: number
  readonly remindEverySeconds: number
  /** Seconds of silence after which holders of `escalateTo` are asked, too. */
  readonly escalateAfterSeconds: number
  readonly escalateTo: readonly string[]
  /** What silence means when the window opens. */
  readonly otherwise: 'wait' | 'go on'
}

/** What a standing approval rule pre-approves once it has been voted. */
export interface StandingRule {
  readonly name: string
  readonly team: string
  /** Every asset of the proposal must carry one of these tags. */
  readonly tags: readonly string[]
  readonly types: readonly ('security' | 'bugfix' | 'feature')[]
  /** ISO 8601: the rule pre-approves nothing from then on. */
  readonly expiresAt: string
}

/** One human as one team's proposals see them. */
export interface Member {
  readonly id: string
  readonly name: string
  /** Roles that count for this team: the team's own and the organisation's. */
  readonly roles: readonly string[]
}

/** Roles whose holders may vote under the policy. */
export function votingRoles(approval: Approval): readonly string[] {
  switch (approval.kind) {
    case 'quorum':
      return approval.needs.map((need) => need.role)
    case 'lazy consensus':
      return approval.objectors
    case 'standing':
      return [...new Set([...approval.objectors, ...approval.fallback.map((need) => need.role)])]
  }
}

/** Does the ring that is meant for it run while people vote? A policy of an earlier version does not say. */
export function runsTest({ testRing }: Pick<Policy, 'testRing'>): boolean {
  return testRing === 'run' || testRing === 'required'
}
