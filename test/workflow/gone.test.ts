import { expect, test } from 'vitest'
import type { Listing, Observation } from '../../src/core/asset.ts'
import type { InventorySource } from '../../src/core/ports.ts'
import { listAssets } from '../../src/store/inventory.ts'
import { createSync } from '../../src/workflow/sync.ts'
import { anAsset, aSnapshot } from '../support/asset.ts'
import { useDatabase } from '../support/database.ts'

const database = useDatabase()
const { signal } = new AbortController()

function look(name: string): Observation {
  return { kind: 'seen', snapshot: aSnapshot(anAsset(name)), warnings: [] }
}

/** Reads a source that answers this, and says who is known afterwards and what the report says. */
async function after(
  answer: readonly (Observation | Listing)[],
  only: readonly string[] | null = null,
  shrinking: Pick<InventorySource, 'shrinking'> = {},
) {
  const { db } = database()
  const source: InventorySource = {
    name: 'lab',
    describe: 'a list of the test',
    ...shrinking,
    async *observe() {
      yield* answer
    },
  }
  const log = { info: () => undefined, warn: () => undefined }
  const parts = {
    db,
    clock: () => new Date('2026-11-20T12:00:00Z'),
    feeds: [],
    teams: { ids: ['web'] },
    sources: [source],
    log,
  }
  const [report] = await createSync({ ...parts, feedChanged: async () => undefined }).syncInventory(signal, only)
  return { known: (await listAssets(db)).map(({ asset }) => asset.name), what: report?.what }
}

test('only what a source says is gone is gone, or what it leaves out when it says that this was all', async () => {
  const all: Listing = { kind: 'all' }
  expect(await after([look('a'), look('b'), look('c'), all])).toEqual({
    known: ['a', 'b', 'c'],
    what: '3 servers seen',
  })
  expect(await after([look('a')])).toEqual({
    known: ['a', 'b', 'c'],
    what: '1 server seen; the source has not said that this is all, so nothing counts as gone',
  })
  expect(await after([look('a')], ['lab/a', 'lab/b'])).toMatchObject({ known: ['a', 'b', 'c'] })
  // It knows nothing of other sources' assets.
  const said: Listing[] = [
    { kind: 'gone', asset: 'lab/b' },
    { kind: 'gone', asset: 'other/a' },
  ]
  expect(await after([look('a'), ...said])).toMatchObject({ known: ['a', 'c'] })
  expect(await after([look('a'), all])).toMatchObject({ known: ['a'] })
})

test('a list that another program writes is not believed when it lost more than half of its servers', async () => {
  const all: Listing = { kind: 'all' }
  const heldBack = { shrinking: 'held back' } as const
  const four = ['a', 'b', 'c', 'd']
  await after([...four.map((name) => look(name)), all], null, heldBack)
  const empty = await after([all], null, heldBack)
  expect(empty.known).toEqual(four)
  expect(empty.what).toMatch(
    /^It lists only 0 of the 4 servers .* allowShrinking .* What was known before still counts/,
  )
  expect((await after([look('a'), all], null, heldBack)).known).toEqual(four)
  expect((await after([look('a'), look('b'), all], null, heldBack)).known).toEqual(['a', 'b'])
  expect((await after([all])).known).toEqual([])
})
