/**
 * The register of persons: entries, states and rows hold pseudonyms, which are random and mean nothing. Whose they are is
 * looked up here when something is shown, so that a person who was erased leaves all of them as they are.
 */

import { COMMAND_LINE, type Through } from '../hands.ts'

export interface Register {
  readonly has: (person: string) => boolean
  /** Throws where the person has none: whoever is about to write must make one first. */
  readonly pseudonymOf: (person: string) => string
  /** A person who was erased, or is not known, is called by the pseudonym. */
  readonly personOf: (pseudonym: string) => { readonly id: string; readonly name: string }
  /** Is this the pseudonym of somebody who was erased, and so stands for the person? */
  readonly isErased: (person: string) => boolean
}

/** What words are shown as that were erased. */
export const ERASED = '(erased)'

export interface Person {
  /** For a person who was erased this is the pseudonym, and so is the name. */
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

/** A way in which an act came, with the hands behind it under other names. */
export function throughWith(through: Through, nameOf: (person: string) => string): Through {
  if (through.kind !== 'sign-in link') return through
  return { ...through, madeBy: through.madeBy.map((hand) => (hand === COMMAND_LINE ? hand : nameOf(hand))) }
}
