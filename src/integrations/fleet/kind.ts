/** Settings of Fleet (fleetdm.com), and what is made of them. The kinds of a real and of a simulated one share them. */

import { z } from 'zod'
import { changedBy, everyInventory, facts, tagsOfAll } from '../../config/asset-settings.ts'
import { optional, reference, text, yesOrNo } from '../../config/fields.ts'
import { type Given, kind, type Reference } from '../../config/kind.ts'
import { present } from '../../config/present.ts'
import { timeZoneFor } from '../../config/resolve.ts'
import type { SourceConfig } from '../../config/schema.ts'
import { serverAddress } from '../../config/server-address.ts'
import type { InventorySource } from '../../core/ports.ts'
import { formed } from '../../core/variables.ts'
import { createFleet, type Fleet } from './client.ts'
import { createFleetInventory } from './inventory.ts'

/** What the inventory of a Fleet says beside what every inventory says. */
export const fleetTeams = {
  teams: z
    .record(text('Write the name of a team in Fleet.'), reference('a team'), {
      error: 'Write teams by the names of teams in Fleet, such as { Workstations: office }.',
    })
    .default({})
    .describe('The team of the machines of a team (since Fleet 4.82: of a fleet) in Fleet, by its name there.'),
}

type Teams = z.output<z.ZodObject<typeof fleetTeams>>

/** The teams that the entry names. */
export function teamsInFleet({ teams }: Teams): readonly Reference[] {
  return Object.entries(teams).map(([own, name]) => ({ path: ['teams', own], section: 'teams', name }))
}

export function fleetInventory(
  source: SourceConfig & Teams & { readonly live: boolean },
  fleet: Fleet,
  simulated: boolean,
  { name, config, clock }: Given,
): InventorySource {
  const { team, tags, exposure, criticality, engine, teams, live } = source
  const timeZone = source.timeZone ?? timeZoneFor(config, team ?? '')
  const defaults = present({ team, tags, exposure, criticality, timeZone, engine })
  return createFleetInventory({ name, fleet, live, clock, defaults, teams, simulated })
}

const secretMend = 'Write the name of a variable that begins with FLEET_, such as FLEET_TOKEN_EU.'

const connection = {
  url: serverAddress('Fleet', 'https://fleet.example.net').describe('Address of the server, without /api.'),
  secret: optional(z.string({ error: secretMend }).regex(/^FLEET_[A-Z0-9_]{1,80}$/, { error: secretMend })).describe(
    'Variable with the token. Default: FLEET_TOKEN.',
  ),
  live: yesOrNo
    .default(true)
    .describe(
      'Whether machines may be asked themselves through it (live query): to verify, in health checks, and for what its lists leave out.',
    ),
}

export const fleet = kind({
  name: 'fleet',
  page: 'integrations/fleet.md',
  variables: {
    about: 'Fleet (docs/integrations/fleet.md): the token of a user for the API. Another one is named in "secret".',
    named: {
      FLEET_TOKEN: {
        meaning: 'systems of kind `fleet`; `secret` may name others that begin with `FLEET_`',
        example: '...',
        secret: true,
        mistake: formed(/^[\x21-\x7e]{8,}$/, 'Write the token without blanks.'),
      },
    },
    prefix: 'FLEET_',
  },
  roles: {
    inventory: {
      summary: 'Machines as Fleet (osquery) knows them. Needs a token.',
      looksAt: 'what a system that only watches reports',
      settings: z.strictObject({ ...connection, engine: changedBy, ...facts, tags: tagsOfAll, ...fleetTeams }),
      refersTo: teamsInFleet,
      create(source, given) {
        const variable = source.secret ?? 'FLEET_TOKEN'
        const token = given.values[variable] ?? null
        return fleetInventory(
          source,
          createFleet({ url: source.url, token, variable, clock: given.clock }),
          false,
          given,
        )
      },
    },
  },
  system: {
    summary: 'Fleet (osquery): a witness. It lists machines, verifies, and asks them; it installs nothing.',
    connection: z.strictObject(connection),
    inventory: z.strictObject({ ...everyInventory, ...fleetTeams }),
  },
})
