/**
 * Assessment of 100,000 hosts, each with a set of 500 to 700 packages of its own, drawn from real package lists, against
 * every Debian and AlmaLinux advisory at hand; beside debsecan on one of those hosts in the same run, where it is
 * installed (Debian's package debsecan). Needs the folder of real data that docs/testing.md tells of.
 * Arguments: hosts (100000).
 */

import { execFileSync } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { joinAssessments } from '../../src/core/assessment/assess.ts'
import { catalogView } from '../../src/core/assessment/catalog-view.ts'
import { findings } from '../../src/core/assessment/findings.ts'
import { createMisses } from '../../src/core/assessment/misses.ts'
import { softwareOf } from '../../src/core/assessment/missing.ts'
import { type Asset, type InstalledPackage, type Observation, onlyLooks } from '../../src/core/asset.ts'
import type { FeedContent, Fix } from '../../src/core/catalog.ts'
import { withoutOlderKernels } from '../../src/core/kernels.ts'
import type { CatalogFeed } from '../../src/core/ports.ts'
import { createDebianAdvisoriesFeed } from '../../src/integrations/feeds/debian-advisories/index.ts'
import { createDebsecanFeed } from '../../src/integrations/feeds/debsecan/index.ts'
import { createEpssFeed } from '../../src/integrations/feeds/epss/index.ts'
import { createKevFeed } from '../../src/integrations/feeds/kev/index.ts'
import { createOsvFeed } from '../../src/integrations/feeds/osv/index.ts'
import { createFileInventory } from '../../src/integrations/file-inventory/index.ts'
import { readCatalog } from '../../src/store/catalog.ts'
import { openDatabase } from '../../src/store/database.ts'
import { installedCounts, readSnapshots, teamsWithAssets } from '../../src/store/inventory.ts'
import { saveFeed } from '../../src/store/save-feed.ts'
import { saveObservations } from '../../src/store/save-looks.ts'
import { newInterned } from '../../src/store/sets.ts'
import { createAssessor } from '../../src/workflow/assessing/assessor.ts'
import type { TeamAssessed } from '../../src/workflow/assessing/known.ts'
import { sharedData } from '../integrations/shared-data.ts'
import { aSnapshot } from '../support/asset.ts'
import { judgement } from '../support/example-service.ts'
import { almaChoices, type Choice, debianChoices, drawHost, random, unpacked } from './fleet.ts'

const [hosts = 100_000] = process.argv.slice(2).map(Number)
const paths = {
  packages: sharedData('debian/packages_2026-11-18.tsv.zst'),
  uploads: sharedData('debian/bookworm_security_uploads.jsonl.zst'),
  debsecan: sharedData('debian/debsecan-feed/bookworm'),
  dsa: sharedData('debian/tracker-2023-04/DSA-list.zst'),
  dla: sharedData('debian/tracker-2023-04/DLA-list.zst'),
  elts: sharedData('elts-osv/debian-elts-osv-2026-08-17.tar.zst'),
  alma: sharedData('alma-osv/almalinux-osv-2026-08-21.tar.zst'),
  kev: sharedData('kev/kev_2026-08-08.json.gz'),
  epss: sharedData('epss/epss_scores-asof-2026-08-16.csv.gz'),
}
const { signal } = new AbortController()
const now = '2026-11-20T12:00:00.000Z'
let peak = 0
let cachedPool: readonly Choice[] | null = null

function mark(): void {
  peak = Math.max(peak, process.memoryUsage().rss)
}

async function timed<T>(
  what: string,
  work: () => T | Promise<T>,
  each = 0,
): Promise<{ readonly value: T; readonly s: number }> {
  const start = performance.now()
  const value = await work()
  const s = (performance.now() - start) / 1_000
  mark()
  const per = each === 0 ? '' : `, ${((s / each) * 1e6).toFixed(1)} µs a host`
  console.log(`${what.padEnd(74)} ${s.toFixed(2).padStart(8)} s${per}`)
  return { value, s }
}

function present(value: string | null): string {
  if (value === null) process.exit(0) // said by sharedData
  return value
}

function host(index: number, platform: string, packages: readonly InstalledPackage[]): Observation {
  const exposures = ['small', 'controlled', 'open', null] as const
  const weights = ['low', 'medium', 'high', 'very high', null] as const
  const asset: Asset = {
    id: `bench/host-${index}`,
    name: `host-${index}`,
    platform,
    team: `team-${index % 40}`,
    tags: [],
    exposure: exposures[index % 4] ?? null,
    criticality: weights[index % 5] ?? null,
    timeZone: 'UTC',
    source: 'bench',
    engine: null,
    address: `host-${index}`,
    simulated: false,
  }
  return { kind: 'seen', snapshot: aSnapshot(asset, { packages, observedAt: now }), warnings: [] }
}

