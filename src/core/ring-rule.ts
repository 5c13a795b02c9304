import type { MeasuredWindow, UnusableLoad } from './load.ts'
import type { HealthCheck, Hook } from './ports.ts'
import type { Gate } from './proposal/proposal.ts'
import type { WindowPlan } from './window.ts'

/** A number, or a percentage of a whole, rounded up. */
export type Amount =
  | { readonly kind: 'count'; readonly value: number }
  | { readonly kind: 'percent'; readonly value: number }

/** The number of items out of `whole`. A percentage is rounded up. */
export function amountOf({ kind, value }: Amount, whole: number): number {
  return kind === 'count' ? value : Math.ceil((whole * value) / 100)
}

/** A ring as the configuration describes it, before assets are put into it. */
export interface RingRule {
  readonly name: string
  readonly select:
    | { readonly kind: 'tag'; readonly tag: string }
    | { readonly kind: 'count'; readonly count: number }
    /** A percentage of all assets of the proposal, rounded up. */
    | { readonly kind: 'percent'; readonly percent: number }
    /** Asset names or ids. */
    | { readonly kind: 'list'; readonly assets: readonly string[] }
    | { readonly kind: 'rest' }
  /** Assets per batch, as a number or a percentage of the ring. The gate is judged after each batch. */
  readonly batch: Amount
  /** Assets of a batch that are worked on at the same time, as a number or a percentage of the batch. Left out: all. */
  readonly concurrency?: Amount
  /** The ring runs while people vote, as soon as the proposal opens. */
  readonly beforeVote?: true
  readonly soakSeconds: number
  readonly gate: Gate
}

/** Assets that serve together, found by their tags. */
export interface ClusterRule {
  /** `db`: all assets with this tag are one cluster. `cluster:*`: each tag with this beginning is its own cluster. */
  readonly tag: string
  /** At most this many assets of a cluster are worked on at the same time. */
  readonly atOnce: number
  /** At least this many assets of a cluster stay up. A percentage is one of the cluster. */
  readonly minHealthy: Amount
}

/** The settings of a team that are needed to draft its proposals. */
export interface TeamPlan {
  readonly team: string
  readonly rings: readonly RingRule[]
  /** A percentage is one of all assets of the proposal. */
  readonly failureBudget?: Amount
  readonly clusters?: readonly ClusterRule[]
  readonly hooks?: readonly Hook[]
  readonly silence?: string
  readonly window: WindowPlan
  /** Windows of single assets. The first entry that matches the asset by name, id or tag is used. */
  readonly assetWindows?: readonly {
    readonly of: { readonly asset: string } | { readonly tag: string }
    readonly window: WindowPlan
  }[]
  /** Engines whose lanes wait until the lane of another one is through. Left out: none waits. */
  readonly lanes?: readonly { readonly engine: string; readonly after: string }[]
  readonly health: readonly HealthCheck[]
  /** The result of measuring the team's window by load, if it is measured. */
  readonly measured?: MeasuredWindow | UnusableLoad
}
