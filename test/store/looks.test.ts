/** Looks at assets are stored by difference: what reads back, what is written for it, and what it leaves to do. */

import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  type Asset,
  type AssetSnapshot,
  type InstalledPackage,
  type Observation,
  observedAsset,
  type PendingUpdate,
} from '../../src/core/asset.ts'
import { byBytes } from '../../src/core/by-bytes.ts'
import { canonicalJson } from '../../src/core/canonical-json.ts'
import { sha256 } from '../../src/core/sha256.ts'
import { storable } from '../../src/core/storable.ts'
import { purgeEarlyWords, readEarlyWords } from '../../src/store/early-words.ts'
import { forgetMissing, forgetOtherSources, purgeSoftware } from '../../src/store/forget-assets.ts'
import {
  historyOf,
  listAssets,
  looksBefore,
  oldestLook,
  readAssetKeys,
  readSnapshots,
  teamsOfSets,
} from '../../src/store/inventory.ts'
import { saveObservations } from '../../src/store/save-looks.ts'
import { newInterned } from '../../src/store/sets.ts'
import { createSoftwareMemory } from '../../src/store/software-memory.ts'
import { anAsset, aSnapshot } from '../support/asset.ts'
import { type TestDatabase, useDatabase } from '../support/database.ts'

const database = useDatabase()

const start = Date.parse('2026-11-20T12:00:00Z')
const minute = (number: number) => new Date(start + 60_000 * number).toISOString()
/** Later than every look. */
const now = minute(10_000)

const bash = { name: 'bash', version: '1', architecture: 'amd64', source: 'bash', sourceVersion: '1' }
const odd = { ...bash, name: 'o"d\\d \ud800\u0000', origin: 'else\nwhere', module: 'm:1' }
const packages: readonly InstalledPackage[] = [bash, { ...bash, version: '2' }, { ...bash, name: 'curl' }, odd]

const update: PendingUpdate = {
  name: 'bash',
  architecture: 'amd64',
  installed: '1',
  candidate: '2',
  source: 'bash',
  origins: ['Debian-Security:12/oldstable-security', 'Debian:12.11'],
  security: true,
  held: null,
}
const updates: readonly PendingUpdate[] = [
  update,
  { ...update, candidate: '10' },
  { ...update, name: 'a\u{1f600}', source: null, installed: null, origins: [], security: false },
  { ...update, name: 'a\uffee', held: 'kept back' },
  { ...update, name: 'o"d\\d \ud800\u0000\u0001', origins: ['"'] },
]

function seen(asset: Asset, other: Partial<AssetSnapshot> = {}): Observation {
  const snapshot = aSnapshot(asset, { packages: [bash], observedAt: minute(0), ...other })
  return { kind: 'seen', snapshot, warnings: [] }
}

const lost = (asset: Asset, at: string): Observation => ({ kind: 'unreachable', asset, reason: 'no answer\u0000', at })

/** Each row of what a look must not write where it finds nothing new, with the transaction that wrote it. */
async function untouched({ sql }: TestDatabase): Promise<unknown> {
  const tables = ['assets', 'asset_history', 'software_sets', 'package_versions', 'pending_sets', 'pending_updates']
  const rows = []
  for (const table of [...tables, 'assets_recorded', 'dirty', 'audit.entries', 'audit.content'])
    rows.push(await sql.unsafe(`select *, xmin, xmax, ctid from ${table} order by ctid`))
  return rows
}

async function takeTeams({ sql }: TestDatabase): Promise<readonly string[]> {
  const rows = await sql<{ team: string; why: string }[]>`delete from dirty returning team, why`
  expect(rows.every(({ why }) => why === 'assets')).toBe(true)
  const teams = rows.map(({ team }) => team).sort()
  return teams
}