const folder = await mkdtemp(path.join(tmpdir(), 'patchwarden-bench-'))
const database = await openDatabase({
  url: undefined,
  dataDir: path.join(folder, 'postgres'),
  durable: false,
  log: () => {},
})
const { db } = database
try {
  console.log(`${hosts} hosts\n\nImport`)
  await writeFile(path.join(folder, 'DSA'), unpacked(present(paths.dsa)))
  await writeFile(path.join(folder, 'DLA'), unpacked(present(paths.dla)))
  const feeds: CatalogFeed[] = [
    createDebsecanFeed({ name: 'debsecan', release: 'bookworm', location: present(paths.debsecan) }),
    createDebianAdvisoriesFeed({ name: 'dsa', location: path.join(folder, 'DSA') }),
    createDebianAdvisoriesFeed({ name: 'dla', location: path.join(folder, 'DLA') }),
    createOsvFeed({ name: 'elts', ecosystem: 'Debian', location: present(paths.elts) }),
    createOsvFeed({ name: 'alma', ecosystem: 'AlmaLinux', location: present(paths.alma) }),
    createKevFeed({ name: 'kev', location: present(paths.kev) }),
    createEpssFeed({ name: 'epss', location: present(paths.epss) }),
  ]
  const contents: FeedContent[] = []
  await timed('feeds from files to store (Debian, AlmaLinux, KEV, EPSS)', async () => {
    for (const feed of feeds) {
      const fetched = await feed.fetch(null, signal)
      if (fetched.status !== 'fetched') throw new Error(`${feed.name} gave nothing`)
      contents.push(fetched.content)
      await saveFeed(db, feed.name, fetched, { now, cursor: fetched.cursor, rejected: fetched.rejected.length })
    }
  })
  const fixes: Fix[] = contents.flatMap((content) => content.fixes ?? [])
  const choices: ReadonlyMap<string, readonly Choice[]> = new Map([
    ['debian:12', debianChoices(present(paths.packages), present(paths.uploads), 12_000)],
    ['almalinux:8', almaChoices(fixes, 'almalinux:8', 5_000)],
    ['almalinux:9', almaChoices(fixes, 'almalinux:9', 3_000)],
  ])
  const distinct = [...choices.values()].flat().reduce((sum, choice) => sum + choice.length, 0)
  console.log(`  ${fixes.length} fixes, ${distinct} distinct package versions to draw from`)

  const platforms = ['debian:12', 'almalinux:8', 'debian:12', 'almalinux:9', 'debian:12']
  const next = random(1)
  const interned = newInterned()
  const sample: { packages: InstalledPackage[] }[] = []
  await timed(
    'inventory to store, every host with software of its own',
    async () => {
      for (let from = 0; from < hosts; from += 500) {
        const batch: Observation[] = []
        for (let index = from; index < Math.min(hosts, from + 500); index++) {
          const platform = platforms[index % platforms.length] ?? ''
          const packages = drawHost(choices.get(platform) ?? [], next)
          if (index < 5 && platform === 'debian:12') sample.push({ packages })
          batch.push(host(index, platform, packages))
        }
        await saveObservations(db, batch, new Date().toISOString(), { interned })
        mark()
      }
    },
    hosts,
  )
  await importFromFile()

  console.log('\nAssessment')
  const assessor = createAssessor({
    db,
    clock: () => new Date(now),
    judgement: { ...judgement, grouping: 'tier' },
  })
  const teams = await teamsWithAssets(db)
  const assessAll = async () => {
    const all: TeamAssessed[] = []
    for (const team of teams) all.push(await assessor.assess(team))
    return all
  }
  const full = await timed('full, from the store: read fleet and catalog, match, judge', assessAll, hosts)
  const counts = await installedCounts(db)
  const patches = joinAssessments(full.value.map(({ assessment }) => assessment)).patches
  const total = full.value.reduce((sum, { alike }) => sum + findingsIn(alike), 0)
  console.log(`  ${counts.packages} installed packages, ${counts.versions} distinct versions`)
  console.log(`  ${total} findings, ${patches.length} patches; first: ${patches[0]?.source} ${patches[0]?.priority}`)
  const some = (await readSnapshots(db, { teams: teams.slice(0, 2) })).slice(0, 5_000)
  const content = await readCatalog(db, assessor.names().platforms, assessor.names().packages)
  const alone: number[] = []
  for (let run = 0; run < 3; run++) {
    const misses = createMisses(catalogView([content]))
    const matched = await timed(
      `matching alone, ${some.length} hosts in memory`,
      () => {
        for (const snapshot of some) misses.of(softwareOf(snapshot))
      },
      some.length,
    )
    alone.push(matched.s)
  }
  const matching = (alone.sort((a, b) => a - b)[1] ?? 0) / Math.max(1, some.length)
  const advisory: Fix = {
    platform: 'debian:12',
    package: 'openssl',
    by: 'source',
    cves: ['CVE-2026-999999'],
    fixedVersion: '9.0-1',
    advisory: 'DSA-9999-1',
  }
  await timed('one new advisory (openssl, on most Debian hosts): store, match and judge again', async () => {
    await saveFeed(db, 'news', { content: { fixes: [advisory] } }, { now, cursor: 'news', rejected: 0 })
    const again: TeamAssessed[] = []
    for (const team of teams) again.push(await assessor.assess(team, 1))
    return again
  })
  const one = drawHost(choices.get('debian:12') ?? [], next)
  await timed('one host changed: store it, assess its team again', async () => {
    await saveObservations(db, [host(0, 'debian:12', one)], new Date().toISOString(), { interned })
    return assessor.assess('team-0')
  })
  console.log(`\npeak memory of this process ${(peak / 1e9).toFixed(2)} GB`)
  // debsecan also lists kernels that are only kept as a fallback, which are not missing anything.
  await besideDebsecan(withoutOlderKernels('debian:12', sample[0]?.packages ?? []), full.s / hosts, matching)
} finally {
  await database.close()
  await rm(folder, { recursive: true, force: true })
}

