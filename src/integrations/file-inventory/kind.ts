import { z } from 'zod'
import { address, allowShrinking, changedBy, facts, host, tagsOfAll } from '../../config/asset-settings.ts'
import { filePath, optional, platform, text } from '../../config/fields.ts'
import { kind } from '../../config/kind.ts'
import { present } from '../../config/present.ts'
import { timeZoneFor } from '../../config/resolve.ts'
import { fileFormats, isOfOneMachine, saysPlatform } from '../../core/inventory-formats.ts'
import { createFileInventory } from './index.ts'

export const file = kind({
  name: 'file',
  page: 'integrations/file-inventory.md',
  roles: {
    inventory: {
      summary: 'Assets listed in a file.',
      looksAt: 'a list',
      settings: z.strictObject({
        path: filePath.describe('The file; it may be packed with gzip.'),
        format: z
          .enum(fileFormats, { error: `Write ${fileFormats.slice(0, -1).join(', ')} or ${fileFormats.at(-1)}.` })
          .describe('What the file is: json and csv list any number of assets, the others describe one machine.'),
        name: optional(host).describe(
          'Name of the asset, of one machine. Default: what the file says, else the name of the source.',
        ),
        platform: optional(platform).describe('Platform of assets that do not say theirs, such as debian:12.'),
        address: optional(address).describe('Host name or address, of one machine. Default: the name.'),
        hardwareId: optional(text('Write the system UUID of the machine.')).describe(
          'System UUID, of one machine: by it the machine is recognised in other sources.',
        ),
        cloudId: optional(text('Write the cloud and the instance, such as aws:i-0123456789abcdef0.')).describe(
          'Instance in a cloud, of one machine, such as aws:i-0123456789abcdef0.',
        ),
        fqdn: optional(text('Write a full domain name, such as web01.example.net.', 253)).describe(
          'Full domain name that the machine itself has, of one machine.',
        ),
        allowShrinking,
        engine: changedBy,
        ...facts,
        tags: tagsOfAll,
      }),
      paths: { path: 'path' },
      check(source, _, notes) {
        const { format } = source
        if (!isOfOneMachine(format)) {
          for (const key of ['name', 'address', 'hardwareId', 'cloudId', 'fqdn'] as const) {
            if (source[key] === null) continue
            const what = `is for a file about one machine; ${format} says it for each asset`
            notes.problem([key], what, 'Leave it out.', 'key')
          }
          return
        }
        const needed = saysPlatform(format) ? (['team'] as const) : (['team', 'platform'] as const)
        for (const key of needed) {
          if (source[key] !== null) continue
          const mend = `Write the ${key} of the machine: a file of the format ${format} does not say it.`
          notes.problem([key], 'is missing', mend)
        }
      },
      create(source, { name, config, clock }) {
        const { path, format, platform, address, team, tags, exposure, criticality, engine } = source
        const timeZone = source.timeZone ?? timeZoneFor(config, team ?? '')
        const own = { platform, address, team, tags, exposure, criticality, timeZone, engine, name: source.name }
        const { hardwareId, cloudId, fqdn, allowShrinking } = source
        const defaults = { ...present(own), ids: present({ hardwareId, cloudId, fqdn }) }
        return createFileInventory({ name, path, format, defaults, allowShrinking, clock })
      },
    },
  },
})
