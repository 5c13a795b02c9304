import type { Service } from '../app/open.ts'
import type { ProposalState } from '../core/proposal/proposal.ts'
import { findProposal } from '../store/proposals.ts'
import { BadUse } from './failure.ts'

export async function theProposal(service: Service, id: string): Promise<ProposalState> {
  const state = await findProposal(service.database.db, id.toUpperCase())
  if (state) return state
  throw new BadUse(`There is no proposal ${id}; "patchwarden proposals" lists the open ones.`)
}
