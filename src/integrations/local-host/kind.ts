import { hostname } from 'node:os'
import { z } from 'zod'
import { changedBy, facts, host, tagsOfAll } from '../../config/asset-settings.ts'
import { optional } from '../../config/fields.ts'
import { kind } from '../../config/kind.ts'
import { timeZoneFor } from '../../config/resolve.ts'
import { createLocalInventory } from './index.ts'

export const local = kind({
  name: 'local',
  page: 'integrations/local-host.md',
  roles: {
    inventory: {
      summary: 'The machine that Patchwarden runs on.',
      looksAt: 'the machine itself',
      settings: z.strictObject({
        name: optional(host).describe('Name of the asset. Default: the host name.'),
        engine: changedBy,
        ...facts,
        tags: tagsOfAll,
      }),
      check(source, _, notes) {
        if (source.team === null) notes.problem(['team'], 'is missing', 'Write the team that owns this machine.')
      },
      create(source, { name, config, clock }) {
        const machine = source.name ?? hostname()
        const team = source.team ?? ''
        const { tags, exposure, criticality, engine } = source
        const asset = {
          ...{ id: `${name}/${machine}`, name: machine, address: '127.0.0.1', platform: '', source: name },
          ...{ team, tags, exposure, criticality, engine },
          timeZone: source.timeZone ?? timeZoneFor(config, team),
          simulated: false,
        }
        return createLocalInventory({ name, asset, clock })
      },
    },
  },
})