/** CVEs on binary packages, over all assets. */
function findingsIn(alike: TeamAssessed['alike']): number {
  let sum = 0
  for (const [{ findings: each }, assets] of alike) sum += each * assets.length
  return sum
}

/** A CSV of 1,000 hosts through the file source, as an operator imports one. */
async function importFromFile(): Promise<void> {
  const count = Math.min(1_000, hosts)
  const next = random(7)
  const lines = ['asset,package,version,architecture,source,sourceVersion']
  for (let index = 0; index < count; index++) {
    for (const item of drawHost(pool(), next))
      lines.push(
        [`file-${index}`, item.name, item.version, item.architecture, item.source, item.sourceVersion].join(','),
      )
  }
  const file = path.join(folder, 'fleet.csv')
  await writeFile(file, `${lines.join('\n')}\n`)
  const source = createFileInventory({
    name: 'file',
    path: file,
    format: 'csv',
    defaults: { platform: 'debian:12', team: 'bench' },
    clock: () => new Date(now),
  })
  await timed(
    `  of these ${count} more from a CSV file, ${lines.length} lines`,
    async () => {
      const batch: Observation[] = []
      for await (const seen of onlyLooks(source.observe({ signal }))) batch.push(seen)
      await saveObservations(db, batch, new Date().toISOString())
    },
    count,
  )
}

function pool(): readonly Choice[] {
  cachedPool ??= debianChoices(present(paths.packages), present(paths.uploads), 12_000)
  return cachedPool
}

/** debsecan on one host of the fleet, with the same feed, and whether both find the same. */
async function besideDebsecan(
  packages: readonly InstalledPackage[],
  perHost: number,
  matchingPerHost: number,
): Promise<void> {
  const status = packages
    .map(
      ({ name, version, architecture, source, sourceVersion }) =>
        `Package: ${name}\nStatus: install ok installed\nArchitecture: ${architecture}\nSource: ${source} (${sourceVersion})\nVersion: ${version}\n`,
    )
    .join('\n')
  const file = path.join(folder, 'status')
  await writeFile(file, `${status}\n`)
  const feed = path.dirname(present(paths.debsecan))
  const run = () =>
    execFileSync(
      'debsecan',
      [
        '--source',
        `file://${feed}`,
        '--suite',
        'bookworm',
        '--status',
        file,
        '--config',
        '/nonexistent',
        '--whitelist',
        '/nonexistent',
        '--format',
        'simple',
      ],
      { encoding: 'utf8', maxBuffer: 1e9 },
    )
  console.log(`\ndebsecan on one of those hosts (${packages.length} packages)`)
  try {
    run()
  } catch {
    console.log('skipped: debsecan is not installed here (apt-get install debsecan)')
    return
  }
  const times: number[] = []
  let out = ''
  for (let turn = 0; turn < 5; turn++) {
    const start = performance.now()
    out = run()
    times.push((performance.now() - start) / 1_000)
  }
  const seconds = times.sort((a, b) => a - b)[2] ?? 0
  console.log(`median of 5: ${seconds.toFixed(3)} s`)
  console.log(`full assessment from the store: ${Math.round(seconds / perHost)} times faster a host (aim 2,000)`)
  console.log(
    `matching alone, data in memory: ${Math.round(seconds / matchingPerHost)} times faster a host (aim 20,000)`,
  )
  const fetched = await createDebsecanFeed({ name: 'd', release: 'bookworm', location: present(paths.debsecan) }).fetch(
    null,
    signal,
  )
  if (fetched.status !== 'fetched') return
  const seen = host(0, 'debian:12', packages)
  if (seen.kind !== 'seen') return
  const mine = new Set(
    findings(seen.snapshot, catalogView([fetched.content])).map((item) => `${item.cve} ${item.package}`),
  )
  const theirs = new Set(
    out
      .trim()
      .split('\n')
      .filter((line) => line !== ''),
  )
  const apart =
    [...mine].filter((item) => !theirs.has(item)).length + [...theirs].filter((item) => !mine.has(item)).length
  console.log(`findings: ours ${mine.size}, debsecan's ${theirs.size}, ${apart} apart`)
}
