/** Lists by key: page after page they are the whole list, also while rows come in between. */

import { Buffer } from 'node:buffer'
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { finalStatuses, type Status, statuses } from '../../src/core/proposal/proposal.ts'
import { type AssetFilter, type AssetPlace, listAssetPage } from '../../src/store/asset-pages.ts'
import { consoleThread } from '../../src/store/outbox.ts'
import { listProposals, type ProposalFilter, type ProposalPlace } from '../../src/store/proposal-pages.ts'
import { anAsset } from '../support/asset.ts'
import { createTestDatabase, type TestDatabase } from '../support/database.ts'

let database: TestDatabase

beforeAll(async () => {
  database = await createTestDatabase()
})
afterAll(() => database.drop())

/** As the collation "C" has it. */
const byBytes = (a: string, b: string) => Buffer.compare(Buffer.from(a), Buffer.from(b))

/** Reads to the end; `between` happens after each page. */
async function readAll<Row, Place>(
  page: (after: Place | null) => Promise<readonly Row[]>,
  placeOf: (row: Row) => Place,
  between: (page: number) => Promise<void>,
): Promise<readonly Row[]> {
  const all: Row[] = []
  let after: Place | null = null
  for (let number = 0; ; number++) {
    const rows: readonly Row[] = await page(after)
    all.push(...rows)
    const last = rows.at(-1)
    if (last === undefined) return all
    after = placeOf(last)
    await between(number)
  }
}

interface AssetGiven {
  readonly name: string
  readonly team: string
  readonly platform: string
  readonly problem: boolean
  readonly reboot: boolean
  readonly unmanaged: boolean
}

const name = fc.oneof(
  { weight: 4, arbitrary: fc.stringMatching(/^[ab][ab0-]{0,3}$/) },
  { weight: 1, arbitrary: fc.constantFrom('A', 'a%', 'a_b', 'a\\', 'ä', 'aä', 'é', '日本', '🙂', 'a🙂', 'a\uffff') },
)
const asset: fc.Arbitrary<AssetGiven> = fc.record({
  name,
  team: fc.constantFrom('one', 'two'),
  platform: fc.constantFrom('debian:12', 'rhel:9'),
  problem: fc.boolean(),
  reboot: fc.boolean(),
  unmanaged: fc.boolean(),
})
const assetFilter: fc.Arbitrary<AssetFilter> = fc.record({
  team: fc.constantFrom(null, null, 'one'),
  platform: fc.constantFrom(null, null, 'rhel:9'),
  text: fc.oneof(fc.constant(''), name),
  anywhere: fc.boolean(),
  is: fc.constantFrom(null, null, 'problem' as const, 'reboot' as const, 'unmanaged' as const),
})

async function putAssets(assets: readonly (AssetGiven & { readonly id: string })[]): Promise<void> {
  const { sql } = database
  for (const { id, name, team, platform, problem, reboot, unmanaged } of assets)
    await sql`with looks as (insert into asset_looks (asset, problem, checked_at)
        values (${id}, ${problem ? 'it does not answer' : null}, now())
        on conflict (asset) do update set problem = excluded.problem)
      insert into assets (id, source, team, asset, reboot_required, reboot_packages, stale_services)
      values (${id}, 'lab', ${team}, ${JSON.stringify({ ...anAsset(name, { team, platform, engine: unmanaged ? null : 'ssh' }), id })}::text::jsonb, ${reboot}, '{}', '{}')`
}

function isWanted({ name, team, platform, problem, reboot, unmanaged }: AssetGiven, filter: AssetFilter): boolean {
  const { text } = filter
  if (filter.team !== null && filter.team !== team) return false
  if (filter.platform !== null && filter.platform !== platform) return false
  if (filter.is === 'problem' && !problem) return false
  if (filter.is === 'reboot' && !reboot) return false
  if (filter.is === 'unmanaged' && !unmanaged) return false
  return filter.anywhere ? name.toLowerCase().includes(text.toLowerCase()) : name.startsWith(text)
}

