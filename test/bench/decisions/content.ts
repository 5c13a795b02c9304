/** What a team of many hosts votes on: few patches, 200 ways in which its hosts miss them. */

import { createHash } from 'node:crypto'
import type { Patch } from '../../../src/core/catalog.ts'
import type { PackageChange } from '../../../src/core/change.ts'
import type { TransactionStep } from '../../../src/core/ports.ts'
import type { Content } from '../../../src/core/proposal/event.ts'
import type { Cluster, PatchSubject, PlannedAsset, PlannedRing } from '../../../src/core/proposal/proposal.ts'
import { anAsset } from '../../support/asset.ts'
import { nights } from '../../support/example-service.ts'

const PATCHES = 40
const CHANGE_SETS = 200
const FEWEST = 80
const MOST = 140

const platform = 'debian:12'

/** Seven packages of one source package, of which the first are its libraries. */
function patchOf(number: number): Patch {
  const source = `source-package-${String(number).padStart(2, '0')}`
  const version = `${1 + (number % 9)}.${number}.22-1~deb12u${2 + (number % 3)}`
  const names = ['', '-common', '-data', '-dev', '-doc', '-utils', '-perl'].map((end) => `lib${source}${end}`)
  const cves = Array.from({ length: 1 + (number % 5) }, (_, index) => `CVE-2026-${20_000 + number * 10 + index}`)
  const statement = (fact: string, value: string, from: string) => ({
    fact,
    value,
    source: from,
    date: '2026-11-18',
    note: cves[0] ?? null,
  })
  return {
    id: `${platform}/${source}/${version}`,
    platform,
    source,
    type: 'security',
    version,
    packages: names.map((name) => ({ name, architecture: 'amd64', to: version })),
    cves,
    advisories: [`DSA-${5_800 + number}-1`],
    origins: ['Debian-Security:12/oldstable-security'],
    priority: 'scheduled',
    evidence: [
      statement('Exploitation', 'none', 'Vulnrichment'),
      statement('Automatable', 'yes', 'Vulnrichment'),
      statement('Technical Impact', 'partial', 'Vulnrichment'),
      statement('EPSS', `${(number / 100).toFixed(2)} (percentile 0.71)`, 'EPSS'),
      statement('Decision', 'scheduled', 'ssvc-deployer'),
    ],
    assumptions: [{ fact: 'System Exposure', value: 'open', why: 'The inventory does not say it.' }],
    dueAt: '2026-12-18T00:00:00.000Z',
    dueRule: 'scheduled: 30 days',
    turns: [{ point: 'Exploitation', value: 'active', outcome: 'out-of-cycle' }],
  }
}

interface ChangeSet {
  readonly patches: readonly string[]
  readonly changes: readonly PackageChange[]
  readonly transaction: readonly TransactionStep[]
}

/** No two of the 200 are alike: they begin at another patch, or end after another number of packages. */
function changeSet(number: number, patches: readonly Patch[]): ChangeSet {
  const size = FEWEST + ((number * 37) % (MOST - FEWEST + 1))
  const changes: PackageChange[] = []
  const taken: string[] = []
  for (let index = number; changes.length < size; index += 7) {
    const patch = patches[index % patches.length]
    if (patch === undefined) throw new Error('no patches')
    taken.push(patch.id)
    for (const item of patch.packages.slice(0, size - changes.length))
      changes.push({ ...item, from: item.to.replace('.22-', `.${10 + (number % 12)}-`) })
  }
  return { patches: taken, changes, transaction: changes.map((change) => ({ action: 'upgrade', ...change })) }
}

/** `series` tells contents of the same size apart: other hosts, and other versions that are installed. */
export function largeContent(team: string, count: number, series: number): Content {
  const patches = Array.from({ length: PATCHES }, (_, number) => patchOf(number))
  const sets = Array.from({ length: CHANGE_SETS }, (_, number) => changeSet(number + series * CHANGE_SETS, patches))
  const assets = Array.from({ length: count }, (_, index): PlannedAsset => {
    const { patches: missed, changes, transaction } = sets[index % sets.length] ?? changeSet(index, patches)
    return { asset: assetOf(team, index, series), patches: missed, changes, transaction, previewProblem: null }
  })
  const ids = assets.map(({ asset }) => asset.id)
  const subject: PatchSubject = {
    kind: 'patches',
    patches,
    assets,
    rings: ringsOf(ids),
    window: nights,
    health: [],
    failureBudget: Math.ceil(count / 50),
    clusters: clustersOf(ids),
    engine: 'ssh',
    inventoryAt: new Date().toISOString(),
  }
  return {
    title: `${PATCHES} patches for ${count} hosts`,
    subject,
    // All of it in one text would be longer than a text may be.
    contentHash: createHash('sha256').update(`${team} ${count} ${series}`).digest('hex'),
    priority: 'scheduled',
    whyNow: 'Nothing of it is known to be exploited; it is due by December 18.',
    dueAt: '2026-12-18T00:00:00.000Z',
  }
}

function assetOf(team: string, index: number, series: number): PlannedAsset['asset'] {
  const place = ['fra1', 'ams2', 'iad3'][index % 3] ?? 'fra1'
  const name = `${team}-${series}-${String(index).padStart(6, '0')}.${place}.example.net`
  const tags = ['env:prod', `dc:${place}`, `role:${['web', 'api', 'queue', 'db'][index % 4]}`, `rack:${index % 40}`]
  return anAsset(name, { team, tags, exposure: 'controlled', criticality: 'medium', timeZone: 'Europe/Berlin' })
}

/** One, nine and forty of a hundred, then the rest. */
function ringsOf(ids: readonly string[]): readonly PlannedRing[] {
  const gate = { minSuccessPercent: 98, maxFailures: 5, unreachable: 'as failure' } as const
  const upTo = (share: number) => Math.ceil(ids.length * share)
  return (
    [
      ['canary', 0, upTo(0.01)],
      ['early', upTo(0.01), upTo(0.1)],
      ['broad', upTo(0.1), upTo(0.5)],
      ['rest', upTo(0.5), ids.length],
    ] as const
  ).map(([name, from, to]) => ({
    name,
    assets: ids.slice(from, to),
    batchSize: Math.max(1, Math.ceil((to - from) / 10)),
    concurrency: 50,
    soakSeconds: 3_600,
    gate,
  }))
}

function clustersOf(ids: readonly string[]): readonly Cluster[] {
  const size = Math.ceil(ids.length / 50)
  return ['db', 'queue'].map((name, index) => ({
    name: `cluster:${name}`,
    assets: ids.slice(-size * (index + 1), ids.length - size * index),
    atOnce: 2,
    minHealthy: Math.floor(size * 0.8),
  }))
}
