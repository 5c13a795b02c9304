import { setTimeout as sleep } from 'node:timers/promises'
import type { Observation } from '../core/asset.ts'
import type { Batch, DeployEngine, DeploymentHandle, DeploymentOutcome, HealthResult } from '../core/ports.ts'
import { batchKey } from '../core/proposal/decide-rollout.ts'
import type { Actor, PatchSubject, PlannedAsset, ProposalState } from '../core/proposal/proposal.ts'
import { verify } from '../core/verification.ts'
import { saveObservation } from '../store/inventory.ts'
import { findProposal } from '../store/proposals.ts'
import { findEngineRun, saveEngineRun } from '../store/timers.ts'
import type { Execute } from './execute.ts'
import type { WorkflowParts } from './ports.ts'

const rollout: Actor = { kind: 'system', part: 'rollout' }
const verifier: Actor = { kind: 'system', part: 'verification' }

/** A service gets this many looks, this far apart, to come back after an upgrade. */
const HEALTH_LOOKS = 4
const HEALTH_PAUSE_MS = 1_500

/** Brings the started assets of one batch to their end: deployed, then verified from their own fresh package list. */
export function createDeploy(parts: WorkflowParts, { execute }: Execute) {
  async function deploy(state: ProposalState, ring: number, batch: number, signal: AbortSignal): Promise<void> {
    const { subject } = state
    if (subject.kind !== 'patches') return
    const started = Object.values(state.rollout?.deployments ?? {}).filter(
      (item) => item.ring === ring && item.batch === batch,
    )
    for (const item of started) {
      const planned = plannedAsset(subject, item.asset)
      if (item.verification === null && item.outcome !== null && planned)
        await check(state, planned, item.outcome, signal)
    }
    const open = started.filter((item) => item.outcome === null).map((item) => item.asset)
    if (open.length === 0) return
    const engine = parts.engines.get(subject.engine)
    if (!engine) {
      for (const asset of open) {
        const reason = `the engine "${subject.engine}" is not configured any more`
        await finish(state, asset, { state: 'held back', reason, log: '' }, signal)
      }
      return
    }
    const handle = await begin(state, engine, batchKey(state, ring, batch), open, signal)
    if (handle !== null) await follow(state, engine, handle, new Set(open), signal)
  }

  /**
   * Preflight, then start. What will be started is written down before the engine is called: after a crash the engine
   * is called again with the same key and the same assets, and re-attaches.
   */
  async function begin(
    state: ProposalState,
    engine: DeployEngine,
    key: string,
    open: readonly string[],
    signal: AbortSignal,
  ): Promise<DeploymentHandle | null> {
    const known = await findEngineRun(parts.db, key)
    if (known !== null && !('starting' in known)) return { key, data: known }
    let ready =
      known !== null && Array.isArray(known.starting) ? known.starting.filter((item) => typeof item === 'string') : null
    if (ready === null) {
      ready = []
      for (const result of await engine.preflight(request(state, key, open), signal)) {
        if (result.ready) ready.push(result.asset)
        else await finish(state, result.asset, result.outcome, signal)
      }
      if (ready.length === 0) return null
      await saveEngineRun(parts.db, { key, engine: engine.name, handle: { starting: ready }, startedAt: now() })
    }
    const handle = await engine.start(request(state, key, ready), signal)
    await saveEngineRun(parts.db, { key, engine: engine.name, handle: handle.data, startedAt: now() })
    return handle
  }

  async function follow(
    state: ProposalState,
    engine: DeployEngine,
    handle: DeploymentHandle,
    waiting: Set<string>,
    signal: AbortSignal,
  ): Promise<void> {
    let cancelled = false
    while (waiting.size > 0) {
      signal.throwIfAborted()
      for (const report of await engine.poll(handle, signal)) {
        if (report.outcome === null || !waiting.delete(report.asset)) continue
        await finish(state, report.asset, report.outcome, signal)
      }
      if (waiting.size === 0) return
      const latest = await findProposal(parts.db, state.id)
      if (latest?.status === 'halted' && !cancelled) {
        cancelled = true
        await engine.cancel(handle, signal)
      }
      await sleep(parts.pollSeconds * 1_000, undefined, { signal })
    }
  }

  async function finish(
    state: ProposalState,
    asset: string,
    outcome: DeploymentOutcome,
    signal: AbortSignal,
  ): Promise<void> {
    await execute(state.id, { type: 'record-outcome', asset, outcome }, rollout)
    const planned = state.subject.kind === 'patches' ? plannedAsset(state.subject, asset) : null
    if (planned) await check(state, planned, outcome, signal)
  }

  /** Verifies one asset and records what it says of itself now. */
  async function check(
    state: ProposalState,
    planned: PlannedAsset,
    outcome: DeploymentOutcome,
    signal: AbortSignal,
  ): Promise<void> {
    const observation = await look(planned, signal)
    await saveObservation(parts.db, observation)
    const health = observation.kind === 'seen' ? await healthOf(state, planned, signal) : []
    const verification = verify(planned, outcome, observation, health, now())
    await execute(state.id, { type: 'record-verification', asset: planned.asset.id, verification }, verifier)
  }

  async function look(planned: PlannedAsset, signal: AbortSignal): Promise<Observation> {
    const { asset } = planned
    const lost = (reason: string): Observation => ({ kind: 'unreachable', asset, reason, at: now() })
    const source = parts.sources.find((item) => item.name === asset.source)
    if (!source) return lost(`its source "${asset.source}" is not configured any more`)
    try {
      for await (const observation of source.observe({ only: [asset.id], signal })) return observation
      return lost(`its source "${asset.source}" does not list it any more`)
    } catch (error) {
      signal.throwIfAborted()
      return lost(error instanceof Error ? error.message : String(error))
    }
  }

  async function healthOf(
    state: ProposalState,
    planned: PlannedAsset,
    signal: AbortSignal,
  ): Promise<readonly HealthResult[]> {
    const checks = state.subject.kind === 'patches' ? state.subject.health : []
    let results = await parts.health.check(planned.asset, checks, signal)
    for (let again = 1; again < HEALTH_LOOKS && results.some((result) => !result.healthy); again++) {
      await sleep(HEALTH_PAUSE_MS, undefined, { signal })
      results = await parts.health.check(planned.asset, checks, signal)
    }
    return results
  }

  /** The last look at every asset before the rollout is called complete. */
  async function lookAgain(state: ProposalState, assets: readonly string[], signal: AbortSignal): Promise<void> {
    for (const asset of assets) {
      const planned = state.subject.kind === 'patches' ? plannedAsset(state.subject, asset) : null
      const outcome = state.rollout?.deployments[asset]?.outcome
      if (planned && outcome) await check(state, planned, outcome, signal)
    }
  }

  function request(state: ProposalState, key: string, assets: readonly string[]): Batch {
    const { subject } = state
    if (subject.kind !== 'patches') return { key, deployments: [] }
    const deployments = assets.flatMap((id) => {
      const planned = plannedAsset(subject, id)
      if (!planned) return []
      const { asset, changes, transaction } = planned
      return [{ asset, changes, transaction, reboot: state.policy.reboot }]
    })
    return { key, deployments }
  }

  function now(): string {
    return parts.clock().toISOString()
  }

  return { deploy, lookAgain }
}

function plannedAsset(subject: PatchSubject, id: string): PlannedAsset | null {
  return subject.assets.find((planned) => planned.asset.id === id) ?? null
}
