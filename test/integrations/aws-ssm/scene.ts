import type { Asset } from '../../../src/core/asset.ts'
import { createAptHost } from '../../fakes/aws-ssm/apt-host.ts'
import { createFakeSsm, type FakeSsmOptions } from '../../fakes/aws-ssm/fake-ssm.ts'
import { anAsset } from '../../support/asset.ts'

const OFFERS = [
  { name: 'libssl3', architecture: 'amd64', from: '3.0.15-1~deb12u1', to: '3.0.16-1~deb12u1' },
  { name: 'openssl', architecture: 'amd64', from: '3.0.15-1~deb12u1', to: '3.0.16-1~deb12u1' },
]

export function instanceAsset(index: number): Asset {
  return anAsset(`app${index}`, { source: 'cloud', engine: 'cloud', address: `i-${String(index).padStart(17, '0')}` })
}

/** A region with Debian instances, and what an engine needs to reach it. */
export async function createSsmScene(options: Partial<FakeSsmOptions> & { readonly instances?: number } = {}) {
  const region = 'eu-central-1'
  const ssm = await createFakeSsm({ region, ...options })
  const assets = Array.from({ length: options.instances ?? 2 }, (_, index) => instanceAsset(index + 1))
  const hosts = new Map(assets.map((asset) => [asset.id, Object.assign(createAptHost(OFFERS), { offers: OFFERS })]))
  for (const asset of assets) {
    const host = hosts.get(asset.id)
    if (host !== undefined)
      ssm.instances.set(asset.address, { id: asset.address, ping: 'Online', platform: 'Linux', run: host.run })
  }
  return {
    ssm,
    assets,
    hostOf(asset: Asset) {
      const host = hosts.get(asset.id)
      if (host === undefined) throw new Error(`${asset.name} is not in the scene.`)
      return host
    },
    connection: {
      region,
      endpoint: ssm.url,
      credentials: { accessKeyId: 'AKIDEXAMPLE', secretAccessKey: 'not-a-secret-of-anybody' },
    },
  }
}
