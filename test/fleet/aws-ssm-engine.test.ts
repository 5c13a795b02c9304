import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe } from 'vitest'
import type { Asset } from '../../src/core/asset.ts'
import type { PackageChange } from '../../src/core/catalog.ts'
import type { DeployEngine } from '../../src/core/ports.ts'
import { createSsmEngine } from '../../src/integrations/aws-ssm/index.ts'
import { runBounded } from '../../src/integrations/bounded-process.ts'
import { deployEngineContract } from '../contracts/deploy-engine.ts'
import { createFakeSsm, type FakeSsm } from '../fakes/aws-ssm/fake-ssm.ts'
import { type Fleet, fleetReason, upFleet } from '../support/fleet.ts'

const reason = await fleetReason()
if (reason !== null) console.warn(`skipped the Systems Manager engine on real hosts: ${reason}`)

const REGION = 'eu-central-1'
const UPDATED = ['openssl', 'libssl3', 'demo-app']

/** The service is the fake; what its agents run are the real scripts, on real Debian hosts, as root. */
describe.skipIf(reason !== null)('the Systems Manager engine on real Debian hosts', () => {
  let fleet: Fleet
  let ssm: FakeSsm
  let assets: readonly Asset[]

  beforeAll(async () => {
    fleet = await upFleet(2, { name: 'pwssm' })
    assets = fleet.hosts.map((host, index) => ({
      id: `cloud/${host.name}`,
      name: host.name,
      platform: 'debian:12',
      team: 'web',
      tags: [],
      exposure: null,
      criticality: null,
      timeZone: 'UTC',
      source: 'cloud',
      engine: 'cloud',
      address: `i-${String(index + 1).padStart(17, '0')}`,
      simulated: false,
    }))
  })
  afterAll(async () => {
    await ssm?.close()
    await fleet?.down()
  })

  async function asRoot(host: string, script: string): Promise<string> {
    const ended = await runBounded({
      command: 'ssh',
      args: ['-F', fleet.sshConfig, '-o', 'BatchMode=yes', '-o', 'ConnectTimeout=3', '-l', 'root', host, 'sh', '-s'],
      input: script,
      timeoutSeconds: 180,
      maxBytes: 1_000_000,
      signal: new AbortController().signal,
    })
    if (ended.end !== 'exited' || ended.status !== 0) throw new Error(ended.stderr)
    return ended.stdout
  }

  function createEngine(): DeployEngine {
    return createSsmEngine({
      name: 'cloud',
      region: REGION,
      endpoint: ssm.url,
      credentials: { accessKeyId: 'AKIDEXAMPLE', secretAccessKey: 'not-a-secret-of-anybody' },
      lockWaitSeconds: 3,
      silenceSeconds: 20,
      lookSeconds: 0.1,
      clock: () => new Date(),
    })
  }

  async function shell(host: string, command: string): Promise<string> {
    return (await fleet.exec(host, ['sh', '-c', command])).stdout
  }

  async function changesFor(asset: Asset): Promise<readonly PackageChange[]> {
    const pending = await fleet.pending(asset.name)
    return pending
      .filter((update) => UPDATED.includes(update.package))
      .map(({ package: name, installed, candidate }) => ({
        name,
        architecture: name === 'demo-app' ? 'all' : 'amd64',
        from: installed,
        to: candidate,
      }))
  }

  deployEngineContract({
    name: 'the Systems Manager engine',
    async scene() {
      await ssm?.close()
      ssm = await createFakeSsm({ region: REGION, deliveryMs: 500 })
      for (const asset of assets) {
        const run = (script: string) => asRoot(asset.name, script)
        ssm.instances.set(asset.address, { id: asset.address, ping: 'Online', platform: 'Linux', run })
      }
      await fleet.publish('2.0', 'good')
      await fleet.reset('all')
      await Promise.all(assets.map((asset) => shell(asset.name, 'apt-get -q update')))
      return {
        engine: createEngine(),
        restart: createEngine,
        assets,
        changesFor,
        pass: () => sleep(200),
        async installed(asset, name) {
          const asked = await fleet.exec(asset.name, ['dpkg-query', '-W', '-f', '$' + '{Version}', name])
          return asked.code === 0 ? asked.stdout : null
        },
        transactions: async (asset) => (await fleet.aptTransactions(asset.name)).length,
        async fingerprint({ name }) {
          const kept = [
            '/var/lib/dpkg',
            '/var/lib/apt',
            '/var/cache/apt',
            '/var/log/apt',
            '/var/lib/patchwarden',
            '/etc',
          ]
          return shell(name, `find ${kept.join(' ')} -type f -printf '%p %s %T@\\n' 2>/dev/null | sort`)
        },
        breakInstallation: (asset) => fleet.fault('postinst-fails', asset.name),
        async disconnect(asset) {
          const instance = ssm.instances.get(asset.address)
          if (instance !== undefined) instance.ping = 'ConnectionLost'
          await fleet.fault('down', asset.name)
        },
      }
    },
  })
})
