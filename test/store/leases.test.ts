import { afterEach, expect, test } from 'vitest'
import { type Lease, type Leases, type LeasesOptions, openLeases } from '../../src/store/leases.ts'
import { cuttableProxy } from '../support/cuttable-proxy.ts'
import { useDatabase } from '../support/database.ts'

const database = useDatabase()

const opened: Leases[] = []
afterEach(async () => {
  await Promise.all(opened.splice(0).map((leases) => leases.end()))
})

function open(options: LeasesOptions = {}, url = database().url): Leases {
  const leases = openLeases(url, options)
  opened.push(leases)
  return leases
}

/** Work that goes on until it is told to end; `lease` is what it was given. */
function openWork() {
  let begin: (given: Lease) => void = () => undefined
  let end: () => void = () => undefined
  const lease = new Promise<Lease>((resolve) => {
    begin = resolve
  })
  const ended = new Promise<void>((resolve) => {
    end = resolve
  })
  async function work(given: Lease): Promise<void> {
    begin(given)
    await ended
  }
  return { work, lease, end }
}

const nothing = async () => {}

test('the same work is not done twice at the same time, neither here nor elsewhere, and again when it has ended', async () => {
  const [here, elsewhere] = [open(), open()]
  const { work, lease, end } = openWork()
  const first = here.alone('PW-1', work)
  await lease
  expect(await elsewhere.alone('PW-1', nothing)).toBe(false)
  expect(await here.alone('PW-1', nothing)).toBe(false)
  expect(await elsewhere.alone('PW-2', nothing)).toBe(true)
  end()
  expect(await first).toBe(true)
  expect(await elsewhere.alone('PW-1', nothing)).toBe(true)
})

test('of many processes that ask at the same moment one does the work', async () => {
  const processes = Array.from({ length: 5 }, () => open())
  const { work, lease, end } = openWork()
  const asked = processes.map((leases) => leases.alone('PW-1', work))
  await lease
  const refused = () => Promise.all(asked.map((answer) => Promise.race([answer, 'at work or not answered'])))
  await expect.poll(async () => (await refused()).filter((answer) => answer === false).length).toBe(4)
  end()
  expect((await Promise.all(asked)).filter(Boolean)).toHaveLength(1)
})

test('a hundred pieces of long work at the same time take two connections', async () => {
  const leases = open()
  const { work, end } = openWork()
  const running = Array.from({ length: 100 }, (_, index) => leases.alone(`PW-${index}`, work))
  await expect.poll(async () => (await database().sql`select 1 from leases`).length).toBe(100)
  const connections = await database()
    .sql`select 1 from pg_stat_activity where application_name in ('patchwarden alive', 'patchwarden leases')
      and datname = current_database()`
  expect(connections.length).toBeLessThanOrEqual(2)
  end()
  expect(await Promise.all(running)).toEqual(Array.from({ length: 100 }, () => true))
  expect(await database().sql`select 1 from leases`).toHaveLength(0)
})

test('work that fails leaves no lease behind', async () => {
  const leases = open()
  await expect(leases.alone('PW-1', () => Promise.reject(new Error('no')))).rejects.toThrow('no')
  expect(await leases.alone('PW-1', nothing)).toBe(true)
})

test('a lease is held for as long as the work lasts', async () => {
  const [holder, other] = [open({ lifetimeMs: 2_000 }), open({ lifetimeMs: 2_000 })]
  const { work, lease, end } = openWork()
  const first = holder.alone('PW-1', work)
  await lease
  for (let asked = 0; asked < 10; asked++) {
    await new Promise((resolve) => setTimeout(resolve, 400))
    expect(await other.alone('PW-1', nothing)).toBe(false)
  }
  await (await lease).show()
  end()
  await first
})

test('when the connection of a holder is ended, another takes over at once, and the first shows its lease in vain', async () => {
  const [first, heir] = [open(), open()]
  const { work, lease, end } = openWork()
  const lost = first.alone('PW-1', work)
  const mine = await lease
  await mine.show()
  expect(await heir.alone('PW-1', nothing)).toBe(false)
  await database().sql`select pg_terminate_backend(pid) from pg_stat_activity
    where application_name = 'patchwarden alive' and datname = current_database()`
  const next = openWork()
  const taken = (async () => {
    while (!(await heir.alone('PW-1', next.work)));
  })()
  await next.lease
  await expect(mine.show()).rejects.toThrow(/Another process may have taken over "PW-1"/)
  expect(mine.signal.aborted).toBe(true)
  end()
  next.end()
  await Promise.all([lost, taken])
})

test('a holder whose connection was ended and whom nobody has replaced goes on', async () => {
  const [holder, other] = [open({ lifetimeMs: 900 }), open()]
  const { work, lease, end } = openWork()
  const first = holder.alone('PW-1', work)
  const mine = await lease
  const sessions = async () => {
    const rows = await database().sql<{ pid: number }[]>`select pid from pg_locks where locktype = 'advisory'
      and mode = 'ShareLock' and database = (select oid from pg_database where datname = current_database())`
    return rows.map(({ pid }) => pid)
  }
  const [before] = await sessions()
  await database().sql`select pg_terminate_backend(pid) from pg_stat_activity
    where application_name in ('patchwarden alive', 'patchwarden leases') and datname = current_database()`
  // It takes its session lock again when it renews the lease.
  const again = async () => (await sessions()).some((pid) => pid !== before)
  await expect.poll(again).toBe(true)
  expect(await other.alone('PW-1', nothing)).toBe(false)
  await mine.show()
  end()
  await first
})

test('a holder that is cut off is replaced when its lease has ended, stops by itself, and works again afterwards', async () => {
  const wire = await cuttableProxy(database().url)
  const said: string[] = []
  const first = open({ lifetimeMs: 900, log: (problem) => said.push(problem) }, wire.url)
  const heir = open({ lifetimeMs: 900 })
  const { work, lease, end } = openWork()
  const lost = first.alone('PW-1', work)
  const mine = await lease
  wire.cut()
  const next = openWork()
  const taken = (async () => {
    while (!(await heir.alone('PW-1', next.work))) await new Promise((resolve) => setTimeout(resolve, 50))
  })()
  await next.lease
  await expect.poll(() => mine.signal.aborted).toBe(true)
  wire.restore()
  await expect(mine.show()).rejects.toThrow(/Another process may have taken over/)
  expect(said.filter((line) => line.includes('cannot be renewed')).length).toBeLessThanOrEqual(1)
  next.end()
  await taken
  end()
  await lost
  await expect.poll(() => first.alone('PW-1', nothing).catch(() => false)).toBe(true)
  await wire.close()
})

test('a lease that is over by the clock of the database is lost, also where nobody has taken it yet', async () => {
  const { work, lease, end } = openWork()
  const first = open().alone('PW-1', work)
  const mine = await lease
  await database().sql`update leases set expires_at = now() - interval '1 second'`
  await expect(mine.show()).rejects.toThrow(/Another process may have taken over "PW-1"/)
  end()
  await first
})

test('work that outlives the leases gives nothing back, and connects nowhere', async () => {
  const told: string[] = []
  const leases = openLeases(database().url, { log: (problem) => told.push(problem) })
  const { work, lease, end } = openWork()
  const first = leases.alone('PW-1', work)
  const mine = await lease
  await leases.end()
  await expect(mine.show()).rejects.toThrow('This process has ended its leases.')
  end()
  expect(await first).toBe(true)
  expect(told).toEqual([
    'The lease "PW-1" could not be given back and ends by itself: This process has ended its leases.',
  ])
})
