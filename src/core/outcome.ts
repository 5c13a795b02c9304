import type { EndState, ProposalState } from './proposal/proposal.ts'
import { ringTitle } from './rollout/lanes.ts'

export interface RingOutcome {
  readonly name: string
  /** Number of assets by end state. States without assets are left out. */
  readonly ends: Partial<Readonly<Record<EndState, number>>>
}

/** How the assets of a proposal ended. */
export interface Outcome {
  readonly rings: readonly RingOutcome[]
}

export function outcomeOf({ subject, rollout }: Pick<ProposalState, 'subject' | 'rollout'>): Outcome {
  if (subject.kind !== 'patches') return { rings: [] }
  return {
    rings: subject.rings.map(({ name, assets }, index) => {
      const ends: Partial<Record<EndState, number>> = {}
      for (const asset of assets) {
        const end = rollout?.deployments[asset]?.verification?.end ?? 'not touched'
        ends[end] = (ends[end] ?? 0) + 1
      }
      return { name: ringTitle(subject, index) ?? name, ends }
    }),
  }
}
