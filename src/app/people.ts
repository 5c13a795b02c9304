import { isRota } from '../config/group-settings.ts'
import { absencesIn, rotaOf } from '../config/resolve.ts'
import type { Config } from '../config/schema.ts'
import type { Rota } from '../core/rota.ts'
import type { PersonEntry } from '../workflow/configured-account.ts'

export function buildPeople(config: Config): readonly PersonEntry[] {
  return Object.entries(config.people).map(([id, { name, email, slack, discord }]) => ({
    id,
    name,
    email,
    slack,
    discord,
  }))
}

/** The people with the zones of their dates, and the absences that the file names. */
export function buildAbsences(config: Config) {
  const zoneOf = ({ name, timeZone }: Config['people'][string]) => ({ name, timeZone: timeZone ?? config.timeZone })
  return {
    people: new Map(Object.entries(config.people).map(([id, person]) => [id, zoneOf(person)])),
    written: absencesIn(config),
  }
}

/** The rotas; and for every other group, the people who hold it while its system cannot be asked. */
export function buildGroups(config: Config) {
  const rotas = new Map<string, Rota>()
  const fallbacks = new Map<string, readonly string[]>()
  for (const [name, group] of Object.entries(config.groups)) {
    if (isRota(group)) rotas.set(name, rotaOf(config, group))
    else fallbacks.set(name, group.fallback)
  }
  return { rotas, fallbacks }
}
