/** Machines that several sources know, with a real database: files that are written anew, and a simulated system. */

import { readFile, writeFile } from 'node:fs/promises'
import path from 'node:path'
import fc from 'fast-check'
import { expect, onTestFinished, test } from 'vitest'
import { type Identity, machinesOf } from '../../src/core/identity.ts'
import type { InventorySource } from '../../src/core/ports.ts'
import { type MachineRule, noMachineRule } from '../../src/core/witnesses.ts'
import { createFileInventory } from '../../src/integrations/file-inventory/index.ts'
import { historyOf, listAssets, readSnapshots } from '../../src/store/inventory.ts'
import { findProposal, openProposals } from '../../src/store/proposals.ts'
import { verifyRecord } from '../../src/workflow/audit.ts'
import { createSync } from '../../src/workflow/sync.ts'
import { createWorkflow } from '../../src/workflow/workflow.ts'
import { fresh, memoryStore, systemScene } from '../integrations/simulated-system/scene.ts'
import { useDatabase } from '../support/database.ts'
import { approveAs, exampleService, jonas, mara, proposeAll, tom } from '../support/example-service.ts'
import { alwaysMine } from '../support/leases.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'

const database = useDatabase()
const { signal } = new AbortController()
let minutes = 0
const clock = () => new Date(Date.parse('2026-11-20T12:00:00Z') + 60_000 * minutes)
const rule: MachineRule = { ...noMachineRule, order: ['ssh', 'late', 'cmdb', 'list'] }

const A = '11111111-2222-3333-4444-555555555555'
const B = '99999999-2222-3333-4444-555555555555'
const bash = (version: string) => ({ name: 'bash', version, architecture: 'amd64' })

/** A source that lists what the test writes into its file. */
function listSource(name: string, engine: string | null = null) {
  const file = path.join(temporaryFolder('pw-machines'), `${name}.json`)
  const defaults = { platform: 'debian:12', team: 'web', engine }
  const source = createFileInventory({ name, path: file, format: 'json', defaults, allowShrinking: true, clock })
  const lists = (...assets: readonly object[]) =>
    writeFile(file, JSON.stringify({ assets: assets.map((asset) => ({ packages: [bash('1')], ...asset })) }))
  return { source, lists }
}

const log = { info: () => undefined, warn: () => undefined }

function syncOf(sources: readonly InventorySource[], machines = rule) {
  const teams = { ids: [] }
  const parts = {
    db: database().db,
    clock,
    feeds: [],
    sources,
    machines,
    teams,
    log,
    feedChanged: async () => undefined,
  }
  const sync = createSync(parts)
  return async (name?: string) => {
    minutes++
    if (name === undefined) await sync.syncInventory(signal)
    else await sync.syncSource(name, signal)
    return known()
  }
}

const known = async () => (await listAssets(database().db)).map(({ asset }) => asset.id).sort()
const assetOf = async (id: string) => (await listAssets(database().db)).find(({ asset }) => asset.id === id)?.asset
const versionOn = async (id: string) => (await readSnapshots(database().db, { ids: [id] }))[0]?.packages[0]?.version

async function goneReasons(): Promise<readonly string[]> {
  const rows = await database().sql<{ why: string }[]>`
    select entry::json -> 'facts' ->> 'why' as why from audit.entries
    where stream like 'assets:%' and entry::json ->> 'event' = 'assets-gone' order by 1`
  return rows.map(({ why }) => why)
}

