/** Delivery from the real outbox to platforms that do as a test says. */

import { afterEach, beforeEach, expect, test } from 'vitest'
import { type OutgoingMessage, TryLater } from '../../src/chat/platform.ts'
import { type Reach, Undelivered } from '../../src/chat/reach.ts'
import { type Leases, openLeases } from '../../src/store/leases.ts'
import { putMessages, waitingPlaces } from '../../src/store/outbox.ts'
import { createDispatcher } from '../../src/workflow/dispatch.ts'
import type { WorkflowParts } from '../../src/workflow/ports.ts'
import { useDatabase } from '../support/database.ts'

type Deliver = (message: OutgoingMessage) => Promise<number | null>

const database = useDatabase()
let locks: Leases
let said: string[]
let time: number

beforeEach(() => {
  locks = openLeases(database().url)
  said = []
  time = Date.parse('2026-11-20T00:00:00.000Z')
})
afterEach(() => locks.end())

/** A dispatcher to Slack and Discord, and what arrived: `slack web PW-1`, in order. */
function dispatcher(slack: Deliver, discord: Deliver = async () => null, workspaceOf?: (channel: string) => string) {
  const arrived: string[] = []
  const platform = (name: string, deliver: Deliver) => ({
    name,
    ...(workspaceOf && { workspaceOf }),
    async deliver(message: OutgoingMessage) {
      const seconds = await deliver(message)
      arrived.push(`${name} ${message.channel} ${message.proposal}`)
      return seconds
    },
  })
  // A timer of an earlier test may still write, but into its own list.
  const lines = said
  const keep = (line: string) => void lines.push(line)
  const parts = {
    db: database().db,
    clock: () => new Date(time),
    platforms: [platform('slack', slack), platform('discord', discord)],
    log: { info: keep, warn: keep },
  } as unknown as WorkflowParts
  return { arrived, kick: createDispatcher(parts, locks.alone).kick }
}

const card = (platform: string, channel: string, proposal: string) => ({ platform, channel, proposal })

async function put(...cards: readonly ReturnType<typeof card>[]): Promise<void> {
  const at = new Date(time).toISOString()
  await putMessages(
    database().db,
    cards.map((one) => ({ ...one, at, entry: null })),
  )
}

/** An answer that comes when it is asked for. */
function silence(): { readonly answered: Promise<null>; readonly answer: () => void } {
  let answer = () => {}
  const answered = new Promise<null>((resolve) => {
    answer = () => resolve(null)
  })
  return { answered, answer }
}

test('a platform that does not answer holds back no other, whenever the message comes', async () => {
  const { answered, answer } = silence()
  const { arrived, kick } = dispatcher(() => answered)
  await put(card('slack', 'web', 'PW-1'), card('discord', 'web', 'PW-1'))
  const first = kick()
  await expect.poll(() => arrived).toEqual(['discord web PW-1'])
  // Long enough that nothing of Discord's is under way.
  await expect.poll(() => locks.alone('deliver discord', async () => {})).toBe(true)
  await put(card('discord', 'web', 'PW-2'))
  const second = kick()
  await expect.poll(() => arrived).toEqual(['discord web PW-1', 'discord web PW-2'])
  answer()
  await Promise.all([first, second])
  expect(arrived.at(-1)).toBe('slack web PW-1')
})

test('a channel that does not answer holds back no other', async () => {
  const { answered, answer } = silence()
  const { arrived, kick } = dispatcher(async ({ channel }) => (channel === 'web' ? answered : null))
  await put(card('slack', 'web', 'PW-1'), card('slack', 'payments', 'PW-2'))
  const first = kick()
  await expect.poll(() => arrived).toEqual(['slack payments PW-2'])
  await put(card('slack', 'payments', 'PW-3'))
  void kick()
  await expect.poll(() => arrived).toEqual(['slack payments PW-2', 'slack payments PW-3'])
  answer()
  await first
  expect(arrived.at(-1)).toBe('slack web PW-1')
})

