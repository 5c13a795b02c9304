import { setTimeout as sleep } from 'node:timers/promises'
import { type Asset, type Observation, observedAsset } from '../core/asset.ts'
import { errorText } from '../core/error-text.ts'
import type { Batch, DeployEngine, DeploymentHandle, DeploymentOutcome, HealthResult } from '../core/ports.ts'
import { batchKey } from '../core/proposal/decide-rollout.ts'
import type { Actor, PatchSubject, PlannedAsset, ProposalState } from '../core/proposal/proposal.ts'
import { verify } from '../core/verification.ts'
import { saveObservations } from '../store/inventory.ts'
import { findProposal } from '../store/proposals.ts'
import { findEngineRun, saveEngineRun } from '../store/timers.ts'
import type { Execute } from './execute.ts'
import type { WorkflowParts } from './ports.ts'

const rollout: Actor = { kind: 'system', part: 'rollout' }
const verifier: Actor = { kind: 'system', part: 'verification' }

interface Ended {
  readonly asset: string
  readonly outcome: DeploymentOutcome
}

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
    const unverified = started.flatMap(({ asset, outcome, verification }) =>
      outcome !== null && verification === null ? [{ asset, outcome }] : [],
    )
    await check(state, unverified, signal)
    const open = started.filter((item) => item.outcome === null).map((item) => item.asset)
    if (open.length === 0) return
    const engine = parts.engines.get(subject.engine)
    if (!engine) {
      const reason = `the engine "${subject.engine}" is not configured any more`
      const outcome: DeploymentOutcome = { state: 'held back', reason, log: '' }
      await finish(
        state,
        open.map((asset) => ({ asset, outcome })),
        signal,
      )
      return
    }
    const begun = await begin(state, engine, batchKey(state, ring, batch), open, signal)
    if (begun !== null) await follow(state, engine, begun.handle, new Set(begun.assets), signal)
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
  ): Promise<{ readonly handle: DeploymentHandle; readonly assets: readonly string[] } | null> {
    const known = await findEngineRun(parts.db, key)
    if (known !== null && !('starting' in known)) return { handle: { key, data: known }, assets: open }
    let ready =
      known !== null && Array.isArray(known.starting) ? known.starting.filter((item) => typeof item === 'string') : null
    if (ready === null) {
      const results = await engine.preflight(request(state, key, open), signal)
      ready = results.flatMap((result) => (result.ready ? [result.asset] : []))
      const refused = results.flatMap((result) => (result.ready ? [] : [result]))
      await finish(state, refused, signal)
      if (ready.length === 0) return null
      await saveEngineRun(parts.db, { key, engine: engine.name, handle: { starting: ready }, startedAt: now() })
    }
    const handle = await engine.start(request(state, key, ready), signal)
    await saveEngineRun(parts.db, { key, engine: engine.name, handle: handle.data, startedAt: now() })
    return { handle, assets: ready }
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
      const reports = await engine.poll(handle, signal)
      const ended = reports.flatMap(({ asset, outcome }) =>
        outcome !== null && waiting.delete(asset) ? [{ asset, outcome }] : [],
      )
      await finish(state, ended, signal)
      if (waiting.size === 0) return
      const latest = await findProposal(parts.db, state.id)
      if (latest?.status === 'halted' && !cancelled) {
        cancelled = true
        await engine.cancel(handle, signal)
      }
      await sleep(parts.pollSeconds * 1_000, undefined, { signal })
    }
  }

  /** Records how assets ended before it looks at any: an outcome is known whatever the look finds. */
  async function finish(state: ProposalState, ended: readonly Ended[], signal: AbortSignal): Promise<void> {
    for (const { asset, outcome } of ended) {
      await execute(state.id, { type: 'record-outcome', asset, outcome }, rollout)
    }
    await check(state, ended, signal)
  }

  /** Verifies assets, each as soon as its source has seen it, and records what they say of themselves now. */
  async function check(state: ProposalState, ended: readonly Ended[], signal: AbortSignal): Promise<void> {
    const { subject } = state
    if (subject.kind !== 'patches') return
    const left = new Map(
      ended.flatMap(({ asset, outcome }) => {
        const planned = plannedAsset(subject, asset)
        return planned ? [[asset, { planned, outcome }] as const] : []
      }),
    )
    const verifying: Promise<void>[] = []
    for await (const observation of look(
      [...left.values()].map(({ planned }) => planned.asset),
      signal,
    )) {
      const id = observedAsset(observation).id
      const found = left.get(id)
      if (found && left.delete(id)) verifying.push(judge(state, found.planned, found.outcome, observation, signal))
    }
    await Promise.all(verifying)
  }

  async function judge(
    state: ProposalState,
    planned: PlannedAsset,
    outcome: DeploymentOutcome,
    observation: Observation,
    signal: AbortSignal,
  ): Promise<void> {
    await saveObservations(parts.db, [observation])
    const health = observation.kind === 'seen' ? await healthOf(state, planned, signal) : []
    const verification = verify(planned, outcome, observation, health, now(), rollsBack(state))
    await execute(state.id, { type: 'record-verification', asset: planned.asset.id, verification }, verifier)
  }

  /** One fresh observation of each asset, from its own source; `unreachable` where none can be had. */
  async function* look(assets: readonly Asset[], signal: AbortSignal): AsyncGenerator<Observation> {
    for (const name of new Set(assets.map((asset) => asset.source))) {
      const left = new Map(assets.filter((asset) => asset.source === name).map((asset) => [asset.id, asset]))
      const source = parts.sources.find((item) => item.name === name)
      let reason = `its source "${name}" does not list it any more`
      try {
        for await (const observation of source?.observe({ only: [...left.keys()], signal }) ?? []) {
          left.delete(observedAsset(observation).id)
          yield observation
        }
      } catch (error) {
        signal.throwIfAborted()
        reason = errorText(error)
      }
      if (!source) reason = `its source "${name}" is not configured any more`
      for (const asset of left.values()) yield { kind: 'unreachable', asset, reason, at: now() }
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
    const ended = assets.flatMap((asset) => {
      const outcome = state.rollout?.deployments[asset]?.outcome
      return outcome ? [{ asset, outcome }] : []
    })
    await check(state, ended, signal)
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

function rollsBack({ subject }: ProposalState): boolean {
  return subject.kind === 'patches' && subject.rollsBack !== undefined
}

function plannedAsset(subject: PatchSubject, id: string): PlannedAsset | null {
  return subject.assets.find((planned) => planned.asset.id === id) ?? null
}
