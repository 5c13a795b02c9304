/**
 * What a rollout costs the controller, in wall and processor time, beside Ansible and beside the least there is: the same
 * two real packages (openssl and nginx, with what they pull in) on the same hosts, which are reset before each run. The
 * methods take turns, so that a noisy machine hurts all alike; after each run dpkg on every host is asked. Then 2,000
 * simulated hosts through one process. `--only flat` asks of rollouts of several sizes whether the last commits take longer
 * than the first, and the large ones more memory.
 *
 *     npm run bench -- rollout [--hosts 10,20] [--runs 5] [--only fleet | many] [--kex curve25519-sha256]
 *     npm run bench -- rollout --only flat [--flat 2000,20000]
 */

import { loadavg } from 'node:os'
import { parseArgs } from 'node:util'
import type { PackageChange } from '../../src/core/change.ts'
import { ansibleReason } from '../support/ansible.ts'
import { fleetAssets, installedOn, pendingChanges } from '../support/apt-hosts.ts'
import { type Fleet, fleetReason, upFleet } from '../support/fleet.ts'
import { flatness } from './rollout/flat.ts'
import { endCount } from './rollout/host-cpu.ts'
import { rolloutOfMany } from './rollout/many-hosts.ts'
import { ansible, floor, type Measured, type Method, ours } from './rollout/methods.ts'

const { values } = parseArgs({
  options: {
    hosts: { type: 'string', default: '10,20' },
    runs: { type: 'string', default: '5' },
    only: { type: 'string' },
    many: { type: 'string', default: '2000' },
    flat: { type: 'string', default: '2000,20000' },
    kex: { type: 'string' },
  },
})

const UPGRADED = ['openssl', 'libssl3', 'nginx', 'nginx-common']

function median(numbers: readonly number[]): number {
  const sorted = [...numbers].sort((a, b) => a - b)
  const middle = Math.floor(sorted.length / 2)
  const upper = sorted[middle] ?? Number.NaN
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] ?? Number.NaN) + upper) / 2
}

function range(numbers: readonly number[]): string {
  return `${Math.min(...numbers).toFixed(2)}-${Math.max(...numbers).toFixed(2)}`
}

async function fresh(fleet: Fleet): Promise<void> {
  await fleet.reset('all')
  await Promise.all(fleet.hosts.map(({ name }) => fleet.exec(name, ['apt-get', '-q', 'update'])))
}

/** Throws where dpkg on a host does not have every package in its new version. */
async function confirm(
  fleet: Fleet,
  wanted: ReadonlyMap<string, readonly PackageChange[]>,
  method: string,
): Promise<void> {
  await Promise.all(
    fleetAssets(fleet, 'apt').flatMap((asset) =>
      (wanted.get(asset.id) ?? []).map(async ({ name, to }) => {
        const version = await installedOn(fleet, asset.name, name)
        if (version !== to) throw new Error(`${method} left ${asset.name} with ${name} ${version}, not ${to}.`)
      }),
    ),
  )
}

async function compare(hosts: number, runs: number, methods: readonly Method[]): Promise<void> {
  const fleet = await upFleet(hosts, { name: 'pwansi' })
  const results = new Map<Method, Measured[]>(methods.map((method) => [method, []]))
  try {
    const assets = fleetAssets(fleet, 'apt')
    await fresh(fleet)
    const changes = new Map<string, readonly PackageChange[]>()
    for (const asset of assets) changes.set(asset.id, await pendingChanges(fleet, asset.name, UPGRADED))
    const named = [...(changes.values().next().value ?? [])]
    const load = loadavg()[0]?.toFixed(1)
    const logins = values.kex === undefined ? '' : `, logins with ${values.kex}`
    console.log(`\n${hosts} hosts, ${runs} runs after a warm-up, load ${load} at the beginning${logins}`)
    console.log(named.map(({ name, from, to }) => `  ${name} ${from} -> ${to}`).join('\n'))
    for (let run = 0; run <= runs; run++) {
      for (const method of methods) {
        await fresh(fleet)
        const round = `${hosts}.${run}`
        const measured = await method.run({ fleet, assets, changes, round, keyExchange: values.kex ?? null })
        await confirm(fleet, changes, method.name)
        if (run > 0) results.get(method)?.push(measured)
      }
    }
  } finally {
    await fleet.down()
    endCount(fleet)
  }
  report(hosts, results)
}

function report(hosts: number, results: ReadonlyMap<Method, readonly Measured[]>): void {
  const of = (method: Method, what: (measured: Measured) => number) => (results.get(method) ?? []).map(what)
  const wall = ({ wallSeconds }: Measured) => wallSeconds
  const cpu = ({ cpuSeconds }: Measured) => cpuSeconds
  const hostCpu = ({ hostCpuSeconds }: Measured) => hostCpuSeconds ?? Number.NaN
  /** Round by round, so that both had the same machine. */
  function times(method: Method, beside: Method, what: (measured: Measured) => number): string {
    const least = of(beside, what)
    const ratios = of(method, what).map((value, round) => value / (least[round] ?? Number.NaN))
    return `${median(ratios).toFixed(2)} (${range(ratios)})`
  }
  const rows = [
    ['method', 'wall s', 'x floor', 'CPU ms a host', 'x floor', 'x Ansible', 'CPU ms on each host', 'x floor'],
  ]
  for (const method of results.keys()) {
    rows.push([
      method.name,
      `${median(of(method, wall)).toFixed(2)} (${range(of(method, wall))})`,
      times(method, floor, wall),
      ((median(of(method, cpu)) / hosts) * 1_000).toFixed(0),
      times(method, floor, cpu),
      results.has(ansible) ? times(method, ansible, cpu) : '-',
      ((median(of(method, hostCpu)) / hosts) * 1_000).toFixed(0),
      times(method, floor, hostCpu),
    ])
  }
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)))
  for (const row of rows)
    console.log(
      row
        .map((cell, column) => cell.padEnd(widths[column] ?? 0))
        .join('  ')
        .trimEnd(),
    )
  const steps = (results.get(ours) ?? []).map((measured) => measured.steps)
  const named = Object.keys(steps[0] ?? {}).map(
    (name) => `${name} ${median(steps.map((one) => one[name] ?? 0)).toFixed(2)} s`,
  )
  console.log(`steps of ${ours.name}: ${named.join(', ')}`)
}

const withFleet = values.only !== 'many' && values.only !== 'flat'
const fleetMissing = withFleet ? await fleetReason() : null
if (!withFleet) console.log('without the fleet, as asked')
else if (fleetMissing !== null) console.log(`skipped the fleet: ${fleetMissing}`)
else {
  const ansibleMissing = await ansibleReason()
  if (ansibleMissing !== null) console.log(`skipped Ansible: ${ansibleMissing}`)
  const methods = [ours, ...(ansibleMissing === null ? [ansible] : []), floor]
  for (const { name, what } of methods) console.log(`${name}: ${what}`)
  for (const hosts of values.hosts.split(',')) await compare(Number(hosts), Number(values.runs), methods)
}
if (values.only === 'flat') await flatness(values.flat.split(',').map(Number))
else if (values.only !== 'fleet') await rolloutOfMany(Number(values.many))
