/** Finds people of the configuration by the names that another system has for them. */

export interface Nameable {
  readonly id: string
  readonly name: string
  readonly email: string | null
}

/** Ids of the people meant by addresses, ids or whole names; who is meant by none, or by two, is left out. */
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
