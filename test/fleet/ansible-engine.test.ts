import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Asset } from '../../src/core/asset.ts'
import type { DeployEngine, DeploymentOutcome } from '../../src/core/ports.ts'
import {
  type AnsibleEngineOptions,
  createAnsibleEngine,
  createAnsibleModuleEngine,
} from '../../src/integrations/ansible/index.ts'
import { type DeployScene, deployEngineContract } from '../contracts/deploy-engine.ts'
import { type AnsibleFiles, ansibleFiles, ansibleReason } from '../support/ansible.ts'
import { type AptHosts, aptHosts, fleetAssets } from '../support/apt-hosts.ts'
import { type Fleet, fleetReason, upFleet } from '../support/fleet.ts'

const reason = (await fleetReason()) ?? (await ansibleReason())
if (reason !== null) console.warn(`skipped the Ansible engine on real hosts: ${reason}`)

const PLAYBOOK = fileURLToPath(new URL('../../examples/ansible/patchwarden-apt.yml', import.meta.url))

const APT_MODULE = fileURLToPath(new URL('../../examples/ansible/apt-module.yml', import.meta.url))

describe.skipIf(reason !== null)('the Ansible engine on real Debian hosts', () => {
  const { signal } = new AbortController()
  let fleet: Fleet
  let files: AnsibleFiles
  let assets: readonly Asset[]
  let hosts: AptHosts

  beforeAll(async () => {
    fleet = await upFleet(2, { name: 'pwansi' })
    files = await ansibleFiles(fleet)
    assets = fleetAssets(fleet, 'play')
    // apt itself writes its planner's log when a module of Ansible lets it simulate.
    hosts = aptHosts(fleet, 'eipp.log.xz')
  })
  afterAll(async () => {
    await fleet?.down()
    await files?.close()
  })

  function createEngine(options: Partial<AnsibleEngineOptions> = {}): DeployEngine {
    return createAnsibleEngine({
      name: 'play',
      playbook: PLAYBOOK,
      inventory: files.inventory,
      configFile: files.configFile,
      command: 'ansible-playbook',
      forks: 4,
      lookEverySeconds: 0,
      lockWaitSeconds: 3,
      rebootWaitSeconds: 30,
      silenceSeconds: 20,
      clock: () => new Date(),
      ...options,
    })
  }

  /** The operator's own play with the apt module does the work. */
  function createModuleEngine(): DeployEngine {
    return createAnsibleModuleEngine({
      clock: () => new Date(),
      name: 'play',
      playbook: APT_MODULE,
      inventory: files.inventory,
      configFile: files.configFile,
      command: 'ansible-playbook',
      forks: 4,
      stateFolder: `${files.folder}/runs`,
      transactionSeconds: 600,
    })
  }

  deployEngineContract({
    name: 'the Ansible engine in mode module',
    scene: () => sceneOf(createModuleEngine),
  })

  deployEngineContract({
    name: 'the Ansible engine',
    scene: () => sceneOf(() => createEngine()),
  })

  async function sceneOf(create: () => DeployEngine): Promise<DeployScene> {
    await hosts.fresh()
    return { ...hosts, engine: create(), restart: create, assets, pass: () => sleep(200) }
  }

  it('says what Ansible is here and that the playbook is right', async () => {
    expect(await createEngine().check?.(signal)).toMatch(/^ansible-playbook \[core .*patchwarden-apt\.yml is right$/)
  })

  it('does not know a host that the inventory does not list, and says where to look', async () => {
    const [asset] = assets
    if (asset === undefined) throw new Error('The fleet has no hosts.')
    const stranger = { ...asset, id: 'lab/web99', name: 'web99' }
    await expect(createEngine().preview(stranger, [], signal)).rejects.toThrow(/lists none of these hosts/)
  })

  it('works on no other host when an asset has the name of a group', async () => {
    await hosts.fresh()
    const [asset] = assets
    if (asset === undefined) throw new Error('The fleet has no hosts.')
    const group = { ...asset, id: 'lab/web', name: 'web' }
    await expect(createEngine().preview(group, [], signal)).rejects.toThrow(/did not work on web: is it a host/)
    for (const host of fleet.hosts) expect(await fleet.aptTransactions(host.name)).toEqual([])
  })

  it('reports a login that may not use sudo as held back', async () => {
    await hosts.fresh()
    const [asset] = assets
    if (asset === undefined) throw new Error('The fleet has no hosts.')
    await fleet.fault('sudo-denied', asset.name)
    const batch = {
      key: `sudo.${process.pid}`,
      deployments: [{ asset, changes: [], transaction: [], reboot: 'never' as const, notAfter: null }],
    }
    expect(await createEngine().preflight(batch, signal)).toMatchObject([
      { ready: false, outcome: { state: 'held back', reason: expect.stringContaining('sudo') } },
    ])
  })

  it('follows an upgrade that another process began, and says how far it is', async () => {
    await hosts.fresh()
    const [asset] = assets
    if (asset === undefined) throw new Error('The fleet has no hosts.')
    await fleet.unpublish('2.0')
    await fleet.publish('2.0', 'slow')
    await hosts.shell(asset.name, 'echo 20 >/etc/fleet/slow; apt-get -q update')
    const changes = await hosts.changesFor(asset)
    const transaction = await createEngine().preview(asset, changes, signal)
    const deployments = [{ asset, changes, transaction, reboot: 'never' as const, notAfter: null }]
    const handle = await createEngine().start({ key: `slow.${process.pid}`, deployments }, signal)
    const other = createEngine()
    const [first] = await other.poll(handle, signal)
    expect(first).toMatchObject({ outcome: null, progress: expect.stringMatching(/\w/) })
    let outcome: DeploymentOutcome | null = null
    for (let poll = 0; poll < 100 && outcome === null; poll++) {
      await sleep(200)
      outcome = (await other.poll(handle, signal))[0]?.outcome ?? null
    }
    expect(outcome).toMatchObject({ state: 'succeeded' })
    expect(await fleet.aptTransactions(asset.name)).toHaveLength(1)
  })
})