/** As it reads back: cleaned, and lists without doubles in the order of the store. */
function asStored(snapshot: AssetSnapshot): AssetSnapshot {
  const clean = storable(snapshot)
  const once = <Item>(items: readonly Item[]) => [...new Map(items.map((item) => [canonicalJson(item), item])).values()]
  return {
    ...clean,
    packages: once(clean.packages).sort((a, b) => byBytes(canonicalJson(a), canonicalJson(b))),
    pending: once(clean.pending).sort(
      (a, b) =>
        byBytes(a.name, b.name) ||
        byBytes(a.architecture, b.architecture) ||
        byBytes(a.candidate, b.candidate) ||
        byBytes(canonicalJson(a), canonicalJson(b)),
    ),
  }
}

/** What the model knows of an asset. */
interface Known {
  readonly asset: Asset
  readonly snapshot: AssetSnapshot | null
  readonly checkedAt: string
}

/** All that, changed, leaves work for the team. */
function essence({ asset, snapshot }: Known): string {
  const { address: _address, ...facts } = asset
  if (snapshot === null) return canonicalJson({ facts })
  const { asset: _asset, observedAt: _observedAt, listsRefreshedAt, ...found } = snapshot
  return canonicalJson({ facts, found, managed: listsRefreshedAt !== null || found.pending.length > 0 })
}

const looks = fc.record({
  name: fc.constantFrom('a', 'b', 'c'),
  team: fc.constantFrom('web', 'web', 'data'),
  address: fc.constantFrom('192.0.2.1', '192.0.2.2'),
  tags: fc.constantFrom<string[]>([], ['x\u0000']),
  packages: fc.array(fc.constantFrom(...packages), { maxLength: 3 }),
  pending: fc.array(fc.constantFrom(...updates), { maxLength: 4 }),
  refreshed: fc.boolean(),
  rebootPackages: fc.constantFrom<string[]>([], [], ['linux "image", \\{6}']),
  bootId: fc.constantFrom('one', 'one', 'two'),
  minute: fc.nat({ max: 5 }),
  lost: fc.constantFrom(false, false, true),
})
const steps = fc.array(
  fc.oneof(
    { weight: 6, arbitrary: fc.record({ looks: fc.array(looks, { minLength: 1, maxLength: 4 }) }) },
    { weight: 2, arbitrary: fc.constant('again' as const) },
    { weight: 1, arbitrary: fc.record({ listed: fc.subarray(['a', 'b', 'c']) }) },
  ),
  { minLength: 1, maxLength: 8 },
)

