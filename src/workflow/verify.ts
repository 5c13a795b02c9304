import { setTimeout as sleep } from 'node:timers/promises'
import { type Asset, type Observation, observedAsset } from '../core/asset.ts'
import { GONE } from '../core/away.ts'
import { errorText } from '../core/error-text.ts'
import type { DeploymentOutcome, HealthResult, HookMoment } from '../core/ports.ts'
import type { RecordedOutcome, RecordedVerification } from '../core/proposal/event.ts'
import type { PlannedAsset, ProposalState, Verification } from '../core/proposal/proposal.ts'
import { plannedOf } from '../core/rollout/planned.ts'
import { type Look, lookedAt, verify } from '../core/verification.ts'
import { readAssets, saveObservations } from '../store/inventory.ts'
import type { WorkflowParts } from './ports.ts'
import type { Recording } from './recording.ts'

/** A service gets this many looks, this far apart, to come back after an upgrade. */
const HEALTH_LOOKS = 4
const HEALTH_PAUSE_MS = 1_500
/** So long after a look that failed an asset is looked at once more. */
const SECOND_LOOK_MS = 2_000
const AFTER: readonly HookMoment[] = ['post-check', 'undrain']

/** One start whose assets are verified. */
export interface Verified {
  readonly state: ProposalState
  readonly key: string
  /** Its assets as the inventory had them when work began, by id. */
  readonly present: ReadonlyMap<string, Asset>
  /** How healthy they were before, by id, as far as that was written down. */
  readonly known: ReadonlyMap<string, readonly HealthResult[]>
}

type Looks = ReadonlyMap<string, Observation>

