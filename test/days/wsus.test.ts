/**
 * Whole processes beside a simulated WSUS over several of its days: stopped, off, with the database of yesterday, two
 * installations on one server, frozen. Each takes three to eight minutes: `npm run test:days`.
 */

import { setTimeout as sleep } from 'node:timers/promises'
import postgres from 'postgres'
import { expect, onTestFailed, test } from 'vitest'
import { withFileLock } from '../../src/integrations/simulated-system/file-lock.ts'
import { paceOf } from '../../src/integrations/simulated-system/pace.ts'
import type { WsusState } from '../../src/integrations/simulated-wsus/state.ts'
import { createTestDatabase, useDatabase } from '../support/database.ts'
import {
  approved,
  completes,
  expectDoneOnce,
  isTold,
  made,
  oneOfThreeLearns,
  said,
  tidied,
  until,
  useWsus,
} from '../support/wsus-scene.ts'
import { toldIn } from '../support/wsus-services.ts'

const database = useDatabase()
const server = useWsus()
/** Of a simulated day of a minute. */
const pace = paceOf(60)
/** A lease lives for half a minute. */
const AWAY_MS = Number(process.env.PATCHWARDEN_WSUS_AWAY_SECONDS ?? 45) * 1_000

test('stopped between an intent and its request, while another process takes over: the late request doubles nothing', {
  timeout: 1_200_000,
}, async () => {
  const one = await server(2)
  const at = await one.installation('one', database().url)
  const [first, second] = [await at.process(), await at.process()]
  const { sql } = database()
  const noted = () => sql`select 1 from engine_notes where jsonb_array_length(note -> 'groups') > 0`
  // Whoever changes the server needs this lock, so the first request of the telling is held up on its way.
  await withFileLock(`${one.stateFile}.lock`, async () => {
    await approved(first, at)
    await expect.poll(noted, { timeout: 120_000, interval: 100 }).toHaveLength(1)
    await sleep(1_000)
    first.signal('SIGSTOP')
  })
  expect(await made(one)).toBe(0)
  try {
    await second.start()
    await sleep(AWAY_MS)
    await until(one, isTold(3))
  } finally {
    first.signal('SIGCONT')
  }
  await completes(second)
  await expectDoneOnce(one, database().url)
  expect(await made(one)).toBe(2 * (1 + 2))
  expect(await second.command('audit', 'verify', '--rebuild')).toMatchObject({ code: 0 })
})

/** YAML of a window of a minute at each of these instants, in UTC. */
function minutesAt(...instants: readonly number[]): string {
  const rules = instants.map((at) => {
    const when = new Date(at)
    return `{ rrule: "FREQ=DAILY;BYHOUR=${when.getUTCHours()};BYMINUTE=${when.getUTCMinutes()}", duration: 1 min }`
  })
  return `[${rules.join(', ')}]`
}

test('off for two days across the end of its window: it takes back first, and nothing begins late', {
  timeout: 900_000,
}, async () => {
  const MINUTE = 60_000
  const opens = Math.ceil((Date.now() + 200_000) / MINUTE) * MINUTE
  const again = opens + 6 * MINUTE
  const rings = '[{ name: all, select: rest, batch: "100%", gate: { minSuccess: "0%", maxFailures: 9 } }]'
  const one = await server(1, { rules: minutesAt(opens, again), rings })
  const at = await one.installation('one', database().url)
  const service = await at.process()
  await approved(service, at)
  await until(one, isTold(5))
  // The one that would ask last is off until the window is over, and can learn nothing.
  const asks = ({ id }: { id: string }) => pace.asksAfter(id, Date.now())
  const [away] = [...toldIn(await one.state())].sort((a, b) => asks(b) - asks(a))
  expect(away?.told).toEqual([])
  const off = { from: new Date().toISOString(), until: new Date(opens + 3 * MINUTE).toISOString() }
  await one.change((state) => ({
    ...state,
    machines: state.machines.map((machine) => (machine.id === away?.id ? { ...machine, off: [off] } : machine)),
  }))
  await service.end('SIGKILL')
  await sleep(opens + 2 * MINUTE - Date.now())
  await service.start()
  const done = async () => (await one.state()).machines.filter(({ attempts }) => attempts.length > 0)
  const over = 'Its window is over: taken back from 1 server'
  await expect.poll(() => at.thread().join('\n'), { timeout: 60_000 }).toContain(over)
  const early = (await done()).map(({ name }) => name)
  expect(early).toHaveLength(4)
  expect(early).not.toContain(away?.name)
  // Switched on before the next window, it asks, and begins nothing.
  await sleep(opens + 5 * MINUTE - Date.now())
  expect((await done()).map(({ name }) => name)).toEqual(early)
  for (const { attempts } of await done())
    for (const attempt of attempts) expect(Date.parse(attempt.at)).toBeGreaterThanOrEqual(opens)
})

