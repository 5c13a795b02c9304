/**
 * Random schedules of calls, crashes, administrators and lost answers. Whatever happens: nobody but the batch is ever
 * told by us, nothing begins before it may, and nothing begins at or after its end unless that was said.
 */

import fc from 'fast-check'
import { describe, expect, it, test } from 'vitest'
import type { Batch, DeployEngine, DeploymentHandle, StopReport } from '../../../src/core/ports.ts'
import { stepsOf } from '../../../src/core/preview.ts'
import { HOUR_MS } from '../../../src/core/time/instant.ts'
import { advance, isDone } from '../../../src/integrations/simulated-system/course.ts'
import type { Machine, SystemState } from '../../../src/integrations/simulated-system/state.ts'
import {
  assetNamed,
  dyingStore,
  fresh,
  hoursFrom,
  memoryStore,
  pace,
  type SystemScene,
  systemScene,
  update,
} from './scene.ts'

const { signal } = new AbortController()
const batchNames = ['web91', 'web92', 'web93', 'web94']
const strangers = ['web98', 'web99']
const all = [...batchNames, ...strangers]
const WINDOW_HOURS = 4

type Step =
  | { readonly do: 'pass'; readonly hours: number }
  | { readonly do: 'stage and start' | 'stage' | 'poll' | 'compare' }
  | { readonly do: 'dies'; readonly call: number; readonly when: 'before' | 'after' }
  | { readonly do: 'cancel'; readonly who: number | null }
  | { readonly do: 'adds' | 'removes' | 'approves'; readonly who: number }
  | { readonly do: 'breaks'; readonly who: number; readonly fault: Machine['fault']; readonly hours: number | null }
  | { readonly do: 'loses' }
  | { readonly do: 'goes away'; readonly hours: number }

const who = fc.nat(all.length - 1)
const faults = fc.constantFrom<Machine['fault']>(
  'silent',
  'silent after learning',
  'old words',
  'install fails',
  'no restart',
  null,
)
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 6, arbitrary: fc.record({ do: fc.constant('pass' as const), hours: fc.integer({ min: 1, max: 20 }) }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('stage and start' as const) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constantFrom('stage' as const, 'poll' as const, 'compare' as const) }) },
  {
    weight: 2,
    arbitrary: fc.record({
      do: fc.constant('dies' as const),
      call: fc.nat(8),
      when: fc.constantFrom('before' as const, 'after' as const),
    }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('cancel' as const), who: fc.option(who) }) },
  {
    weight: 1,
    arbitrary: fc.record({ do: fc.constantFrom('adds' as const, 'removes' as const, 'approves' as const), who }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      do: fc.constant('breaks' as const),
      who,
      fault: faults,
      hours: fc.option(fc.integer({ min: 1, max: 100 })),
    }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('loses' as const) }) },
  {
    weight: 1,
    arbitrary: fc.record({ do: fc.constant('goes away' as const), hours: fc.integer({ min: 1, max: 30 }) }),
  },
)

/** Machines may learn long before they begin, so that more can happen in between. */
const leads = fc.constantFrom(24, 30, 45)

/** One random life of one start, played in a system that is kept in memory. */
class Play {
  readonly scene: SystemScene = systemScene(memoryStore(fresh(all)))
  readonly batch: Batch
  readonly leadHours: number
  readonly notBefore: string
  readonly notAfter: string
  readonly stops = new Map<string, StopReport>()
  /** Machines that an administrator put into one of our groups, or approved the update for. */
  readonly byHand = new Set<string>()
  private takenBackAtEnd = false

  constructor(leadHours: number) {
    this.leadHours = leadHours
    this.notBefore = hoursFrom(this.scene.now(), leadHours)
    this.notAfter = hoursFrom(this.scene.now(), leadHours + WINDOW_HOURS)
    const { notBefore, notAfter } = this
    const rest = {
      changes: [update],
      transaction: stepsOf([update]),
      reboot: 'if required' as const,
      notBefore,
      notAfter,
    }
    this.batch = { key: 'play.1', deployments: batchNames.map((name) => ({ asset: assetNamed(name), ...rest })) }
  }

  async run(steps: readonly Step[]): Promise<void> {
    for (const one of steps) {
      await this.play(one)
      await this.check()
    }
    // In the end somebody looks once more, as Patchwarden does when it starts again.
    await this.pass(this.leadHours + WINDOW_HOURS + 1)
    await this.pass(100)
    await this.check()
  }

  private async play(one: Step): Promise<void> {
    const engine = this.scene.engine()
    switch (one.do) {
      case 'pass':
        return this.pass(one.hours)
      case 'stage and start':
        return this.tells(engine)
      case 'dies':
        return this.tells(this.scene.engine(dyingStore(this.scene.store, one.call, one.when)))
      case 'stage':
        return maybe(() => engine.stage?.(this.batch, signal))
      case 'poll':
        return maybe(() => engine.poll(this.handle, signal))
      case 'compare':
        return maybe(() => engine.compare?.(this.handle, signal))
      case 'cancel':
        return this.cancel(one.who === null ? undefined : [`late/${all[one.who]}`])
      case 'loses':
        return this.scene.change((state) => ({ ...state, server: { ...state.server, loseAnswers: 1 } }))
      case 'goes away': {
        const away = { from: this.scene.now().toISOString(), until: hoursFrom(this.scene.now(), one.hours) }
        return this.scene.change((state) => ({ ...state, server: { ...state.server, away: [away] } }))
      }
      case 'breaks':
        return this.scene.changeMachine(all[one.who] ?? '', { fault: one.fault, silentHours: one.hours })
      default:
        return this.byAdministrator(one.do, all[one.who] ?? '')
    }
  }

