/**
 * Whole processes beside a simulated WSUS: killed, stopped, off for days, with the database of yesterday, and two
 * installations on one server. The server and its machines outlive them in a file, and say afterwards what was done.
 */

import { setTimeout as sleep } from 'node:timers/promises'
import postgres from 'postgres'
import { afterEach, expect, onTestFailed, test } from 'vitest'
import { withFileLock } from '../../src/integrations/simulated-system/file-lock.ts'
import { paceOf } from '../../src/integrations/simulated-system/pace.ts'
import type { WsusState } from '../../src/integrations/simulated-wsus/state.ts'
import { createTestDatabase, useDatabase } from '../support/database.ts'
import { createRandom } from '../support/random.ts'
import type { RunningService } from '../support/running-service.ts'
import {
  createWsusServices,
  type Installation,
  proposalsOf,
  toldIn,
  type WsusServices,
} from '../support/wsus-services.ts'

const database = useDatabase()
/** Of a simulated day of a minute. */
const pace = paceOf(60)

/** Twenty by PATCHWARDEN_WSUS_KILLS=20; the same seed draws the same moments. */
const KILLS = Number(process.env.PATCHWARDEN_WSUS_KILLS ?? 3)
const seed = Number(process.env.PATCHWARDEN_KILL_SEED ?? Math.floor(Math.random() * 2 ** 31))
/** A lease lives for half a minute. */
const AWAY_MS = Number(process.env.PATCHWARDEN_WSUS_AWAY_SECONDS ?? 45) * 1_000

let wsus: WsusServices | null = null
afterEach(async () => {
  await wsus?.remove()
  wsus = null
})

/** `day`: how many minutes a simulated day takes. */
async function server(
  minutes: number,
  more: { rules?: string; rings?: string; lead?: string } = {},
): Promise<WsusServices> {
  wsus = await createWsusServices({ day: `${minutes} min`, daySeconds: 60 * minutes, ...more })
  return wsus
}

/** Starts a process, and has Mara approve what it proposes. */
async function approved(first: RunningService, at: Installation): Promise<void> {
  onTestFailed(() => console.log(first.log(), at.thread()))
  await first.start()
  await expect.poll(() => at.card(), { timeout: 90_000, interval: 500 }).toContain('pw:approve')
  await expect.poll(() => at.slack.sockets(), { timeout: 30_000 }).toBeGreaterThan(0)
  await at.click('pw:approve')
  await expect.poll(() => at.thread().join('\n'), { timeout: 30_000 }).toContain('Approved')
}

async function completes(by: RunningService): Promise<void> {
  const status = async () => (await proposalsOf(by))[0]?.status
  await expect.poll(status, { timeout: 400_000, interval: 3_000 }).toBe('completed')
}

const isTold = (count: number) => async (one: WsusServices) => toldIn(await one.state()).length >= count

async function until(one: WsusServices, holds: (one: WsusServices) => Promise<boolean>): Promise<void> {
  await expect.poll(() => holds(one), { timeout: 240_000, interval: 100 }).toBe(true)
}

/** What is over is removed from the server every ten minutes: here it is time for it. */
async function tidied(url: string): Promise<void> {
  const sql = postgres(url, { max: 1, onnotice: () => {} })
  await sql`update agenda.agenda_jobs set next_run_at = now() where name = 'tidy'`
  await sql.end()
}

/** Each machine has done each update once, and the server holds nothing of ours any more. */
async function expectDoneOnce(one: WsusServices, url = database().url): Promise<void> {
  await tidied(url)
  await until(one, async () => (await one.state()).groups.every(({ name }) => !name.startsWith('Patchwarden (')))
  const { machines, approvals } = await one.state()
  expect(approvals).toEqual([])
  for (const { name, attempts } of machines) {
    const done = attempts.map(({ update, ok }) => `${update} ${ok}`)
    expect(new Set(done).size, name).toBe(2)
    expect(done, name).toHaveLength(2)
  }
}

/** A number for each group and each approval that was ever made. */
const made = async (one: WsusServices) => (await one.state()).made

test(`killed ${KILLS} times at random moments (seed ${seed}): nothing is approved twice, and nothing is left behind`, {
  timeout: 600_000 + KILLS * 30_000,
}, async () => {
  const random = createRandom(seed)
  const one = await server(1)
  const at = await one.installation('one', database().url)
  const service = await at.process()
  await approved(service, at)
  for (let kill = 0; kill < KILLS; kill++) {
    // At some instant, or right after a call has changed something on the server.
    const moment = sleep(random() * 20_000)
    await (random() < 0.5 ? moment : Promise.race([one.changes(1 + Math.floor(random() * 8)), sleep(20_000)]))
    await service.end('SIGKILL')
    await service.start()
  }
  await completes(service)
  await expectDoneOnce(one)
  // Two rings, in each a group with two approvals.
  expect(await made(one)).toBe(2 * (1 + 2))
  expect(await service.command('audit', 'verify', '--rebuild')).toMatchObject({ code: 0 })
})

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
  await expectDoneOnce(one)
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
  timeout: 600_000,
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

/** What the newest card and the thread say, for people. */
const said = (at: Installation) => ({ card: at.card(), thread: at.thread().join('\n') })

/** Told, with two of the three machines off, so that only the third learns of it. */
async function oneOfThreeLearns(one: WsusServices): Promise<void> {
  await until(one, isTold(3))
  const off = [{ from: new Date().toISOString(), until: new Date(Date.now() + 600_000).toISOString() }]
  const asleep = new Set(
    toldIn(await one.state())
      .filter(({ told }) => told.length === 0)
      .slice(0, 2)
      .map(({ id }) => id),
  )
  expect(asleep.size).toBe(2)
  await one.change((state) => ({
    ...state,
    machines: state.machines.map((machine) => (asleep.has(machine.id) ? { ...machine, off } : machine)),
  }))
  await until(one, async (now) => toldIn(await now.state()).some(({ told }) => told.length > 0))
}

test('a halt after telling: card and thread say who was reached, who may still install until when, and who was never told', {
  timeout: 600_000,
}, async () => {
  const one = await server(2, { lead: '72 hours' })
  const at = await one.installation('one', database().url)
  const service = await at.process()
  await approved(service, at)
  await oneOfThreeLearns(one)
  expect(await service.command('halt', 'PW-1', '--because', 'odd graphs', '--as', 'mara')).toMatchObject({ code: 0 })
  await until(one, async (now) => toldIn(await now.state()).length === 0)
  const sentence = /taken back from 2 servers; 1 may still install until .+; 5 never told/
  await expect.poll(() => said(at).thread, { timeout: 60_000 }).toMatch(sentence)
  expect(said(at).thread).toContain('What was told is taken back from servers that have not begun.')
  await expect.poll(() => said(at).card, { timeout: 60_000 }).toMatch(sentence)
  expect((await one.state()).machines.flatMap(({ attempts }) => attempts)).toEqual([])
})

test('a freeze after telling takes back, says so in card and thread, and tells again when it is lifted', {
  timeout: 900_000,
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
  await until(one, isTold(2))
})
