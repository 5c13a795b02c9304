import { expect, test } from 'vitest'
import { type Exceptions, markDelivered, purgeDelivered, putMessages, waitingMessages } from '../../src/store/outbox.ts'
import { useDatabase } from '../support/database.ts'

const database = useDatabase()

const none = { channels: [], cards: [], threads: [], ids: [] }

const waiting = (except: Partial<Exceptions>, perChannel: number) =>
  waitingMessages(database().db, 'slack', {
    now: '2026-11-20T00:00:00.000Z',
    except: { ...none, ...except },
    perChannel,
  })

test('messages wait until they are delivered, and are forgotten only after that', async () => {
  const { db, sql } = database()
  const at = '2026-11-20T00:00:00.000Z'
  const message = { platform: 'slack', channel: 'web', proposal: 'PW-1', at, entry: null }
  await putMessages(db, [message, { ...message, channel: 'payments' }, { ...message, platform: 'console' }])
  const [first] = await waiting({}, 10)
  expect(await waiting({ channels: ['web'] }, 10)).toMatchObject([{ channel: 'payments' }])
  if (!first) throw new Error('Nothing waits.')
  await markDelivered(db, first, '2026-11-20T01:00:00.000Z')
  expect(await waiting({}, 10)).toMatchObject([{ channel: 'payments' }])
  await purgeDelivered(db, '2026-11-20T01:00:00.000Z')
  expect(await sql`select count(*)::int as rows from outbox`).toEqual([{ rows: 3 }])
  await purgeDelivered(db, '2026-12-20T00:00:00.000Z')
  expect(await sql`select count(*)::int as rows from outbox`).toEqual([{ rows: 2 }])
})

test('of a card only the latest waits, before the entries, and delivering it delivers the ones before', async () => {
  const { db, sql } = database()
  const at = '2026-11-20T00:00:00.000Z'
  const entry = { author: null, tone: 'neutral' as const, text: [], detail: [] }
  const card = { platform: 'slack', channel: 'web', proposal: 'PW-1', at, entry: null }
  await putMessages(db, [card, { ...card, entry }, { ...card, proposal: 'PW-2' }, card, { ...card, entry }, card])
  const messages = await waiting({}, 10)
  expect(messages.map(({ proposal, entry: said }) => `${proposal} ${said === null ? 'card' : 'entry'}`)).toEqual([
    'PW-2 card',
    'PW-1 card',
    'PW-1 entry',
    'PW-1 entry',
  ])
  const latest = messages[1]
  if (!latest) throw new Error('Nothing waits.')
  await putMessages(db, [card])
  await markDelivered(db, latest, at)
  expect(await sql`select count(*)::int as rows from outbox where delivered_at is null`).toEqual([{ rows: 4 }])
  expect((await waiting({}, 10)).filter((message) => message.entry === null)).toHaveLength(2)
})

test('a channel with a long story crowds out no other', async () => {
  const { db } = database()
  const at = '2026-11-20T00:00:00.000Z'
  const entry = { author: null, tone: 'neutral' as const, text: [], detail: [] }
  const one = { platform: 'slack', channel: 'web', proposal: 'PW-1', at, entry }
  await putMessages(db, [...Array.from({ length: 300 }, () => one), { ...one, channel: 'payments' }])
  const messages = await waiting({}, 20)
  expect(messages.filter(({ channel }) => channel === 'web')).toHaveLength(20)
  expect(messages.filter(({ channel }) => channel === 'payments')).toHaveLength(1)
})

test('a card, the entries of a thread and single messages are left out, and nothing else', async () => {
  const { db } = database()
  const at = '2026-11-20T00:00:00.000Z'
  const entry = { author: null, tone: 'neutral' as const, text: [], detail: [] }
  const card = { platform: 'slack', channel: 'web', proposal: 'PW-1', at, entry: null }
  const told = { ...card, entry }
  const notice = { ...told, proposal: null }
  await putMessages(db, [card, told, { ...card, proposal: 'PW-2' }, { ...told, proposal: 'PW-2' }, notice])
  const left = async (except: Partial<Exceptions>) =>
    (await waiting(except, 10)).map((one) => `${one.proposal} ${one.entry === null ? 'card' : 'entry'}`)
  const one = { channel: 'web', proposal: 'PW-1' }
  expect(await left({ cards: [one] })).toEqual(['PW-2 card', 'PW-1 entry', 'PW-2 entry', 'null entry'])
  expect(await left({ threads: [one] })).toEqual(['PW-1 card', 'PW-2 card', 'PW-2 entry', 'null entry'])
  const [first] = await waiting({}, 10)
  expect(await left({ ids: [first?.id ?? 0], threads: [one] })).toEqual(['PW-2 card', 'PW-2 entry', 'null entry'])
  expect(await left({ threads: [{ ...one, channel: 'payments' }] })).toHaveLength(5)
})
