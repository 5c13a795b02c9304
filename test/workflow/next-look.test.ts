/** An engine that knows when it is worth looking again, as one whose machines report hours later. */

import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, beforeEach, expect, test } from 'vitest'
import type { DeployEngine, DeploymentReport } from '../../src/core/ports.ts'
import type { Actor } from '../../src/core/proposal/proposal.ts'
import { unfinishedDeployments } from '../../src/core/rollout/run.ts'
import { openLeases } from '../../src/store/leases.ts'
import { findProposal } from '../../src/store/proposals.ts'
import { createWorkflow } from '../../src/workflow/workflow.ts'
import { useDatabase } from '../support/database.ts'
import { approvedExample } from '../support/example-service.ts'

const database = useDatabase()
const owner: Actor = { kind: 'person', id: 'mara', name: 'Mara', via: 'console' }
const HOUR = 3_600_000
/** Many times as long as an engine that says nothing waits for its next poll. */
const A_WHILE_MS = 600

type Say = (reports: readonly DeploymentReport[], key: string) => readonly DeploymentReport[]

/** The approved example, a clock that stands until it is moved, and what its engine was asked. */
async function scene() {
  let now = Date.now()
  const clock = () => new Date(now)
  const { db, service, id } = await approvedExample(database().db, { clock })
  const simulated = service.parts.engines.get('simulated')
  if (!simulated) throw new Error('The example has no engine.')
  const polled: string[] = []
  const cancelled: string[] = []
  let say: Say = (reports) => reports
  const engine: DeployEngine = {
    ...simulated,
    async poll(handle, signal) {
      polled.push(handle.key)
      return say(await simulated.poll(handle, signal), handle.key)
    },
    async cancel(handle, signal) {
      cancelled.push(handle.key)
      await simulated.cancel(handle, signal)
    },
  }
  const killing: (() => Promise<void>)[] = []

  return {
    id,
    polled,
    cancelled,
    say(what: Say) {
      say = what
    },
    /** Every asset is at work, and this is said of it. */
    atWork(lookAgainAt?: string) {
      say = (reports) =>
        reports.map(({ asset }) => {
          const report = { asset, outcome: null, progress: null }
          return lookAgainAt === undefined ? report : { ...report, lookAgainAt }
        })
    },
    in: (ms: number) => new Date(now + ms).toISOString(),
    pass(ms: number) {
      now += ms
    },
    /** As after a restart: it knows nothing but what is stored. */
    process({ pollSeconds = service.parts.pollSeconds, configured = true } = {}) {
      const end = new AbortController()
      const leases = openLeases(database().url)
      const parts = { ...service.parts, pollSeconds, engines: new Map(configured ? [['simulated', engine]] : []) }
      const workflow = createWorkflow(parts, leases.alone)
      const driving = drive()
      driving.catch(() => undefined)
      /** Until nothing is at work any more; while it rests, the sweep looks for what is due. */
      async function drive(): Promise<void> {
        await workflow.advance(id, end.signal)
        for (;;) {
          const state = await findProposal(db, id)
          if (state === null || unfinishedDeployments(state).length === 0) return
          await sleep(10, undefined, { signal: end.signal })
          await workflow.sweep(end.signal)
        }
      }
      async function kill(): Promise<void> {
        end.abort(new Error('the process ends'))
        await driving.catch(() => undefined)
        await leases.end()
      }
      killing.push(kill)
      return {
        driving,
        end,
        kill,
        advance: () => workflow.advance(id, end.signal),
        sweep: () => workflow.sweep(end.signal),
      }
    },
    halt: () => service.workflow.execute(id, { type: 'halt', reason: 'odd graphs' }, owner),
    state: () => findProposal(db, id),
    async nextLooks(): Promise<readonly (string | null)[]> {
      const rows = await database().sql<{ at: Date | null }[]>`select next_look as at from starts order by key`
      return rows.map(({ at }) => (at === null ? null : new Date(at).toISOString()))
    },
    async close() {
      await Promise.all(killing.map((kill) => kill()))
      await service.remove()
    },
  }
}

