import { limits } from '../limits.ts'
import type { SealedEntry } from '../record/entry.ts'
import { lightOf } from './light.ts'
import type { ProposalState } from './proposal.ts'
import { withoutPersons } from './said.ts'

/** A sentence: why an entry, together with the data beside it, is too large to record; `null`: it is not. */
export function entryProblem(type: string, { text, beside }: SealedEntry): string | null {
  const bytes = Buffer.byteLength(text) + Buffer.byteLength(beside?.text ?? '')
  if (bytes <= limits.eventBytes) return null
  return `This cannot be recorded: "${type}" would take ${kilobytes(bytes)} KB, and an event has ${kilobytes(limits.eventBytes)} KB at most.`
}

/** Any pseudonym will do, because all have the same length. */
const anybody = { pseudonymOf: () => 'p_0123456789ab' }

/** A sentence: why a state is too large to store; `null`: it is not. */
export function stateProblem(state: ProposalState): string | null {
  const bytes = Buffer.byteLength(JSON.stringify(withoutPersons(lightOf(state), anybody)))
  if (bytes <= limits.stateBytes) return null
  return `This cannot be recorded: ${state.id} would take ${kilobytes(bytes)} KB, and a proposal has ${kilobytes(limits.stateBytes)} KB at most beside what it asks for.`
}

function kilobytes(size: number): number {
  return Math.ceil(size / 1_024)
}
