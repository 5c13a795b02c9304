/** An engine without machines: it tells a simulated system what to do, and reads what the system was told. */

import type {
  Batch,
  DeployEngine,
  DeploymentHandle,
  DeploymentReport,
  PreflightResult,
  SharedPoll,
} from '../../core/ports.ts'
import { advance, isAway } from './course.ts'
import {
  compared,
  emptied,
  intended,
  keysIn,
  markOf,
  readiness,
  staged,
  startOf,
  stopReports,
  takenOut,
  tidied,
  toAdd,
  withMember,
} from './groups.ts'
import { type OwnTerms, obstacle, preview, termsFor } from './offers.ts'
import type { Pace } from './pace.ts'
import { reportOf } from './reports.ts'
import type { SystemState } from './state.ts'
import type { SystemStore } from './store.ts'

/** Simulated hours between two looks at the system. */
const LOOKS_APART_HOURS = 0.25

export interface SystemEngineOptions {
  readonly name: string
  readonly store: SystemStore
  readonly pace: Pace
  readonly terms: OwnTerms
  /** Stands in the name of everything that is made in the system. */
  readonly installation: string
  readonly clock: () => Date
}

export function createSystemEngine(options: SystemEngineOptions): DeployEngine {
  const { name, store, clock, pace, installation } = options
  const system = callsTo(store, pace, clock)

  return {
    name,
    describe: 'Simulated: tells a management server that is kept in a file, and touches no host',
    simulated: true,

    async check(signal) {
      signal.throwIfAborted()
      const { machines, offers } = await system.read()
      return `a simulated system with ${machines.length} machines and ${offers.length} updates`
    },

    async preview(asset, changes, signal) {
      signal.throwIfAborted()
      return preview(await system.read(), asset.name, changes)
    },

    async terms(plans, signal) {
      signal.throwIfAborted()
      const state = await system.read()
      return plans.map(({ asset, changes }) => termsFor(state, asset.name, changes, options.terms))
    },

    async preflight(batch, signal) {
      signal.throwIfAborted()
      const state = await system.read()
      return batch.deployments.map((request): PreflightResult => {
        const asset = request.asset.id
        const outcome = obstacle(state, request)
        if (outcome !== null) return { asset, ready: false, outcome }
        const notes = request.transaction.length === 0 ? ['nothing to do: it is installed already'] : []
        return { asset, ready: true, notes }
      })
    },

    async stage(batch, signal) {
      signal.throwIfAborted()
      const mark = markOf(installation, batch.key)
      return system.change((state, now) => {
        const next = staged(state, mark, batch, now)
        return [next, readiness(next, batch, pace, now)]
      })
    },

    async start(batch, signal) {
      return startBatch(system, markOf(installation, batch.key), batch, signal)
    },

    async poll({ key }, signal) {
      signal.throwIfAborted()
      const now = clock()
      const state = await system.read(now)
      const start = startOf(state, markOf(installation, key))
      if (start === null) throw new Error(unknownStart(key))
      return start.assets.map((one) => reportOf(state, one, pace, now))
    },

    sharedPoll: sharedPollOf(system, options),

    async cancel({ key }, signal, only) {
      signal.throwIfAborted()
      const mark = markOf(installation, key)
      return system.change((state, now) => {
        const next = takenOut(state, mark, only, pace, now)
        return [next, stopReports(next, mark, only)]
      })
    },

    async compare({ key }, signal) {
      signal.throwIfAborted()
      return system.change((state, now) => {
        const { state: next, differences } = compared(state, markOf(installation, key), pace, now)
        return [next, differences]
      })
    },

    async tidy(key, signal) {
      signal.throwIfAborted()
      await system.change((state) => [tidied(state, markOf(installation, key)), null])
    },

    reclaim: (unknown, signal) => reclaim(system, options, unknown, signal),
  }
}

function sharedPollOf(system: Calls, { pace, clock, installation }: SystemEngineOptions): SharedPoll {
  return {
    everySeconds: Math.max(1, pace.hours(LOOKS_APART_HOURS) / 1_000),
    async poll(handles, signal) {
      signal.throwIfAborted()
      const now = clock()
      const state = await system.read(now)
      const found = handles.flatMap(({ key }): [string, readonly DeploymentReport[]][] => {
        const start = startOf(state, markOf(installation, key))
        return start === null ? [] : [[key, start.assets.map((one) => reportOf(state, one, pace, now))]]
      })
      return new Map(found)
    },
  }
}

async function reclaim(
  system: Calls,
  { pace, installation }: SystemEngineOptions,
  unknown: (keys: readonly string[]) => Promise<readonly string[]>,
  signal: AbortSignal,
): Promise<readonly string[]> {
  signal.throwIfAborted()
  const said: string[] = []
  for (const key of await unknown(keysIn(await system.read(), installation))) {
    signal.throwIfAborted()
    const mark = markOf(installation, key)
    const sentences = await system.change((state, now) => {
      const { state: next, found } = emptied(state, mark, pace, now)
      return [next, found]
    })
    said.push(...sentences)
  }
  return said
}

/**
 * First it writes down who is to be added, then it adds them one by one. So a process that is killed has told fewer
 * than were approved, never more, and the next call adds the rest.
 */
async function startBatch(system: Calls, mark: string, batch: Batch, signal: AbortSignal): Promise<DeploymentHandle> {
  signal.throwIfAborted()
  const first = await system.change((state, now) => {
    const next = intended(staged(state, mark, batch, now), mark, batch, now)
    return [next, { missing: toAdd(next, mark), startedAt: startOf(next, mark)?.startedAt ?? now.toISOString() }]
  })
  for (const asset of first.missing) {
    signal.throwIfAborted()
    await system.change((state, now) => [withMember(state, mark, asset, now), null])
  }
  return { key: batch.key, data: { startedAt: first.startedAt } }
}

function unknownStart(key: string): string {
  return `The simulated system has no start with the key ${key}`
}

/** What one call to the system makes of its state. */
type Work<T> = (state: SystemState, now: Date) => readonly [SystemState, T]

export interface Calls {
  /** The state at `now`, which is left out for the present. */
  read(now?: Date): Promise<SystemState>
  change<T>(work: Work<T>): Promise<T>
}

/** Calls that may be refused because the server is away, and whose answers may be lost. */
export function callsTo(store: SystemStore, pace: Pace, clock: () => Date): Calls {
  return {
    async read(now = clock()) {
      const state = advance(await store.read(), pace, now)
      refuseIfAway(state, now)
      return state
    },
    async change(work) {
      const { lost, result } = await store.change((before) => {
        const now = clock()
        const state = advance(before, pace, now)
        refuseIfAway(state, now)
        const [next, result] = work(state, now)
        if (next === state) return [before, { lost: false, result }]
        const { loseAnswers } = next.server
        const lost = loseAnswers > 0
        const server = lost ? { ...next.server, loseAnswers: loseAnswers - 1 } : next.server
        return [
          { ...next, server },
          { lost, result },
        ]
      })
      if (lost)
        throw new Error('The simulated system did not answer: nobody knows yet whether it did what it was asked')
      return result
    },
  }
}

function refuseIfAway({ server }: SystemState, now: Date): void {
  if (isAway(server, now.getTime())) throw new Error('The simulated system cannot be reached: it is away until later')
}