describe('assets, by name', () => {
  test('pages of any size are the whole list, each asset once, whatever is asked and whatever comes in between', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(asset, { maxLength: 14 }),
        fc.array(asset, { maxLength: 5 }),
        assetFilter,
        fc.integer({ min: 1, max: 6 }),
        async (given, later, filter, most) => {
          await database.sql`truncate assets`
          const first = given.map((one, index) => ({ ...one, id: `lab/${index}` }))
          await putAssets(first)
          const wanted = first
            .filter((one) => isWanted(one, filter))
            .sort((a, b) => byBytes(a.name, b.name) || byBytes(a.id, b.id))
            .map(({ id }) => id)
          const read = await readAll(
            (after: AssetPlace | null) => listAssetPage(database.db, filter, after, most),
            ({ name, id }) => ({ name, id }),
            async (page) => {
              const one = later[page]
              if (one !== undefined) await putAssets([{ ...one, id: `later/${page}` }])
            },
          )
          const ids = read.map(({ id }) => id)
          expect(new Set(ids).size).toBe(ids.length)
          expect(ids.filter((id) => id.startsWith('lab/'))).toEqual(wanted)
          const sorted = read.toSorted((a, b) => byBytes(a.name, b.name) || byBytes(a.id, b.id))
          expect(ids).toEqual(sorted.map(({ id }) => id))
        },
      ),
      { numRuns: 60 },
    )
  })
})

interface ProposalGiven {
  readonly team: string
  readonly status: Status
  readonly title: string
}

const proposal: fc.Arbitrary<ProposalGiven> = fc.record({
  team: fc.constantFrom('one', 'two', 'three'),
  status: fc.constantFrom(...statuses),
  title: fc.constantFrom('openssl', 'OpenSSL and 3 more', '100% of curl', 'a_b', '\\'),
})
const proposalFilter: fc.Arbitrary<ProposalFilter> = fc.record({
  teams: fc.constantFrom(['one'], ['one', 'two'], ['one', 'two', 'three'], []),
  status: fc.constantFrom('open', 'over', 'open first'),
  text: fc.constantFrom('', '', 'ssl', '%', '_', '\\', 'pw-1', '1'),
})

async function putProposals(from: number, all: readonly ProposalGiven[]): Promise<void> {
  for (const [index, { team, status, title }] of all.entries())
    await database.sql`insert into proposals (id, number, team, status, seq, head_hash, opened_at, format, state, title)
      values (${`PW-${from + index}`}, ${from + index}, ${team}, ${status}, 1, '', now(), 3, '{}', ${title})`
}

describe('proposals, newest first', () => {
  test('pages of any size are the whole list, each once, whatever is asked and whatever is opened in between', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(proposal, { maxLength: 20 }),
        fc.array(proposal, { maxLength: 4 }),
        proposalFilter,
        fc.integer({ min: 1, max: 7 }),
        async (given, later, filter, most) => {
          await database.sql`truncate proposals`
          await putProposals(1, given)
          const isOpen = ({ status }: ProposalGiven) => !finalStatuses.includes(status)
          const wanted = given
            .map((one, index) => ({ ...one, number: index + 1 }))
            .filter(({ team, title, number }) => {
              const text = filter.text.toLowerCase()
              return filter.teams.includes(team) && `${title}\n${`PW-${number}`}`.toLowerCase().includes(text)
            })
            .filter((one) => filter.status === 'open first' || (filter.status === 'open') === isOpen(one))
            .sort((a, b) => Number(isOpen(b)) - Number(isOpen(a)) || b.number - a.number)
          const read = await readAll(
            (after: ProposalPlace | null) => listProposals(database.db, filter, after, most),
            ({ open, number }) => ({ open, number }),
            async (page) => {
              const one = later[page]
              if (one !== undefined) await putProposals(100 + page, [one])
            },
          )
          const numbers = read.map(({ number }) => number)
          expect(new Set(numbers).size).toBe(numbers.length)
          expect(numbers.filter((number) => number < 100)).toEqual(wanted.map(({ number }) => number))
        },
      ),
      { numRuns: 60 },
    )
  })
})

describe('a thread, its last entries first', () => {
  test('parts of any size are the whole thread, each entry once and in order, also while more is told', async () => {
    await fc.assert(
      fc.asyncProperty(fc.nat(15), fc.integer({ min: 1, max: 6 }), async (count, most) => {
        const { sql, db } = database
        await sql`truncate console_messages`
        const put = (id: number, proposal: string) =>
          sql`insert into console_messages (id, channel, proposal, at, entry) values (${id}, 'web', ${proposal}, now(), '{}')`
        for (let id = 1; id <= count; id++) await put(id, id % 3 === 0 ? 'PW-2' : 'PW-1')
        let next = 100
        const parts: number[][] = []
        for (let before: number | null = null; ; ) {
          const rows = await consoleThread(db, 'PW-1', { before, most })
          if (rows.length === 0) break
          parts.unshift(rows.map(({ id }) => id))
          before = rows[0]?.id ?? null
          await put(next++, 'PW-1')
        }
        const mine = Array.from({ length: count }, (_, index) => index + 1).filter((id) => id % 3 !== 0)
        expect(parts.flat()).toEqual(mine)
      }),
      { numRuns: 40 },
    )
  })
})
