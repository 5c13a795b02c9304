/** Begins on the assets of a start: puts snapshots back, or lets an engine install. */

import { heldBack } from '../../core/held-back.ts'
import { MaybeStarted, maybeBegun } from '../../core/maybe-started.ts'
import { notBegun } from '../../core/not-begun.ts'
import type { DeployEngine, DeploymentHandle, DeploymentOutcome } from '../../core/ports.ts'
import { plusSeconds } from '../../core/time/instant.ts'
import { prepare, restore } from './prepare.ts'
import { allowed, asked, batchOf, found, foundAgain, recordCalls, type Work } from './start.ts'

/** Puts snapshots back. After a crash nobody knows how far that came, so it is done again where it still may be. */
export async function putBack(work: Work, open: readonly string[]): Promise<void> {
  const { deploying, state, subject, key, engine, notes, finish, signal } = work
  const firstTime = notes.starting === null
  const there = await found(work, open, firstTime ? heldBack : (problem) => halfPutBack(`${problem}.`))
  const ready = await allowed(work, there, firstTime ? notBegun : halfPutBack)
  if (ready.length === 0) return
  if (firstTime) await deploying.book.noteStarting({ key, proposal: state.id, engine }, ready, new Map())
  await finish(await restore(deploying.parts, subject, await batchOf(work, ready), signal))
}

/**
 * Looks, prepares, then starts. Permission is asked before the first step, and again just before the engine is called.
 * The assets are stored before that call. After a crash the engine is called again with the same key and assets, and
 * finds its work again. The engine is told which assets may not begin any more.
 */
export async function begin(
  work: Work,
  engine: DeployEngine,
  open: readonly string[],
): Promise<{ readonly handle: DeploymentHandle; readonly assets: readonly string[] } | null> {
  const { deploying, state, key, notes } = work
  const noted = { key, proposal: state.id, engine: engine.name }
  if (notes.handle !== null) return { handle: { key, data: notes.handle }, assets: open }
  const ready =
    notes.starting === null ? await makeReady(work, engine, open) : await foundAgain(work, notes.starting, open)
  const staged = ready.length === 0 ? [] : await stage(work, engine, ready)
  if (staged.length === 0) return null
  const handle = await started(work, engine, staged)
  if (handle === null) return null
  await deploying.book.noteHandle(noted, handle.data)
  return { handle, assets: staged }
}

/** `null`: nobody knows whether the engine's system has started it. People are told and decide. */
async function started(work: Work, engine: DeployEngine, assets: readonly string[]): Promise<DeploymentHandle | null> {
  try {
    const batch = await batchOf(work, assets)
    const handle = await asked(work, engine, 'be told', () => engine.start(batch, work.signal))
    await recordCalls(work, engine)
    return handle
  } catch (error) {
    if (!(error instanceof MaybeStarted)) throw error
    await recordCalls(work, engine)
    await work.finish(assets.map((asset) => ({ asset, outcome: maybeBegun(error) })))
    return null
  }
}

/** How long a start waits before it is tried again because its engine was not ready. */
const STAGE_AGAIN_SECONDS = 3_600

/**
 * Has the engine make the batch ready, which may take long. Gives the assets that may be started after that: none if
 * something is still missing. They are tried again later.
 */
async function stage(work: Work, engine: DeployEngine, assets: readonly string[]): Promise<readonly string[]> {
  const ask = engine.stage?.bind(engine)
  if (ask === undefined) return assets
  const batch = await batchOf(work, assets)
  const staged = await asked(work, engine, 'be made ready', () => ask(batch, work.signal))
  await recordCalls(work, engine)
  if (staged.ready) return work.notes.starting === null ? allowed(work, assets) : assets
  const notBefore = plusSeconds(work.deploying.parts.clock().toISOString(), STAGE_AGAIN_SECONDS)
  await work.finish(assets.map((asset) => ({ asset, outcome: { ...notBegun(staged.why), notBefore } })))
  return []
}

/** Prepares assets and stores which are ready. The others get an outcome. */
async function makeReady(work: Work, engine: DeployEngine, open: readonly string[]): Promise<readonly string[]> {
  const { deploying, state, key, ask, finish, before, signal } = work
  const some = await allowed(work, await found(work, open))
  if (some.length === 0) return []
  async function problemOf(asset: string): Promise<string | null> {
    const answer = (await ask()).get(asset)
    return answer !== undefined && 'problem' in answer ? answer.problem : null
  }
  const prepared = await prepare(deploying.parts, state, engine, await batchOf(work, some), problemOf, signal)
  for (const [asset, health] of prepared.before) before.set(asset, health)
  await finish(prepared.refused)
  const ready = await allowed(work, prepared.ready)
  if (ready.length === 0) return []
  await deploying.book.noteStarting({ key, proposal: state.id, engine: engine.name }, ready, prepared.before)
  return ready
}

function halfPutBack(problem: string): DeploymentOutcome {
  const reason = `Patchwarden was stopped while its snapshot was being put back, and may not go on: ${problem} Look at it, then try it again`
  return { state: 'failed', reason, log: '' }
}