let one: Awaited<ReturnType<typeof scene>>
beforeEach(async () => {
  one = await scene()
})
afterEach(() => one.close())

async function expectPolls(number: number): Promise<void> {
  await expect.poll(() => one.polled.length, { timeout: 10_000, interval: 10 }).toBeGreaterThanOrEqual(number)
  await sleep(A_WHILE_MS)
  expect(one.polled).toHaveLength(number)
}

test('an engine that says "in an hour" is not asked before, by the next process neither', async () => {
  const then = one.in(HOUR)
  one.atWork(then)
  const first = one.process()
  await expectPolls(1)
  expect(await one.nextLooks()).toEqual([then])
  await first.kill()

  const second = one.process()
  await expectPolls(1)
  one.pass(HOUR - 1)
  await expectPolls(1)
  expect(await one.nextLooks()).toEqual([then])
  one.say((reports) => reports)
  one.pass(1)
  await second.driving
  expect(one.polled.filter((key) => key === one.polled[0])).toHaveLength(2)
  expect(one.cancelled).toEqual([])
  expect((await one.state())?.status).toBe('completed')
  expect(new Set(await one.nextLooks())).toEqual(new Set([null]))
})

test('while all are waited for nobody holds anything: a row says when to go on', async () => {
  const then = one.in(20 * HOUR)
  one.atWork(then)
  const process = one.process()
  await expectPolls(1)
  // It comes back at once although the assets are at work.
  await process.advance()
  const held = () => database().sql`select name from leases where expires_at > clock_timestamp()`
  await expect.poll(held, { timeout: 5_000 }).toEqual([])
  const due = await database().sql<{ at: Date }[]>`select due_at as at from timers where proposal = ${one.id}`
  expect(due.map(({ at }) => new Date(at).toISOString())).toEqual([then])
  expect(one.polled).toHaveLength(1)
})

test('what it says later holds from then on; where it says nothing more, it is asked at the usual pace', async () => {
  one.atWork(one.in(HOUR))
  one.process()
  await expectPolls(1)
  const later = one.in(3 * HOUR)
  one.atWork(later)
  one.pass(HOUR)
  await expectPolls(2)
  expect(await one.nextLooks()).toEqual([later])
  one.atWork()
  one.pass(2 * HOUR)
  await expect.poll(() => one.polled.length, { timeout: 10_000 }).toBeGreaterThan(6)
  expect(await one.nextLooks()).toEqual([null])
})

test('a stop reaches it while it is not to be asked, and then it is asked what became of it', async () => {
  one.atWork(one.in(HOUR))
  const { driving } = one.process()
  await expectPolls(1)
  one.say((reports) => reports)
  const before = performance.now()
  expect(await one.halt()).toMatchObject({ ok: true })
  await expect.poll(() => one.cancelled.length, { timeout: 10_000, interval: 5 }).toBe(1)
  expect(performance.now() - before).toBeLessThan(3_000)
  await driving
  expect(one.polled).toHaveLength(2)
  expect(one.cancelled).toEqual([one.polled[0]])
  expect((await one.state())?.status).toBe('halted')
  expect(await one.nextLooks()).toEqual([null])
})

test('a stop while nobody drives reaches it with the next process; what it says after that holds', async () => {
  one.atWork(one.in(HOUR))
  const first = one.process()
  await expectPolls(1)
  await first.kill()
  expect(await one.halt()).toMatchObject({ ok: true })
  const later = one.in(2 * HOUR)
  one.atWork(later)
  const second = one.process()
  await expect.poll(() => one.cancelled.length, { timeout: 10_000 }).toBe(1)
  await expectPolls(2)
  expect(one.cancelled).toHaveLength(1)
  expect(await one.nextLooks()).toEqual([later])
  one.say((reports) => reports)
  one.pass(2 * HOUR)
  await second.driving
  expect(one.polled).toHaveLength(3)
  expect(await one.nextLooks()).toEqual([null])
})

