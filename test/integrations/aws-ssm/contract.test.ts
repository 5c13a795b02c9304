import type { Asset } from '../../../src/core/asset.ts'
import { createSsmEngine } from '../../../src/integrations/aws-ssm/index.ts'
import { type DeployScene, deployEngineContract } from '../../contracts/deploy-engine.ts'
import { createSsmScene } from './scene.ts'

const closing: (() => Promise<void>)[] = []

async function scene(): Promise<DeployScene> {
  const { ssm, assets, hostOf, connection } = await createSsmScene({ page: 1 })
  closing.push(ssm.close)
  const build = () => createSsmEngine({ name: 'cloud', ...connection, lookSeconds: 0.005, clock: () => new Date() })
  const instance = (asset: Asset) => ssm.instances.get(asset.address)
  return {
    engine: build(),
    restart: build,
    assets,
    changesFor: async (asset) => hostOf(asset).offers,
    pass: () => new Promise((resolve) => setTimeout(resolve, 5)),
    installed: async (asset, name) => hostOf(asset).versions.get(name) ?? null,
    transactions: async (asset) => hostOf(asset).transactions,
    fingerprint: async (asset) => hostOf(asset).fingerprint(),
    async breakInstallation(asset) {
      hostOf(asset).broken = true
    },
    async disconnect(asset) {
      const one = instance(asset)
      if (one !== undefined) one.ping = 'ConnectionLost'
    },
  }
}

deployEngineContract({
  name: 'The Systems Manager engine',
  scene,
  async close() {
    for (const close of closing) await close()
  },
})
