import type { HealthCheck } from './ports.ts'
import type { Gate } from './proposal/proposal.ts'
import type { WindowPlan } from './window.ts'

/** How the configuration describes one ring, before it is known which assets fall into it. */
export interface RingRule {
  readonly name: string
  readonly select:
    | { readonly kind: 'tag'; readonly tag: string }
    | { readonly kind: 'count'; readonly count: number }
    /** Of all the assets of the proposal, rounded up. */
    | { readonly kind: 'percent'; readonly percent: number }
    | { readonly kind: 'rest' }
  /** Assets at a time. Percent is of the ring, rounded up. */
  readonly batch:
    | { readonly kind: 'count'; readonly value: number }
    | { readonly kind: 'percent'; readonly value: number }
  readonly soakSeconds: number
  readonly gate: Gate
}

/** What drafting a team's proposal needs of the team. */
export interface TeamPlan {
  readonly team: string
  readonly rings: readonly RingRule[]
  readonly window: WindowPlan
  readonly health: readonly HealthCheck[]
}
