/** Verifies assets by what they say about themselves, and records the results. */

import { setTimeout as sleep } from 'node:timers/promises'
import { type Asset, type Observation, observedAsset, seenAs } from '../../core/asset.ts'
import { GONE } from '../../core/away.ts'
import { checksFor } from '../../core/health-checks.ts'
import type { DeploymentOutcome, HealthResult, HookMoment } from '../../core/ports.ts'
import type { RecordedOutcome } from '../../core/proposal/event.ts'
import type { EndState, PlannedAsset, ProposalState } from '../../core/proposal/proposal.ts'
import { deploymentOf } from '../../core/rollout/deployments.ts'
import { plannedOf } from '../../core/rollout/planned.ts'
import { verifyWithOthers } from '../../core/second-look.ts'
import { type Look, lookedAt, type VerificationFacts } from '../../core/verification.ts'
import { readByOurClock, readEarlyWords } from '../../store/early-words.ts'
import { saveObservations } from '../../store/save-looks.ts'
import type { WorkflowParts } from '../ports.ts'
import { look, lookAll } from './fresh-looks.ts'
import { ownWork } from './own-work.ts'
import type { Recording } from './recording.ts'
import { type SecondLooks, secondLooks } from './second-looks.ts'

/** How often, and how far apart, health is checked until a service is back after an upgrade. */
const HEALTH_LOOKS = 4
const HEALTH_PAUSE_MS = 1_500
const AFTER: readonly HookMoment[] = ['post-check', 'undrain']

export type VerifyParts = Pick<
  WorkflowParts,
  'db' | 'clock' | 'sources' | 'machines' | 'hooks' | 'health' | 'engines' | 'log'
>

/** One start whose assets are verified. */
export interface Verified {
  readonly state: ProposalState
  readonly key: string
  /** The start's assets as the inventory had them when work began, by id. */
  readonly present: ReadonlyMap<string, Asset>
  /** Their stored health before the work, by id. */
  readonly known: ReadonlyMap<string, readonly HealthResult[]>
  readonly recording: Recording
  readonly signal: AbortSignal
}

type Looks = ReadonlyMap<string, Observation>

/** Verifies assets of one start when they end. */
export function createVerifier(parts: VerifyParts, verified: Verified) {
  const { state, key, present, known, recording, signal } = verified
  const before = new Map(known)
  const tasks: Promise<void>[] = []
  let going = 0

  async function check(ended: readonly RecordedOutcome[], looks: Looks): Promise<void> {
    const left = new Map(ended.map(({ asset, outcome }) => [asset, outcome]))
    const judging: Promise<void>[] = []
    const others = secondLooks(parts, [...left.keys()], signal)
    // Awaited where an asset is judged. Until then this prevents an unhandled rejection.
    others.catch(() => undefined)
    const answered = (id: string) => left.get(id)?.state !== 'unreachable'
    function take(first: Look): void {
      const id = lookedAt(first)
      const outcome = left.get(id)
      const item = plannedIn(state, id)
      if (outcome === undefined || item === null || !left.delete(id)) return
      const one = { state, key, planned: item, asset: present.get(id), outcome, first, before: before.get(id), others }
      const recorded = judge(parts, one, signal).then((verification) =>
        recording.verifications([{ asset: id, verification }]),
      )
      // Awaited when all assets have been looked at.
      recorded.catch(() => undefined)
      judging.push(recorded)
    }
    const told = [...looks].flatMap(([id, look]) => (look.kind === 'seen' && present.has(id) ? [look] : []))
    const early = await readEarlyWords(
      parts.db,
      told.map((look) => seenAs(observedAsset(look))),
    )
    for (const look of await readByOurClock(parts.db, told, early, parts.clock().toISOString())) take(look)
    const looking = { parts, depth: 'installed', answered, signal } as const
    for await (const look of lookAll(looking, [...left.keys()], present)) take(look)
    await Promise.all(judging)
  }

  return {
    /** The health of assets before the work. The preparation adds to it. */
    before,
    /** `looks`: by id, what was seen of assets when they had ended. These are not looked at again. */
    add(ended: readonly RecordedOutcome[], looks: Looks = new Map()): void {
      if (ended.length === 0) return
      going++
      const task = check(ended, looks).finally(() => {
        going--
      })
      // Awaited at the end. Until then this prevents an unhandled rejection.
      task.catch(() => undefined)
      tasks.push(task)
    },
    /** True if nothing is being verified. */
    idle: () => going === 0,
    async done(): Promise<void> {
      const ends = await Promise.allSettled(tasks)
      for (const end of ends) if (end.status === 'rejected') throw end.reason
    },
  }
}

