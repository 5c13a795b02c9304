import type { Asset } from '../../../src/core/asset.ts'
import { createAptPlaybook, createPlaybookHost } from '../../fakes/awx/apt-playbook.ts'
import { createFakeAwx, type FakeAwxOptions } from '../../fakes/awx/fake-awx.ts'
import { anAsset } from '../../support/asset.ts'

const OFFERS = [
  { name: 'libssl3', architecture: 'amd64', from: '3.0.15-1~deb12u1', to: '3.0.16-1~deb12u1' },
  { name: 'openssl', architecture: 'amd64', from: '3.0.15-1~deb12u1', to: '3.0.16-1~deb12u1' },
]

export function awxAsset(name: string): Asset {
  return anAsset(name, { source: 'tower', engine: 'tower' })
}

const TOKEN = 'token-of-the-test'

/** An AWX whose inventory has one host more than there are assets: the one that nobody may touch. */
export async function createAwxScene(options: Partial<FakeAwxOptions> & { readonly count?: number } = {}) {
  const assets = Array.from({ length: options.count ?? 2 }, (_, index) => awxAsset(`app${index + 1}`))
  const names = [...assets.map((asset) => asset.name), 'bystander']
  const hosts = new Map(names.map((name) => [name, createPlaybookHost(OFFERS)]))
  const awx = await createFakeAwx({ token: TOKEN, hosts: names, play: createAptPlaybook(hosts), ...options })
  return {
    awx,
    assets,
    hostOf(name: string) {
      const host = hosts.get(name)
      if (host === undefined) throw new Error(`${name} is not in the scene.`)
      return host
    },
    connection: { url: awx.url, token: TOKEN, template: 'Patchwarden', lookSeconds: 0.005 },
  }
}
