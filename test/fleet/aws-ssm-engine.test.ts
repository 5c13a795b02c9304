import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe } from 'vitest'
import type { Asset } from '../../src/core/asset.ts'
import type { DeployEngine } from '../../src/core/ports.ts'
import { createSsmEngine } from '../../src/integrations/aws-ssm/index.ts'
import { runBounded } from '../../src/integrations/bounded-process.ts'
import { deployEngineContract } from '../contracts/deploy-engine.ts'
import { createFakeSsm, type FakeSsm } from '../fakes/aws-ssm/fake-ssm.ts'
import { type AptHosts, aptHosts } from '../support/apt-hosts.ts'
import { anAsset } from '../support/asset.ts'
import { type Fleet, fleetReason, upFleet } from '../support/fleet.ts'

const reason = await fleetReason()
if (reason !== null) console.warn(`skipped the Systems Manager engine on real hosts: ${reason}`)

const REGION = 'eu-central-1'
/** The service is the fake; what its agents run are the real scripts, on real Debian hosts, as root. */
describe.skipIf(reason !== null)('the Systems Manager engine on real Debian hosts', () => {
  let fleet: Fleet
  let ssm: FakeSsm
  let assets: readonly Asset[]
  let hosts: AptHosts

  beforeAll(async () => {
    fleet = await upFleet(2, { name: 'pwssm' })
    hosts = aptHosts(fleet)
    assets = fleet.hosts.map((host, index) =>
      anAsset(host.name, { source: 'cloud', engine: 'cloud', address: `i-${String(index + 1).padStart(17, '0')}` }),
    )
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

  deployEngineContract({
    name: 'the Systems Manager engine',
    async scene() {
      await ssm?.close()
      ssm = await createFakeSsm({ region: REGION, deliveryMs: 500 })
      for (const asset of assets) {
        const run = (script: string) => asRoot(asset.name, script)
        ssm.instances.set(asset.address, { id: asset.address, ping: 'Online', platform: 'Linux', run })
      }
      await hosts.fresh()
      return {
        ...hosts,
        engine: createEngine(),
        restart: createEngine,
        assets,
        pass: () => sleep(250),
        async disconnect(asset) {
          const instance = ssm.instances.get(asset.address)
          if (instance !== undefined) instance.ping = 'ConnectionLost'
          await hosts.disconnect(asset)
        },
      }
    },
  })
})
