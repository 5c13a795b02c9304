/** The one list of machines that nobody manages, over sources that know machines under several names. */

import { expect, test } from 'vitest'
import type { Asset, Observation } from '../../src/core/asset.ts'
import { hardwareId, type Identity } from '../../src/core/identity.ts'
import type { InventorySource } from '../../src/core/ports.ts'
import { listAssetPage } from '../../src/store/asset-pages.ts'
import { saveObservations } from '../../src/store/save-looks.ts'
import { createUnmanaged, type UnmanagedRow } from '../../src/workflow/unmanaged.ts'
import { anAsset, aSnapshot } from '../support/asset.ts'
import { useDatabase } from '../support/database.ts'

const database = useDatabase()
const NOW = '2026-11-20T10:00:00.000Z'
const bash = { name: 'bash', version: '1', architecture: 'amd64', source: 'bash', sourceVersion: '1' }
const uuid = (n: number) => hardwareId(`0000000${n}-1111-4222-8333-444455556666`)

function seen(id: string, other: Partial<Asset> = {}, identity: Identity = {}): Observation {
  const [source = '', name = ''] = id.split('/')
  const asset = anAsset(name, { source, engine: null, ...other })
  return { kind: 'seen', snapshot: { ...aSnapshot(asset), packages: [bash], observedAt: NOW, identity }, warnings: [] }
}

const source = (name: string, manages: boolean): InventorySource => ({
  ...{ name, describe: name },
  ...(manages ? { manages: true as const } : {}),
  observe: async function* () {},
})

/** Mara owns web; Olga is an operator. */
const people = {
  ids: ['web', 'office'],
  membersOf: (team: string) => [
    { id: 'olga', name: 'Olga', roles: ['operator'] },
    ...(team === 'web' ? [{ id: 'mara', name: 'Mara', roles: ['owner'] }] : []),
  ],
}

async function rowsOf(list: AsyncIterable<UnmanagedRow>): Promise<readonly UnmanagedRow[]> {
  const rows: UnmanagedRow[] = []
  for await (const row of list) rows.push(row)
  return rows
}

function listOf() {
  const { db } = database()
  const sources = [source('fleet', false), source('cmdb', false), source('ssh', false), source('wsus', true)]
  const teams = people as unknown as Parameters<typeof createUnmanaged>[0]['teams']
  return { db, unmanaged: createUnmanaged({ db, sources, teams }) }
}

test('what Fleet, a file or another source knows and no patching system has, each once, with an owner to ask', async () => {
  const { db, unmanaged } = listOf()
  expect(await unmanaged.counts(null)).toEqual({ all: 0, unmanaged: 0, onlyRead: 0 })
  await saveObservations(
    db,
    [
      seen('fleet/alone', {}, { hardware: uuid(1) }),
      // Two sources know it, and neither manages it.
      seen('fleet/both', { team: 'office' }, { hardware: uuid(2) }),
      seen('cmdb/both', { team: 'office' }, { hardware: uuid(2) }),
      // An engine changes it by another source.
      seen('fleet/changed', {}, { hardware: uuid(3) }),
      seen('ssh/changed', { engine: 'ssh' }, { hardware: uuid(3) }),
      // WSUS manages it, and is only read.
      seen('fleet/read', {}, { hardware: uuid(4) }),
      seen('wsus/read', {}, { hardware: uuid(4) }),
      seen('wsus/alone', {}),
      // WSUS lists it and says that it does not manage it: so it is for another witness of the same machine, too.
      seen('wsus/found', { tags: ['not managed'] }),
      seen('wsus/known', { tags: ['not managed'] }, { hardware: uuid(5) }),
      seen('fleet/known', {}, { hardware: uuid(5) }),
      seen('cmdb/stray', { team: 'nobody' }),
    ],
    NOW,
  )
  const found = await rowsOf(unmanaged.list(null))
  expect(found.map(({ name, sources, seenAt, ask }) => [name, sources.join(), seenAt, ask])).toEqual([
    ['alone', 'fleet', NOW, 'Mara (owner of web)'],
    ['both', 'cmdb,fleet', NOW, 'Olga, because the team office has no owner'],
    ['found', 'wsus', NOW, 'Mara (owner of web)'],
    ['known', 'fleet,wsus', NOW, 'Mara (owner of web)'],
    ['stray', 'cmdb', NOW, 'Olga, because it is of no team'],
  ])
  expect(await unmanaged.counts(null)).toEqual({ all: 8, unmanaged: 5, onlyRead: 2 })
  expect(await unmanaged.counts('office')).toEqual({ all: 1, unmanaged: 1, onlyRead: 0 })
  expect((await rowsOf(unmanaged.list('office'))).map(({ name }) => name)).toEqual(['both'])

  const filter = { team: null, platform: null, text: '', anywhere: false, managing: unmanaged.managing }
  const page = await listAssetPage(db, { ...filter, is: 'unmanaged' }, null, 10)
  expect(page.map(({ name }) => name)).toEqual(['alone', 'both', 'found', 'known', 'stray'])
  const all = await listAssetPage(db, { ...filter, is: null }, null, 10)
  expect(all.filter((row) => row.unmanaged).map(({ name }) => name)).toEqual([
    'alone',
    'both',
    'found',
    'known',
    'stray',
  ])
})

test('a machine leaves the list as soon as an engine has it', async () => {
  const { db, unmanaged } = listOf()
  await saveObservations(db, [seen('fleet/app01', {}, { hardware: uuid(1) })], NOW)
  expect(await unmanaged.counts(null)).toMatchObject({ unmanaged: 1 })
  await saveObservations(db, [seen('ssh/app01', { engine: 'ssh' }, { hardware: uuid(1) })], NOW)
  expect(await unmanaged.counts(null)).toMatchObject({ all: 1, unmanaged: 0 })
})

test('a machine that could not be looked at is recognised all the same, where its source says an id', async () => {
  const { db, unmanaged } = listOf()
  const asset = anAsset('app01', { source: 'fleet', engine: null })
  const identity = { hardware: uuid(1) }
  const unseen: Observation = { kind: 'unreachable', asset, reason: 'It told no software.', at: NOW, identity }
  await saveObservations(db, [seen('ssh/app01', { engine: 'ssh' }, { hardware: uuid(1) }), unseen], NOW)
  expect(await unmanaged.counts(null)).toEqual({ all: 1, unmanaged: 0, onlyRead: 0 })
})
