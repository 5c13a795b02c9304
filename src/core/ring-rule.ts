import type { MeasuredWindow, UnusableLoad } from './load.ts'
import type { HealthCheck, Hook } from './ports.ts'
import type { Gate } from './proposal/proposal.ts'
import type { WindowPlan } from './window.ts'

/** A number, or a share of what it is about, rounded up. */
export type Amount =
  | { readonly kind: 'count'; readonly value: number }
  | { readonly kind: 'percent'; readonly value: number }

/** How many that is of `whole`; a share is rounded up. */
export function amountOf({ kind, value }: Amount, whole: number): number {
  return kind === 'count' ? value : Math.ceil((whole * value) / 100)
}

/** How the configuration describes one ring, before it is known which assets fall into it. */
export interface RingRule {
  readonly name: string
  readonly select:
    | { readonly kind: 'tag'; readonly tag: string }
    | { readonly kind: 'count'; readonly count: number }
    /** A share of all the assets of the proposal, rounded up. */
    | { readonly kind: 'percent'; readonly percent: number }
    /** Names or ids. */
    | { readonly kind: 'list'; readonly assets: readonly string[] }
    | { readonly kind: 'rest' }
  /** Assets of a batch: the gate is judged before the next. A share is of the ring. */
  readonly batch: Amount
  /** Assets of a batch at the same time. Left out: all of it. A share is of the batch. */
  readonly concurrency?: Amount
  /** Runs while people vote, as soon as the proposal opens. */
  readonly beforeVote?: true
  readonly soakSeconds: number
  readonly gate: Gate
}

/** Assets that serve together, by their tags. */
export interface ClusterRule {
  /** `db`: all assets with this tag are one cluster. `cluster:*`: each tag that begins so is a cluster of its own. */
  readonly tag: string
  /** At most this many of a cluster are worked on at the same time. */
  readonly atOnce: number
  /** At least this many of a cluster stay up. A share is a share of the cluster. */
  readonly minHealthy: Amount
}

/** What drafting a team's proposal needs of the team. */
export interface TeamPlan {
  readonly team: string
  readonly rings: readonly RingRule[]
  /** A share is of all the assets of the proposal. */
  readonly failureBudget?: Amount
  readonly clusters?: readonly ClusterRule[]
  readonly hooks?: readonly Hook[]
  readonly silence?: string
  readonly window: WindowPlan
  /** Windows of assets that have one of their own: the first that fits, by asset name or id, or by tag. */
  readonly assetWindows?: readonly {
    readonly of: { readonly asset: string } | { readonly tag: string }
    readonly window: WindowPlan
  }[]
  readonly health: readonly HealthCheck[]
  /** What the load said of the team's window, where that is measured. */
  readonly measured?: MeasuredWindow | UnusableLoad
}
