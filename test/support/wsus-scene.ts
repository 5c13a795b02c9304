/** What tests of whole processes beside a simulated WSUS share: how it comes so far, and what it must have been in the end. */

import postgres from 'postgres'
import { afterEach, expect, onTestFailed } from 'vitest'
import type { RunningService } from './running-service.ts'
import { createWsusServices, type Installation, proposalsOf, toldIn, type WsusServices } from './wsus-services.ts'

/** One server for each test. `minutes`: how long a simulated day takes. */
export function useWsus() {
  let wsus: WsusServices | null = null
  afterEach(async () => {
    await wsus?.remove()
    wsus = null
  })
  return async (
    minutes: number,
    more: { rules?: string; rings?: string; lead?: string } = {},
  ): Promise<WsusServices> => {
    wsus = await createWsusServices({ day: `${minutes} min`, daySeconds: 60 * minutes, ...more })
    return wsus
  }
}

/** Starts a process, and has Mara approve what it proposes. */
export async function approved(first: RunningService, at: Installation): Promise<void> {
  onTestFailed(() => console.log(first.log(), at.thread()))
  await first.start()
  await expect.poll(() => at.card(), { timeout: 90_000, interval: 500 }).toContain('pw:approve')
  await expect.poll(() => at.slack.sockets(), { timeout: 30_000 }).toBeGreaterThan(0)
  await at.click('pw:approve')
  await expect.poll(() => at.thread().join('\n'), { timeout: 30_000 }).toContain('Approved')
}

export async function completes(by: RunningService): Promise<void> {
  const status = async () => (await proposalsOf(by))[0]?.status
  // Two rings of two or three simulated days each, and a slow machine may need some minutes more.
  await expect.poll(status, { timeout: 800_000, interval: 3_000 }).toBe('completed')
}

export const isTold = (count: number) => async (one: WsusServices) => toldIn(await one.state()).length >= count

export async function until(
  one: WsusServices,
  holds: (one: WsusServices) => Promise<boolean>,
  timeout = 240_000,
): Promise<void> {
  await expect.poll(() => holds(one), { timeout, interval: 100 }).toBe(true)
}

/** What is over is removed from the server every ten minutes: here it is time for it. */
export async function tidied(url: string): Promise<void> {
  const sql = postgres(url, { max: 1, onnotice: () => {} })
  await sql`update agenda.agenda_jobs set next_run_at = now() where name = 'tidy'`
  await sql.end()
}

/** Each machine has done each update once, and the server holds nothing of ours any more. */
export async function expectDoneOnce(one: WsusServices, url: string): Promise<void> {
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
export const made = async (one: WsusServices) => (await one.state()).made

/** What the newest card and the thread say, for people. */
export const said = (at: Installation) => ({ card: at.card(), thread: at.thread().join('\n') })

/** Told, with two of the three machines off, so that only the third learns of it. */
export async function oneOfThreeLearns(one: WsusServices): Promise<void> {
  await until(one, isTold(3))
  const off = [{ from: new Date().toISOString(), until: new Date(Date.now() + 600_000).toISOString() }]
  await one.change((state) => {
    const asleep = toldIn(state).filter(({ told }) => told.length === 0)
    expect(asleep.length).toBeGreaterThanOrEqual(2)
    const ids = new Set(asleep.slice(0, 2).map(({ id }) => id))
    return {
      ...state,
      machines: state.machines.map((machine) => (ids.has(machine.id) ? { ...machine, off } : machine)),
    }
  })
  await until(one, async (now) => toldIn(await now.state()).some(({ told }) => told.length > 0))
}
