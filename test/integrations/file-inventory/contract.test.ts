import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { createFileInventory } from '../../../src/integrations/file-inventory/index.ts'
import { inventorySourceContract } from '../../contracts/inventory-source.ts'

const path = fileURLToPath(new URL('../../../examples/fleet.json', import.meta.url))
const listed: { assets: { name: string; fault?: string | null }[] } = JSON.parse(readFileSync(path, 'utf8'))
const isLost = (asset: { fault?: string | null }) => asset.fault === 'unreachable'

inventorySourceContract({
  name: 'A JSON file',
  create: (name) => {
    const clock = () => new Date('2026-11-20T12:00:00Z')
    return createFileInventory({ name, path, format: 'json', defaults: {}, clock })
  },
  seen: listed.assets.filter((asset) => !isLost(asset)).map((asset) => asset.name),
  unreachable: listed.assets.filter(isLost).map((asset) => asset.name),
})