test.each([
  ['nothing', () => undefined],
  ['no instant', () => 'tomorrow'],
  ['an instant that is over', () => one.in(-HOUR)],
  ['this instant', () => one.in(0)],
  ['an instant that is sooner than it would be asked', () => one.in(10)],
])('where it says %s, it is asked at the usual pace and nothing is written', async (_, said) => {
  one.atWork(said())
  const { driving } = one.process()
  await expect.poll(() => one.polled.length, { timeout: 10_000 }).toBeGreaterThan(0)
  // PostgreSQL says which transaction wrote the row last.
  const written = () => database().sql`select next_look, xmin::text from starts`
  const before = await written()
  expect(before).toMatchObject([{ next_look: null }])
  await expect.poll(() => one.polled.length, { timeout: 10_000 }).toBeGreaterThan(4)
  expect(await written()).toEqual(before)
  one.say((reports) => reports)
  await driving
  expect((await one.state())?.status).toBe('completed')
})

test('where it says "in a year", it is asked after a day', async () => {
  const day = one.in(24 * HOUR)
  one.atWork(one.in(365 * 24 * HOUR))
  one.process()
  await expectPolls(1)
  expect(await one.nextLooks()).toEqual([day])
  one.pass(24 * HOUR)
  await expectPolls(2)
})

test('a row that is further ahead than can be, because the clock was set back, keeps nobody waiting', async () => {
  one.atWork(one.in(HOUR))
  const first = one.process()
  await expectPolls(1)
  await first.kill()
  await database().sql`update starts set next_look = ${one.in(365 * 24 * HOUR)}`
  one.say((reports) => reports)
  await one.process().driving
  expect((await one.state())?.status).toBe('completed')
})

test('a start whose engine is not configured any more has come to its end, and is looked at no more', async () => {
  one.atWork(one.in(HOUR))
  const first = one.process()
  await expectPolls(1)
  await first.kill()
  await one.process({ configured: false }).driving
  expect((await one.state())?.status).toBe('halted')
  expect(await one.nextLooks()).toEqual([null])
})

/** Of the first start of several assets one has ended, and the others are at work for an hour. */
function oneHasEnded(after: () => void): void {
  const then = one.in(HOUR)
  one.say((reports) => {
    if (reports.length === 1) return reports
    after()
    return reports.map((report, index) =>
      index === 0 ? report : { asset: report.asset, outcome: null, progress: null, lookAgainAt: then },
    )
  })
}

test('what has ended is verified while the others are waited for', async () => {
  oneHasEnded(() => undefined)
  one.process()
  const ends = async () =>
    Object.values((await one.state())?.rollout?.deployments ?? {}).filter(({ verification }) => verification !== null)
  // The canary, and the first of the batch after it.
  await expect.poll(async () => (await ends()).length, { timeout: 10_000 }).toBeGreaterThanOrEqual(2)
  await expect.poll(one.nextLooks, { timeout: 10_000 }).toContain(one.in(HOUR))
})

test('what had ended and was not recorded when the process was killed is asked for at once by the next', async () => {
  const first = one.process({ pollSeconds: 0.25 })
  oneHasEnded(() => setTimeout(() => first.end.abort(new Error('the process ends')), 5))
  await expect(first.driving).rejects.toThrow()
  await first.kill()
  const killed = one.polled.at(-1)
  expect(killed).not.toBe(one.polled[0])
  expect(new Set(await one.nextLooks())).toEqual(new Set([null]))
  one.say((reports) => reports)
  await one.process().driving
  expect(one.polled.filter((key) => key === killed)).toHaveLength(2)
  expect((await one.state())?.status).toBe('completed')
})