test('a machine that two files and a system know is one asset, which outlives each of them', async () => {
  const [ssh, cmdb] = [listSource('ssh'), listSource('cmdb')]
  const state = fresh(['web01'])
  const [machine] = state.machines
  const reported = { ...machine, hardwareId: A, platform: 'debian:12', said: null }
  const late = systemScene(memoryStore({ ...state, machines: [reported as never] }), clock().toISOString())
  const sync = syncOf([cmdb.source, late.source, ssh.source])
  const fqdn = 'web01.example.net'
  await cmdb.lists({ name: 'server-1', fqdn, criticality: 'high', tags: ['prod'] }, { name: 'web01' })
  expect(await sync('cmdb')).toEqual(['cmdb/server-1', 'cmdb/web01'])
  await ssh.lists({ name: 'web01', fqdn, hardwareId: A, tags: ['canary'], packages: [bash('2')] })
  late.pass(30)
  // The asset that is known keeps its id; the short name alone is no match.
  await sync('ssh')
  expect(await sync()).toEqual(['cmdb/server-1', 'cmdb/web01'])
  expect(await assetOf('cmdb/server-1')).toMatchObject({
    ...{ source: 'ssh', engine: 'late', name: 'web01', criticality: 'high', tags: ['canary', 'prod'] },
    own: { seen: 'ssh/web01', changed: 'late/web01' },
  })
  expect(await versionOn('cmdb/server-1')).toBe('2')
  // What its nearest source says now is what is known.
  await ssh.lists({ name: 'web01', fqdn, hardwareId: A, packages: [bash('3')] })
  await sync('ssh')
  expect(await versionOn('cmdb/server-1')).toBe('3')
  expect(await historyOf(database().db, 'cmdb/server-1')).toHaveLength(3)
  // A source that goes away leaves the asset to the others, under its id.
  await cmdb.lists({ name: 'web01' })
  expect(await sync('cmdb')).toEqual(['cmdb/server-1', 'cmdb/web01'])
  expect(await assetOf('cmdb/server-1')).toMatchObject({ source: 'ssh', criticality: null })
  expect(await syncOf([cmdb.source, ssh.source])()).toEqual(['cmdb/server-1', 'cmdb/web01'])
  expect(await assetOf('cmdb/server-1')).toMatchObject({ source: 'ssh', engine: null })
  expect(await syncOf([cmdb.source])()).toEqual(['cmdb/web01'])
  expect(await goneReasons()).toEqual(['source removed'])
  const [left] = await database().sql`select count(*)::int as rows from witnesses`
  expect(left?.rows).toBe(0)
})

test('two assets that turn out to be one machine become one, and fall apart when their ids contradict each other', async () => {
  const [ssh, cmdb] = [listSource('ssh', 'ssh'), listSource('cmdb', 'other')]
  const sync = syncOf([cmdb.source, ssh.source])
  await ssh.lists({ name: 'web01' })
  await cmdb.lists({ name: 'web01', team: 'shop' })
  expect(await sync()).toEqual(['cmdb/web01', 'ssh/web01'])
  await ssh.lists({ name: 'web01', hardwareId: A })
  await cmdb.lists({ name: 'web01', team: 'shop', hardwareId: A.toUpperCase() })
  expect(await sync()).toEqual(['ssh/web01'])
  expect(await assetOf('ssh/web01')).toMatchObject({ team: 'web', engine: 'ssh' })
  expect(await goneReasons()).toEqual(['same machine'])
  const dirty = await database().sql<{ team: string }[]>`select distinct team from dirty order by team`
  expect(dirty.map(({ team }) => team)).toEqual(['shop', 'web'])
  await cmdb.lists({ name: 'web01', team: 'shop', hardwareId: B })
  expect(await sync()).toEqual(['cmdb/web01', 'ssh/web01'])
  expect(await assetOf('ssh/web01')).not.toHaveProperty('own')
  expect(await assetOf('cmdb/web01')).toMatchObject({ team: 'shop', engine: 'other' })
})

test('the configuration says which source counts, what is one machine and what is not', async () => {
  const [ssh, cmdb] = [listSource('ssh', 'ssh'), listSource('cmdb', 'other')]
  const sources = [cmdb.source, ssh.source]
  await ssh.lists({ name: 'db-primary', hardwareId: A })
  await cmdb.lists({ name: 'SRV0012', team: 'shop', hardwareId: A })
  // One hardware id and two names: a clone, until somebody says otherwise.
  expect(await syncOf(sources)()).toEqual(['cmdb/SRV0012', 'ssh/db-primary'])
  const same = { ...rule, same: [['ssh/db-primary', 'cmdb/SRV0012']] }
  expect(await syncOf(sources, same)()).toEqual(['ssh/db-primary'])
  expect(await assetOf('ssh/db-primary')).toMatchObject({ team: 'web', engine: 'ssh' })
  const facts = { team: ['cmdb'], change: ['cmdb'] }
  expect(await syncOf(sources, { ...same, facts })()).toEqual(['ssh/db-primary'])
  expect(await assetOf('ssh/db-primary')).toMatchObject({
    team: 'shop',
    engine: 'other',
    source: 'ssh',
    name: 'SRV0012',
  })
  expect(await syncOf(sources, rule)()).toEqual(['cmdb/SRV0012', 'ssh/db-primary'])
  await cmdb.lists({ name: 'db-primary', hardwareId: A })
  expect(await syncOf(sources, rule)()).toEqual(['ssh/db-primary'])
  const apart = { ...rule, apart: [['ssh/db-primary', 'cmdb/db-primary']] }
  expect(await syncOf(sources, apart)()).toEqual(['cmdb/db-primary', 'ssh/db-primary'])
})

