import { z } from 'zod'
import { changedBy, everyInventory, facts, tagsOfAll } from '../../config/asset-settings.ts'
import { duration, filePath, optional, yesOrNo } from '../../config/fields.ts'
import { kind } from '../../config/kind.ts'
import { DAY_SECONDS } from '../../core/time/instant.ts'
import type { AssetRecord } from '../file-inventory/schema.ts'
import { createFleet } from '../fleet/client.ts'
import { fleetInventory, fleetTeams, teamsInFleet } from '../fleet/kind.ts'
import { createFleetServer } from './server.ts'
import { type FleetHostState, hostOfRecord, readRecords } from './state.ts'

const connection = {
  machines: filePath.describe('A JSON inventory: what its machines have is what Fleet sees of them.'),
  also: optional(filePath).describe('Another one, with machines that only this Fleet knows. Default: none.'),
  refresh: duration({ unit: 's', minimum: 1, maximum: DAY_SECONDS })
    .prefault('1 hour')
    .describe('How often its lists follow. Questions are answered as it is now.'),
  live: yesOrNo.default(true).describe('Whether machines may be asked themselves through it.'),
}
const paths = { machines: 'path', also: 'path' } as const
type Connection = z.output<z.ZodObject<typeof connection>>

const TOKEN = 'simulated'

/** The hosts of the files now, and as the lists last followed them. */
function hostsOf({ machines, also, refresh }: Connection, clock: () => Date): () => Promise<readonly FleetHostState[]> {
  let listed: { readonly at: Date; readonly records: ReadonlyMap<string, AssetRecord> } | null = null
  return async () => {
    const records = [...(await readRecords(machines)), ...(also === null ? [] : await readRecords(also))]
    const now = clock()
    if (listed === null || now.getTime() - listed.at.getTime() >= refresh * 1_000)
      listed = { at: now, records: new Map(records.map((record) => [record.name, record])) }
    const { at: listedAt, records: then } = listed
    return records.map((record, index) =>
      hostOfRecord(record, index + 1, then.get(record.name) ?? record, { now, listedAt }),
    )
  }
}

export const simulatedFleet = kind({
  name: 'simulated-fleet',
  page: 'integrations/fleet.md',
  roles: {
    inventory: {
      summary: 'Machines as a simulated Fleet knows them.',
      looksAt: 'what a system that only watches reports',
      settings: z.strictObject({ ...connection, engine: changedBy, ...facts, tags: tagsOfAll, ...fleetTeams }),
      paths,
      refersTo: teamsInFleet,
      create(source, given) {
        const { clock } = given
        const server = createFleetServer({ token: TOKEN, clock, hosts: hostsOf(source, clock) })
        const own = { url: 'https://fleet.invalid', token: TOKEN, variable: 'FLEET_TOKEN', clock }
        const fleet = createFleet({ ...own, fetch: server.fetch })
        return fleetInventory(source, { ...fleet, name: 'a simulated Fleet' }, true, given)
      },
    },
  },
  system: {
    summary: 'A simulated Fleet, which sees the machines of JSON inventories. Labelled as simulated.',
    connection: z.strictObject(connection),
    inventory: z.strictObject({ ...everyInventory, ...fleetTeams }),
  },
})
