import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { InstalledPackage, Observation } from '../../src/core/asset.ts'
import { forgetMissing, purgeSoftware } from '../../src/store/forget-assets.ts'
import { installedCounts, readAssets, readSnapshots } from '../../src/store/inventory.ts'
import { packIds, packInOrder, unpackIds } from '../../src/store/packed-ids.ts'
import { saveObservations } from '../../src/store/save-looks.ts'
import { newInterned } from '../../src/store/sets.ts'
import { anAsset, aSnapshot } from '../support/asset.ts'
import { useDatabase } from '../support/database.ts'

describe('packed ids', () => {
  it('come back as they were', () => {
    fc.assert(
      fc.property(fc.uniqueArray(fc.integer({ min: 1, max: 2_147_483_647 })), (ids) => {
        const sorted = ids.sort((a, b) => a - b)
        const found: number[] = []
        unpackIds(packIds(sorted), (id) => found.push(id))
        expect(found).toEqual(sorted)
      }),
    )
  })

  it('come back in the order in which they were, where that is asked for', () => {
    fc.assert(
      fc.property(fc.uniqueArray(fc.integer({ min: 1, max: 2_147_483_647 })), (ids) => {
        const found: number[] = []
        unpackIds(packInOrder(ids), (id) => found.push(id))
        expect(found).toEqual(ids)
      }),
    )
  })

  it('are read in the form that databases from before were converted to', () => {
    const found: number[] = []
    unpackIds(Uint8Array.from([0, 0, 0, 0, 7, 0, 1, 0, 0]), (id) => found.push(id))
    expect(found).toEqual([7, 65_536])
    expect(() => unpackIds(Uint8Array.from([9]), () => {})).toThrow(/does not know/)
  })
})

describe('the inventory', () => {
  const database = useDatabase()
  const now = '2026-11-20T12:05:00.000Z'

  function look(name: string, packages: readonly InstalledPackage[]): Observation {
    return { kind: 'seen', snapshot: aSnapshot(anAsset(name), { packages }), warnings: [] }
  }
  const bash = { name: 'bash', version: '1', architecture: 'amd64', source: 'bash', sourceVersion: '1' }
  const node = { ...bash, name: 'nodejs', source: 'nodejs', origin: 'nodesource', module: 'nodejs:18' }

  it('comes back as it was seen; assets with the same software share one set', async () => {
    const { db } = database()
    await saveObservations(db, [look('a', [bash, node]), look('b', [node, bash]), look('c', [bash])], now)
    const snapshots = await readSnapshots(db)
    expect(snapshots.map((one) => one.packages.length)).toEqual([2, 2, 1])
    expect(snapshots[0]?.packages).toEqual(expect.arrayContaining([bash, node]))
    expect(snapshots[0]?.packages).toBe(snapshots[1]?.packages)
    expect(await installedCounts(db)).toEqual({ assets: 3, packages: 5, versions: 2 })
  })

  it('takes the last of several looks at one asset, whatever else is in the batch', async () => {
    const { db } = database()
    const interned = newInterned()
    const lost: Observation = {
      kind: 'unreachable',
      asset: anAsset('b'),
      reason: 'no answer\u0000',
      at: '2026-11-20T12:00:00.000Z',
    }
    await saveObservations(db, [look('a', [bash]), look('a', [node]), lost], now, { interned })
    await saveObservations(db, [look('c', [node])], now, { interned })
    expect((await readSnapshots(db)).map((one) => [one.asset.name, one.packages[0]?.name])).toEqual([
      ['a', 'nodejs'],
      ['c', 'nodejs'],
    ])
  })

  it('finds assets by id, those that never answered too, however many are asked for', async () => {
    const { db } = database()
    const at = '2026-11-20T12:00:00.000Z'
    const lost = anAsset('lost', { address: '192.0.2.7' })
    await saveObservations(db, [look('a', [bash]), { kind: 'unreachable', asset: lost, reason: 'no answer', at }], now)
    const many = Array.from({ length: 12_000 }, (_, index) => `lab/host${index}`)
    const found = await readAssets(db, ['lab/a', ...many, 'lab/nobody', lost.id])
    expect(found).toEqual(
      new Map([
        ['lab/a', anAsset('a')],
        [lost.id, lost],
      ]),
    )
    expect(await readAssets(db, [])).toEqual(new Map())
  })

  it('forgets what a source lists no more, and software that nothing has any more', async () => {
    const { db } = database()
    await saveObservations(db, [look('a', [bash]), look('b', [node])], now)
    const [first] = await readSnapshots(db)
    expect(await forgetMissing(db, first?.asset.source ?? '', [first?.asset.id ?? ''], now)).toBe(1)
    expect(await purgeSoftware(db)).toBe(0)
    expect((await readSnapshots(db))[0]?.packages).toEqual([bash])
  })
})