test('a database of an earlier version, which knows no ids, matches at the next look', async () => {
  const [ssh, cmdb] = [listSource('ssh'), listSource('cmdb')]
  const sync = syncOf([cmdb.source, ssh.source])
  await ssh.lists({ name: 'web01' })
  await cmdb.lists({ name: 'web01' })
  await sync()
  await ssh.lists({ name: 'web01', fqdn: 'web01.example.net' })
  await cmdb.lists({ name: 'web01', fqdn: 'web01.example.net' })
  expect(await sync('ssh')).toEqual(['cmdb/web01', 'ssh/web01'])
  expect(await sync('cmdb')).toEqual(['ssh/web01'])
})

test('two assets at work stay two until one of them has ended, and the one at work keeps its id', async () => {
  const { sql } = database()
  const [ssh, cmdb] = [listSource('ssh'), listSource('cmdb')]
  const sync = syncOf([cmdb.source, ssh.source])
  await ssh.lists({ name: 'web01' })
  await cmdb.lists({ name: 'web01' })
  await sync()
  const work = (asset: string, proposal: string) =>
    sql`insert into at_work (asset, proposal, team, ring, since) values (${asset}, ${proposal}, 'web', 'canary', now())`
  await work('ssh/web01', 'PW-1')
  await work('cmdb/web01', 'PW-2')
  await ssh.lists({ name: 'web01', hardwareId: A })
  await cmdb.lists({ name: 'web01', hardwareId: A })
  expect(await sync()).toEqual(['cmdb/web01', 'ssh/web01'])
  expect(await sync()).toEqual(['cmdb/web01', 'ssh/web01'])
  await sql`delete from at_work where proposal = 'PW-1'`
  expect(await sync()).toEqual(['cmdb/web01'])
})

test('sources that are read at the same time make one asset of each machine', async () => {
  const names = Array.from({ length: 40 }, (_, at) => `web${at}`)
  const lists = ['ssh', 'cmdb', 'list'].map((name) => listSource(name))
  for (const { lists: write } of lists) await write(...names.map((name) => ({ name, fqdn: `${name}.example.net` })))
  const sync = syncOf(lists.map(({ source }) => source))
  expect(await sync()).toHaveLength(40)
  const before = await known()
  expect(await sync()).toEqual(before)
})

