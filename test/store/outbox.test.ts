import { expect, test } from 'vitest'
import { markDelivered, purgeDelivered, putMessages, waitingMessages } from '../../src/store/outbox.ts'
import { useDatabase } from '../support/database.ts'

const database = useDatabase()

test('messages wait until they are delivered, and are forgotten only after that', async () => {
  const { db, sql } = database()
  const at = '2026-11-20T00:00:00.000Z'
  const message = { platform: 'slack', channel: 'web', proposal: 'PW-1', at, entry: null }
  await putMessages(db, [message, { ...message, channel: 'payments' }, { ...message, platform: 'console' }])
  const [first] = await waitingMessages(db, 'slack', [], 10)
  expect(await waitingMessages(db, 'slack', ['web'], 10)).toMatchObject([{ channel: 'payments' }])
  await markDelivered(db, first?.id ?? 0, '2026-11-20T01:00:00.000Z')
  expect(await waitingMessages(db, 'slack', [], 10)).toMatchObject([{ channel: 'payments' }])
  await purgeDelivered(db, '2026-11-20T01:00:00.000Z')
  expect(await sql`select count(*)::int as rows from outbox`).toEqual([{ rows: 3 }])
  await purgeDelivered(db, '2026-12-20T00:00:00.000Z')
  expect(await sql`select count(*)::int as rows from outbox`).toEqual([{ rows: 2 }])
})
