/** Settings of Ivanti Neurons, and what is made of them. The kinds of a real and of a simulated one share them. */

import { z } from 'zod'
import { changedBy, everyInventory, facts, tagsOfAll } from '../../config/asset-settings.ts'
import { optional, reference, text } from '../../config/fields.ts'
import { type Given, kind, type Reference } from '../../config/kind.ts'
import { present } from '../../config/present.ts'
import { timeZoneFor } from '../../config/resolve.ts'
import type { SourceConfig } from '../../config/schema.ts'
import { serverAddress } from '../../config/server-address.ts'
import type { InventorySource } from '../../core/ports.ts'
import { formed } from '../../core/variables.ts'
import { createNeurons, type Neurons } from './client.ts'
import { createNeuronsInventory } from './inventory.ts'

const domainMend = 'Write a full domain name, such as corp.example.'

/** What the inventory of Neurons says beside what every inventory says. */
export const neuronsFacts = {
  teams: z
    .record(text('Write the name of a patch policy in Neurons.'), reference('a team'), {
      error: 'Write teams by the names of patch policies in Neurons, such as { Servers weekly: web }.',
    })
    .default({})
    .describe('The team of the devices of a patch policy in Neurons, by the name of the policy.'),
  domains: z
    .record(text('Write the short name of a domain.'), text(domainMend, 253), {
      error: 'Write full domain names by their short ones, such as { CORP: corp.example }.',
    })
    .default({})
    .describe('Full names of domains, by the short names that Neurons shows. By them devices are recognised.'),
}

type Facts = z.output<z.ZodObject<typeof neuronsFacts>>

/** The teams that the entry names. */
export function teamsInNeurons({ teams }: Facts): readonly Reference[] {
  return Object.entries(teams).map(([policy, name]) => ({ path: ['teams', policy], section: 'teams', name }))
}

export function neuronsInventory(
  source: SourceConfig & Facts,
  neurons: Neurons,
  simulated: boolean,
  { name, config, clock }: Given,
): InventorySource {
  const { team, tags, exposure, criticality, engine, teams } = source
  const timeZone = source.timeZone ?? timeZoneFor(config, team ?? '')
  const defaults = present({ team, tags, exposure, criticality, timeZone, engine })
  const domains = Object.fromEntries(
    Object.entries(source.domains).map(([short, full]) => [short.toLowerCase(), full.toLowerCase()]),
  )
  return createNeuronsInventory({ name, neurons, clock, defaults, teams, domains, simulated })
}

const secretMend = 'Write the name of a variable that begins with IVANTI_NEURONS_, such as IVANTI_NEURONS_SECRET_EU.'

const connection = {
  url: serverAddress('Ivanti Neurons', 'https://nvuprd-sfc.ivanticloud.com').describe(
    "The host of the tenant's landscape, as in the auth URL of the registration.",
  ),
  tenant: text('Write the id of the tenant, as in the auth URL.', 200).describe(
    'Id of the tenant, as in the auth URL.',
  ),
  client: text('Write the client id of the registration.', 200).describe('Client id of the registration.'),
  secret: optional(
    z.string({ error: secretMend }).regex(/^IVANTI_NEURONS_[A-Z0-9_]{1,80}$/, { error: secretMend }),
  ).describe('Variable with the client secret. Default: IVANTI_NEURONS_SECRET.'),
  login: z
    .enum(['connect', 'authentication'], { error: 'Write connect or authentication.' })
    .default('connect')
    .describe('Where tokens are asked for: `connect`: TENANT/connect/token. `authentication`: under the prefix.'),
  prefix: text('Write the beginning of the path, such as /api/patch/content/v1.', 200)
    .regex(/^\/[A-Za-z0-9/._-]*[A-Za-z0-9]$/, {
      error: 'Write the beginning of the path, such as /api/patch/content/v1.',
    })
    .default('/api/patch/content/v1')
    .describe('Where the Patch Management API is on the host; older tenants have /api/v1.'),
}

export const ivantiNeurons = kind({
  name: 'ivanti-neurons',
  page: 'integrations/ivanti-neurons.md',
  variables: {
    about: 'Ivanti Neurons (docs/integrations/ivanti-neurons.md): a client secret. Another one is named in "secret".',
    named: {
      IVANTI_NEURONS_SECRET: {
        meaning: 'systems of kind `ivanti-neurons`; `secret` may name others that begin with `IVANTI_NEURONS_`',
        example: '...',
        secret: true,
        mistake: formed(/^[\x21-\x7e]{8,}$/, 'Write the secret without blanks.'),
      },
    },
    prefix: 'IVANTI_NEURONS_',
  },
  roles: {
    inventory: {
      summary: 'Devices as Ivanti Neurons for Patch Management last scanned them. Needs a client secret.',
      looksAt: 'what a system that only watches reports',
      settings: z.strictObject({ ...connection, engine: changedBy, ...facts, tags: tagsOfAll, ...neuronsFacts }),
      refersTo: teamsInNeurons,
      create(source, given) {
        const { url, tenant, client, login, prefix } = source
        const variable = source.secret ?? 'IVANTI_NEURONS_SECRET'
        const secret = given.values[variable] ?? null
        const own = { url, tenant, client, login, prefix, secret, variable, clock: given.clock }
        return neuronsInventory(source, createNeurons(own), false, given)
      },
    },
  },
  system: {
    summary:
      'Ivanti Neurons for Patch Management: a witness. It lists devices and verifies; nothing is deployed by it.',
    connection: z.strictObject(connection),
    inventory: z.strictObject({ ...everyInventory, ...neuronsFacts }),
  },
})
