/**
 * Years of a large installation, made by the server itself: proposals that are over with what happened to their assets, a
 * channel of a thousand open ones, and two over all of a team, one of them half way through its rollout.
 */

import { type SQL, sql } from 'drizzle-orm'
import type { RecordedOutcome, RecordedVerification } from '../../../src/core/proposal/event.ts'
import type { Actor, PatchSubject } from '../../../src/core/proposal/proposal.ts'
import type { Db } from '../../../src/store/connection.ts'
import { packIds } from '../../../src/store/packed-ids.ts'
import { findProposal } from '../../../src/store/proposals.ts'
import { softwareSets } from '../../../src/store/schema.ts'
import type { Workflow } from '../../../src/workflow/workflow.ts'
import { mara, standard } from '../../support/example-service.ts'
import { machineFor } from '../../support/proposal-case.ts'
import { largeContent } from '../decisions/content.ts'

export interface HistorySize {
  readonly assets: number
  readonly past: number
  readonly open: number
  /** Assets of each past proposal. */
  readonly each: number
}

export const teams = Array.from({ length: 40 }, (_, index) => `team-${String(index).padStart(2, '0')}`)
/** The team of a thousand open proposals. */
export const CROWDED = 'crowded'
/** The team of all assets but few. */
export const LARGE = 'large'

const rollout: Actor = { kind: 'system', part: 'rollout' }
const assessment: Actor = { kind: 'system', part: 'assessment' }
const SOFTWARE = 1_000

export async function makeHistory(
  db: Db,
  { open, execute }: Pick<Workflow, 'open' | 'execute'>,
  size: HistorySize,
): Promise<{ readonly waiting: string; readonly running: string; readonly past: string }> {
  const must = async (id: string, command: Parameters<Workflow['execute']>[1], actor = machineFor(command)) => {
    const done = await execute(id, command, actor)
    if (!done.ok) throw new Error(`${id} ${command.type}: ${done.refusal.sentence}`)
    return done.state
  }
  const tolerant = { minSuccessPercent: 0, maxFailures: 1_000_000, unreachable: 'ignored' } as const
  /** At once, whatever fails. */
  async function opened(team: string, hosts: number, series: number, change: Partial<PatchSubject> = {}) {
    const content = largeContent(team, hosts, series)
    if (content.subject.kind !== 'patches') throw new Error('not patches')
    const rings = content.subject.rings.map((ring) => ({
      ...ring,
      batchSize: ring.assets.length,
      concurrency: ring.assets.length,
      soakSeconds: 0,
      gate: tolerant,
    }))
    const subject = { ...content.subject, rings, failureBudget: hosts, clusters: [], ...change }
    const done = await open(
      team,
      { ...content, subject },
      { ...standard, breakGlass: { roles: ['owner'], reviewWithinSeconds: 86_400 } },
      assessment,
    )
    if (!done.ok) throw new Error(done.refusal.sentence)
    return done.state.id
  }
  async function begin(id: string) {
    await must(
      id,
      { type: 'break-glass', reason: 'a measurement' },
      { kind: 'person', id: mara.id, name: mara.name, via: 'console' },
    )
    await must(id, { type: 'start' })
  }
  /** Every tenth fails. */
  async function play(id: string, upTo: number) {
    for (;;) {
      let state = await findProposal(db, id)
      if (state?.status !== 'rolling out') return
      for (;;) {
        const done = await execute(id, { type: 'start-batch' }, rollout)
        if (!done.ok) break
        state = done.state
        if (Object.keys(state.rollout?.deployments ?? {}).length >= upTo) break
      }
      const all = Object.values(state?.rollout?.deployments ?? {})
      const atWork = all.filter(({ verification }) => verification === null).map(({ asset }) => asset)
      if (atWork.length === 0) return
      // Some stay at work.
      const ending = all.length >= upTo ? atWork.slice(100) : atWork
      for (let from = 0; from < ending.length; from += 500) {
        const some = ending.slice(from, from + 500)
        const outcomes = some.map(
          (asset, index): RecordedOutcome =>
            index % 10 === 9
              ? { asset, outcome: { state: 'failed', reason: 'dpkg failed', log: '' } }
              : { asset, outcome: { state: 'succeeded', changed: [], rebooted: false, log: '' } },
        )
        await must(id, { type: 'record-outcomes', outcomes })
        await must(id, { type: 'record-verifications', verifications: some.map(verified) })
      }
      if (all.length >= upTo) return
    }
  }

  const verified = (asset: string, index: number): RecordedVerification => {
    const failed = index % 10 === 9
    const reason = failed ? 'dpkg failed' : 'it reports every promised version'
    return {
      asset,
      verification: {
        end: failed ? 'failed' : 'installed',
        reason,
        packages: [],
        health: [],
        at: new Date().toISOString(),
      },
    }
  }

  await makeAssets(db, size.assets)
  const past = await opened('team-00', size.each, 1)
  await looked(db, past)
  await begin(past)
  await play(past, size.each + 1)
  const all = Object.keys((await findProposal(db, past))?.rollout?.deployments ?? {})
  await must(past, { type: 'record-verifications', verifications: all.map(verified) })
  await must(past, { type: 'complete' })
  const small = await opened(CROWDED, 8, 2)
  await copies(db, past, 1_000, size.past, (n) => sql`'team-' || lpad((${n} % 40)::text, 2, '0')`)
  await copies(db, small, 1_000 + size.past, size.open, () => sql`${CROWDED}::text`)
  const waiting = await opened(LARGE, size.assets, 3)
  const running = await opened(LARGE, size.assets, 4)
  await looked(db, running)
  await begin(running)
  await play(running, size.assets / 2)
  await db.execute(sql`analyze`)
  return { waiting, running, past }
}

