/** Verifies assets by what they say about themselves, and records it. */

import { setTimeout as sleep } from 'node:timers/promises'
import type { Asset, Observation } from '../../core/asset.ts'
import { GONE } from '../../core/away.ts'
import type { DeploymentOutcome, HealthResult, HookMoment } from '../../core/ports.ts'
import type { RecordedOutcome } from '../../core/proposal/event.ts'
import type { EndState, PlannedAsset, ProposalState } from '../../core/proposal/proposal.ts'
import { deploymentOf } from '../../core/rollout/deployments.ts'
import { plannedOf } from '../../core/rollout/planned.ts'
import { type Look, lookedAt, type VerificationFacts, verify } from '../../core/verification.ts'
import { saveObservations } from '../../store/save-looks.ts'
import type { WorkflowParts } from '../ports.ts'
import { look, lookAll } from './fresh-looks.ts'
import type { Recording } from './recording.ts'

/** A service gets this many looks, this far apart, to come back after an upgrade. */
const HEALTH_LOOKS = 4
const HEALTH_PAUSE_MS = 1_500
const AFTER: readonly HookMoment[] = ['post-check', 'undrain']

export type VerifyParts = Pick<WorkflowParts, 'db' | 'clock' | 'sources' | 'hooks' | 'health'>

/** One start whose assets are verified. */
export interface Verified {
  readonly state: ProposalState
  readonly key: string
  /** Its assets as the inventory had them when work began, by id. */
  readonly present: ReadonlyMap<string, Asset>
  /** How healthy they were before, by id, as far as that was written down. */
  readonly known: ReadonlyMap<string, readonly HealthResult[]>
  readonly recording: Recording
  readonly signal: AbortSignal
}

type Looks = ReadonlyMap<string, Observation>

/** Verifies assets of one start as they end. */
export function createVerifier(parts: VerifyParts, verified: Verified) {
  const { state, key, present, known, recording, signal } = verified
  const before = new Map(known)
  const tasks: Promise<void>[] = []
  let going = 0

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
      const recorded = judge(parts, one, signal).then((verification) =>
        recording.verifications([{ asset: id, verification }]),
      )
      // It is awaited when all have been looked at.
      recorded.catch(() => undefined)
      judging.push(recorded)
    }
    for (const [id, look] of looks) if (look.kind === 'seen' && present.has(id)) take(look)
    const looking = { parts, depth: 'installed', answered, signal } as const
    for await (const look of lookAll(looking, [...left.keys()], present)) take(look)
    await Promise.all(judging)
  }

  return {
    /** How healthy assets were before; whoever prepares them adds what it sees. */
    before,
    /**
     * `looks`: for assets that were looked at when they had ended, what was seen, by id; they are not looked at again.
     */
    add(ended: readonly RecordedOutcome[], looks: Looks = new Map()): void {
      if (ended.length === 0) return
      going++
      const task = check(ended, looks).finally(() => {
        going--
      })
      // It is awaited at the end; until then this keeps a failure from being reported as one that nobody handles.
      task.catch(() => undefined)
      tasks.push(task)
    },
    /** Is nothing being verified? */
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

/** A quick look says whether the versions are there; where they are not, a whole one says what keeps them away. */
async function conclude(
  parts: VerifyParts,
  { state, planned, asset, outcome, first, before }: Judged,
  health: readonly HealthResult[],
  signal: AbortSignal,
) {
  const now = () => parts.clock().toISOString()
  const facts = { health, ...(before === undefined ? {} : { before }), now: now(), ...startOf(state, planned) }
  const verdict = verify(planned, outcome, first, facts)
  if (first.kind !== 'seen' || !asset || !worthAWholeLook.has(verdict.end)) return verdict
  for await (const observation of look({ parts, depth: 'full', answered: () => true, signal }, [asset])) {
    await saveObservations(parts.db, [observation], now())
    return verify(planned, outcome, observation, { ...facts, now: now() })
  }
  return verdict
}

export async function healthOf(
  { health }: Pick<VerifyParts, 'health'>,
  state: ProposalState,
  asset: Asset,
  signal: AbortSignal,
): Promise<readonly HealthResult[]> {
  const checks = state.subject.kind === 'patches' ? state.subject.health : []
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

/** For a hook that has no address to go to: what was drained is not back in service, and that is told. */
const notRun = { ok: false, detail: `it is ${GONE}`, log: '' }

function hooksOf({ subject }: ProposalState) {
  return subject.kind === 'patches' ? (subject.hooks ?? []) : []
}

export function plannedIn({ subject }: ProposalState, asset: string): PlannedAsset | null {
  return subject.kind === 'patches' ? plannedOf(subject, asset) : null
}

/** What verification has to know of the start of an asset. */
export function startOf(
  { subject, rollout, test }: ProposalState,
  { asset }: PlannedAsset,
): Pick<VerificationFacts, 'startedAt' | 'rollsBack'> {
  const run = rollout ?? test
  const startedAt = run === null ? undefined : deploymentOf(run, asset.id)?.startedAt
  return {
    rollsBack: subject.kind === 'patches' && subject.rollsBack !== undefined,
    ...(startedAt === undefined ? {} : { startedAt }),
  }
}
