import { expect, test } from 'vitest'
import { claimDatabase } from '../../src/store/installation.ts'
import { openProposals } from '../../src/store/proposals.ts'
import { asVersionBefore } from '../support/as-before.ts'
import { useDatabase } from '../support/database.ts'
import { exampleService, proposeAll } from '../support/example-service.ts'

const database = useDatabase()
const belongs = /belongs to (a real configuration|the labelled example)/

test('the first to open an empty database says of which kind it is, and the other kind is refused', async () => {
  const { db } = database()
  await claimDatabase(db, true)
  await claimDatabase(db, true)
  await expect(claimDatabase(db, false)).rejects.toThrow(belongs)
})

test('a real configuration keeps the example out', async () => {
  const { db } = database()
  await claimDatabase(db, false)
  await claimDatabase(db, false)
  await expect(claimDatabase(db, true)).rejects.toThrow(belongs)
})

test('a database of an earlier version that holds anything is nothing for the example', async () => {
  const { db } = database()
  const service = await exampleService(db)
  await proposeAll(service.workflow)
  await service.remove()
  await expect(claimDatabase(db, true)).rejects.toThrow(belongs)
  await asVersionBefore(
    database(),
    (await openProposals(db)).map(({ id }) => id),
  )
  expect(await database().sql`select from audit.entries`).toHaveLength(0)
  await expect(claimDatabase(db, true)).rejects.toThrow(belongs)
  await claimDatabase(db, false)
})