/** Somebody has looked at all assets of the proposal just now, so that it may start. */
async function looked(db: Db, id: string): Promise<void> {
  const state = await findProposal(db, id)
  if (state?.subject.kind !== 'patches') throw new Error('not patches')
  const ids = state.subject.assets.map(({ asset }) => [asset.id, asset.name])
  for (let from = 0; from < ids.length; from += 5_000)
    await insertAssets(
      db,
      sql`select e->>0 as id, e->>1 as name, ${state.team} as team, row_number() over () as n
      from jsonb_array_elements(${JSON.stringify(ids.slice(from, from + 5_000))}::text::jsonb) e`,
    )
}

async function makeAssets(db: Db, count: number): Promise<void> {
  await db.execute(sql`insert into package_versions (platform, name, version, architecture, source, source_version, origin, module)
    select 'debian:12', 'package-' || n, '1.' || n, 'amd64', 'package-' || n, '1.' || n, '', '' from generate_series(1, 3000) n`)
  for (let set = 0; set < SOFTWARE; set++) {
    const ids = Array.from({ length: 900 }, (_, index) => 1 + ((index * 3 + set) % 3_000)).sort((a, b) => a - b)
    await db.insert(softwareSets).values({ hash: `set ${set}`, packages: packIds(ids), size: ids.length })
  }
  await insertAssets(
    db,
    sql`select 'cmdb/host-' || lpad(n::text, 6, '0') as id, 'host-' || lpad(n::text, 6, '0') || '.example.net' as name,
    'team-' || lpad((n % 40)::text, 2, '0') as team, n from generate_series(1, ${count}::int) n`,
  )
}

