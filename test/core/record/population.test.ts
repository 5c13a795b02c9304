import fc from 'fast-check'
import { expect, it } from 'vitest'
import type { HashedContent } from '../../../src/core/content.ts'
import { hashesNamed } from '../../../src/core/proposal/named.ts'
import { assetList, createAssetLists, factText } from '../../../src/core/record/asset-lists.ts'
import { coverageOfAssets } from '../../../src/core/record/coverage.ts'
import {
  type AssetFacts,
  type AssetNow,
  type AssetRecorded,
  populationDifference,
  populationGone,
  type ToldOfAssets,
} from '../../../src/core/record/population.ts'
import { checkFacts } from '../../../src/core/record/streams.ts'
import { assetsIn, type Listed } from '../../support/finished.ts'

const saidAt = '2026-11-20T12:00:00.000Z'
const debian: AssetFacts = {
  platform: 'debian:12',
  exposure: 'open',
  criticality: null,
  tags: ['prod'],
  timeZone: 'UTC',
}
const now = (id: string, team: string, facts: AssetFacts, before: AssetRecorded | null): AssetNow => ({
  id,
  source: 'lab',
  team,
  facts,
  saidAt,
  before,
})

it('says in one entry what is said of many, and a move to both teams', () => {
  const told = populationDifference([
    now('lab/a', 'web', debian, null),
    now('lab/b', 'web', debian, null),
    now('lab/c', 'web', { ...debian, exposure: 'small', tags: [] }, { team: 'web', facts: debian }),
    now('lab/d', 'payments', { ...debian, criticality: 'high' }, { team: 'web', facts: debian }),
    now('lab/e', 'web', debian, { team: 'web', facts: debian }),
  ])
  expect(told.map(({ team, told: { event, facts } }) => [team, event, facts.count])).toEqual([
    ['web', 'assets-enrolled', 2],
    ['web', 'assets-changed', 1],
    ['web', 'assets-moved', 1],
    ['payments', 'assets-moved', 1],
  ])
  expect(itemsOf(told[0])).toEqual([
    { id: 'lab/a', saidAt, ...debian },
    { id: 'lab/b', saidAt, ...debian },
  ])
  expect(itemsOf(told[1])).toEqual([
    { id: 'lab/c', saidAt, before: { exposure: 'open', tags: ['prod'] }, after: { exposure: 'small', tags: [] } },
  ])
  expect(itemsOf(told[2])).toEqual([
    { id: 'lab/d', saidAt, ...debian, criticality: 'high', before: { criticality: null } },
  ])
  expect(itemsOf(told[3])).toEqual(itemsOf(told[2]))
  expect(told[2]?.told.facts).toMatchObject({ from: 'web', to: 'payments', source: 'lab' })
})

it('folds to the last population, whatever came before; the same population again says nothing', () => {
  const facts = fc.record<AssetFacts>({
    platform: fc.constantFrom('debian:12', 'rhel:9'),
    exposure: fc.constantFrom(null, 'open', 'small'),
    criticality: fc.constantFrom(null, 'high'),
    tags: fc.subarray(['prod', 'web']),
    timeZone: fc.constantFrom('UTC', 'Europe/Berlin'),
  })
  const one = fc.record<AssetRecorded>({ team: fc.constantFrom('web', 'payments'), facts })
  const population = fc.dictionary(fc.constantFrom('lab/a', 'lab/b', 'lab/c', 'lab/d'), one)
  fc.assert(
    fc.property(fc.array(population, { maxLength: 6 }), (populations) => {
      let recorded: ReadonlyMap<string, AssetRecorded> = new Map()
      const streams = new Map<string, Map<string, Listed>>()
      for (const listed of populations) {
        const is = new Map(Object.entries(listed))
        const told = differ(recorded, is)
        for (const item of told) fold(streams, item)
        recorded = is
        expect(differ(recorded, is)).toEqual([])
        for (const team of ['web', 'payments']) {
          const expected = [...is].filter(([, asset]) => asset.team === team)
          const folded = [...(streams.get(team) ?? [])].map(([id, asset]) => [id, asset.facts])
          expect(new Map(folded as [string, unknown][])).toEqual(
            new Map(expected.map(([id, asset]) => [id, asset.facts])),
          )
        }
      }
    }),
  )
})