/** Verifies assets from what they say of themselves, and records it. */
export function createVerify(parts: WorkflowParts) {
  /** Verifies assets of one start as they end. */
  function verifier({ state, key, present, known }: Verified, recording: Recording, signal: AbortSignal) {
    const before = new Map(known)
    const tasks: Promise<void>[] = []

    async function check(ended: readonly RecordedOutcome[], looks: Looks): Promise<void> {
      const left = new Map(ended.map(({ asset, outcome }) => [asset, outcome]))
      const judging: Promise<void>[] = []
      const answered = (id: string) => left.get(id)?.state !== 'unreachable'
      function take(first: Look): void {
        const id = lookedAt(first)
        const outcome = left.get(id)
        const item = plannedIn(state, id)
        if (outcome === undefined || item === null || !left.delete(id)) return
        const one = { state, key, planned: item, asset: present.get(id), outcome, first, before: before.get(id) }
        const recorded = judge(one, signal).then((verification) =>
          recording.verifications([{ asset: id, verification }]),
        )
        // It is awaited when all have been looked at.
        recorded.catch(() => undefined)
        judging.push(recorded)
      }
      for (const [id, look] of looks) if (look.kind === 'seen' && present.has(id)) take(look)
      for await (const look of lookAll([...left.keys()], present, 'installed', answered, signal)) take(look)
      await Promise.all(judging)
    }

    return {
      /** How healthy assets were before; whoever prepares them adds what it sees. */
      before,
      /** `looks`: of those that were looked at when they had ended, what was seen, by id; they are not looked at again. */
      add(ended: readonly RecordedOutcome[], looks: Looks = new Map()): void {
        if (ended.length === 0) return
        const task = check(ended, looks)
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

  async function judge(one: Judged, signal: AbortSignal) {
    const { state, key, asset, outcome, first } = one
    const health = first.kind === 'seen' && asset ? [...(await healthOf(state, asset, signal))] : []
    const touched = outcome.state === 'succeeded' || outcome.state === 'failed'
    for (const hook of hooksOf(state).filter(({ moment }) => AFTER.includes(moment))) {
      if (hook.moment === 'post-check' && !touched) continue
      const result = asset === undefined ? notRun : await parts.hooks.run(hook, asset, key, signal)
      if (hook.moment === 'post-check' || !result.ok)
        health.push({ check: hook.moment, healthy: result.ok, detail: result.detail })
    }
    return conclude(one, health, signal)
  }

  /** A quick look says whether the versions are there; where they are not, a whole one says what keeps them away. */
  async function conclude(
    { state, planned, asset, outcome, first, before }: Judged,
    health: readonly HealthResult[],
    signal: AbortSignal,
  ) {
    const facts = { health, ...(before === undefined ? {} : { before }), now: now(), rollsBack: rollsBack(state) }
    const verdict = verify(planned, outcome, first, facts)
    if (first.kind !== 'seen' || !asset || (verdict.end !== 'still missing' && verdict.end !== 'held back'))
      return verdict
    for await (const observation of look([asset], 'full', () => true, signal)) {
      await saveObservations(parts.db, [observation], now())
      return verify(planned, outcome, observation, { ...facts, now: now() })
    }
    return verdict
  }

  /** A fresh look at each of them that the inventory had. */
  async function* lookAll(
    ids: readonly string[],
    present: ReadonlyMap<string, Asset>,
    depth: 'full' | 'installed',
    answered: (id: string) => boolean,
    signal: AbortSignal,
  ): AsyncGenerator<Look> {
    for (const id of ids) if (!present.has(id)) yield { kind: 'gone', asset: id }
    yield* look(
      ids.flatMap((id) => present.get(id) ?? []),
      depth,
      answered,
      signal,
    )
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
    recording.expect({ outcomes: [], verifications: assets })
    try {
      // A part at a time: however many there are, few are held in memory.
      for (let from = 0; from < assets.length; from += LAST_LOOKS)
        await lookAgainAt(state, assets.slice(from, from + LAST_LOOKS), recording, signal)
    } finally {
      recording.forget(assets)
    }
  }

  async function lookAgainAt(
    state: ProposalState,
    assets: readonly string[],
    recording: Recording,
    signal: AbortSignal,
  ): Promise<void> {
    const left = new Set(assets)
    const present = await readAssets(parts.db, assets)
    const looked: { readonly ended: Ended; readonly earlier: Verification | null; readonly last: Look }[] = []
    const writing: Promise<void>[] = []
    async function record(): Promise<void> {
      const some = looked.splice(0)
      await saveObservations(
        parts.db,
        some.flatMap(({ last }) => (last.kind === 'gone' ? [] : [last])),
        now(),
      )
      const judged = await Promise.all(some.map(({ ended, earlier, last }) => again(ended, earlier, last, signal)))
      const write = recording.verifications(judged)
      // It is awaited at the end; until then nobody else may think that it was forgotten.
      write.catch(() => undefined)
      writing.push(write)
    }
    const answered = (id: string) => state.rollout?.deployments[id]?.outcome?.state !== 'unreachable'
    for await (const last of lookAll(assets, present, 'full', answered, signal)) {
      const id = lookedAt(last)
      const item = plannedIn(state, id)
      const deployment = state.rollout?.deployments[id]
      if (item === null || !deployment?.outcome || !left.delete(id)) continue
      const ended = { state, planned: item, asset: present.get(id), outcome: deployment.outcome }
      looked.push({ ended, earlier: deployment.verification, last })
      if (looked.length >= AT_ONCE) await record()
    }
    await record()
    await Promise.all(writing)
  }

  async function again(
    { state, planned, asset, outcome }: Ended,
    earlier: Verification | null,
    last: Look,
    signal: AbortSignal,
  ): Promise<RecordedVerification> {
    // Nothing was begun on it, and it was not brought back into service: a look at its packages does not change that.
    if (outcome.state === 'not begun' && earlier !== null) {
      return { asset: planned.asset.id, verification: { ...earlier, at: now() } }
    }
    const before = earlier?.healthBefore
    const health = last.kind === 'seen' && asset ? await healthOf(state, asset, signal) : []
    const facts = { health, ...(before === undefined ? {} : { before }), now: now(), rollsBack: rollsBack(state) }
    return { asset: planned.asset.id, verification: verify(planned, outcome, last, facts) }
  }

  function now(): string {
    return parts.clock().toISOString()
  }

  return { verifier, lookAgain }
}

interface Ended {
  readonly state: ProposalState
  readonly planned: PlannedAsset
  /** `undefined`: the inventory does not list it any more. */
  readonly asset: Asset | undefined
  readonly outcome: DeploymentOutcome
}

/** An asset to be judged by the first look at it. */
interface Judged extends Ended {
  readonly key: string
  readonly first: Look
  /** How healthy it was before. */
  readonly before: readonly HealthResult[] | undefined
}

/** Of a hook that has nowhere to go: what was drained is not back in service, and that is told. */
const notRun = { ok: false, detail: `it is ${GONE}`, log: '' }

/** Assets of the last look that are asked for together. */
const LAST_LOOKS = 2_000
/** Of these, so many are judged together. */
const AT_ONCE = 100

function hooksOf({ subject }: ProposalState) {
  return subject.kind === 'patches' ? (subject.hooks ?? []) : []
}

function plannedIn({ subject }: ProposalState, asset: string): PlannedAsset | null {
  return subject.kind === 'patches' ? plannedOf(subject, asset) : null
}

function rollsBack({ subject }: ProposalState): boolean {
  return subject.kind === 'patches' && subject.rollsBack !== undefined
}
