import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { standInAsset } from '../../src/core/asset.ts'
import type { PatchSubject, PlannedAsset, PlannedRing } from '../../src/core/proposal/proposal.ts'
import { brokenGroups } from '../../src/core/whole-groups.ts'
import { lateTerms } from '../support/late-terms.ts'

type Subject = Pick<PatchSubject, 'assets' | 'rings' | 'window'>

function planned(id: string, wholeGroup: string | null, more: Partial<PlannedAsset> = {}): PlannedAsset {
  const terms = wholeGroup === null ? lateTerms : { ...lateTerms, wholeGroup }
  const asset = { ...standInAsset(id, id, 'web'), engine: 'wsus' }
  return { asset, patches: [], changes: [], transaction: [], previewProblem: null, terms, ...more }
}

const ring = (name: string, assets: readonly string[], batchSize = 100) => ({ name, assets, batchSize }) as PlannedRing
const subject = (assets: readonly PlannedAsset[], rings: readonly PlannedRing[]): Subject => ({
  ...{ assets, rings },
  window: { kind: 'any time' } as unknown as PatchSubject['window'],
})

describe('a group that is told as a whole', () => {
  const wave = [planned('a', 'Wave 1'), planned('b', 'Wave 1')]

  it('fits where one batch of one ring has all of it', () => {
    expect(brokenGroups(subject(wave, [ring('all', ['a', 'b'], 2)]))).toEqual(new Map())
  })

  it('in two rings is not started', () => {
    const broken = brokenGroups(subject(wave, [ring('canary', ['a']), ring('all', ['b'])]))
    expect(broken.get('a')).toBe(
      '"Wave 1" is told as a whole, and its servers are in several rings (canary, all): put them into one',
    )
    expect(broken.get('b')).toBe(broken.get('a'))
  })

  it('in two batches is not started', () => {
    const rings = [ring('all', ['x', 'a', 'b'], 2)]
    const broken = brokenGroups(subject([planned('x', null), ...wave], rings))
    expect(broken.get('b')).toMatch(/its 2 servers do not come in one batch of the ring all \(2 servers\)/)
    expect(broken.get('x')).toBeUndefined()
  })

  it('with a server that cannot be started is not started, and moves the others', () => {
    const assets = [planned('a', 'Wave 1'), planned('b', 'Wave 1', { previewProblem: 'not reported' })]
    const others = [planned('c', 'Wave 2'), planned('d', 'Wave 2')]
    // Were "a" started, "c" and "d" would come in two batches.
    const broken = brokenGroups(subject([...assets, ...others], [ring('all', ['a', 'c', 'b', 'd'], 2)]))
    expect([...broken]).toEqual([
      ['a', '"Wave 1" is told as a whole, and b of it cannot be started'],
      ['c', expect.stringContaining('one batch')],
      ['d', expect.stringContaining('one batch')],
    ])
  })

  it('with servers in several time zones is not started', () => {
    const far = planned('b', 'Wave 1')
    const assets = [planned('a', 'Wave 1'), { ...far, asset: { ...far.asset, timeZone: 'Asia/Tokyo' } }]
    expect(brokenGroups(subject(assets, [ring('all', ['a', 'b'])])).get('a')).toMatch(/time zones/)
  })
})

it('what is left comes in batches that have each group whole', () => {
  const ids = ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h']
  const group = fc.constantFrom('Wave 1', 'Wave 2', 'Wave 3', null)
  fc.assert(
    fc.property(
      fc.tuple(...ids.map(() => fc.tuple(group, fc.boolean()))),
      fc.shuffledSubarray(ids, { minLength: ids.length }),
      fc.integer({ min: 1, max: 8 }),
      fc.integer({ min: 1, max: 4 }),
      (own, order, cut, batchSize) => {
        const assets = ids.map((id, index) => {
          const [name, blind] = own[index] ?? [null, false]
          return planned(id, name, { previewProblem: blind ? 'no' : null })
        })
        const rings = [ring('one', order.slice(0, cut), batchSize), ring('two', order.slice(cut), batchSize)]
        const broken = brokenGroups(subject(assets, rings))
        const started = new Set(
          assets.filter(({ asset, previewProblem }) => previewProblem === null && !broken.has(asset.id)).map(idOf),
        )
        const batches = rings.flatMap((each) => {
          const open = each.assets.filter((id) => started.has(id))
          return Array.from({ length: Math.ceil(open.length / batchSize) }, (_, n) =>
            open.slice(n * batchSize, (n + 1) * batchSize),
          )
        })
        for (const batch of batches)
          for (const id of batch) {
            const name = assets.find((one) => idOf(one) === id)?.terms?.wholeGroup
            if (name === undefined) continue
            const all = assets.filter(({ terms }) => terms?.wholeGroup === name).map(idOf)
            expect(batch).toEqual(expect.arrayContaining(all))
          }
      },
    ),
  )
})

const idOf = ({ asset }: PlannedAsset) => asset.id
