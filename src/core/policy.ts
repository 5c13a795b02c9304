/**
 * A policy says who must approve, how many, by when, and what happens otherwise. It is copied into the proposal when
 * the proposal opens, so later changes of the configuration do not change a running vote.
 */

import type { RebootRule, RestartRule } from './ports.ts'

/** The role of the people who are on call at the time. */
export const ON_CALL = 'on-call'

export interface RoleCount {
  readonly role: string
  /** At least 1. */
  readonly count: number
}

export type Approval =
  /** Each role needs its count of approvals, all by different people. */
  | { readonly kind: 'quorum'; readonly needs: readonly RoleCount[] }
  /** Approved when the notice has passed and nobody with one of the `objectors` roles has objected. */
  | { readonly kind: 'lazy consensus'; readonly noticeSeconds: number; readonly objectors: readonly string[] }
  /**
   * Approved after the notice, if people voted for the rule and it is still in force. Otherwise `fallback` must
   * approve.
   */
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
  /** Whether decisions are accepted from the command line. All of them count as one hand. Left out: refused. */
  readonly cli?: 'refused' | 'recorded'
  /** Seconds from opening until the proposal expires undecided. */
  readonly expiresAfterSeconds: number
  /** Seconds of silence after which the thread reminds the people whose vote is missing; `null`: never. */
  readonly remindAfterSeconds: number | null
  /** Seconds of silence after which they get a direct message; `null`: never. */
  readonly messageAfterSeconds: number | null
  /** Seconds of silence after which the holders of `escalateTo` are asked to act; `null`: never. */
  readonly escalateAfterSeconds: number | null
  readonly escalateTo: readonly string[]
  /** `null`: what is urgent is reminded of like everything else. Left out: a policy of an earlier version has none. */
  readonly urgent?: UrgentRule | null
  /** Roles that may pause or halt a rollout. One person is enough. Never empty. */
  readonly stop: readonly string[]
  /** The approvals that are needed to resume a halted rollout. Never empty. */
  readonly resume: readonly RoleCount[]
  readonly breakGlass: { readonly roles: readonly string[]; readonly reviewWithinSeconds: number } | null
  readonly reboot: RebootRule
  /** Whether services that still run replaced files are restarted after the transaction. */
  readonly restartServices: RestartRule
  readonly testRing: TestRingRule
  /** A rollout does not start if the inventory is older than this. */
  readonly inventoryMaxAgeSeconds: number
  /** How somebody on call (role `on-call`) is asked to acknowledge before the first ring starts; `null`: nobody is. */
  readonly acknowledgement: AcknowledgementRule | null
  /**
   * If a rollout has one of these rings, an approval counts only after the person confirmed it by their own account.
   */
  readonly stepUpRings: readonly string[]
}

/**
 * How people are reminded, besides the steps of the policy, of what is exploited and open, and of a halt that nobody
 * answers.
 */
export interface UrgentRule {
  /** Seconds until those who can act get a direct message. */
  readonly messageAfterSeconds: number
  /** Seconds until the holders of `escalateTo` are told. */
  readonly escalateAfterSeconds: number
  /** Seconds between the direct messages after that. */
  readonly repeatEverySeconds: number
}

/**
 * What a ring with `beforeVote` does while people vote. `never`: nothing. `run`: it runs, and its result is shown with
 * the proposal. `required`: it runs, and an approval needs it to pass.
 */
export type TestRingRule = 'never' | 'run' | 'required'

export interface AcknowledgementRule {
  /** Seconds before the window opens at which the people on call are asked first. */
  readonly askBeforeSeconds: number
  readonly remindEverySeconds: number
  /** Seconds of silence after which the holders of `escalateTo` are asked, too. */
  readonly escalateAfterSeconds: number
  readonly escalateTo: readonly string[]
  /** What happens if nobody has acknowledged when the window opens. */
  readonly otherwise: 'wait' | 'go on'
}

/** What a standing rule approves in advance once people have voted for it. */
export interface StandingRule {
  readonly name: string
  readonly team: string
  /** Every asset of the proposal must have one of these tags. */
  readonly tags: readonly string[]
  readonly types: readonly ('security' | 'bugfix' | 'feature')[]
  /** ISO 8601: from then on the rule approves nothing. */
  readonly expiresAt: string
}

/** A person, as the proposals of one team see them. */
export interface Member {
  readonly id: string
  readonly name: string
  /** Roles that count for this team: roles of the team and of the organisation, and those of the people in `for`. */
  readonly roles: readonly string[]
  /** The people whose place they take while these are away. Left out: nobody's. */
  readonly for?: readonly AbsentPerson[]
  /** Their own roles, if they stand in for somebody. */
  readonly own?: readonly string[]
  /** Until when they are away (ISO 8601 UTC). Left out: they are not. */
  readonly awayUntil?: string
}

/** Somebody who is away, with their own roles. */
export type AbsentPerson = Pick<Member, 'id' | 'name' | 'roles'>

/** Roles whose holders may vote under this policy. */
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

/** Whether the ring with `beforeVote` runs while people vote. Policies of earlier versions have no `testRing`. */
export function runsTest({ testRing }: Pick<Policy, 'testRing'>): boolean {
  return testRing === 'run' || testRing === 'required'
}
