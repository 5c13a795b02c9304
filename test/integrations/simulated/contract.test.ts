import { copyFileSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Asset, AssetSnapshot } from '../../../src/core/asset.ts'
import { createFileInventory } from '../../../src/integrations/file-inventory/index.ts'
import { createSimulatedEngine } from '../../../src/integrations/simulated/index.ts'
import { type DeployScene, deployEngineContract } from '../../contracts/deploy-engine.ts'
import { temporaryFolder } from '../../support/temporary-folder.ts'

const shipped = fileURLToPath(new URL('../../../examples/fleet.json', import.meta.url))

interface StateFile {
  assets: { name: string; fault?: string; runs?: Record<string, { state: string }> }[]
}

async function scene(): Promise<DeployScene> {
  const stateFile = join(temporaryFolder('pw-contract'), 'fleet.json')
  copyFileSync(shipped, stateFile)
  let now = Date.parse('2026-11-20T12:00:00Z')
  const clock = () => new Date(now)
  const build = () => createSimulatedEngine({ name: 'example', stateFile, pace: 10, clock })
  const read = (): StateFile => JSON.parse(readFileSync(stateFile, 'utf8'))
  const record = (asset: Asset) => read().assets.find((one) => one.name === asset.name)

  async function snapshotOf(name: string): Promise<AssetSnapshot> {
    const source = createFileInventory({ name: 'example', path: stateFile, format: 'json', defaults: {}, clock })
    for await (const seen of source.observe({ only: [`example/${name}`], signal: new AbortController().signal })) {
      if (seen.kind === 'seen') return seen.snapshot
    }
    throw new Error(`${name} cannot be seen`)
  }

  async function fault(asset: Asset, name: string): Promise<void> {
    const state = read()
    const assets = state.assets.map((one) => (one.name === asset.name ? { ...one, fault: name } : one))
    writeFileSync(stateFile, JSON.stringify({ ...state, assets }))
  }

  const snapshots = await Promise.all(['web-02', 'web-03'].map(snapshotOf))
  return {
    engine: build(),
    restart: build,
    assets: snapshots.map((one) => one.asset),
    async changesFor(asset) {
      const { pending } = await snapshotOf(asset.name)
      return pending
        .filter((update) => update.source === 'openssl')
        .map(({ name, architecture, installed, candidate }) => ({ name, architecture, from: installed, to: candidate }))
    },
    async pass() {
      now += 3_000
    },
    async installed(asset, name) {
      return (await snapshotOf(asset.name)).packages.find((one) => one.name === name)?.version ?? null
    },
    async transactions(asset) {
      const runs = Object.values(record(asset)?.runs ?? {})
      return runs.filter((run) => run.state === 'succeeded' || run.state === 'failed').length
    },
    fingerprint: async (asset) => JSON.stringify(record(asset)),
    breakInstallation: (asset) => fault(asset, 'install fails'),
    disconnect: (asset) => fault(asset, 'unreachable'),
  }
}

deployEngineContract({ name: 'The simulated engine', scene })
