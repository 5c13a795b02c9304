import type { CatalogFeed, DeployEngine, InventorySource } from '../../../src/core/ports.ts'
import { anAsset, aSnapshot } from '../../support/asset.ts'

export function notebookInventory(
  name: string,
  book: string,
  engine: string | null,
  opened: symbol,
): InventorySource & { readonly opened: symbol } {
  return {
    name,
    describe: book,
    opened,
    async *observe() {
      yield { kind: 'seen', snapshot: aSnapshot(anAsset('one', { source: name, engine })), warnings: [] }
    },
  }
}

export function notebookEngine(name: string, pen: string, opened: symbol): DeployEngine & { readonly opened: symbol } {
  return {
    name,
    describe: `a ${pen} pen`,
    opened,
    simulated: true,
    preview: async () => [],
    preflight: async ({ deployments }) =>
      deployments.map(({ asset }) => ({ asset: asset.id, ready: true as const, notes: [] })),
    start: async ({ key }) => ({ key, data: {} }),
    poll: async () => [],
    cancel: async () => {},
  }
}

export function notebookFeed(name: string, location: string | null): CatalogFeed {
  return {
    name,
    describe: location ?? 'nowhere',
    fetch: async () => ({ status: 'fetched', cursor: '', content: { fixes: [] }, rejected: [] }),
  }
}
