import { afterEach, describe, expect } from 'vitest'
import { createAwxEngine } from '../../../src/integrations/awx/index.ts'
import { type DeployScene, deployEngineContract } from '../../contracts/deploy-engine.ts'
import { createAwxScene } from './scene.ts'

type Scene = Awaited<ReturnType<typeof createAwxScene>>

const scenes: Scene[] = []

async function scene(): Promise<DeployScene> {
  const opened = await createAwxScene({ page: 1 })
  scenes.push(opened)
  const { assets, hostOf, connection } = opened
  const build = () => createAwxEngine({ name: 'tower', ...connection, clock: () => new Date() })
  return {
    engine: build(),
    restart: build,
    assets,
    changesFor: async (asset) => hostOf(asset.name).offers,
    pass: () => new Promise((resolve) => setTimeout(resolve, 5)),
    installed: async (asset, name) => hostOf(asset.name).versions.get(name) ?? null,
    transactions: async (asset) => hostOf(asset.name).transactions,
    async fingerprint(asset) {
      const { versions, journal, transactions } = hostOf(asset.name)
      return JSON.stringify([[...versions], [...journal], transactions])
    },
    async breakInstallation(asset) {
      hostOf(asset.name).broken = true
    },
    async disconnect(asset) {
      hostOf(asset.name).down = true
    },
  }
}

describe('with a host in the inventory that nobody asked for', () => {
  afterEach(async () => {
    for (const { awx, hostOf } of scenes.splice(0)) {
      await awx.close()
      expect(hostOf('bystander').transactions).toBe(0)
    }
  })
  deployEngineContract({ name: 'The AWX engine', scene })
})
