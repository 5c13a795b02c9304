import { setTimeout as sleep } from 'node:timers/promises'
import { type Asset, type Observation, observedAsset } from '../core/asset.ts'
import { errorText } from '../core/error-text.ts'
import type { DeploymentOutcome, HealthResult, HookMoment } from '../core/ports.ts'
import type { RecordedOutcome, RecordedVerification } from '../core/proposal/event.ts'
import { plannedOf } from '../core/proposal/planned.ts'
import type { PlannedAsset, ProposalState, Verification } from '../core/proposal/proposal.ts'
import { verify } from '../core/verification.ts'
import { saveObservations } from '../store/inventory.ts'
import type { WorkflowParts } from './ports.ts'
import type { Recording } from './recording.ts'

/** A service gets this many looks, this far apart, to come back after an upgrade. */
const HEALTH_LOOKS = 4
const HEALTH_PAUSE_MS = 1_500
/** So long after a look that failed an asset is looked at once more. */
const SECOND_LOOK_MS = 2_000
const AFTER: readonly HookMoment[] = ['post-check', 'undrain']

/** Verifies assets from what they say of themselves, and records it. */
export function createVerify(parts: WorkflowParts) {
  /** Verifies assets of one start as they end. */
  function verifier(
    state: ProposalState,
    key: string,
    known: ReadonlyMap<string, readonly HealthResult[]>,
    recording: Recording,
    signal: AbortSignal,
  ) {
    const before = new Map(known)
    const tasks: Promise<void>[] = []

    async function check(ended: readonly RecordedOutcome[]): Promise<void> {
      const left = new Map(ended.map(({ asset, outcome }) => [asset, outcome]))
      const judging: Promise<void>[] = []
      const answered = (id: string) => left.get(id)?.state !== 'unreachable'
      for await (const observation of look(assetsOf(state, [...left.keys()]), 'installed', answered, signal)) {
        const { id } = observedAsset(observation)
        const outcome = left.get(id)
        const item = plannedIn(state, id)
        if (outcome === undefined || item === null || !left.delete(id)) continue
        const recorded = judge(state, key, item, outcome, observation, before.get(id), signal).then((verification) =>
          recording.verifications([{ asset: id, verification }]),
        )
        // It is awaited when all have been looked at.
        recorded.catch(() => undefined)
        judging.push(recorded)
      }
      await Promise.all(judging)
    }

    return {
      /** How healthy assets were before; whoever prepares them adds what it sees. */
      before,
      add(ended: readonly RecordedOutcome[]): void {
        if (ended.length === 0) return
        const task = check(ended)
        // It is awaited at the end; until then nobody else may think that it was forgotten.
        task.catch(() => undefined)
        tasks.push(task)
      },
      async done(): Promise<void> {
        const ends = await Promise.allSettled(tasks)
        for (const end of ends) if (end.status === 'rejected') throw end.reason
      },
    }
  }

  async function judge(
    state: ProposalState,
    key: string,
    planned: PlannedAsset,
    outcome: DeploymentOutcome,
    first: Observation,
    before: readonly HealthResult[] | undefined,
    signal: AbortSignal,
  ) {
    const { asset } = planned
    const health = first.kind === 'seen' ? [...(await healthOf(state, asset, signal))] : []
    const touched = outcome.state === 'succeeded' || outcome.state === 'failed'
    for (const hook of hooksOf(state).filter(({ moment }) => AFTER.includes(moment))) {
      if (hook.moment === 'post-check' && !touched) continue
      const result = await parts.hooks.run(hook, asset, key, signal)
      if (hook.moment === 'post-check' || !result.ok)
        health.push({ check: hook.moment, healthy: result.ok, detail: result.detail })
    }
    return conclude(state, planned, outcome, first, health, before, signal)
  }

  /** A quick look says whether the versions are there; where they are not, a whole one says what keeps them away. */
  async function conclude(
    state: ProposalState,
    planned: PlannedAsset,
    outcome: DeploymentOutcome,
    first: Observation,
    health: readonly HealthResult[],
    before: readonly HealthResult[] | undefined,
    signal: AbortSignal,
  ) {
    const facts = { health, ...(before === undefined ? {} : { before }), now: now(), rollsBack: rollsBack(state) }
    const verdict = verify(planned, outcome, first, facts)
    if (first.kind !== 'seen' || (verdict.end !== 'still missing' && verdict.end !== 'held back')) return verdict
    for await (const observation of look([planned.asset], 'full', () => true, signal)) {
      await saveObservations(parts.db, [observation])
      return verify(planned, outcome, observation, { ...facts, now: now() })
    }
    return verdict
  }

  /** One fresh observation of each asset; one that answered during the rollout is asked twice before it counts as silent. */
  async function* look(
    assets: readonly Asset[],
    depth: 'full' | 'installed',
    answered: (id: string) => boolean,
    signal: AbortSignal,
  ): AsyncGenerator<Observation> {
    const silent: Asset[] = []
    for await (const observation of lookOnce(assets, depth, signal)) {
      if (observation.kind === 'unreachable' && answered(observation.asset.id)) silent.push(observation.asset)
      else yield observation
    }
    if (silent.length === 0) return
    await sleep(SECOND_LOOK_MS, undefined, { signal })
    yield* lookOnce(silent, depth, signal)
  }

  /** From its own source; `unreachable` where there is none any more. */
  async function* lookOnce(
    assets: readonly Asset[],
    depth: 'full' | 'installed',
    signal: AbortSignal,
  ): AsyncGenerator<Observation> {
    for (const name of new Set(assets.map((asset) => asset.source))) {
      const left = new Map(assets.filter((asset) => asset.source === name).map((asset) => [asset.id, asset]))
      const source = parts.sources.find((item) => item.name === name)
      let reason = `its source "${name}" does not list it any more`
      try {
        for await (const observation of source?.observe({ only: [...left.keys()], depth, signal }) ?? []) {
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

  async function healthOf(state: ProposalState, asset: Asset, signal: AbortSignal): Promise<readonly HealthResult[]> {
    const checks = state.subject.kind === 'patches' ? state.subject.health : []
    let results = await parts.health.check(asset, checks, signal)
    for (let again = 1; again < HEALTH_LOOKS && results.some((result) => !result.healthy); again++) {
      await sleep(HEALTH_PAUSE_MS, undefined, { signal })
      results = await parts.health.check(asset, checks, signal)
    }
    return results
  }

  /** The last, whole look at every asset before the rollout is called complete: it becomes the inventory. */
  async function lookAgain(
    state: ProposalState,
    assets: readonly string[],
    recording: Recording,
    signal: AbortSignal,
  ): Promise<void> {
    const left = new Set(assets)
    const judging: Promise<RecordedVerification>[] = []
    const writing: Promise<void>[] = []
    async function record(): Promise<void> {
      const write = recording.verifications(await Promise.all(judging.splice(0)))
      // It is awaited at the end; until then nobody else may think that it was forgotten.
      write.catch(() => undefined)
      writing.push(write)
    }
    const answered = (id: string) => state.rollout?.deployments[id]?.outcome?.state !== 'unreachable'
    for await (const observation of look(assetsOf(state, assets), 'full', answered, signal)) {
      const { id } = observedAsset(observation)
      const item = plannedIn(state, id)
      const deployment = state.rollout?.deployments[id]
      if (item === null || !deployment?.outcome || !left.delete(id)) continue
      judging.push(again(state, item, deployment.outcome, observation, deployment.verification, signal))
      if (judging.length >= AT_ONCE) await record()
    }
    await record()
    await Promise.all(writing)
  }

  async function again(
    state: ProposalState,
    planned: PlannedAsset,
    outcome: DeploymentOutcome,
    observation: Observation,
    earlier: Verification | null,
    signal: AbortSignal,
  ): Promise<RecordedVerification> {
    await saveObservations(parts.db, [observation])
    // Nothing was begun on it, and it was not brought back into service: a look at its packages does not change that.
    if (outcome.state === 'not begun' && earlier !== null) {
      return { asset: planned.asset.id, verification: { ...earlier, at: now() } }
    }
    const before = earlier?.healthBefore
    const health = observation.kind === 'seen' ? await healthOf(state, planned.asset, signal) : []
    const facts = { health, ...(before === undefined ? {} : { before }), now: now(), rollsBack: rollsBack(state) }
    return { asset: planned.asset.id, verification: verify(planned, outcome, observation, facts) }
  }

  function now(): string {
    return parts.clock().toISOString()
  }

  return { verifier, lookAgain }
}

/** Looks of the last round that are judged together. */
const AT_ONCE = 100

function hooksOf({ subject }: ProposalState) {
  return subject.kind === 'patches' ? (subject.hooks ?? []) : []
}

function plannedIn({ subject }: ProposalState, asset: string): PlannedAsset | null {
  return subject.kind === 'patches' ? plannedOf(subject, asset) : null
}

function assetsOf(state: ProposalState, ids: readonly string[]): readonly Asset[] {
  return ids.flatMap((id) => plannedIn(state, id)?.asset ?? [])
}

function rollsBack({ subject }: ProposalState): boolean {
  return subject.kind === 'patches' && subject.rollsBack !== undefined
}
