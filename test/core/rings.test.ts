import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { AssessedAsset } from '../../src/core/assessment/assess.ts'
import { ringsFor } from '../../src/core/draft.ts'
import type { RingRule } from '../../src/core/ring-rule.ts'
import { anAsset } from '../support/asset.ts'

const gate = { minSuccessPercent: 100, maxFailures: 0, unreachable: 'as failure' } as const

function ring(
  name: string,
  select: RingRule['select'],
  batch: RingRule['batch'] = { kind: 'count', value: 1 },
): RingRule {
  return { name, select, batch, soakSeconds: 0, gate }
}

function fleet(tags: readonly (readonly string[])[]): readonly AssessedAsset[] {
  return tags.map((own, index) => ({
    asset: anAsset(`web${index + 1}`, { tags: own }),
    patches: ['p'],
    changes: [],
    held: [],
    withheld: [],
    notAssessed: [],
    observedAt: '2026-11-20T00:00:00.000Z',
  }))
}

const rule: fc.Arbitrary<RingRule['select']> = fc.oneof(
  fc.constantFrom('canary', 'early').map((tag) => ({ kind: 'tag' as const, tag })),
  fc.integer({ min: 1, max: 9 }).map((count) => ({ kind: 'count' as const, count })),
  fc.integer({ min: 1, max: 100 }).map((percent) => ({ kind: 'percent' as const, percent })),
  fc.constant({ kind: 'rest' as const }),
)

test('every asset is in exactly one ring, whatever the rules', () => {
  const tags = fc.array(fc.subarray(['canary', 'early']), { minLength: 1, maxLength: 40 })
  fc.assert(
    fc.property(fc.array(rule, { minLength: 1, maxLength: 5 }), tags, (rules, hosts) => {
      const entries = fleet(hosts)
      const rings = ringsFor(
        rules.map((select, index) => ring(`ring ${index}`, select)),
        entries,
      )
      const placed = rings.flatMap((item) => item.assets)
      expect([...placed].sort()).toEqual(entries.map((entry) => entry.asset.id).sort())
      for (const { assets, batchSize } of rings) {
        expect(assets.length).toBeGreaterThan(0)
        expect(batchSize).toBeGreaterThan(0)
      }
    }),
  )
})

test.each<[string, RingRule['select'], string[]]>([
  ['by tag', { kind: 'tag', tag: 'canary' }, ['lab/web2', 'lab/web4']],
  ['by number', { kind: 'count', count: 3 }, ['lab/web1', 'lab/web2', 'lab/web3']],
  ['by share, rounded up so that it is never nobody', { kind: 'percent', percent: 1 }, ['lab/web1']],
])('a ring is chosen %s', (_, select, first) => {
  const entries = fleet([[], ['canary'], [], ['canary'], []])
  const [chosen, rest] = ringsFor([ring('first', select), ring('rest', { kind: 'rest' })], entries)
  expect(chosen?.assets).toEqual(first)
  expect(rest?.assets).toHaveLength(5 - first.length)
})

test('a batch by share is a share of its ring, at least one', () => {
  const entries = fleet(Array.from({ length: 10 }, () => []))
  const [all] = ringsFor([ring('all', { kind: 'rest' }, { kind: 'percent', value: 25 })], entries)
  expect(all?.batchSize).toBe(3)
})

test('a ring that names a server which nobody has seen yet stays, empty', () => {
  const rules = [ring('canary', { kind: 'tag', tag: 'canary' }), ring('rest', { kind: 'rest' })]
  const entries = fleet([[], []])
  const down = anAsset('web9', { tags: ['canary'] })
  expect(ringsFor(rules, entries).map(({ name }) => name)).toEqual(['rest'])
  expect(ringsFor(rules, entries, [], [down]).map(({ name, assets }) => [name, assets.length])).toEqual([
    ['canary', 0],
    ['rest', 2],
  ])
  expect(ringsFor(rules, entries, [], [anAsset('web9')]).map(({ name }) => name)).toEqual(['rest'])
  const listed = [ring('canary', { kind: 'list', assets: ['web9'] }), ring('rest', { kind: 'rest' })]
  expect(ringsFor(listed, entries, [], [down])).toHaveLength(2)
})
