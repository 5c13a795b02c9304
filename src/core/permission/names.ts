import { anyOf } from '../proposal/decision.ts'

/** So many are named. */
const NAMED = 3

/** `Mara, Tom or Aisha`; of very many the first. */
export function someOf(names: readonly string[]): string {
  const more = names.length - NAMED
  return more > 0 ? `${names.slice(0, NAMED).join(', ')} and ${more} more` : anyOf(names)
}