test('a channel that fails is left alone for a while, is said once for one problem, and again when it works', async () => {
  let problem: string | null = 'the channel does not exist.'
  const { arrived, kick } = dispatcher(async () => {
    if (problem !== null) throw new Undelivered('channel', problem)
    return null
  })
  await put(card('slack', 'web', 'PW-1'))
  await kick()
  await kick()
  time += 3_000
  await kick()
  expect(said).toEqual([
    'A message of PW-1 did not reach slack, channel web: the channel does not exist. It is kept, and tried again until it arrives.',
  ])
  const [row] = await database().sql<{ attempts: number }[]>`select attempts from outbox`
  expect(row?.attempts).toBe(2)
  problem = null
  time += 5_000
  await kick()
  expect(arrived).toEqual(['slack web PW-1'])
  expect(said.slice(1)).toEqual(['Messages reach slack, channel web again.'])
})

test('a platform that asks to wait is waited for, and that is no failure', async () => {
  let asked = false
  const { arrived, kick } = dispatcher(async () => {
    if (asked) return null
    asked = true
    throw new TryLater(30)
  })
  await put(card('slack', 'web', 'PW-1'))
  await kick()
  time += 29_000
  await kick()
  expect(arrived).toEqual([])
  time += 1_000
  await kick()
  expect(arrived).toEqual(['slack web PW-1'])
  expect(said).toEqual([])
})

test('a card that lacks its picture is shown again at its time, by whichever process is there then', async () => {
  const before = dispatcher(async () => 2)
  await put(card('slack', 'web', 'PW-1'))
  await before.kick()
  expect(before.arrived).toEqual(['slack web PW-1'])
  const after = dispatcher(async () => null)
  time += 1_999
  await after.kick()
  expect(after.arrived).toEqual([])
  time += 1
  await after.kick()
  await after.kick()
  expect(after.arrived).toEqual(['slack web PW-1'])
})

/** Whom an error at the card of PW-1 in `web` holds back. */
const held: Readonly<Record<Reach, readonly string[]>> = {
  message: ['slack web PW-1'],
  thread: ['slack web PW-1'],
  channel: ['slack web PW-1', 'slack web PW-2'],
  workspace: ['slack payments PW-3', 'slack web PW-1', 'slack web PW-2'],
  platform: ['slack other PW-4', 'slack payments PW-3', 'slack web PW-1', 'slack web PW-2'],
}

test.each(Object.entries(held))(
  'an error of the %s holds back exactly that, until it is over',
  async (reach, silent) => {
    let broken = true
    const deliver: Deliver = async ({ proposal }) => {
      if (broken && proposal === 'PW-1') throw new Undelivered(reach as Reach, 'it refuses.')
      return null
    }
    const { arrived, kick } = dispatcher(deliver, undefined, (channel) => (channel === 'other' ? 'T2' : 'T1'))
    await put(card('slack', 'web', 'PW-1'))
    await kick()
    const all = [card('slack', 'web', 'PW-2'), card('slack', 'payments', 'PW-3'), card('slack', 'other', 'PW-4')]
    await put(...all, card('discord', 'web', 'PW-1'))
    await kick()
    const names = ['slack other PW-4', 'slack payments PW-3', 'slack web PW-1', 'slack web PW-2']
    expect([...arrived].sort()).toEqual(['discord web PW-1', ...names.filter((name) => !silent.includes(name))].sort())
    broken = false
    time += 2_000
    await kick()
    expect([...arrived].sort()).toEqual(['discord web PW-1', ...names].sort())
  },
)

test('where entries are refused and cards are not, it is said once, however often a card is shown', async () => {
  const { kick } = dispatcher(async ({ entry }) => {
    if (entry !== null) throw new Undelivered('channel', 'no entries here.')
    return null
  })
  const entry = { author: null, tone: 'neutral' as const, text: [], detail: [] }
  const at = new Date(time).toISOString()
  await putMessages(database().db, [{ ...card('slack', 'web', 'PW-1'), at, entry }])
  for (let round = 0; round < 5; round++) {
    await put(card('slack', 'web', 'PW-1'))
    await kick()
    time += 400_000
  }
  expect(said).toHaveLength(1)
})

test('views of a card that may wait are shown once, when their time comes, although nobody asks', async () => {
  const { arrived, kick } = dispatcher(async () => null)
  const at = new Date(time).toISOString()
  const notBefore = new Date(time + 200).toISOString()
  const view = { ...card('slack', 'web', 'PW-1'), at, entry: null }
  await putMessages(database().db, [
    { ...view, notBefore },
    { ...view, notBefore },
  ])
  await kick()
  expect(arrived).toEqual([])
  time += 300
  await expect.poll(() => arrived).toEqual(['slack web PW-1'])
  expect(await waitingPlaces(database().db, at)).toEqual([])
})
