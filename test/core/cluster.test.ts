import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { clusterProblem, clusterRoom, clustersOf } from '../../src/core/cluster.ts'
import type { Cluster } from '../../src/core/proposal/proposal.ts'
import type { ClusterRule } from '../../src/core/ring-rule.ts'
import { anAsset } from '../support/asset.ts'

const half = { kind: 'percent', value: 50 } as const

function tagged(tags: Readonly<Record<string, readonly string[]>>) {
  return Object.entries(tags).map(([name, own]) => anAsset(name, { tags: own }))
}

describe('clusters', () => {
  test('each tag that begins as written is one of its own, with a share of its own size', () => {
    const rules: ClusterRule[] = [{ tag: 'cluster:*', atOnce: 1, minHealthy: half }]
    const assets = tagged({ a: ['cluster:db'], b: ['cluster:db'], c: ['cluster:db'], d: ['cluster:web'], e: ['db'] })
    expect(clustersOf(rules, assets)).toEqual([
      { name: 'cluster:db', assets: ['lab/a', 'lab/b', 'lab/c'], atOnce: 1, minHealthy: 2 },
      { name: 'cluster:web', assets: ['lab/d'], atOnce: 1, minHealthy: 1 },
    ])
  })

  test('the first rule that fits a tag counts', () => {
    const rules: ClusterRule[] = [
      { tag: 'cluster:db', atOnce: 2, minHealthy: { kind: 'count', value: 1 } },
      { tag: 'cluster:*', atOnce: 1, minHealthy: half },
    ]
    const [db] = clustersOf(rules, tagged({ a: ['cluster:db'], b: ['cluster:db'] }))
    expect(db).toEqual({ name: 'cluster:db', assets: ['lab/a', 'lab/b'], atOnce: 2, minHealthy: 1 })
  })

  test('an asset with two such tags is in both', () => {
    const rules: ClusterRule[] = [{ tag: 'cluster:*', atOnce: 1, minHealthy: half }]
    const names = clustersOf(rules, tagged({ a: ['cluster:db', 'cluster:web'] })).map(({ name }) => name)
    expect(names).toEqual(['cluster:db', 'cluster:web'])
  })

  test('one that can never be worked on says why', () => {
    const cluster: Cluster = { name: 'cluster:db', assets: ['lab/a'], atOnce: 1, minHealthy: 1 }
    expect(clusterProblem(cluster)).toBe(
      'the cluster cluster:db has 1 server and keeps 1 of them up, so none may be worked on',
    )
    expect(clusterProblem({ ...cluster, assets: ['lab/a', 'lab/b'] })).toBeNull()
  })
})

const ids = ['a', 'b', 'c', 'd', 'e', 'f', 'g']
const anyCluster: fc.Arbitrary<Cluster> = fc.record({
  name: fc.constant('db'),
  assets: fc.subarray(ids, { minLength: 1 }),
  atOnce: fc.integer({ min: 1, max: 8 }),
  minHealthy: fc.integer({ min: 0, max: 8 }),
})
const some = fc.subarray([...ids, 'another', 'one more']).map((chosen) => new Set(chosen))

function allowed({ assets, atOnce, minHealthy }: Cluster, working: ReadonlySet<string>, bad: ReadonlySet<string>) {
  const busy = assets.filter((id) => working.has(id))
  const up = assets.filter((id) => !working.has(id) && !bad.has(id))
  return busy.length <= atOnce && up.length >= minHealthy
}

describe('the room in a cluster', () => {
  test('is exactly what may be taken: all of it keeps the promise, and one more breaks it', () => {
    fc.assert(
      fc.property(anyCluster, some, some, (cluster, working, bad) => {
        const room = clusterRoom(cluster, { working, bad })
        const healthy = cluster.assets.filter((id) => !working.has(id) && !bad.has(id))
        expect(room).toBeGreaterThanOrEqual(0)
        expect(room).toBeLessThanOrEqual(healthy.length)
        if (room > 0) expect(allowed(cluster, new Set([...working, ...healthy.slice(0, room)]), bad)).toBe(true)
        if (room < healthy.length) {
          expect(allowed(cluster, new Set([...working, ...healthy.slice(0, room + 1)]), bad)).toBe(false)
        }
      }),
    )
  })

  test('never grows when one more is worked on or ends badly', () => {
    fc.assert(
      fc.property(anyCluster, some, some, fc.constantFrom(...ids), (cluster, working, bad, id) => {
        const room = clusterRoom(cluster, { working, bad })
        expect(clusterRoom(cluster, { working: new Set([...working, id]), bad })).toBeLessThanOrEqual(room)
        expect(clusterRoom(cluster, { working, bad: new Set([...bad, id]) })).toBeLessThanOrEqual(room)
      }),
    )
  })

  test('lets a whole rollout through, and keeps the promise at every moment of it', () => {
    const ends = fc.infiniteStream(fc.boolean())
    fc.assert(
      fc.property(anyCluster, ends, (cluster, good) => {
        fc.pre(clusterProblem(cluster) === null)
        const left = [...cluster.assets]
        const working = new Set<string>()
        const bad = new Set<string>()
        while (left.length > 0 || working.size > 0) {
          const room = clusterRoom(cluster, { working, bad })
          for (const id of left.splice(0, room)) working.add(id)
          expect(allowed(cluster, working, bad)).toBe(true)
          const [done] = working
          if (done === undefined) break // too many ended badly
          working.delete(done)
          if (good.next().value === false) bad.add(done)
        }
        if (bad.size === 0) expect(left).toEqual([])
      }),
    )
  })
})