  private readonly handle: DeploymentHandle = { key: 'play.1', data: {} }

  private async tells(engine: DeployEngine): Promise<void> {
    await maybe(async () => {
      await engine.stage?.(this.batch, signal)
      await engine.start(this.batch, signal)
    })
  }

  private async cancel(only?: readonly string[]): Promise<void> {
    await maybe(async () => {
      const engine = this.scene.engine()
      const reports = (await engine.cancel(this.handle, signal, only)) ?? []
      for (const report of reports) {
        const before = this.stops.get(report.asset)
        if (before !== undefined) expect(report).toEqual(before)
        this.stops.set(report.asset, report)
      }
    })
  }

  /** Goes on in steps that stop at the end of the window, where Patchwarden takes back what has not begun. */
  private async pass(hours: number): Promise<void> {
    const left = (Date.parse(this.notAfter) - this.scene.now().getTime()) / HOUR_MS
    if (left > 0 && left <= hours) {
      this.scene.pass(left)
      await this.takeBackAtEnd()
      this.scene.pass(hours - left)
      return
    }
    this.scene.pass(hours)
    if (left <= 0 && !this.takenBackAtEnd) await this.takeBackAtEnd()
  }

  private async takeBackAtEnd(): Promise<void> {
    // The system may be away at that moment: the exception below counts only where it was reached.
    await this.scene.change((state) => ({ ...state, server: { away: [], loseAnswers: 0 } }))
    await this.cancel()
    await maybe(() => this.scene.engine().compare?.(this.handle, signal))
    this.takenBackAtEnd = true
  }

  private async byAdministrator(does: 'adds' | 'removes' | 'approves', name: string): Promise<void> {
    if (does === 'adds') this.byHand.add(name)
    if (does === 'approves') this.byHand.add(name)
    const since = this.scene.now().toISOString()
    await this.scene.change((state) => ({
      ...state,
      groups: state.groups.map((group) => {
        const others = group.members.filter((member) => member !== name)
        if (does === 'approves') return group
        return { ...group, members: does === 'adds' ? [...others, name] : others }
      }),
      approvals:
        does === 'approves'
          ? [
              ...state.approvals,
              { group: 'All machines', updates: [update.name], since, deadline: null, machines: [name] },
            ]
          : state.approvals,
    }))
  }

  private async check(): Promise<void> {
    const state = await this.scene.state()
    expect(state.groups.length).toBeLessThanOrEqual(1)
    const members = state.groups.flatMap((group) => group.members)
    expect(new Set(members).size).toBe(members.length)
    for (const name of members) if (!batchNames.includes(name)) expect(this.byHand).toContain(name)
    for (const machine of state.machines) this.checkMachine(machine)
  }

  private checkMachine(machine: Machine): void {
    const { name, working, results } = machine
    const begun = [
      ...results.map(({ group, at }) => ({ group, at: Date.parse(at) - pace.hours(0.5) })),
      ...(working === null ? [] : [{ group: working.group, at: Date.parse(working.beganAt) }]),
    ]
    expect(new Set(begun.map(({ group }) => group)).size).toBe(begun.length)
    if (this.byHand.has(name)) return
    // Nobody meddled with it, so whatever it did was ours.
    for (const { at } of begun) {
      expect(batchNames).toContain(name)
      expect(at).toBeGreaterThanOrEqual(Date.parse(this.notBefore))
      const stop = this.stops.get(`late/${name}`)
      if (stop?.state === 'stopped') throw new Error(`${name} began, and it was said to be stopped`)
      if (stop?.until !== undefined) expect(at).toBeLessThan(Date.parse(stop.until))
      if (at >= Date.parse(this.notAfter)) expect(stop?.state).toBe('may still begin')
    }
    if (begun.length === 0 && isDone(update, machine)) throw new Error(`${name} has it, and never began`)
  }
}

/** Calls fail where the process dies, the answer is lost, or nothing was started yet. */
async function maybe(call: () => Promise<unknown> | undefined): Promise<void> {
  try {
    await call()
  } catch (error) {
    const known = /was killed|did not answer|cannot be reached|has no start/
    if (!(error instanceof Error) || !known.test(error.message)) throw error
  }
}

describe('a start on the simulated system', () => {
  it('tells nobody but the batch, and begins nothing outside its window that was not said', async () => {
    await fc.assert(
      fc.asyncProperty(leads, fc.array(step, { minLength: 3, maxLength: 25 }), (lead, steps) =>
        new Play(lead).run(steps),
      ),
      { numRuns: 500 },
    )
  }, 120_000)
})

test('it does not matter how often somebody looks, nor when', () => {
  const one = (state: SystemState): SystemState => {
    const now = new Date('2026-11-20T12:00:00Z')
    const changes = [update]
    const group = { id: 'group-1', name: 'x', changes, deadline: hoursFrom(now, 24), reboot: 'if required' as const }
    return { ...advance(state, pace, now), groups: [{ ...group, createdAt: now.toISOString(), members: batchNames }] }
  }
  const first = one(fresh(all))
  const hours = fc.array(fc.double({ min: 0, max: 30, noNaN: true }), { maxLength: 8 })
  fc.assert(
    fc.property(hours, faults, (steps, fault) => {
      const start: SystemState = { ...first, machines: first.machines.map((each) => ({ ...each, fault })) }
      let at = Date.parse(start.at ?? '')
      let often = start
      for (const passed of steps) {
        at += Math.round(passed * HOUR_MS)
        often = advance(often, pace, new Date(at))
      }
      expect(often).toEqual(advance(start, pace, new Date(at)))
    }),
  )
})