async function insertAssets(db: Db, rows: SQL): Promise<void> {
  await db.execute(sql`with given as materialized (${rows}),
    looks as (insert into asset_looks (asset, observed_at, checked_at, problem)
      select id, now(), now(), case when n % 100 = 0 then 'it does not answer' end from given
      on conflict (asset) do update set observed_at = now())
    insert into assets (id, source, team, asset, software_set, reboot_required, reboot_packages, stale_services)
    select id, 'cmdb', team, jsonb_build_object('id', id, 'name', name, 'platform', 'debian:12', 'team', team, 'tags',
        jsonb_build_array('env:prod', 'rack:' || n % 40), 'exposure', null, 'criticality', null, 'timeZone', 'UTC', 'source', 'cmdb',
        'engine', case when n % 50 = 0 then null else 'ssh' end, 'address', name, 'simulated', false),
      (select min(id) from software_sets) + n % ${SOFTWARE}, n % 30 = 0, '{}', '{}' from given
    on conflict (id) do nothing`)
}

/** Of one proposal, with all that belongs to it; its assets are others of the fleet. */
async function copies(db: Db, id: string, first: number, count: number, team: (n: SQL) => SQL): Promise<void> {
  const numbers = sql`generate_series(${first}::int, ${first + count - 1}::int) as n`
  const teamOf = team(sql`n`)
  await db.execute(sql`insert into proposals select r.* from proposals p, ${numbers},
    lateral (select 'PW-' || n as id, ${teamOf} as team, 'Patches of round ' || n || ', openssl and ' || n % 7 || ' more' as title) as own,
    lateral jsonb_populate_record(p, jsonb_build_object('id', own.id, 'number', n, 'team', own.team, 'title', own.title, 'head_hash', md5(n::text),
      'state', p.state || jsonb_build_object('id', own.id, 'number', n, 'team', own.team, 'title', own.title))) as r
    where p.id = ${id}`)
  const beside = await db.execute<{ name: string }>(sql`
    select c.table_name as name from information_schema.columns c
    join information_schema.tables t using (table_schema, table_name)
    where c.table_schema = 'public' and c.column_name = 'proposal' and t.table_type = 'BASE TABLE'
      and c.table_name not in ('results', 'live_contents', 'at_work', 'outbox', 'console_messages', 'posts', 'starts', 'timers')`)
  for (const { name } of beside)
    await db.execute(sql`insert into ${sql.identifier(name)} select r.* from ${sql.identifier(name)} p, ${numbers},
      lateral jsonb_populate_record(p, jsonb_build_object('proposal', 'PW-' || n)
        || case when to_jsonb(p) ? 'team' then jsonb_build_object('team', ${teamOf}) else '{}' end
        || case when to_jsonb(p) ? 'number' then jsonb_build_object('number', n) else '{}' end) as r
      where p.proposal = ${id}`)
  for (let from = first; from < first + count; from += 1_000)
    await db.execute(sql`insert into results select 'PW-' || n, part, 'cmdb/host-' || lpad((1 + (place * 397 + n * 7) % 100000)::text, 6, '0'), ring,
        started_at, done_at, end_state, facts
      from (select *, row_number() over () as place from results where proposal = ${id}) p,
        generate_series(${from}::int, ${Math.min(from + 999, first + count - 1)}::int) as n
      on conflict do nothing`)
  await db.execute(sql`insert into console_messages (id, channel, proposal, at, entry)
    select n * 10 + k, ${teamOf}, 'PW-' || n, now(), jsonb_build_object('author', null, 'tone', 'neutral', 'detail', '[]'::jsonb,
      'text', jsonb_build_array(jsonb_build_object('kind', 'text', 'text', 'What happened in round ' || n)))
    from ${numbers}, generate_series(1, 8) as k`)
  await db.execute(sql`insert into outbox (platform, channel, proposal, kind, at, delivered_at)
    select 'console', ${teamOf}, 'PW-' || n, 'card', now(), now() from ${numbers}, generate_series(1, 8) as k`)
  await db.execute(sql`insert into audit.entries (stream, seq, entry, hash)
    select 'PW-' || n, seq, entry, md5(n::text || seq) from audit.entries, ${numbers} where stream = ${id}`)
}