describe('any sequence of looks', () => {
  it('reads back as the last of each asset, writes what differs, and leaves work for the teams that it concerns', async () => {
    const { db, sql } = database()
    let run = 0
    await fc.assert(
      fc.asyncProperty(steps, async (sequence) => {
        const source = `s${++run}`
        const idOf = (name: string) => `${source}/${name}`
        const model = new Map<string, Known>()
        let last: readonly Observation[] = []
        await takeTeams(database())
        for (const step of sequence) {
          const before = new Map(model)
          if (step === 'again') {
            // The second time everything is known.
            await saveObservations(db, last, now)
            await takeTeams(database())
            const rows = await untouched(database())
            await saveObservations(db, last, now)
            expect(await untouched(database())).toEqual(rows)
            learn(model, last)
            continue
          }
          if ('listed' in step) {
            await forgetMissing(db, source, step.listed.map(idOf), now)
            for (const id of model.keys()) if (!step.listed.map(idOf).includes(id)) model.delete(id)
          } else {
            last = step.looks.map((look) => {
              const { team, address, tags, rebootPackages, bootId } = look
              const asset = anAsset(look.name, { source, team, address, tags })
              const observedAt = minute(look.minute)
              if (look.lost) return lost(asset, observedAt)
              const rest = { packages: look.packages, pending: look.pending, rebootPackages, bootId, observedAt }
              return seen(asset, { ...rest, listsRefreshedAt: look.refreshed ? observedAt : null })
            })
            await saveObservations(db, last, now)
            learn(model, last)
          }
          const teams = new Set<string>()
          for (const id of new Set([...before.keys(), ...model.keys()])) {
            const [was, is] = [before.get(id), model.get(id)]
            if (was !== undefined && is !== undefined && essence(was) === essence(is)) continue
            for (const known of [was, is]) if (known !== undefined) teams.add(known.asset.team)
          }
          expect(await takeTeams(database())).toEqual([...teams].sort())

          const ids = ['a', 'b', 'c'].map(idOf)
          const read = await readSnapshots(db, { ids })
          expect(read.map(asStored)).toEqual(ids.flatMap((id) => model.get(id)?.snapshot ?? []))
          // Updates are in the order of the store as they are.
          expect(read.map(({ pending }) => pending)).toEqual(read.map((one) => asStored(one).pending))
          for (const id of ids) {
            const history = await historyOf(db, id)
            const [row] = await sql`select software_set from assets where id = ${id}`
            const current = row?.software_set ?? null
            expect(history.filter(({ until }) => until === null).map(({ softwareSet }) => softwareSet)).toEqual(
              current === null ? [] : [current],
            )
            for (const [at, { from, until }] of history.entries()) {
              if (until !== null) expect(from <= until).toBe(true)
              const newer = history[at - 1]
              if (newer !== undefined) expect((until ?? now) <= newer.from).toBe(true)
            }
          }
        }
        await forgetOtherSources(db, [], now)
        expect(await sql`select id from assets union select asset from asset_looks`).toHaveLength(0)
        expect(await sql`select from asset_history where until_at is null`).toHaveLength(0)
      }),
      { numRuns: 10 },
    )
  })

  /** Of one batch the last look at each counts. */
  function learn(model: Map<string, Known>, batch: readonly Observation[]): void {
    const last = new Map(batch.map((observation) => [observedAsset(observation).id, observation]))
    for (const observation of last.values()) learnOne(model, observation)
  }

  function learnOne(model: Map<string, Known>, observation: Observation): void {
    const asset = storable(observedAsset(observation))
    const known = model.get(asset.id)
    if (observation.kind === 'unreachable') {
      if (known !== undefined && known.checkedAt > observation.at) return
      const snapshot = known?.snapshot ? { ...known.snapshot, asset } : null
      model.set(asset.id, { asset, snapshot, checkedAt: observation.at })
      return
    }
    const snapshot = asStored(observation.snapshot)
    if (known?.snapshot && known.snapshot.observedAt > snapshot.observedAt) return
    const checkedAt = [known?.checkedAt ?? '', snapshot.observedAt].sort()[1] ?? ''
    model.set(asset.id, { asset, snapshot, checkedAt })
  }
})

