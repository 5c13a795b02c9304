/** Finds people in the configuration by their names in another system. */

export interface Nameable {
  readonly id: string
  readonly name: string
  readonly email: string | null
}

/**
 * Returns the ids of people, found by e-mail address, id or whole name. A name that fits no person or several persons
 * is left out.
 */
export function peopleNamed(names: readonly string[], people: readonly Nameable[]): readonly string[] {
  const found = names.flatMap((name) => {
    const wanted = name.trim().toLowerCase()
    const same = people.filter((person) =>
      [person.id, person.name, person.email].some((own) => own?.toLowerCase() === wanted),
    )
    return same.length === 1 && same[0] ? [same[0].id] : []
  })
  return [...new Set(found)]
}
