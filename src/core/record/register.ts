/**
 * The register of persons. Entries, states and rows contain only random pseudonyms. The person is looked up here
 * whenever something is shown. So a person can be erased without changing them.
 */

import { COMMAND_LINE, type Through } from '../hands.ts'

export interface Register {
  readonly has: (person: string) => boolean
  /** Throws if the person has no pseudonym: the caller must make one before writing. */
  readonly pseudonymOf: (person: string) => string
  /** For a person who was erased or is unknown, id and name are the pseudonym. */
  readonly personOf: (pseudonym: string) => { readonly id: string; readonly name: string }
  /** Whether this is the pseudonym of an erased person, used as the person's id. */
  readonly isErased: (person: string) => boolean
}

/** Shown instead of words that were erased. */
export const ERASED = '(erased)'

export interface Person {
  /** For an erased person, id and name are the pseudonym. */
  readonly id: string
  readonly name: string
  readonly pseudonym: string
}

export function registerOf(people: readonly Person[]): Register {
  const byId = new Map(people.map((one) => [one.id, one.pseudonym]))
  const byPseudonym = new Map(people.map((one) => [one.pseudonym, one]))
  return {
    has: (person) => byId.has(person),
    pseudonymOf(person) {
      const pseudonym = byId.get(person)
      if (pseudonym === undefined) throw new Error(`The register of persons does not know "${person}".`)
      return pseudonym
    },
    personOf: (pseudonym) => byPseudonym.get(pseudonym) ?? { id: pseudonym, name: pseudonym },
    isErased: (person) => byId.get(person) === person,
  }
}

/** Replaces the names of the hands behind a sign-in link. Everything else stays. */
export function throughWith(through: Through, nameOf: (person: string) => string): Through {
  if (through.kind !== 'sign-in link') return through
  return { ...through, madeBy: through.madeBy.map((hand) => (hand === COMMAND_LINE ? hand : nameOf(hand))) }
}