describe('a look', () => {
  it('that is older changes nothing, unless what is stored claims to be of the future', async () => {
    const { db, sql } = database()
    const asset = anAsset('a')
    const versions = async () => (await readSnapshots(db)).map(({ packages: [first] }) => first?.version)
    await saveObservations(db, [seen(asset, { observedAt: minute(5), packages: [{ ...bash, version: '5' }] })], now)
    await saveObservations(db, [seen(asset, { observedAt: minute(4), packages: [{ ...bash, version: '4' }] })], now)
    await saveObservations(db, [lost({ ...asset, team: 'data' }, minute(4))], now)
    expect(await versions()).toEqual(['5'])
    expect(await listAssets(db)).toMatchObject([{ asset, observedAt: minute(5), problem: null }])
    await sql`delete from dirty`
    await saveObservations(db, [seen(asset, { observedAt: minute(4), packages: [] })], minute(4.5))
    expect(await readSnapshots(db)).toMatchObject([{ packages: [], observedAt: minute(4) }])
    expect(await takeTeams(database())).toEqual(['web'])
  })

  it('of a clock that is ahead counts as taken when it was first read, and is too old a while after that', async () => {
    const { db } = database()
    const asset = anAsset('a')
    const claimed = seen(asset, { observedAt: minute(9), packages: [{ ...bash, version: '5' }] })
    for (const at of [2, 4, 10]) {
      await saveObservations(db, [claimed], minute(at))
      expect(await listAssets(db)).toMatchObject([{ observedAt: minute(2) }])
    }
    expect(await looksBefore(db, [asset.id], minute(5))).toEqual([{ asset: asset.id, lookedAt: minute(2) }])
    await saveObservations(db, [seen(asset, { observedAt: minute(11) })], minute(12))
    expect(await listAssets(db)).toMatchObject([{ observedAt: minute(11) }])
    await forgetMissing(db, 'lab', [], minute(13))
    await purgeEarlyWords(db)
    expect(await readEarlyWords(db, [asset.id])).toEqual(new Map())
  })

  it('that could not be had keeps what the one before found, and the one after ends the problem', async () => {
    const { db } = database()
    const asset = anAsset('a')
    await saveObservations(db, [seen(asset)], now)
    await saveObservations(db, [lost(asset, minute(1))], now)
    expect(await listAssets(db)).toMatchObject([{ packages: 1, observedAt: minute(0), problem: 'no answer\ufffd' }])
    expect(await oldestLook(db, [asset.id])).toBe(minute(0))
    // Begun before, and stored late: it is no answer to what came after.
    await saveObservations(db, [seen(asset, { observedAt: minute(0.5) })], now)
    expect(await listAssets(db)).toMatchObject([{ observedAt: minute(0.5), problem: 'no answer\ufffd' }])
    await saveObservations(db, [seen(asset, { observedAt: minute(2) })], now)
    expect(await listAssets(db)).toMatchObject([{ observedAt: minute(2), problem: null }])
  })

  it('names the assets whose last good look is too old, in their order', async () => {
    const { db } = database()
    const [fresh, old, lost1] = [anAsset('fresh'), anAsset('old'), anAsset('lost')]
    await saveObservations(db, [seen(fresh, { observedAt: minute(9) }), seen(old), seen(lost1)], now)
    // Nobody reached it since: what it said last counts.
    await saveObservations(db, [lost(lost1, minute(9))], now)
    const ids = ['lab/never', lost1.id, fresh.id, old.id]
    expect(await looksBefore(db, ids, minute(5))).toEqual([
      { asset: 'lab/never', lookedAt: null },
      { asset: lost1.id, lookedAt: minute(0) },
      { asset: old.id, lookedAt: minute(0) },
    ])
    expect(await looksBefore(db, ids, minute(0))).toEqual([{ asset: 'lab/never', lookedAt: null }])
  })

  it('counts what there is of packages, pending updates, and security updates among them', async () => {
    const { db } = database()
    const listed = seen(anAsset('a'), { packages: [...packages, bash], pending: [...updates, update] })
    await saveObservations(db, [listed, seen(anAsset('b')), seen(anAsset('c'), { packages: [] })], now)
    expect(await listAssets(db)).toMatchObject([
      { packages: 4, pending: 5, security: 4 },
      { packages: 1, pending: 0, security: 0 },
      { packages: 0, pending: 0, security: 0 },
    ])
  })

  it('of which nobody says what is pending is another than one after which nothing is', async () => {
    const { db } = database()
    await saveObservations(db, [seen(anAsset('a')), seen(anAsset('b'), { listsRefreshedAt: minute(0) })], now)
    const [unsaid, none] = await readAssetKeys(db, ['web'])
    expect(unsaid?.pendingSet).toBeNull()
    expect(none?.pendingSet).toEqual(expect.any(Number))
    expect((await readSnapshots(db)).map(({ pending, listsRefreshedAt }) => [pending, listsRefreshedAt])).toEqual([
      [[], null],
      [[], minute(0)],
    ])
  })

  it('is kept when many store the same assets at once: the newest of each', async () => {
    const { db } = database()
    const names = Array.from({ length: 40 }, (_, index) => `host-${index}`)
    const batch = (number: number) =>
      names.map((name, index) =>
        (number + index) % 7 === 0
          ? lost(anAsset(name), minute(number))
          : seen(anAsset(name), { observedAt: minute(number), packages: [{ ...bash, version: String(number) }] }),
      )
    const numbers = Array.from({ length: 12 }, (_, index) => index)
    await Promise.all(
      numbers.map((number) => saveObservations(db, number % 2 === 0 ? batch(number) : batch(number).reverse(), now)),
    )
    const newest = (index: number) => String((11 + index) % 7 === 0 ? 10 : 11)
    const read = new Map((await readSnapshots(db)).map((one) => [one.asset.name, one.packages[0]?.version]))
    expect(read).toEqual(new Map(names.map((name, index) => [name, newest(index)])))
  })
})

