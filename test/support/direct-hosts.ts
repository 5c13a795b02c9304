import type { Observation } from '../../src/core/asset.ts'
import type { DeployEngine, InventorySource } from '../../src/core/ports.ts'
import { stepsOf } from '../../src/core/preview.ts'
import { anAsset, aSnapshot } from './asset.ts'

/** Two hosts that do at once what they are told. */
export function directHosts(clock: () => Date) {
  const hosts = ['web1', 'web2'].map((name) => anAsset(name, { team: 'web', engine: 'direct' }))
  const done = new Set<string>()
  const source: InventorySource = {
    name: 'lab',
    describe: 'hosts that answer at once',
    async *observe({ only }) {
      for (const asset of hosts) {
        if (only !== undefined && !only.includes(asset.id)) continue
        const has = { name: 'openssl', architecture: 'amd64', source: 'openssl' }
        const version = done.has(asset.id) ? '3.0.22' : '3.0.20'
        const pending = { ...has, installed: version, candidate: '3.0.22', origins: ['s'], security: true, held: null }
        const look: Observation = {
          kind: 'seen',
          snapshot: aSnapshot(asset, {
            packages: [{ ...has, version, sourceVersion: version }],
            pending: done.has(asset.id) ? [] : [pending],
            observedAt: clock().toISOString(),
            listsRefreshedAt: clock().toISOString(),
          }),
          warnings: [],
        }
        yield look
      }
    },
  }
  const engine: DeployEngine = {
    name: 'direct',
    describe: 'does at once what it is told',
    simulated: true,
    preview: async (_, changes) => stepsOf(changes),
    preflight: async ({ deployments }) => deployments.map(({ asset }) => ({ asset: asset.id, ready: true, notes: [] })),
    async start({ key, deployments }) {
      for (const { asset } of deployments) done.add(asset.id)
      return { key, data: { assets: deployments.map(({ asset }) => asset.id) } }
    },
    async poll({ data }) {
      const outcome = { state: 'succeeded', changed: [], rebooted: false, log: '' } as const
      return (data.assets as string[]).map((asset) => ({ asset, outcome, progress: null }))
    },
    cancel: async () => undefined,
  }
  return { source, engine }
}