test('whatever sources list, one after the other, there is one asset for each machine, with the word that counts', async () => {
  const sources = ['ssh', 'cmdb', 'list'].map((name) => listSource(name))
  const one = fc.record({
    name: fc.constantFrom('a', 'b', 'c'),
    hardwareId: fc.option(fc.constantFrom(A, B), { nil: undefined }),
    fqdn: fc.option(fc.constantFrom('a.example.net', 'b.example.net'), { nil: undefined }),
    version: fc.constantFrom('1', '2', '3'),
  })
  const step = fc.record({
    source: fc.nat(2),
    list: fc.uniqueArray(one, { selector: ({ name }) => name, maxLength: 3 }),
  })
  await fc.assert(
    fc
      .asyncProperty(fc.array(step, { minLength: 3, maxLength: 12 }), async (steps) => {
        const told = new Map<string, { readonly id: string; readonly identity: Identity; readonly version: string }[]>()
        const sync = syncOf(sources.map(({ source }) => source))
        for (const { source: at, list } of steps) {
          const chosen = sources[at]
          if (chosen === undefined) continue
          const { name } = chosen.source
          await chosen.lists(...list.map(({ version, ...asset }) => ({ ...asset, packages: [bash(version)] })))
          await sync(name)
          told.set(
            name,
            list.map(({ name: own, hardwareId: hardware, fqdn, version }) => {
              return { id: `${name}/${own}`, identity: { hardware: hardware ?? null, fqdn: fqdn ?? null }, version }
            }),
          )
          const words = [...told].flatMap(([source, own]) =>
            own.map((word) => ({ ...word, source, name: word.id.slice(source.length + 1) })),
          )
          const { machines } = machinesOf(words)
          const stored = await readSnapshots(database().db)
          const seenOf = ({ asset }: (typeof stored)[number]) => asset.own?.seen ?? asset.id
          const first = (members: readonly string[]) =>
            rule.order.flatMap((source) => members.filter((id) => id.startsWith(`${source}/`)))[0] ?? ''
          expect(stored.map(seenOf).sort()).toEqual(machines.map(({ members }) => first(members)).sort())
          for (const snapshot of stored)
            expect(snapshot.packages[0]?.version).toBe(words.find(({ id }) => id === seenOf(snapshot))?.version)
        }
      })
      .afterEach(async () => {
        await database().sql`truncate witnesses, assets, asset_looks, asset_history`
      }),
    { numRuns: Number(process.env.PATCHWARDEN_MACHINE_RUNS ?? 10) },
  )
})

/** The example fleet, of which an older list and a second one know some servers by other names. */
async function exampleKnownThrice() {
  const { db } = database()
  const hosts = ['web-01', 'web-02', 'web-03']
  const edit = (fleet: string) => {
    const file = JSON.parse(fleet)
    for (const one of file.assets) if (hosts.includes(one.name)) one.fqdn = `${one.name}.example.net`
    return JSON.stringify(file)
  }
  const service = await exampleService(db, { edit })
  onTestFinished(service.remove)
  const fleet = JSON.parse(await readFile(service.fleet, 'utf8'))
  const [cmdb, second] = [listSource('cmdb'), listSource('second')]
  const listed = fleet.assets.filter(({ name }: { name: string }) => hosts.includes(name))
  await cmdb.lists(...listed.map((one: { name: string }) => ({ ...one, name: `old-${one.name}`, tags: [] })))
  await second.lists(...listed)
  const sources = [cmdb.source, second.source, ...service.parts.sources]
  const machines = { ...noMachineRule, order: ['example', 'second', 'cmdb'] }
  return { db, sources, machines, service, hosts }
}

test('a proposal lists a machine that three sources know once, and one engine patches it', async () => {
  const { db, sources, machines, service, hosts } = await exampleKnownThrice()
  const parts = { ...service.parts, sources, machines }
  const workflow = createWorkflow(parts, alwaysMine)
  await workflow.syncSource('cmdb', signal)
  await proposeAll(workflow)
  const web = (await openProposals(db)).find(({ team }) => team === 'web-platform')
  if (web?.subject.kind !== 'patches') throw new Error('There is no proposal.')
  const ids = web.subject.assets.map(({ asset }) => asset.id)
  expect(new Set(ids).size).toBe(ids.length)
  for (const host of hosts) expect(ids.filter((id) => id.endsWith(host))).toEqual([`cmdb/old-${host}`])
  expect(web.subject.rings.flatMap(({ assets }) => assets).sort()).toEqual([...ids].sort())
  expect(new Set(web.subject.assets.map(({ asset }) => asset.engine))).toEqual(new Set(['simulated']))
  for (const person of [mara, tom]) await approveAs(workflow, web.id, person)
  for (let turn = 0; turn < 20; turn++) await workflow.advance(web.id, signal)
  const after = await findProposal(db, web.id)
  const ends = hosts.map((host) => after?.rollout?.deployments[`cmdb/old-${host}`]?.verification?.end)
  expect(ends).not.toContain(undefined)
  expect(await assetOf('cmdb/old-web-01')).toMatchObject({ source: 'example' })
  const verdict = await verifyRecord(database().url, {
    rebuild: true,
    membersOf: () => [mara, tom, jonas],
    now: new Date().toISOString(),
  })
  expect(verdict).toMatchObject({ ok: true })
})
