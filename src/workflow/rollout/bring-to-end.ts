/** Brings the assets of one start to their end: silences monitoring, prepares, deploys and verifies. */

import type { Asset } from '../../core/asset.ts'
import { awayProblem } from '../../core/away.ts'
import { heldBack } from '../../core/held-back.ts'
import type { SilenceLease } from '../../core/ports.ts'
import type { Actor, Deployment, ProposalState } from '../../core/proposal/proposal.ts'
import { restores } from '../../core/rollback.ts'
import { engineOfRing } from '../../core/rollout/lanes.ts'
import { unfinishedDeployments } from '../../core/rollout/run.ts'
import { quietUntil, toldStart } from '../../core/rollout/told.ts'
import { readAssets } from '../../store/inventory.ts'
import { begin, putBack } from './begin.ts'
import { follow } from './follow.ts'
import type { Recording } from './recording.ts'
import type { RunNotes } from './run-book.ts'
import { type Deploying, type Finish, type Start, tell, type Work } from './start.ts'
import { createVerifier } from './verify.ts'

const rollout: Actor = { kind: 'system', part: 'rollout' }

/** Connects the session of a proposal with each of its starts. */
export interface Watch {
  readonly recording: Recording
  /** True if a person or a gate has stopped the rollout or the test, in the state that was last read. */
  readonly stopped: () => boolean
  /** True if somebody has ended the waiting for reports. */
  readonly waitingEnded: () => boolean
  /** Reports until when a start has nothing to do, ISO 8601 UTC; `null`: it has something to do. */
  readonly rests: (key: string, until: string | null) => void
  readonly signal: AbortSignal
}

export async function bringToEnd(deploying: Deploying, state: ProposalState, key: string, watch: Watch): Promise<void> {
  const { parts, commands, book, silences } = deploying
  const { signal } = watch
  const { subject } = state
  if (subject.kind !== 'patches') return
  const mine = unfinishedDeployments(state).filter((deployment) => deployment.key === key)
  const ids = mine.map(({ asset }) => asset)
  const present = await readAssets(parts.db, ids)
  // The assets of a start belong to one ring, and so to one engine.
  const engine = engineOfRing(subject, mine[0]?.ring ?? 0)
  const away = new Map<string, string>()
  for (const id of ids) {
    const problem = awayProblem(present.get(id), engine)
    if (problem !== null) away.set(id, problem)
  }
  const notes = await book.notesOf(key)
  const ask = asking(deploying, state, mine)
  const start: Start = { state, subject, key, engine, mine, notes, present, away, ask, signal }
  const assets = workedOn(start)
  const reason = `${state.id} patches ${assets.length === 1 ? (assets[0]?.name ?? '') : `${assets.length} servers`}`
  if (toldStart(state, mine) !== null) return workOnTold(deploying, start, watch, { key, assets, reason })
  const silence = (await nothingBegins(start)) ? null : (subject.silence ?? null)
  const { problem } = await silences.during(silence, key, assets, reason, signal, () =>
    workOn(deploying, start, watch, async () => undefined),
  )
  if (problem !== null) await commands.execute(state.id, { type: 'note', text: problem }, rollout)
}

/**
 * Of work that was told ahead nobody knows when it begins. So the monitoring is silent from the beginning of the window
 * until a while after its end, or until all assets have ended, and no process has to renew the silence.
 */
async function workOnTold(
  deploying: Deploying,
  start: Start,
  watch: Watch,
  lease: Pick<SilenceLease, 'key' | 'assets' | 'reason'>,
): Promise<void> {
  const { parts, silences } = deploying
  const { state, subject, mine, signal } = start
  const { silence } = subject
  const told = toldStart(state, mine)
  const until = () => (told === null ? null : quietUntil(told, parts.clock().toISOString()))
  let held = false
  async function quiet(work: Work): Promise<void> {
    const end = until()
    if (silence === undefined || end === null || held) return
    const problem = await silences.hold(silence, { ...lease, until: end }, signal)
    held = problem === null
    if (problem !== null) await tell(work, problem)
  }
  await workOn(deploying, start, watch, quiet)
  if (silence !== undefined && until() !== null) await silences.release(silence, lease, signal)
}

/** Asks whether the assets of a start may begin now. Calls at the same moment share one answer. */
function asking({ parts, commands }: Deploying, state: ProposalState, mine: readonly Deployment[]): Start['ask'] {
  const assets = mine.map(({ asset }) => asset)
  const since = parts.clock().toISOString()
  let asked: ReturnType<Start['ask']> | null = null
  return () => {
    const answers = asked ?? commands.askHandOver(state, assets, since)
    asked = answers
    return answers.finally(() => {
      if (asked === answers) asked = null
    })
  }
}

/** True if nothing has begun and nothing may begin. Then monitoring need not be silenced. */
async function nothingBegins({ mine, notes, away, ask }: Start): Promise<boolean> {
  if (wasBegun(notes) || mine.some(({ outcome }) => outcome !== null)) return false
  return [...(await ask())].every(([asset, answer]) => 'problem' in answer || away.has(asset))
}

async function workOn(
  deploying: Deploying,
  start: Start,
  { recording, stopped, waitingEnded, rests }: Watch,
  quiet: (work: Work) => Promise<void>,
): Promise<void> {
  const { parts, book } = deploying
  const { state, subject, key, mine, notes, present, signal } = start
  const check = createVerifier(parts, { state, key, present, known: notes.before, recording, signal })
  const finish: Finish = async (ended, looks) => {
    if (ended.length === 0) return
    // The outcome is recorded first. It does not depend on a look at the asset.
    await recording.outcomes(ended)
    check.add(ended, looks)
  }
  const work: Work = {
    ...start,
    deploying,
    finish,
    before: check.before,
    stopped,
    waitingEnded,
    rests: (until) => rests(key, until),
    idle: check.idle,
    quiet: () => quiet(work),
  }
  const all = mine.map(({ asset }) => asset)
  const open = mine.filter((item) => item.outcome === null).map((item) => item.asset)
  recording.expect({ outcomes: open, verifications: all })
  try {
    check.add(mine.flatMap(({ asset, outcome }) => (outcome === null ? [] : [{ asset, outcome }])))
    const engine = parts.engines.get(start.engine)
    if (open.length > 0 && !engine) {
      const reason = `the engine "${start.engine}" is not configured any more`
      if (notes.nextLook !== null) await book.noteNextLook(key, null)
      await finish(open.map((asset) => ({ asset, outcome: heldBack(reason) })))
    } else if (open.length > 0 && restores(subject)) {
      await putBack(work, open)
    } else if (open.length > 0 && engine) {
      const begun = await begin(work, engine, open)
      if (begun !== null) await follow(work, engine, begun.handle, new Set(begun.assets))
    }
  } finally {
    // Assets that have ended are verified even if the others failed.
    await check.done().finally(() => recording.forget(all))
  }
}

/** True if something may have begun. */
function wasBegun({ starting, handle }: RunNotes): boolean {
  return starting !== null || handle !== null
}

/** Assets on which something is or was done. The other assets of the start are left alone. */
function workedOn({ mine, notes, present, away }: Start): readonly Asset[] {
  return mine.flatMap(({ asset, outcome }) =>
    away.has(asset) && outcome === null && !wasBegun(notes) ? [] : (present.get(asset) ?? []),
  )
}
