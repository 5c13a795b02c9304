/** The interfaces that the workflow needs from outside. Others implement them. */

import type { Account } from '../chat/accounts.ts'
import type { Answer, Person } from '../chat/desk.ts'
import type { AccountEntry } from '../chat/linked-accounts.ts'
import type { ChatPlatform } from '../chat/platform.ts'
import type { Criticality, Exposure } from '../core/asset.ts'
import type { PatchType } from '../core/catalog.ts'
import type { DigestRule } from '../core/digest.ts'
import type { Grouping } from '../core/draft.ts'
import type { AwayAsked } from '../core/permission/away.ts'
import type { Member, Policy, StandingRule } from '../core/policy.ts'
import type {
  CatalogFeed,
  DeployEngine,
  HealthProbe,
  HookRunner,
  InventorySource,
  MetricSource,
  MonitoringSilence,
} from '../core/ports.ts'
import type { DueDays } from '../core/priority/due.ts'
import type { Priority } from '../core/priority/priority.ts'
import type { PriorityRule } from '../core/priority/rule.ts'
import type { TeamPlan } from '../core/ring-rule.ts'
import type { Freeze, WindowPlan } from '../core/window.ts'
import type { MachineRule } from '../core/witnesses.ts'
import type { Db, Tx } from '../store/connection.ts'
import type { WhichLinked } from '../store/people.ts'
import type { FeedChanged } from '../store/save-feed.ts'
import type { WorkflowLog } from './log.ts'
import type { MeasuredWindows } from './measured-windows.ts'

/** The teams as they are configured now: people, policies, plans. */
export interface Teams {
  /** The ids of all teams, also of those that are only watched. */
  readonly ids: readonly string[]
  /** Of the teams for which something is proposed. */
  readonly plans: readonly TeamPlan[]
  membersOf(team: string): readonly Member[]
  policyOf(team: string): Policy
  channelOf(team: string): string
  /** The IANA zone in which a date that somebody of the team names is meant. Left out: UTC. */
  timeZoneOf?(team: string): string
  /** `null`: the team has no digest, so every proposal gets its card at once. */
  digestOf(team: string): DigestRule | null
  readonly freezes: readonly Freeze[]
  readonly standingRules: readonly {
    readonly rule: StandingRule
    readonly decidedBy: Policy
    readonly window: WindowPlan
  }[]
}

/** Links accounts with people by code, and ends such links. */
export interface Linking {
  askCode(account: Account): Promise<Answer>
  useCode(code: string, confirmed: boolean, person: Person): Promise<Answer>
  /** The accounts of a person, those from the configuration first; with `null`, the accounts of everybody. */
  accountsOf(person: string | null): Promise<readonly AccountEntry[]>
  /** Ends a link. The caller has decided that the person may do this. `by` null: the person at the command line. */
  revoke(which: WhichLinked, by: Person | null, asOperator?: boolean): Promise<Answer>
}

/** Says who is away, and who stands in. */
export interface Absences {
  /** `until`: a date or an instant, as the person wrote it. */
  away(asked: AwayAsked, by: Person, teams: Teams): Promise<Answer>
  back(person: Person): Promise<Answer>
  /** A person did something. If they did it by an account of their own, they are not away any more. */
  returned(person: Person): Promise<void>
}

export interface WorkflowParts {
  readonly db: Db
  readonly clock: () => Date
  readonly teams: Teams
  readonly sources: readonly InventorySource[]
  /** How assets of several sources become one; left out: by their ids alone, and all sources count alike. */
  readonly machines?: MachineRule
  readonly feeds: readonly CatalogFeed[]
  readonly engines: ReadonlyMap<string, DeployEngine>
  readonly health: HealthProbe
  readonly hooks: HookRunner
  /** By name. */
  readonly metrics: ReadonlyMap<string, MetricSource>
  readonly silences: ReadonlyMap<string, MonitoringSilence>
  /** The times of measured windows; left out: no window is measured. */
  readonly measured?: Pick<MeasuredWindows, 'measuredFor' | 'scheduleFor'>
  /** Complete only when the service runs, because the platforms show the workflow's own desk. */
  readonly platforms: readonly ChatPlatform[]
  readonly linking: Linking
  readonly absences: Absences
  readonly log: WorkflowLog
  /** Called with what a feed changed, in the transaction that stores it; left out: nobody is told. */
  readonly feedChanged?: FeedChanged
  /** Adds a job that wakes the proposal to the caller's transaction. `at`: ISO 8601 UTC. */
  readonly wake: (tx: Tx, proposal: string, at: string) => Promise<void>
  readonly judgement: {
    /** Used if the inventory does not say it. */
    readonly exposure: Exposure
    readonly criticality: Criticality
    readonly dueDays: DueDays
    /** The decision table for priorities. */
    readonly rule: PriorityRule
    /** Only these types and priorities are proposed. */
    readonly types: readonly PatchType[]
    readonly minPriority: Priority
    /** Which patches go into one proposal together. */
    readonly grouping: Grouping
  }
  /** Seconds between two looks at a running batch. */
  readonly pollSeconds: number
}