/** What is to be said of the step from one population to the next: of those that are listed, and of those that went. */
function differ(
  recorded: ReadonlyMap<string, AssetRecorded>,
  is: ReadonlyMap<string, AssetRecorded>,
): readonly ToldOfAssets[] {
  const gone = [...recorded].flatMap(([id, { team }]) => (is.has(id) ? [] : [{ id, team, source: 'lab' }]))
  return [
    ...populationGone(gone, 'not listed'),
    ...populationDifference([...is].map(([id, { team, facts }]) => now(id, team, facts, recorded.get(id) ?? null))),
  ]
}

function fold(streams: Map<string, Map<string, Listed>>, item: ToldOfAssets): void {
  checkFacts(`assets:${item.team}`, item.told)
  const mine = streams.get(item.team) ?? new Map<string, Listed>()
  streams.set(item.team, mine)
  const { event, facts } = item.told
  for (const asset of itemsOf(item)) {
    const { id, saidAt: _, before: __, after, ...rest } = asset
    if (event === 'assets-gone' || facts.from === item.team) mine.delete(id)
    else if (event !== 'assets-changed') mine.set(id, { id, facts: rest })
    else mine.set(id, { id, facts: { ...(mine.get(id)?.facts as object), ...(after as object) } })
  }
}

function itemsOf(item: ToldOfAssets | undefined): readonly Listed[] {
  if (item === undefined) throw new Error('There is no such entry.')
  return assetsIn(String(item.told.facts.assets), textIn(item.list.contents))
}

function textIn(contents: readonly HashedContent[]) {
  return (hash: string) => contents.find((content) => content.hash === hash)?.text
}

it('lists more assets than fit on a page on several, which the list names', () => {
  const many = Array.from({ length: 2_500 }, (_, index) => ({ id: `lab/${String(index).padStart(5, '0')}` }))
  const { hash, count, contents } = assetList(many.toReversed())
  expect([count, contents.length]).toEqual([2_500, 4])
  expect(assetsIn(hash, textIn(contents))).toEqual(many)
  const root = contents.find((content) => content.hash === hash)
  expect(root === undefined ? [] : hashesNamed(root)).toEqual(contents.slice(0, 3).map((page) => page.hash))
})

it('puts lists together from the same pages, each made once', () => {
  const part = (name: string, count: number) =>
    Array.from({ length: count }, (_, index) => ({ id: `${name}/${String(index).padStart(5, '0')}` }))
  const parts = [part('a', 1_500), part('b', 300), part('c', 2), part('d', 1)]
  const listFor = createAssetLists(parts)
  const [all, some] = [listFor([0, 1, 2, 3]), listFor([0, 2])]
  expect([all.count, some.count]).toEqual([1_803, 1_502])
  const ids = (list: typeof all) => assetsIn(list.hash, textIn(list.contents)).map(({ id }) => id)
  expect(ids(all).toSorted()).toEqual(parts.flat().map(({ id }) => id))
  expect(ids(some).toSorted()).toEqual([...(parts[0] ?? []), ...(parts[2] ?? [])].map(({ id }) => id))
  const pages = new Set(all.contents.map(({ hash }) => hash))
  expect(some.contents.filter(({ hash }) => pages.has(hash))).toHaveLength(2)
})

it('names what is too long for a fact by its hash', () => {
  expect(factText('CVE-2026-1')).toBe('CVE-2026-1')
  const long = factText('x'.repeat(100_000))
  expect(long).toHaveLength(168)
  expect(factText('x'.repeat(100_001))).not.toBe(long)
})

it('says why assets cannot be assessed, with what their sources say beside the entry', () => {
  const told = coverageOfAssets([
    { id: 'lab/a', team: 'web', is: 'cannot be looked at', since: saidAt, problem: 'no route to 192.0.2.7' },
    { id: 'lab/b', team: 'web', is: 'cannot be looked at', since: null, problem: 'refused' },
    { id: 'lab/c', team: 'web', is: 'covered', since: saidAt, problem: null },
  ])
  expect(told.map((one) => one.told)).toEqual([
    {
      event: 'coverage-changed',
      facts: { is: 'cannot be looked at', since: saidAt, assets: told[0]?.list.hash, count: 2 },
      beside: {
        problems: [
          ['lab/a', 'no route to 192.0.2.7'],
          ['lab/b', 'refused'],
        ],
      },
    },
    { event: 'coverage-changed', facts: { is: 'covered', since: saidAt, assets: told[1]?.list.hash, count: 1 } },
  ])
  expect(itemsOf(told[0])).toEqual([{ id: 'lab/a', since: saidAt }, { id: 'lab/b' }])
  for (const one of told) checkFacts('assets:web', one.told)
})
