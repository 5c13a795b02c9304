import { execFile } from 'node:child_process'
import { setMaxListeners } from 'node:events'
import { readdir, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { promisify } from 'node:util'
import { type Asset, type Observation, onlyLooks } from '../../../src/core/asset.ts'
import type { PackageChange } from '../../../src/core/change.ts'
import type { DeploymentReport } from '../../../src/core/ports.ts'
import {
  createSshConnections,
  createSshEngine,
  createSshInventory,
  type SshTarget,
} from '../../../src/integrations/ssh/index.ts'
import { ansibleFiles } from '../../support/ansible.ts'
import type { Fleet } from '../../support/fleet.ts'
import { cpuSecondsNaming, ownCpuSeconds } from './cpu.ts'
import { countHosts } from './host-cpu.ts'

const run = promisify(execFile)

export interface Work {
  readonly fleet: Fleet
  readonly assets: readonly Asset[]
  /** By asset id. */
  readonly changes: ReadonlyMap<string, readonly PackageChange[]>
  readonly round: string
  /** Of every login, by every method; `null`: what OpenSSH chooses. */
  readonly keyExchange: string | null
}

export interface Measured {
  readonly wallSeconds: number
  /** Of the controller: this process, its children, and the masters of its connections. */
  readonly cpuSeconds: number
  /** Of all hosts together, which share the processors with the controller here; `null`: it cannot be told. */
  readonly hostCpuSeconds: number | null
  /** Seconds of each step, in order. */
  readonly steps: Readonly<Record<string, number>>
}

export interface Method {
  readonly name: string
  readonly what: string
  run(work: Work): Promise<Measured>
}

/** As the service asks running batches (app/open.ts). */
const POLL_SECONDS = 1
const TIMEOUT_MS = 900_000

/** Times `work`; `masters`: the folder with the sockets of its connections, which `close` then closes. */
async function measure(
  fleet: Fleet,
  masters: () => string | null,
  work: (step: (name: string) => void) => Promise<void>,
  close: () => Promise<void>,
): Promise<Measured> {
  const steps: Record<string, number> = {}
  const hosts = countHosts(fleet)
  const cpuBefore = ownCpuSeconds()
  const began = performance.now()
  let last = began
  try {
    await work((name) => {
      const now = performance.now()
      steps[name] = (now - last) / 1_000
      last = now
    })
    const wallSeconds = (performance.now() - began) / 1_000
    const folder = masters()
    const cpuSeconds = ownCpuSeconds() - cpuBefore + (folder === null ? 0 : cpuSecondsNaming(folder))
    return { wallSeconds, cpuSeconds, hostCpuSeconds: hosts?.() ?? null, steps }
  } finally {
    await close()
  }
}

/** The SSH engine, driven as the workflow drives it, and the fresh look that verifies. */
export const ours: Method = {
  name: 'patchwarden',
  what: 'preview, preflight, start, and its end with a fresh look at what is installed; one login a host',
  async run({ fleet, assets, changes, round, keyExchange }) {
    const clock = () => new Date()
    const configFile = path.join(path.dirname(fleet.sshConfig), 'bench_ssh_config')
    if (keyExchange !== null) await writeFile(configFile, `KexAlgorithms ${keyExchange}\n`)
    const connections = createSshConnections()
    const concurrency = assets.length
    const targetOf = (asset: Asset): SshTarget => ({
      host: asset.address,
      user: 'patch',
      identityFile: fleet.identity,
      knownHostsFile: fleet.knownHosts,
      ...(keyExchange === null ? {} : { configFile }),
    })
    const engine = createSshEngine({ name: 'apt', target: targetOf, concurrency, connections, clock })
    const hosts = assets.map((asset) => ({ asset, target: targetOf(asset), sudo: true }))
    const inventory = createSshInventory({ name: 'lab', hosts, refresh: false, concurrency, connections, clock })
    const signal = AbortSignal.timeout(TIMEOUT_MS)
    setMaxListeners(0, signal)

    async function work(step: (name: string) => void): Promise<void> {
      const deployments = await Promise.all(
        assets.map(async (asset) => {
          const wanted = changes.get(asset.id) ?? []
          return {
            asset,
            changes: wanted,
            transaction: await engine.preview(asset, wanted, signal),
            reboot: 'never' as const,
            notAfter: null,
          }
        }),
      )
      step('preview')
      const batch = { key: `bench.${process.pid}.${round}`, deployments }
      const refused = (await engine.preflight(batch, signal)).filter((result) => !result.ready)
      if (refused.length > 0) throw new Error(`Not ready: ${JSON.stringify(refused)}`)
      step('preflight')
      const handle = await engine.start(batch, signal)
      step('start')
      let reports: readonly DeploymentReport[] = []
      const looks = new Map<string, Observation>()
      do {
        // As the workflow waits.
        if (reports.length > 0) await (engine.wait?.(handle, POLL_SECONDS, signal) ?? sleep(POLL_SECONDS * 1_000))
        reports = await engine.poll(handle, signal)
        for (const { asset, look } of reports) if (look !== undefined) looks.set(asset, look)
      } while (reports.some((report) => report.outcome === null))
      const wrong = reports.filter((report) => report.outcome?.state !== 'succeeded')
      if (wrong.length > 0) throw new Error(`Not upgraded: ${JSON.stringify(wrong)}`)
      step('upgrade')
      const seen = new Set<string>()
      function verify(observation: Observation): void {
        if (observation.kind !== 'seen') throw new Error(observation.reason)
        const { asset, packages } = observation.snapshot
        for (const { name, to } of changes.get(asset.id) ?? []) {
          if (!packages.some((one) => one.name === name && one.version === to))
            throw new Error(`${asset.name} has no ${name} ${to}.`)
        }
        seen.add(asset.id)
      }
      // As the workflow verifies: what the host said of itself after the end, or another look at it.
      for (const look of looks.values()) verify(look)
      const only = assets.flatMap((asset) => (seen.has(asset.id) ? [] : [asset.id]))
      if (only.length > 0)
        for await (const observation of onlyLooks(inventory.observe({ only, depth: 'installed', signal })))
          verify(observation)
      if (seen.size !== assets.length) throw new Error(`Only ${seen.size} of ${assets.length} hosts were seen again.`)
      step('verify')
    }

    const [first] = assets
    const socket = first === undefined ? null : connections.socket(targetOf(first))
    return measure(
      fleet,
      () => (socket === null ? null : path.dirname(socket)),
      work,
      () => connections.close(),
    )
  },
}

/** ansible-playbook with its apt module: forks for all hosts, pipelining, no facts. It verifies nothing afterwards. */
export const ansible: Method = {
  name: 'ansible',
  what: 'ansible-playbook, module apt, forks = hosts, pipelining; new connections each time',
  async run({ fleet, assets, changes, keyExchange }) {
    const files = await ansibleFiles(fleet)
    const playbook = path.join(files.folder, 'upgrade.yml')
    const names = packageNames(changes)
    await writeFile(
      playbook,
      JSON.stringify([
        {
          hosts: 'all',
          gather_facts: false,
          become: true,
          tasks: [{ 'ansible.builtin.apt': { name: names, state: 'latest', only_upgrade: true } }],
        },
      ]),
    )
    const env = {
      ...process.env,
      LC_ALL: 'C.UTF-8',
      ANSIBLE_CONFIG: files.configFile,
      ANSIBLE_PIPELINING: '1',
      ANSIBLE_LOCAL_TEMP: path.join(files.folder, 'tmp'),
      ...(keyExchange === null ? {} : { ANSIBLE_SSH_EXTRA_ARGS: `-o KexAlgorithms=${keyExchange}` }),
    }
    const args = ['--inventory', files.inventory, '--forks', String(assets.length), playbook]
    return measure(
      fleet,
      () => files.folder,
      async () => void (await run('ansible-playbook', args, { env, timeout: TIMEOUT_MS })),
      async () => {
        const folder = path.join(files.folder, 'cp')
        const sockets = await readdir(folder).catch(() => [])
        await Promise.allSettled(
          sockets.map((socket) => run('ssh', ['-O', 'exit', '-o', `ControlPath=${path.join(folder, socket)}`, 'any'])),
        )
        await files.close()
      },
    )
  },
}

/** The least there is: one ssh a host, all at once, each with a connection of its own, and apt-get on the other side. */
export const floor: Method = {
  name: 'floor',
  what: 'ssh HOST sudo apt-get install, all at once, new connections',
  async run({ fleet, assets, changes, keyExchange }) {
    const command = `sudo -n DEBIAN_FRONTEND=noninteractive apt-get -y -q -o Dpkg::Options::=--force-confdef -o Dpkg::Options::=--force-confold --only-upgrade install ${packageNames(changes).join(' ')}`
    const options = ['-i', fleet.identity, '-o', `UserKnownHostsFile=${fleet.knownHosts}`, '-o', 'IdentitiesOnly=yes']
    if (keyExchange !== null) options.push('-o', `KexAlgorithms=${keyExchange}`)
    const batch = ['-o', 'BatchMode=yes', '-o', 'ControlPath=none', '-o', 'LogLevel=ERROR', '-l', 'patch']
    return measure(
      fleet,
      () => null,
      async () => {
        await Promise.all(
          assets.map(({ address }) =>
            run('ssh', [...options, ...batch, '--', address, command], {
              timeout: TIMEOUT_MS,
              maxBuffer: 64 * 1024 * 1024,
            }),
          ),
        )
      },
      async () => {},
    )
  },
}

function packageNames(changes: Work['changes']): readonly string[] {
  return [...new Set([...changes.values()].flat().map((change) => change.name))].sort()
}
