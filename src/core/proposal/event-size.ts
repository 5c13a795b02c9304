import { canonicalJson } from '../canonical-json.ts'
import { limits } from '../limits.ts'
import type { WrittenEvent } from './event.ts'
import { lightOf } from './light.ts'
import type { ProposalState } from './proposal.ts'
import { subjectNamed } from './written.ts'

/**
 * Why an event is too large to be recorded; `null`: it is not. One that still has in itself what is asked for comes from an
 * earlier version.
 */
export function eventProblem(event: WrittenEvent): string | null {
  if ((event.type === 'opened' || event.type === 'revised') && subjectNamed(event) === null) return null
  const bytes = Buffer.byteLength(canonicalJson(event))
  if (bytes <= limits.eventBytes) return null
  return `This cannot be recorded: "${event.type}" would take ${kilobytes(bytes)} KB, and an event has ${kilobytes(limits.eventBytes)} KB at most.`
}

/** Why a state is too large to be kept; `null`: it is not. */
export function stateProblem(state: ProposalState): string | null {
  const bytes = Buffer.byteLength(JSON.stringify(lightOf(state)))
  if (bytes <= limits.stateBytes) return null
  return `This cannot be recorded: ${state.id} would take ${kilobytes(bytes)} KB, and a proposal has ${kilobytes(limits.stateBytes)} KB at most beside what it asks for.`
}

function kilobytes(size: number): number {
  return Math.ceil(size / 1_024)
}
