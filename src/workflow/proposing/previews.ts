/**
 * Asks engines what changes would do, in bulk and before proposals need it, and stores the answers. An answer is for
 * one asset; or for all assets with the same software, if the engine answers alike for them. It is kept while software
 * and changes stay the same.
 */

import type { Asset } from '../../core/asset.ts'
import { GONE } from '../../core/away.ts'
import type { Change } from '../../core/change.ts'
import { errorText } from '../../core/error-text.ts'
import { memoizeByIdentity } from '../../core/memoize-by-identity.ts'
import type { DeployEngine } from '../../core/ports.ts'
import { addsNothing, stepsOf } from '../../core/preview.ts'
import type { PatchSubject, PlannedAsset, ProposalState } from '../../core/proposal/proposal.ts'
import { engineOf } from '../../core/rollout/lanes.ts'
import { plannedOf } from '../../core/rollout/planned.ts'
import { sha256 } from '../../core/sha256.ts'
import { HOUR_MS } from '../../core/time/instant.ts'
import { sameChanges } from '../../core/within.ts'
import { createPauses } from '../../store/in-slices.ts'
import type { AssetKeys } from '../../store/inventory.ts'
import { type KeptPreview, keepPreviews, knownPreviews, type PreviewAnswer } from '../../store/previews.ts'
import type { WorkflowParts } from '../ports.ts'

const AT_ONCE = 8
/** How many answers are stored together, and for how long they are collected. */
const ANSWERS_AT_ONCE = 100
const COLLECT_MS = 500
/** A failed preview is asked again after this time. */
export const ASK_AGAIN_MS = HOUR_MS

/** A question that an engine has not answered yet. */
export interface Lacking {
  readonly engine: string
  readonly key: string
  readonly asset: Asset
  readonly changes: readonly Change[]
}

export interface Filled {
  readonly subject: PatchSubject
  /** Questions without an answer. */
  readonly lacking: readonly Lacking[]
  /** Questions whose preview failed. They will be asked again. */
  readonly again: readonly Lacking[]
}

type PreviewParts = Pick<WorkflowParts, 'db' | 'clock' | 'engines'>

/**
 * The subject with the exact transaction of each asset, where it is known. A transaction in `existing` is kept if its
 * changes are the same.
 */
export async function fillPreviews(
  { db, clock, engines }: PreviewParts,
  subject: PatchSubject,
  existing: ProposalState | null,
  present: ReadonlyMap<string, AssetKeys>,
): Promise<Filled> {
  const before = existing?.subject.kind === 'patches' ? existing.subject : null
  const open: {
    readonly planned: PlannedAsset
    readonly row: AssetKeys
    readonly engine: string
    readonly key: string
  }[] = []
  const done = new Map<string, Pick<PlannedAsset, 'transaction' | 'previewProblem'>>()
  const pause = createPauses()
  for (const planned of subject.assets) {
    await pause()
    const { id } = planned.asset
    const same = before && plannedOf(before, id)
    const name = engineOf(subject, planned.asset)
    const engine = engines.get(name)
    const row = present.get(id)
    if (same && same.previewProblem === null && sameChanges(same.changes, planned.changes))
      done.set(id, { transaction: same.transaction, previewProblem: null })
    else if (!engine) done.set(id, cannot(`the engine "${name}" is not configured`))
    else if (row === undefined) done.set(id, cannot(`it is ${GONE}`))
    else open.push({ planned, row, engine: name, key: previewKey(engine, row, planned.changes) })
  }
  const known = new Map<string, ReadonlyMap<string, KeptPreview>>()
  for (const name of new Set(open.map(({ engine }) => engine))) {
    const keys = open.flatMap(({ engine, key }) => (engine === name ? [key] : []))
    known.set(name, await knownPreviews(db, name, [...new Set(keys)]))
  }
  const lacking = new Map<string, Lacking>()
  const again = new Map<string, Lacking>()
  const stale = staleSince(clock)
  for (const { planned, row, engine, key } of open) {
    await pause()
    const { changes } = planned
    const kept = known.get(engine)?.get(key)
    const ask = { engine, key, asset: row.asset, changes }
    if (kept === undefined) {
      lacking.set(`${engine} ${key}`, ask)
      done.set(planned.asset.id, cannot(NOT_YET))
      continue
    }
    const { answer, askedAt } = kept
    if (answer.problem !== null && askedAt <= stale) again.set(`${engine} ${key}`, ask)
    done.set(
      planned.asset.id,
      answer.problem === null
        ? { transaction: answer.steps ?? stepsOf(changes), previewProblem: null }
        : cannot(answer.problem),
    )
  }
  return {
    subject: { ...subject, assets: subject.assets.map((planned) => ({ ...planned, ...done.get(planned.asset.id) })) },
    lacking: [...lacking.values()],
    again: [...again.values()],
  }
}