describe('sets', () => {
  it('of an earlier version, whose hash is over ids, stay the sets of their assets', async () => {
    const { db, sql } = database()
    const listed = [seen(anAsset('a'), { packages }), seen(anAsset('b'))]
    await saveObservations(db, listed, now)
    const sets = await sql`select id, hash from software_sets order by id`
    const all = await sql`select id from package_versions order by id`
    const own = await sql`select id from package_versions where name = 'bash' and version = '1'`
    for (const members of [all, own])
      await sql`update software_sets set hash = ${sha256(members.map(({ id }) => id).join(','))}
        where size = ${members.length}`
    await sql`delete from dirty`
    await saveObservations(db, listed, now)
    expect(await sql`select id, hash from software_sets order by id`).toEqual(sets)
    expect(await takeTeams(database())).toEqual([])
    expect(await historyOf(db, 'lab/a')).toHaveLength(1)
  })

  it('are purged when nothing has them or ever had them, and stored again where one was purged in between', async () => {
    const { db, sql } = database()
    const interned = newInterned()
    const before = seen(anAsset('a'), { pending: [update] })
    await saveObservations(db, [before], now, { interned })
    const after = { observedAt: minute(1), packages: [odd], pending: updates }
    await saveObservations(db, [seen(anAsset('a'), after)], now, { interned })
    expect(await purgeSoftware(db)).toBe(1)
    await sql`delete from asset_history where until_at is not null`
    expect(await purgeSoftware(db)).toBe(1)
    // It still has both sets by their ids.
    await saveObservations(db, [seen(anAsset('a'), { pending: [update], observedAt: minute(2) })], now, { interned })
    expect(await readSnapshots(db)).toMatchObject([{ packages: [bash], pending: [update], observedAt: minute(2) }])
  })

  it('are the same lists of the same objects in every call that shares a memory, and none where it is too small', async () => {
    const { db } = database()
    const listed = { packages, pending: updates }
    await saveObservations(db, [seen(anAsset('a'), listed), seen(anAsset('b'), listed), seen(anAsset('c'))], now)
    const memory = createSoftwareMemory()
    const [a, b, c] = await readSnapshots(db, {}, memory)
    const [again] = await readSnapshots(db, { ids: ['lab/a'] }, memory)
    for (const one of [b, again]) {
      expect(one?.packages).toBe(a?.packages)
      expect(one?.pending).toBe(a?.pending)
    }
    expect(a?.packages.find(({ name, version }) => name === 'bash' && version === '1')).toBe(c?.packages[0])
    const small = createSoftwareMemory(1)
    const wide = await readSnapshots(db, {}, small)
    expect(wide).toEqual([a, b, c])
    expect(await readSnapshots(db, {}, small)).toEqual([a, b, c])
    expect(small.software.sets.size).toBe(1)
    expect((await readSnapshots(db, {}, small))[0]?.packages[0]).toBe(wide[0]?.packages[0])
    const [key] = await readAssetKeys(db, ['web'])
    expect(await teamsOfSets(db, [key?.softwareSet ?? 0], [])).toEqual(['web'])
    expect(await teamsOfSets(db, [], [key?.pendingSet ?? 0])).toEqual(['web'])
    expect(await teamsOfSets(db, [0], [0])).toEqual([])
  })
})
