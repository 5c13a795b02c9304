import { type EndState, endStates, isEndState, type ProposalState } from './proposal/proposal.ts'
import { leftOutOf } from './proposal/since.ts'
import { deploymentOf } from './rollout/deployments.ts'
import { countEndState, type GateCount } from './rollout/gate.ts'
import { ringTitle } from './rollout/lanes.ts'

/** How an asset stands: its end state, or that it has none. `left out`: since the vote, and never brought to an end. */
export const standings = [...endStates, 'left out', 'at work'] as const
export type Standing = (typeof standings)[number]

export interface RingOutcome {
  readonly name: string
  /** Number of assets by how they stand. Those without assets are left out. */
  readonly ends: Partial<Readonly<Record<Standing, number>>>
}

type Counted = Pick<ProposalState, 'subject' | 'rollout' | 'since'>

/** How the assets of a proposal ended. */
export interface Outcome {
  readonly rings: readonly RingOutcome[]
}

export function outcomeOf(state: Counted): Outcome {
  const { subject } = state
  if (subject.kind !== 'patches') return { rings: [] }
  return {
    rings: subject.rings.map(({ name, assets }, index) => {
      const ends: Partial<Record<Standing, number>> = {}
      for (const asset of assets) {
        const standing = standingOf(state, asset)
        ends[standing] = (ends[standing] ?? 0) + 1
      }
      return { name: ringTitle(subject, index) ?? name, ends }
    }),
  }
}

/** How one asset of the rollout stands now. */
export function standingOf(state: Counted, asset: string): Standing {
  const deployment = state.rollout === null ? undefined : deploymentOf(state.rollout, asset)
  const end = deployment?.verification?.end
  if (end !== undefined && countEndState(end) !== 'undecided') return end
  if (leftOutOf(state, asset) !== undefined) return 'left out'
  return deployment === undefined || end !== undefined ? 'not touched' : 'at work'
}

/** How a standing counts in pictures and at gates. */
export function countStanding(standing: Standing): GateCount {
  return isEndState(standing) ? countEndState(standing) : 'undecided'
}

/** Number of assets by how they stand, over all rings. */
export function sumOfRings(rings: readonly RingOutcome[]): RingOutcome['ends'] {
  const ends: Partial<Record<Standing, number>> = {}
  for (const ring of rings)
    for (const standing of standings) {
      const number = (ends[standing] ?? 0) + (ring.ends[standing] ?? 0)
      if (number > 0) ends[standing] = number
    }
  return ends
}

/** The ends that are not as promised, each under its own name: `1 failed`, `2 held back`. */
export function badEnds(ends: Readonly<Partial<Record<string, number>>>): readonly string[] {
  return endStates.flatMap((end: EndState) => {
    const number = ends[end] ?? 0
    return number > 0 && countEndState(end) === 'bad' ? [`${number} ${end}`] : []
  })
}
