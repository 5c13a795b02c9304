import { expect, test } from 'vitest'
import { createTroubles } from '../../src/chat/troubles.ts'
import { waitingIn, waitingLines } from '../../src/chat/waiting.ts'
import { createKeeping } from '../../src/store/keeping.ts'
import { markFailed, putMessages, waitingMessages, waitingPlaces } from '../../src/store/outbox.ts'
import { keepTrouble, readTroubles } from '../../src/store/troubles.ts'
import { useDatabase } from '../support/database.ts'
import { alwaysMine } from '../support/leases.ts'

const database = useDatabase()
const at = '2026-11-20T00:00:00.000Z'

test('what waits is said by channel and reason, and what nobody refused is only counted', async () => {
  const { db } = database()
  const entry = { author: null, tone: 'neutral' as const, text: [], detail: [] }
  const one = { platform: 'slack', channel: 'web', proposal: 'PW-1', at, entry }
  await putMessages(db, [
    one,
    one,
    { ...one, proposal: 'PW-2' },
    { ...one, channel: '@mara' },
    { ...one, proposal: null },
    { ...one, entry: null, notBefore: '2027-01-01T00:00:00.000Z' },
  ])
  const except = { channels: [], cards: [], threads: [], ids: [] }
  const waiting = await waitingMessages(db, 'slack', { now: at, except, perChannel: 10 })
  for (const { id, channel, proposal } of waiting) {
    if (channel === '@mara') await markFailed(db, id, 'Slack knows no such account')
    else if (proposal !== null) await markFailed(db, id, 'Slack channel C1 is archived: unarchive it.')
  }
  const places = await waitingPlaces(db, at)
  expect(waitingLines(places, 'slack')).toEqual([
    'For mara, 1 message of PW-1 waits: Slack knows no such account.',
    'In the channel web, 3 messages of PW-1, PW-2 wait: Slack channel C1 is archived: unarchive it.',
  ])
  expect([waitingIn(places, 'slack'), waitingIn(places, 'discord')]).toEqual([5, 0])
})

test('a trouble is logged once, kept for other processes, and over when it is over', async () => {
  const { db } = database()
  const keeping = createKeeping(db, alwaysMine)
  const said: string[] = []
  const log = { info: (line: string) => void said.push(line), warn: (line: string) => void said.push(line) }
  const keep = (kind: Parameters<typeof keepTrouble>[2]['kind'], what: string | null) =>
    keepTrouble(keeping, 'slack', { kind, what, at })
  const troubles = createTroubles({ name: 'slack', log, keep })
  troubles.begin('clock', 'The clock is wrong.')
  troubles.begin('clock', 'The clock is wrong.')
  await expect.poll(() => readTroubles(db, 'slack')).toEqual([{ kind: 'clock', at, what: 'The clock is wrong.' }])
  expect(await readTroubles(db, 'discord')).toEqual([])
  // The process is started again, and the clock is right: what the earlier process kept is over.
  createTroubles({ name: 'slack', log, keep }).end('clock')
  await expect.poll(() => readTroubles(db, 'slack')).toEqual([])
  expect(said).toEqual(['slack: The clock is wrong.'])
})
