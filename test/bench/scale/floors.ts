/** What others do on the same work, on the same machine and server. */

import { execFileSync } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { deflateSync } from 'node:zlib'
import { sql } from 'drizzle-orm'
import postgres from 'postgres'
import type { InstalledPackage } from '../../../src/core/asset.ts'
import type { Database } from '../../../src/store/database.ts'
import { percentile } from '../percentile.ts'
import { inMs, inSeconds, tell } from './figures.ts'
import { createUniverses } from './fixture.ts'
import { observations, type Scale } from './hosts.ts'
import type { Universe } from './packages.ts'
import { spread, timedMs } from './watch.ts'

const VOTES = 300
const SCANS = 3

export async function measureFloors({ db, url }: Database, scale: Scale, now: string): Promise<void> {
  const scans: number[] = []
  for (let turn = 0; turn < SCANS; turn++)
    scans.push(
      await timedMs(() =>
        db.execute(
          sql`select a.id, a.team, s.id as set, s.hash from assets a join software_sets s on s.id = a.software_set`,
        ),
      ),
    )
  tell(
    `floor: a bare scan, one row for each of ${scale.hosts} hosts, joined to its set`,
    inSeconds(percentile(scans, 0.5) / 1_000),
  )
  await bareVotes(url)
  await debsecan(scale, now)
}

/** A transaction of as many statements and bytes as a vote writes, and nothing else. */
async function bareVotes(url: string): Promise<void> {
  const client = postgres(url, { max: 1, fetch_types: false, onnotice: () => {} })
  try {
    await client.unsafe(`drop table if exists bench_state, bench_entries, bench_votes;
      create table bench_state (id text primary key, state jsonb not null);
      create table bench_entries (id bigserial primary key, stream text not null, entry text not null);
      create table bench_votes (proposal text, person text, choice text, primary key (proposal, person))`)
    const state = JSON.stringify({ state: 'x'.repeat(2_500) })
    await client`insert into bench_state values ('PW-1', ${state}::text::jsonb)`
    const took: number[] = []
    for (let turn = 0; turn < VOTES; turn++)
      took.push(
        await timedMs(() =>
          client.begin(async (tx) => {
            await tx`select id from bench_state where id = 'PW-1' for no key update`
            await tx`select state from bench_state where id = 'PW-1'`
            await tx`insert into bench_entries (stream, entry) values ('PW-1', ${'x'.repeat(600)})`
            await tx`update bench_state set state = ${state}::text::jsonb where id = 'PW-1'`
            await tx`insert into bench_votes values ('PW-1', ${`person${turn % 10}`}, ${String(turn)})
              on conflict (proposal, person) do update set choice = excluded.choice`
            await tx`insert into bench_entries (stream, entry) values ('outbox', ${'x'.repeat(300)})`
          }),
        ),
      )
    tell('floor: the bare statements of a vote, median, of 99 in 100, at most', inMs(spread(took), Math.max(...took)))
    await client.unsafe('drop table bench_state, bench_entries, bench_votes')
  } finally {
    await client.end()
  }
}

/** Debian's own judgement of one host, with the same feed. */
async function debsecan(scale: Scale, now: string): Promise<void> {
  const universe = createUniverses().find(({ platform }) => platform === 'debian:12')
  if (universe === undefined) return
  const [look] = observations({ ...scale, hosts: scale.teams.length }, universe, now)
  if (look?.kind !== 'seen') return
  const { packages } = look.snapshot
  const folder = await mkdtemp(path.join(tmpdir(), 'patchwarden debsecan '))
  try {
    await writeFile(path.join(folder, 'bookworm'), deflateSync(debsecanFeed(universe)))
    await writeFile(path.join(folder, 'status'), `${packages.map(statusOf).join('\n')}\n`)
    const options = ['--source', `file://${folder}`, '--suite', 'bookworm', '--status', path.join(folder, 'status')]
    const others = ['--config', '/nonexistent', '--whitelist', '/nonexistent', '--format', 'simple']
    const run = () =>
      execFileSync('debsecan', [...options, ...others], { encoding: 'utf8', stdio: 'pipe', maxBuffer: 1e9 })
    const took: number[] = []
    let found = ''
    for (let turn = 0; turn < SCANS; turn++)
      took.push(
        await timedMs(async () => {
          found = run()
        }),
      )
    const lines = found.split('\n').filter((line) => line !== '').length
    tell(
      `floor: debsecan judges one host (${packages.length} packages, ${lines} findings)`,
      inSeconds(percentile(took, 0.5) / 1_000),
    )
  } catch {
    tell('floor: debsecan', 'is not installed here (apt-get install debsecan)')
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

function statusOf({ name, version, architecture, source, sourceVersion }: InstalledPackage): string {
  return `Package: ${name}\nStatus: install ok installed\nArchitecture: ${architecture}\nSource: ${source} (${sourceVersion})\nVersion: ${version}\n`
}

/** As Debian's tracker gives it to debsecan: flaws, then which source each is in and where it is fixed, then what is built of sources. */
function debsecanFeed({ sources }: Universe): string {
  const cves = sources.flatMap((source) => [...source.cves, ...source.oldCves])
  const places = new Map(cves.map((cve, place) => [cve, place]))
  const rows = sources.flatMap(({ name, versions, cves: mine, oldCves }) => [
    ...mine.map((cve) => `${name},${places.get(cve)},S  F,${versions.at(-1)},`),
    ...oldCves.map((cve) => `${name},${places.get(cve)},S  F,${versions[0]},`),
  ])
  const built = sources.map(({ name, binaries }) => `${name},${binaries.join(' ')}`)
  return `VERSION 1\n${cves.map((cve) => `${cve},,`).join('\n')}\n\n${rows.join('\n')}\n\n${built.join('\n')}\n`
}
