/** What is proposed follows what has changed: nothing is done where nothing has, and nothing is missed where something has. */

import { readFile, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { sql } from 'drizzle-orm'
import fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { stepsOf } from '../../src/core/preview.ts'
import { plannedNow } from '../../src/core/proposal/since.ts'
import { createFileCatalogFeed } from '../../src/integrations/feeds/file-catalog/index.ts'
import { draftedTeams, noteDrafted } from '../../src/store/drafted.ts'
import { readAssets } from '../../src/store/inventory.ts'
import { knownPreviews } from '../../src/store/previews.ts'
import { allProposals, openProposals } from '../../src/store/proposals.ts'
import type { WorkflowParts } from '../../src/workflow/ports.ts'
import { askEngine } from '../../src/workflow/proposing/previews.ts'
import { createWorkflow } from '../../src/workflow/workflow.ts'
import { useDatabase } from '../support/database.ts'
import { approveAs, exampleService, mara, tom } from '../support/example-service.ts'
import { alwaysMine } from '../support/leases.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'

const database = useDatabase()
const { signal } = new AbortController()
const MINUTE = 60_000
const HOUR = 60 * MINUTE
const DAY = 24 * HOUR

let now: number
let service: Awaited<ReturnType<typeof exampleService>>
let catalog: string

beforeEach(async () => {
  now = Date.parse('2026-11-20T12:00:00Z')
  service = await exampleService(database().db, { clock: () => new Date(now) })
  catalog = path.join(temporaryFolder('catalog'), 'catalog.json')
  await writeFile(catalog, '{}')
})
afterEach(() => service.remove())

interface Host {
  readonly name: string
  readonly team: 'web-platform' | 'payments'
  readonly curl: number
  readonly bash: number
  /** The version of curl that its package manager offers; `null`: none has a say. */
  readonly offered: number | null
}

async function hosts(list: readonly Host[]): Promise<void> {
  const file = JSON.parse(await readFile(service.fleet, 'utf8'))
  const assets = list.map(({ name, team, curl, bash, offered }) => ({
    name,
    team,
    platform: 'debian:12',
    tags: [],
    exposure: name.endsWith('1') ? 'open' : 'controlled',
    criticality: 'low',
    timeZone: 'UTC',
    address: '192.0.2.1',
    // Of a simulated one it is always known what its package manager offers.
    simulated: offered !== null,
    bootId: '0b9d9f06-cc8c-4447-85a1-2c0aa01a6e22',
    packages: [
      { name: 'curl', version: `8.${curl}`, architecture: 'amd64' },
      { name: 'bash', version: `5.${bash}`, architecture: 'amd64' },
    ],
    pending:
      offered === null || offered <= curl
        ? []
        : [
            {
              name: 'curl',
              architecture: 'amd64',
              source: 'curl',
              installed: `8.${curl}`,
              candidate: `8.${offered}`,
              origins: ['Debian:12'],
              security: false,
            },
          ],
  }))
  await writeFile(service.fleet, JSON.stringify({ ...file, assets }))
}

const fleetOf = (count: number): readonly Host[] =>
  Array.from({ length: count }, (_, index) => ({
    name: `web-${index}`,
    team: 'web-platform',
    curl: 0,
    bash: 0,
    offered: 1,
  }))

/** A workflow of its own, as another process would have it: with nothing in memory. */
function another(more: Partial<WorkflowParts> = {}) {
  const feeds = [
    createFileCatalogFeed({ name: 'catalog', location: catalog, clock: () => new Date(now), allowShrinking: true }),
  ]
  return createWorkflow({ ...service.parts, feeds, ...more }, alwaysMine)
}

/** Where every row of every table stands, and which transaction wrote it. */
async function rows(): Promise<Record<string, string>> {
  const { db } = database()
  const tables = await db.execute<{ name: string }>(sql`
    select format('%I.%I', schemaname, tablename) as name from pg_tables
    where schemaname in ('public', 'audit') order by 1`)
  const found: Record<string, string> = {}
  for (const { name } of tables) {
    const [row] = await db.execute<{ all: string }>(
      sql.raw(`select coalesce(string_agg(ctid::text || xmin::text, ' ' order by ctid), '') as all from ${name}`),
    )
    found[name] = row?.all ?? ''
  }
  return found
}

describe('an hour in which nothing has changed', () => {
  it('writes nothing, whether this process has drafted before or not', async () => {
    await hosts(fleetOf(4))
    const first = another()
    await first.syncFeeds(signal)
    await first.syncInventory(signal)
    expect((await first.propose(signal)).opened).toHaveLength(1)
    const before = await rows()
    expect(await first.propose(signal)).toEqual({ opened: [], revised: [], closed: [] })
    expect(await another().propose(signal)).toEqual({ opened: [], revised: [], closed: [] })
    expect(await rows()).toEqual(before)
  })

  it('says nothing new where a later look finds again what is not offered', async () => {
    await hosts(fleetOf(2))
    const fixes = [{ platform: 'debian:12', source: 'curl', cve: 'CVE-2026-1001', fixedVersion: '8.5' }]
    await writeFile(catalog, JSON.stringify({ fixes }))
    const first = another()
    await first.syncFeeds(signal)
    await first.syncInventory(signal)
    expect((await first.propose(signal)).opened).toHaveLength(1)
    const heads = async () => (await allProposals(database().db)).map(({ headHash }) => headHash)
    const before = await heads()
    now += DAY
    await first.syncInventory(signal)
    await database().db.execute(sql`truncate drafted`)
    expect(await another().propose(signal)).toEqual({ opened: [], revised: [], closed: [] })
    expect(await heads()).toEqual(before)
    const [open] = await openProposals(database().db)
    expect(open?.whyNow).toContain('curl 8.5, to web-0, web-1 (its package lists do not have it)')
  })

  it('is over where time alone changes something: a rejection ends', async () => {
    await hosts(fleetOf(2))
    const workflow = another()
    await workflow.syncInventory(signal)
    const [id = ''] = (await workflow.propose(signal)).opened
    const until = new Date(now + 3 * DAY).toISOString()
    const reject = { type: 'vote', choice: 'reject', revision: null, reason: 'not now', owner: mara.id, until } as const
    await workflow.execute(id, reject, { kind: 'person', id: mara.id, name: mara.name, via: 'console' })
    expect((await workflow.propose(signal)).opened).toEqual([])
    now += 2 * DAY
    expect((await workflow.propose(signal)).opened).toEqual([])
    now += 2 * DAY
    expect((await workflow.propose(signal)).opened).toHaveLength(1)
  })
})

describe('a feed that brings something', () => {
  it('is acted upon at once, by the teams that it concerns, and no asset is looked at again', async () => {
    await hosts([
      { name: 'web-0', team: 'web-platform', curl: 0, bash: 0, offered: null },
      { name: 'pay-0', team: 'payments', curl: 9, bash: 0, offered: null },
    ])
    const workflow = another()
    await workflow.syncInventory(signal)
    expect(await workflow.propose(signal)).toEqual({ opened: [], revised: [], closed: [] })
    await writeFile(
      catalog,
      JSON.stringify({
        fixes: [{ platform: 'debian:12', source: 'curl', cve: 'CVE-2026-1001', fixedVersion: '8.5' }],
      }),
    )
    await workflow.syncFeeds(signal)
    expect((await workflow.propose(signal)).opened).toHaveLength(1)
    expect((await openProposals(database().db)).map(({ team }) => team)).toEqual(['web-platform'])
  })
})

describe('engines that answer late', () => {
  /** Hosts of which the engine says nothing until they are taken out. */
  const silent = new Set<string>()
  const problems = new Map<string, string>()

  function slow() {
    const engine = service.parts.engines.get('simulated')
    if (engine === undefined) throw new Error('the example has no engine')
    const engines = new Map([
      [
        'simulated',
        {
          ...engine,
          preview: async (...given: Parameters<typeof engine.preview>) => {
            const [{ name }, , end] = given
            while (silent.has(name)) {
              await new Promise((resolve) => setTimeout(resolve, 5))
              end.throwIfAborted()
            }
            const problem = problems.get(name)
            if (problem !== undefined) throw new Error(problem)
            return engine.preview(...given)
          },
        },
      ],
    ])
    return another({ engines })
  }

  afterEach(() => {
    silent.clear()
    problems.clear()
  })

  it('hold nothing up: a decision opens after a quarter of an hour, and names those of which nobody knows', async () => {
    await hosts(fleetOf(4))
    silent.add('web-3')
    const stop = new AbortController()
    const workflow = slow()
    await workflow.syncInventory(signal)
    let calls = 0
    const again = async () => void calls++
    expect((await workflow.proposeBeside(signal, stop.signal, again)).opened).toEqual([])
    const answers = async () => (await database().db.execute(sql`select 1 from previews`)).length
    await expect.poll(answers).toBe(3)
    now += 14 * MINUTE
    expect((await workflow.proposeBeside(signal, stop.signal, again)).opened).toEqual([])
    now += 2 * MINUTE
    const [id = ''] = (await workflow.proposeBeside(signal, stop.signal, again)).opened
    const [state] = await openProposals(database().db)
    if (state?.subject.kind !== 'patches') throw new Error('nothing was opened')
    expect(state.id).toBe(id)
    const blind = state.subject.assets.filter(({ previewProblem }) => previewProblem !== null)
    expect(blind.map(({ asset, previewProblem }) => [asset.name, previewProblem])).toEqual([
      ['web-3', 'its engine has not answered yet'],
    ])

    // Its answer comes after the vote, and adds nothing: nobody is asked again, and the asset joins.
    for (const member of [mara, tom]) await approveAs(workflow, id, member)
    await workflow.proposeBeside(signal, stop.signal, again)
    const out = (await openProposals(database().db))[0]
    expect(out?.since?.leftOut).toMatchObject({ 'example/web-3': { reason: 'not previewed' } })
    silent.clear()
    await expect.poll(() => calls).toBeGreaterThan(0)
    await workflow.answersKept()
    await workflow.proposeBeside(signal, stop.signal, again)
    const joined = (await openProposals(database().db))[0]
    if (joined === undefined) throw new Error('it is gone')
    expect(joined.votes).toHaveLength(2)
    expect(joined.revision).toBe(state.revision)
    expect(joined.since?.leftOut).toEqual({})
    const planned = plannedNow(joined, 'example/web-3')
    expect(planned?.previewProblem).toBeNull()
    expect(planned?.transaction).toEqual(stepsOf(planned?.changes ?? []))
  })

  it('are asked once for what they have answered, also by another process', async () => {
    await hosts(fleetOf(3))
    let asked = 0
    const engine = service.parts.engines.get('simulated')
    if (engine === undefined) throw new Error('the example has no engine')
    const preview: typeof engine.preview = (...given) => {
      asked++
      return engine.preview(...given)
    }
    const counting = () => another({ engines: new Map([['simulated', { ...engine, preview }]]) })
    const workflow = counting()
    await workflow.syncInventory(signal)
    await workflow.proposeBeside(signal, signal, async () => {})
    await workflow.answersKept()
    expect((await counting().propose(signal)).opened).toHaveLength(1)
    expect(asked).toBe(3)
  })

  it('are asked once what two proposals want to know', async () => {
    await hosts(fleetOf(1))
    await another().syncInventory(signal)
    const asset = (await readAssets(database().db, ['example/web-0'])).get('example/web-0')
    if (asset === undefined) throw new Error('the inventory has no web-0')
    const curl = { name: 'curl', architecture: 'amd64', source: 'curl', from: '8.0', to: '8.1' }
    const question = { engine: 'simulated', key: 'the same', asset, changes: [curl] }
    await askEngine(service.parts, 'simulated', [question, question], signal)
    expect([...(await knownPreviews(database().db, 'simulated', ['the same'])).keys()]).toEqual(['the same'])
  })

  it('are asked again an hour after they could not say', async () => {
    await hosts(fleetOf(2))
    problems.set('web-1', 'Connection refused.')
    const workflow = slow()
    await workflow.syncInventory(signal)
    const [id = ''] = (await workflow.propose(signal)).opened
    problems.clear()
    now += 30 * MINUTE
    expect((await workflow.propose(signal)).revised).toEqual([])
    now += 31 * MINUTE
    expect((await workflow.propose(signal)).revised).toEqual([id])
  })
})

describe('weeks of changes', () => {
  const host = (index: number): fc.Arbitrary<Host> =>
    fc.record({
      name: fc.constant(`host-${index}`),
      team: fc.constantFrom('web-platform' as const, 'payments' as const),
      curl: fc.integer({ min: 0, max: 3 }),
      bash: fc.integer({ min: 0, max: 3 }),
      offered: fc.option(fc.integer({ min: 0, max: 4 }), { nil: null }),
    })
  const fleet = fc
    .integer({ min: 1, max: 5 })
    .chain((count) => fc.tuple(...Array.from({ length: count }, (_, index) => host(index))))
  const fix = fc.record({
    platform: fc.constant('debian:12'),
    source: fc.constantFrom('curl', 'bash'),
    cve: fc.constantFrom('CVE-2026-1001', 'CVE-2026-1002', 'CVE-2026-1003'),
    minor: fc.integer({ min: 0, max: 4 }),
  })
  const feed = fc.record({
    fixes: fc.array(fix, { maxLength: 4 }),
    listed: fc.boolean(),
    score: fc.constantFrom(0.001, 0.4),
  })
  const step = fc.oneof(
    fc.record({ kind: fc.constant('fleet' as const), fleet }),
    fc.record({ kind: fc.constant('feed' as const), feed }),
    fc.record({ kind: fc.constant('time' as const), hours: fc.integer({ min: 1, max: 100 }) }),
    fc.record({ kind: fc.constant('vote' as const), choice: fc.constantFrom('approve' as const, 'reject' as const) }),
  )

  async function play(
    workflow: ReturnType<typeof another>,
    one: typeof step extends fc.Arbitrary<infer One> ? One : never,
  ): Promise<void> {
    switch (one.kind) {
      case 'fleet':
        await hosts(one.fleet)
        await workflow.syncInventory(signal)
        return
      case 'feed': {
        const { fixes, listed, score } = one.feed
        const content = {
          fixes: fixes.map(({ minor, ...rest }) => ({
            ...rest,
            fixedVersion: `${rest.source === 'curl' ? 8 : 5}.${minor}`,
          })),
          kev: listed
            ? [{ cve: 'CVE-2026-1001', dateAdded: '2026-11-01', dueDate: '2026-12-24', ransomware: false, name: '' }]
            : [],
          epss: [{ cve: 'CVE-2026-1002', score, percentile: 0.5, model: 'v5', date: '2026-11-19' }],
        }
        await writeFile(catalog, JSON.stringify(content))
        await workflow.syncFeeds(signal)
        return
      }
      case 'time':
        now += one.hours * HOUR
        await workflow.syncInventory(signal)
        return
      case 'vote': {
        const [open] = (await openProposals(database().db)).filter(({ status }) => status === 'open')
        if (open === undefined) return
        const refused = { reason: 'not now', owner: tom.id, until: new Date(now + 2 * DAY).toISOString() }
        const agreed = { reason: null, owner: null, until: null }
        const vote = { type: 'vote', choice: one.choice, revision: null } as const
        const actor = { kind: 'person', id: tom.id, name: tom.name, via: 'console' } as const
        await workflow.execute(open.id, { ...vote, ...(one.choice === 'reject' ? refused : agreed) }, actor)
      }
    }
  }

  it('by difference say the same as from nothing: then nothing is left to be done', async () => {
    const { db } = database()
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 3, maxLength: 8 }), async (steps) => {
        await db.execute(sql`truncate proposals, votes, results, live_contents, timers, drafted, dirty, previews`)
        const workflow = another()
        await workflow.syncFeeds(signal)
        for (const one of steps) {
          await play(workflow, one)
          await workflow.propose(signal)
          const drafted = await draftedTeams(db)
          const before = (await allProposals(db)).map(({ headHash }) => headHash)
          const fresh = another()
          expect(await fresh.assessments()).toEqual(await workflow.assessments())
          await db.execute(sql`truncate drafted`)
          expect(await fresh.propose(signal)).toEqual({ opened: [], revised: [], closed: [] })
          expect((await allProposals(db)).map(({ headHash }) => headHash)).toEqual(before)
          // As if nobody had looked, so that the next difference is one of the first's own.
          for (const row of drafted.values()) await noteDrafted(db, row)
        }
      }),
      { numRuns: 8 },
    )
  }, 120_000)
})
