/**
 * Recording what became of the hosts of one rollout, each alone and collected, by the real commands; beside bare
 * statements that commit the same bytes as often.
 */

import { sql } from 'drizzle-orm'
import type { RecordedOutcome, RecordedVerification } from '../../../src/core/proposal/event.ts'
import type { Actor } from '../../../src/core/proposal/proposal.ts'
import type { Db } from '../../../src/store/connection.ts'
import { createRecording } from '../../../src/workflow/recording.ts'
import { exampleService } from '../../support/example-service.ts'
import { outcomeOf, startedOn, verificationOf } from '../../support/large-rollout.ts'
import { ms, percentile } from '../percentile.ts'

const rollout: Actor = { kind: 'system', part: 'rollout' }
const verification: Actor = { kind: 'system', part: 'verification' }
const { signal } = new AbortController()

interface Written {
  readonly events: number
  readonly eventBytes: number
  readonly largest: number
  readonly pages: number
  readonly pageBytes: number
  readonly logs: number
  readonly stateBytes: number
}

/** What the results of a rollout take in the record. */
async function writtenBy(db: Db, id: string): Promise<Written> {
  const [row] = await db.execute(sql`
    with mine as (select octet_length(entry) as bytes, decode(entry::jsonb #>> '{facts,page}', 'hex') as page
        from audit.entries where stream = ${id} and entry::jsonb #>> '{facts,page}' is not null),
      named as (select distinct content.text from audit.content join mine on mine.page = content.hash)
    select (select count(*) from mine) as events, (select sum(bytes) from mine) as event_bytes,
      (select max(bytes) from mine) as largest, (select count(*) from named) as pages,
      (select sum(octet_length(text)) from named) as page_bytes,
      (select count(*) from audit.content where kind = 2 and text like ${`%${id}/%`}) as logs,
      (select octet_length(state::text) from proposals where id = ${id}) as state_bytes`)
  const number = (name: string) => Number(row?.[name] ?? 0)
  return {
    events: number('events'),
    eventBytes: number('event_bytes'),
    largest: number('largest'),
    pages: number('pages'),
    pageBytes: number('page_bytes'),
    logs: number('logs'),
    stateBytes: number('state_bytes'),
  }
}

/** Milliseconds of each commit, one after another. */
async function timed(commits: readonly (() => Promise<unknown>)[]): Promise<readonly number[]> {
  const took: number[] = []
  for (const commit of commits) {
    const before = performance.now()
    await commit()
    took.push(performance.now() - before)
  }
  return took
}

function tell(what: string, assets: number, took: readonly number[], total = took.reduce((sum, one) => sum + one, 0)) {
  const each = `a commit ${ms(percentile(took, 0))} / ${ms(percentile(took, 0.5))} / ${ms(percentile(took, 1))}`
  console.log(
    `${what.padEnd(64)} ${(total / 1_000).toFixed(2).padStart(7)} s, ${ms(total / assets)} an asset; ${took.length} commits, ${each}`,
  )
}

/** An event row and the state of the proposal, written bare: `times` commits of so many bytes. */
async function bare(db: Db, times: number, eventBytes: number, stateBytes: number): Promise<readonly number[]> {
  await db.execute(sql`create table if not exists bare_events (id serial primary key, text text)`)
  await db.execute(sql`create table if not exists bare_states (id int primary key, state jsonb)`)
  const state = JSON.stringify({ state: random(stateBytes) })
  const event = random(eventBytes)
  return timed(
    Array.from({ length: times }, () => async () => {
      await db.execute(sql`with event as (insert into bare_events (text) values (${event}))
        insert into bare_states (id, state) values (1, ${state}::text::jsonb)
        on conflict (id) do update set state = excluded.state`)
    }),
  )
}

function random(bytes: number): string {
  return Array.from({ length: Math.ceil(bytes / 10) }, () => Math.random().toString(36).slice(2, 12))
    .join('')
    .slice(0, bytes)
}

/** `alone`: so many of them are recorded one by one. */
export async function measureOutcomes(db: Db, hosts: number, alone: number): Promise<void> {
  const service = await exampleService(db)
  const { execute } = service.workflow
  console.log(`${hosts} hosts in one rollout; minimum / median / maximum`)
  const assets = await startedOn(db, service.workflow, 'PW-1', 1, hosts)
  const some = assets.slice(0, alone)
  const outcomes = await timed(
    some.map(
      (asset, index) => () =>
        execute('PW-1', { type: 'record-outcomes', outcomes: [outcomeOf(asset, index)] }, rollout),
    ),
  )
  const verified = await timed(
    some.map(
      (asset, index) => () =>
        execute('PW-1', { type: 'record-verifications', verifications: [verificationOf(asset, index)] }, verification),
    ),
  )
  const each = await writtenBy(db, 'PW-1')
  tell(`one by one, ${alone} of them: outcome, then verification`, alone, [...outcomes, ...verified])
  tell(
    '  floor: bare statements, as many commits of as many bytes',
    alone,
    await bare(db, 2 * alone, Math.round((each.eventBytes + each.pageBytes) / (2 * alone)), each.stateBytes),
  )

  const others = await startedOn(db, service.workflow, 'PW-2', 2, hosts)
  const commits: number[] = []
  const counting: typeof execute = async (...all) => {
    const before = performance.now()
    const done = await execute(...all)
    commits.push(performance.now() - before)
    return done
  }
  const recording = createRecording({ pollSeconds: 1 }, counting, 'PW-2', () => {}, signal)
  const before = performance.now()
  const ended: readonly RecordedOutcome[] = others.map(outcomeOf)
  await Promise.all(ended.map((one) => recording.outcomes([one])))
  const found: readonly RecordedVerification[] = others.map(verificationOf)
  await Promise.all(found.map((one) => recording.verifications([one])))
  const total = performance.now() - before
  const together = await writtenBy(db, 'PW-2')
  tell(`collected, all ${hosts}: outcomes, then verifications`, hosts, commits, total)
  tell(
    '  floor: bare statements, as many commits of as many bytes',
    hosts,
    await bare(
      db,
      commits.length,
      Math.round((together.eventBytes + together.pageBytes) / commits.length),
      together.stateBytes,
    ),
  )
  for (const [how, sizes] of [
    [`one by one, ${alone}`, each],
    [`collected, ${hosts}`, together],
  ] as const)
    console.log(
      `${how}: ${sizes.events} events of ${sizes.eventBytes} bytes, the largest ${sizes.largest}; ${sizes.pages} pages of ${sizes.pageBytes} bytes; ${sizes.logs} logs; state ${sizes.stateBytes} bytes`,
    )
  await service.remove()
}