/**
 * Asks an engine a few questions at a time, and stores each answer soon. A question may come several times, because two
 * proposals may have it.
 */
export async function askEngine(
  { db, clock, engines }: PreviewParts,
  name: string,
  asked: readonly Lacking[],
  signal: AbortSignal,
): Promise<void> {
  const engine = engines.get(name)
  if (engine === undefined) return
  const questions = [...new Map(asked.map((question) => [question.key, question])).values()]
  const known = await knownPreviews(
    db,
    name,
    questions.map(({ key }) => key),
  )
  const stale = staleSince(clock)
  const open = questions.filter(({ key }) => {
    const there = known.get(key)
    return there === undefined || (there.answer.problem !== null && there.askedAt <= stale)
  })
  const keeping: Promise<unknown>[] = []
  const pause = createPauses()
  let answers: PreviewAnswer[] = []
  let timer: NodeJS.Timeout | undefined
  const keep = () => {
    clearTimeout(timer)
    timer = undefined
    const some = answers
    answers = []
    if (some.length === 0) return
    keeping.push(keepPreviews(db, name, some, clock().toISOString()).catch((error: unknown) => error))
  }
  const questionsLeft = open.values()
  const askNext = async (): Promise<void> => {
    for (const { key, asset, changes } of questionsLeft) {
      await pause()
      signal.throwIfAborted()
      const answer = await answerOf(engine, key, asset, changes, signal)
      answers.push(answer)
      // A slow answer must not hold back the others.
      if (answers.length >= ANSWERS_AT_ONCE) keep()
      else timer ??= setTimeout(keep, COLLECT_MS)
    }
  }
  await Promise.allSettled(Array.from({ length: engine.previewsAtOnce ?? AT_ONCE }, askNext))
  keep()
  const problem = (await Promise.all(keeping)).find((error) => error !== undefined)
  if (problem !== undefined) throw problem
  signal.throwIfAborted()
}

function staleSince(clock: () => Date): string {
  return new Date(clock().getTime() - ASK_AGAIN_MS).toISOString()
}

/** The problem of an asset whose engine has not answered yet. */
export const NOT_YET = 'its engine has not answered yet'

function cannot(problem: string): Pick<PlannedAsset, 'transaction' | 'previewProblem'> {
  return { transaction: [], previewProblem: problem }
}

async function answerOf(
  engine: DeployEngine,
  key: string,
  asset: Asset,
  changes: readonly Change[],
  signal: AbortSignal,
): Promise<PreviewAnswer> {
  try {
    const steps = await engine.preview(asset, changes, signal)
    return { key, steps: addsNothing(changes, steps) ? null : steps, problem: null }
  } catch (error) {
    signal.throwIfAborted()
    return { key, steps: null, problem: errorText(error) }
  }
}

const changesHash = memoizeByIdentity((changes: readonly Change[]) => sha256(JSON.stringify(changes)))

/** The key of an answer: these changes on this software, and the asset unless the engine answers alike for others. */
function previewKey(
  { previewsBySoftware }: DeployEngine,
  { asset, ...row }: AssetKeys,
  changes: readonly Change[],
): string {
  const software = `${asset.platform} ${row.softwareSet} ${row.pendingSet}`
  return `${previewsBySoftware === true ? software : `${asset.id} ${software}`} ${changesHash(changes)}`
}