async function judge(parts: VerifyParts, one: Judged, signal: AbortSignal) {
  const { state, key, asset, outcome, first } = one
  const health = first.kind === 'seen' && asset ? [...(await healthOf(parts, state, asset, signal))] : []
  const touched = outcome.state === 'succeeded' || outcome.state === 'failed'
  for (const hook of hooksOf(state).filter(({ moment }) => AFTER.includes(moment))) {
    if (hook.moment === 'post-check' && !touched) continue
    const result = asset === undefined ? notRun : await parts.hooks.run(hook, asset, key, signal)
    if (hook.moment === 'post-check' || !result.ok)
      health.push({ check: hook.moment, healthy: result.ok, detail: result.detail })
  }
  return conclude(parts, one, health, signal)
}

const worthAWholeLook: ReadonlySet<EndState> = new Set(['still missing', 'held back', 'not known'])

/** A quick look says whether the versions are there. If not, a complete look says why. */
async function conclude(
  parts: VerifyParts,
  { state, planned, asset, outcome, first, before, others }: Judged,
  health: readonly HealthResult[],
  signal: AbortSignal,
) {
  const now = () => parts.clock().toISOString()
  const own = first.kind === 'seen' && asset ? await ownWork(parts, state, asset, outcome, signal) : undefined
  const known = { ...(before === undefined ? {} : { before }), ...(own === undefined ? {} : { own }) }
  const facts = { health, ...known, now: now(), ...startOf(state, planned) }
  const seen = (await others).get(planned.asset.id) ?? []
  const verdict = verifyWithOthers(planned, outcome, first, facts, seen)
  if (first.kind !== 'seen' || !asset || !worthAWholeLook.has(verdict.end)) return verdict
  for await (const observation of look({ parts, depth: 'full', answered: () => true, signal }, [asset])) {
    await saveObservations(parts.db, [observation], now(), { ...(parts.machines && { rule: parts.machines }) })
    return verifyWithOthers(planned, outcome, observation, { ...facts, now: now() }, seen)
  }
  return verdict
}

export async function healthOf(
  { health }: Pick<VerifyParts, 'health'>,
  state: ProposalState,
  asset: Asset,
  signal: AbortSignal,
): Promise<readonly HealthResult[]> {
  const checks = state.subject.kind === 'patches' ? checksFor(state.subject.health, asset) : []
  let results = await health.check(asset, checks, signal)
  for (let again = 1; again < HEALTH_LOOKS && results.some((result) => !result.healthy); again++) {
    await sleep(HEALTH_PAUSE_MS, undefined, { signal })
    results = await health.check(asset, checks, signal)
  }
  return results
}

export interface Ended {
  readonly state: ProposalState
  readonly planned: PlannedAsset
  /** `undefined`: the asset is not in the inventory any more. */
  readonly asset: Asset | undefined
  readonly outcome: DeploymentOutcome
}

/** An asset that will be judged by a first look. */
interface Judged extends Ended {
  readonly key: string
  readonly first: Look
  /** The asset's health before the work. */
  readonly before: readonly HealthResult[] | undefined
  /** What other sources see of the assets that ended together. */
  readonly others: Promise<SecondLooks>
}

/** The result of a hook without an address to go to. The asset was drained and is not back in service. */
const notRun = { ok: false, detail: `it is ${GONE}`, log: '' }

function hooksOf({ subject }: ProposalState) {
  return subject.kind === 'patches' ? (subject.hooks ?? []) : []
}

export function plannedIn({ subject }: ProposalState, asset: string): PlannedAsset | null {
  return subject.kind === 'patches' ? plannedOf(subject, asset) : null
}

/** What verification needs to know about the start of an asset. */
export function startOf(
  { subject, rollout, test }: ProposalState,
  { asset }: PlannedAsset,
): Pick<VerificationFacts, 'startedAt' | 'rollsBack'> {
  const run = rollout ?? test
  const deployment = run === null ? undefined : deploymentOf(run, asset.id)
  // A word from before the work could begin says nothing about it.
  const startedAt = deployment?.notBefore ?? deployment?.startedAt
  return {
    rollsBack: subject.kind === 'patches' && subject.rollsBack !== undefined,
    ...(startedAt === undefined ? {} : { startedAt }),
  }
}