/** A copy of a database that nobody uses meanwhile; its address. */
async function copyOf(url: string): Promise<{ readonly url: string; drop(): Promise<void> }> {
  const address = new URL(url)
  const [from, name] = [address.pathname.slice(1), `${address.pathname.slice(1)}_yesterday`]
  address.pathname = '/template1'
  const admin = postgres(address.href, { max: 1, onnotice: () => {} })
  await admin`select pg_terminate_backend(pid) from pg_stat_activity where datname = ${from}`
  await admin`create database ${admin(name)} template ${admin(from)}`
  address.pathname = `/${name}`
  return {
    url: address.href,
    async drop() {
      await admin`drop database if exists ${admin(name)} with (force)`
      await admin.end()
    },
  }
}

test('with the database of yesterday: what nobody knows is taken back and told, and the next start begins anew', {
  timeout: 1_200_000,
}, async () => {
  const one = await server(2)
  const at = await one.installation('one', database().url)
  const service = await at.process()
  await service.start()
  await expect.poll(() => at.card(), { timeout: 90_000, interval: 500 }).toContain('pw:approve')
  await service.end('SIGTERM')
  const yesterday = await copyOf(database().url)
  await approved(service, at)
  await until(one, isTold(3))
  await service.end('SIGKILL')
  const restored = await at.process(yesterday.url)
  await restored.start()
  onTestFailed(() => console.log(restored.log()))
  await tidied(yesterday.url)
  await until(one, async (now) => toldIn(await now.state()).length === 0)
  await expect.poll(() => restored.log(), { timeout: 30_000 }).toContain('belongs to no rollout that is known here')
  expect((await one.state()).machines.every(({ attempts }) => attempts.length === 0)).toBe(true)
  await restored.command('vote', 'PW-1', 'approve', '--as', 'mara')
  await completes(restored)
  await expectDoneOnce(one, yesterday.url)
  await restored.end('SIGKILL')
  await yesterday.drop()
})

const groupsOf = ({ groups }: WsusState, name: string) =>
  groups.filter((group) => group.name.startsWith(`Patchwarden (${name})`)).length

test('two installations on one WSUS: neither touches what the other made, and no machine is patched twice', {
  timeout: 1_200_000,
}, async () => {
  const one = await server(1)
  const [mine, theirs] = [await one.installation('one', database().url), await createTestDatabase()]
  const other = await one.installation('other', theirs.url)
  const [first, second] = [await mine.process(), await other.process()]
  await approved(first, mine)
  await until(one, isTold(3))
  await approved(second, other)
  await completes(first)
  await tidied(database().url)
  await until(one, async (now) => groupsOf(await now.state(), 'one') === 0)
  expect(other.thread().join('\n')).toMatch(/installs by itself|another group/)
  const { machines } = await one.state()
  for (const { name, attempts } of machines) expect(attempts, name).toHaveLength(2)
  await second.end('SIGKILL')
  await first.end('SIGKILL')
  await theirs.drop()
})

test('a freeze after telling takes back, says so in card and thread, and tells again after it is lifted', {
  timeout: 1_200_000,
}, async () => {
  const one = await server(2, { lead: '72 hours' })
  const at = await one.installation('one', database().url)
  const service = await at.process()
  await approved(service, at)
  await oneOfThreeLearns(one)
  const later = new Date(Date.now() + 3 * 86_400_000).toISOString().slice(0, 10)
  const freeze = ['freeze', 'PW-1', '--until', later, '--because', 'a sale', '--as', 'mara']
  expect(await service.command(...freeze)).toMatchObject({ code: 0 })
  await until(one, async (now) => toldIn(await now.state()).length === 0)
  const sentence = /taken back from 2 servers; 1 may still install until .+; 5 never told/
  for (const where of ['thread', 'card'] as const)
    await expect.poll(() => said(at)[where], { timeout: 60_000 }).toMatch(sentence)
  expect((await one.state()).machines.flatMap(({ attempts }) => attempts)).toEqual([])
  expect(await service.command('unfreeze', 'PW-1', '--as', 'mara')).toMatchObject({ code: 0 })
  // They come with the next batch, so the one that had learned has to end first.
  await until(one, isTold(2), 600_000)
})
