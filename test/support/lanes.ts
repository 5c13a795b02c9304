/** Rollouts with two lanes, and a driver that goes through time as the service does. */

import { mayWakeAt, nextStep, restEnd, type Step, wakeAt, workStep } from '../../src/core/proposal/next-step.ts'
import type { PatchSubject, PlannedRing } from '../../src/core/proposal/proposal.ts'
import { unfinished } from '../../src/core/rollout/run.ts'
import type { WindowPlan } from '../../src/core/window.ts'
import { changed } from './begun.ts'
import { proposalCase } from './proposal-case.ts'

type Case = ReturnType<typeof proposalCase>

export interface LaneOf {
  readonly engine: string
  readonly rings: readonly PlannedRing[]
  readonly window?: WindowPlan
}

/** A subject with these lanes. Its window is that of the first. */
export function withLanes(count: number, lanes: readonly LaneOf[], more: Partial<PatchSubject> = {}) {
  return changed(count, (subject) => {
    const laneOf = new Map(lanes.flatMap((lane) => lane.rings.flatMap(({ assets }) => assets.map((id) => [id, lane]))))
    const window = lanes[0]?.window ?? subject.window
    return {
      engine: lanes[0]?.engine ?? subject.engine,
      window,
      assets: subject.assets.flatMap((planned) => {
        const lane = laneOf.get(planned.asset.id)
        if (lane === undefined) return []
        const own = lane.window === undefined || lane.window === window ? {} : { window: lane.window }
        return [{ ...planned, asset: { ...planned.asset, engine: lane.engine }, ...own }]
      }),
      rings: lanes.flatMap(({ engine, rings }, index) =>
        rings.map((ring) => (index === 0 ? ring : { ...ring, engine })),
      ),
      ...more,
    }
  })
}

/** An approved rollout with these lanes; it has not begun. */
export function lanesCase(count: number, lanes: readonly LaneOf[], more: Partial<PatchSubject> = {}): Case {
  const one = proposalCase({ content: withLanes(count, lanes, more) })
  one.vote('noor', 'approve')
  one.vote('tom', 'approve')
  return one
}

interface Drive {
  /** Minutes that an asset takes. */
  readonly takes?: (asset: string) => number
  readonly ends?: (asset: string) => 'installed' | 'failed'
  /** Stops here, ISO 8601 UTC. Left out: at the end. */
  readonly until?: string
}

const MINUTE_MS = 60_000

/** Drives a rollout until it rests for good. Returns how often it was woken although nothing could be done. */
export function drive(one: Case, { takes = () => 10, ends = () => 'installed', until }: Drive = {}): number {
  const over = new Map<string, number>()
  let idle = 0
  /** As the service sets it: with each command. */
  let timer = wakeAt(one.state(), one.now())
  for (let turn = 0; turn < 5_000; turn++) {
    const now = one.now()
    if (until !== undefined && Date.parse(now) >= Date.parse(until)) return idle
    for (const asset of unfinished(one.state())) {
      const at = over.get(asset) ?? Date.parse(now) + takes(asset) * MINUTE_MS
      over.set(asset, at)
      if (at > Date.parse(now)) continue
      over.delete(asset)
      finish(one, asset, ends(asset))
      timer = wakeAt(one.state(), now)
    }
    const state = one.state()
    const step = nextStep(state, now)
    const done = take(one, step)
    if (!silent(step)) timer = wakeAt(one.state(), now)
    if (done) continue
    const other = workStep(state, now)
    if (other !== null && other.do !== step.do && take(one, other)) {
      timer = wakeAt(one.state(), now)
      continue
    }
    const left = unfinished(one.state())
    const soonest = Math.min(...left.flatMap((asset) => over.get(asset) ?? Date.parse(now)))
    const wakes = left.length > 0 ? restEnd(one.state(), new Date(soonest).toISOString(), now) : timer
    if (wakes === null) return idle
    // What checks the record must find the timer credible.
    const since = one.recorded().at(-1)?.at ?? now
    if (!mayWakeAt(one.state(), wakes, since, now)) throw new Error(`Its timer may not be ${wakes}, it is ${now}.`)
    const ahead = Date.parse(wakes) - Date.parse(now)
    if (ahead <= 0) idle++
    one.pass(Math.max(ahead, ahead <= 0 ? MINUTE_MS : 0) / 3_600_000)
  }
  throw new Error(`It did not come to an end: ${JSON.stringify(nextStep(one.state(), one.now()))} at ${one.now()}`)
}

/** A step by which nothing is asked, so that no timer is set. */
function silent({ do: what }: Step): boolean {
  return what === 'wait' || what === 'nothing' || what === 'deploy'
}

function take(one: Case, step: Step): boolean {
  const done = (given: ReturnType<Case['give']>) => Array.isArray(given)
  const orLater = (given: ReturnType<Case['give']>, may = true) =>
    done(given) || (may && 'code' in given && given.code === 'outside window' && done(one.give({ type: 'reschedule' })))
  switch (step.do) {
    case 'reschedule':
      return done(one.give({ type: 'reschedule' }))
    case 'start':
      return orLater(one.give({ type: 'start' }))
    case 'start batch':
      return orLater(one.give({ type: 'start-batch' }), unfinished(one.state()).length === 0)
    case 'check gate': {
      const results = [{ check: 'http', healthy: true, detail: '' }]
      return done(one.give({ type: 'record-gate', results, ...(step.ring === undefined ? {} : { ring: step.ring }) }))
    }
    case 'end soak':
      return done(one.give({ type: 'end-soak' }))
    case 'look again':
      for (const asset of step.assets) verified(one, asset, 'installed')
      return true
    case 'complete':
      return done(one.give({ type: 'complete' }))
    default:
      return false
  }
}

export function finish(one: Case, asset: string, end: 'installed' | 'failed' = 'installed') {
  const outcome = { state: 'succeeded', changed: [], rebooted: false, log: '' } as const
  one.give({ type: 'record-outcomes', outcomes: [{ asset, outcome }] })
  return verified(one, asset, end)
}

function verified(one: Case, asset: string, end: 'installed' | 'failed') {
  const verification = { end, reason: 'it says so', packages: [], health: [], at: one.now() }
  return one.give({ type: 'record-verifications', verifications: [{ asset, verification }] })
}
