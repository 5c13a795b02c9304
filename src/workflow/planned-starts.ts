/** What would be asked of systems, start by start, if the plan went on as it is expected to. */

import type { Asset } from '../core/asset.ts'
import { errorText } from '../core/error-text.ts'
import type { PlanForecast } from '../core/forecast/plan-forecast.ts'
import type { Batch, DeployEngine, PlannedCalls } from '../core/ports.ts'
import { startKey } from '../core/proposal/decide-rollout.ts'
import type { ProposalState } from '../core/proposal/proposal.ts'
import { plannedNow, stillToStart } from '../core/proposal/since.ts'
import { engineOfRing, ringTitle } from '../core/rollout/lanes.ts'
import { liveRun } from '../core/rollout/run.ts'
import { leadOf } from '../core/terms.ts'
import { plusSeconds } from '../core/time/instant.ts'
import { readAssets } from '../store/inventory.ts'
import type { WorkflowParts } from './ports.ts'

export interface PlannedStart {
  readonly ring: string
  readonly engine: string
  /** As it will be if nothing begins in another order. */
  readonly key: string
  /** When the system is told, and from when to when work may begin, ISO 8601 UTC; `null`: nobody can say. */
  readonly toldAt: string | null
  readonly notBefore: string | null
  readonly notAfter: string | null
  /** `problem`: why nobody can say which calls it takes, as a sentence. */
  readonly calls: PlannedCalls | { readonly problem: string }
}

/** Starts that are listed: a plan of many batches repeats itself. */
const MOST = 20

/** Only of engines that can say which calls they will make. Asks their systems, and changes nothing. */
export async function plannedStarts(
  { db, engines }: Pick<WorkflowParts, 'db' | 'engines'>,
  state: ProposalState,
  forecast: PlanForecast | null,
  signal: AbortSignal,
): Promise<readonly PlannedStart[]> {
  const { subject } = state
  if (subject.kind !== 'patches') return []
  const left = new Set(stillToStart(state))
  const starts: PlannedStart[] = []
  let begun = liveRun(state)?.starts ?? 0
  for (const [index, ring] of subject.rings.entries()) {
    const open = ring.assets.filter((id) => left.has(id))
    const engine = engines.get(engineOfRing(subject, index))
    for (let from = 0; from < open.length; from += ring.batchSize) {
      const number = begun++
      if (engine?.plannedCalls === undefined || starts.length === MOST) continue
      const ids = open.slice(from, from + ring.batchSize)
      const runs = forecast?.rings[index]?.runs ?? []
      const window = runs[Math.min(from / ring.batchSize, runs.length - 1)] ?? null
      const batch = await batchOf({ db }, state, startKey(state, index, number), ids, window)
      const lead = Math.max(0, ...ids.map((id) => leadOf(plannedNow(state, id)?.terms)))
      starts.push({
        ring: ringTitle(subject, index) ?? ring.name,
        engine: engine.name,
        key: batch.key,
        toldAt: window === null ? null : plusSeconds(window.start, -lead),
        notBefore: window?.start ?? null,
        notAfter: window?.end ?? null,
        calls: await callsOf(engine, batch, signal),
      })
    }
  }
  return starts
}

async function callsOf(engine: DeployEngine, batch: Batch, signal: AbortSignal): Promise<PlannedStart['calls']> {
  try {
    return (
      (await engine.plannedCalls?.(batch, signal)) ?? { problem: `${engine.name} does not say which calls it makes` }
    )
  } catch (error) {
    signal.throwIfAborted()
    return { problem: errorText(error) }
  }
}

async function batchOf(
  { db }: Pick<WorkflowParts, 'db'>,
  state: ProposalState,
  key: string,
  ids: readonly string[],
  window: { readonly start: string; readonly end: string } | null,
): Promise<Batch> {
  const present: ReadonlyMap<string, Asset> = await readAssets(db, ids)
  const { reboot } = state.policy
  const times = window === null ? { notAfter: null } : { notBefore: window.start, notAfter: window.end }
  const deployments = ids.flatMap((id) => {
    const planned = plannedNow(state, id)
    const asset = present.get(id)
    if (planned === null || asset === undefined) return []
    const { changes, transaction, terms } = planned
    return [{ asset, changes, transaction, reboot, ...times, licences: terms?.licences ?? [] }]
  })
  return { key, deployments }
}
