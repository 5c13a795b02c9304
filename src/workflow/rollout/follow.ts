/** Follows what an engine has begun, until all of it has come to its end. */

import { setTimeout as sleep } from 'node:timers/promises'
import { heldBack } from '../../core/held-back.ts'
import { isAhead, nextLook } from '../../core/next-look.ts'
import type { DeployEngine, DeploymentHandle, DeploymentOutcome } from '../../core/ports.ts'
import type { HandOver } from '../../core/rollout/hand-over.ts'
import type { Work } from './start.ts'

interface Following {
  readonly work: Work
  readonly engine: DeployEngine
  readonly handle: DeploymentHandle
  /** Somebody has stopped it, and the engine was told. */
  cancelled: boolean
  /** When it is worth looking again, ISO 8601 UTC, as written down; `null`: soon. */
  next: string | null
}

/** `waiting`: the assets that are followed. */
export async function follow(
  work: Work,
  engine: DeployEngine,
  handle: DeploymentHandle,
  waiting: Set<string>,
): Promise<void> {
  const { deploying, notes, ask, away, finish, signal } = work
  const { clock, pollSeconds } = deploying.parts
  const following: Following = { work, engine, handle, cancelled: false, next: notes.nextLook }
  // What it told an earlier process still holds.
  if (following.next !== null) await untilNextLook(following)
  while (waiting.size > 0) {
    signal.throwIfAborted()
    const reports = await engine.poll(handle, signal)
    const ended = reports.flatMap(({ asset, outcome }) =>
      outcome !== null && waiting.delete(asset) ? [{ asset, outcome }] : [],
    )
    if (waiting.size === 0) await lookAt(following, null)
    const answers = ended.some(({ outcome }) => outcome.state === 'not begun') ? await ask() : null
    await finish(
      ended.map(({ asset, outcome }) => {
        // If an asset did not begin before a crash and may not begin any more, it does not come again.
        const problem = outcome.state === 'not begun' ? away.get(asset) : undefined
        if (problem !== undefined) return { asset, outcome: heldBack(problem) }
        return { asset, outcome: explained(outcome, answers?.get(asset), following.cancelled) }
      }),
      new Map(reports.flatMap(({ asset, look }) => (look === undefined ? [] : [[asset, look]]))),
    )
    if (waiting.size === 0) return
    // Only after the ends are recorded: whoever takes over after a crash has to ask for them again.
    const said = new Map(reports.map(({ asset, lookAgainAt }) => [asset, lookAgainAt]))
    const running = [...waiting].map((asset) => said.get(asset))
    await lookAt(following, nextLook(running, clock(), pollSeconds))
    await untilNextLook(following)
  }
}

async function lookAt(following: Following, at: string | null): Promise<void> {
  if (at === following.next) return
  const { deploying, key } = following.work
  await deploying.book.noteNextLook(key, at)
  following.next = at
}

/** Until it is worth looking again. A stop does not wait for that: the engine is told, and looked at soon. */
async function untilNextLook(following: Following): Promise<void> {
  const { work, engine, handle } = following
  const { deploying, stopped, signal } = work
  const { clock, pollSeconds } = deploying.parts
  for (;;) {
    if (!following.cancelled && stopped()) {
      following.cancelled = true
      await lookAt(following, null)
      await engine.cancel(handle, signal)
    }
    const over = following.next === null || !isAhead(following.next, clock())
    work.rests(over || !work.idle() ? null : following.next)
    if (following.next === null) return nextEnd(engine, handle, pollSeconds, signal)
    if (over) return
    await sleep(pollSeconds * 1_000, undefined, { signal })
  }
}

/**
 * Why nothing was begun, as we know it. Where it might still begin for all we know, the asset's own clock is ahead of ours:
 * it would refuse again at once, so that it comes when this time is over.
 */
function explained(outcome: DeploymentOutcome, answer: HandOver | undefined, cancelled: boolean): DeploymentOutcome {
  if (outcome.state !== 'not begun' || answer === undefined) return outcome
  if ('problem' in answer) return answer.over ? outcome : { ...outcome, reason: answer.problem }
  return cancelled || answer.notAfter === null ? outcome : { ...outcome, notBefore: answer.notAfter }
}

/** Waits until an asset of the start has ended, where the engine can tell, or for this many seconds. */
async function nextEnd(
  engine: DeployEngine,
  handle: DeploymentHandle,
  seconds: number,
  signal: AbortSignal,
): Promise<void> {
  if (engine.wait) await engine.wait(handle, seconds, signal)
  else await sleep(seconds * 1_000, undefined, { signal })
}
