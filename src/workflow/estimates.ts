import { estimatesFor } from '../core/estimate.ts'
import type { ProposalState } from '../core/proposal/proposal.ts'
import { proposalsOfTeam } from '../store/proposals.ts'
import type { WorkflowParts } from './ports.ts'

/** Earlier proposals of a team that are looked at. */
const EARLIER = 50
const FRESH_MS = 60_000

/** How long an asset of each ring of a proposal is expected to take; read anew once a minute. */
export function createEstimates({ db, clock }: Pick<WorkflowParts, 'db' | 'clock'>) {
  const known = new Map<string, { readonly at: number; readonly earlier: readonly ProposalState[] }>()

  return async function estimates(state: ProposalState | null): Promise<Readonly<Record<string, number>>> {
    if (state === null || state.subject.kind !== 'patches') return {}
    const now = clock().getTime()
    let team = known.get(state.team)
    if (team === undefined || now - team.at > FRESH_MS) {
      team = { at: now, earlier: await proposalsOfTeam(db, state.team, EARLIER) }
      known.set(state.team, team)
    }
    return estimatesFor(
      state.subject.rings.map((ring) => ring.name),
      team.earlier,
    )
  }
}
