import { canonicalJson } from '../canonical-json.ts'
import { limits } from '../limits.ts'
import type { WrittenEvent } from './event.ts'

/**
 * Why an event is too large to be recorded; `null`: it is not. What opens or revises a proposal still carries all that is
 * voted on, and is let through.
 */
export function eventProblem(event: WrittenEvent): string | null {
  if (event.type === 'opened' || event.type === 'revised') return null
  const bytes = Buffer.byteLength(canonicalJson(event))
  if (bytes <= limits.eventBytes) return null
  const kilobytes = (size: number) => Math.ceil(size / 1_024)
  return `This cannot be recorded: "${event.type}" would take ${kilobytes(bytes)} KB, and an event has ${kilobytes(limits.eventBytes)} KB at most.`
}
