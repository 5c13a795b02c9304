/** Follows the work that an engine has begun, until all of it has ended. */

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
  /** True: somebody has stopped the rollout, and the engine was told. */
  cancelled: boolean
  /** When to look again, as it was stored, ISO 8601 UTC; `null`: soon. */
  next: string | null
}

/** `waiting`: the assets to follow. */
export async function follow(
  work: Work,
  engine: DeployEngine,
  handle: DeploymentHandle,
  waiting: Set<string>,
): Promise<void> {
  const { deploying, notes, ask, away, finish, signal } = work
  const { clock, pollSeconds } = deploying.parts
  const following: Following = { work, engine, handle, cancelled: false, next: notes.nextLook }
  // The time that the engine gave to an earlier process is still valid.
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
        // An asset that did not begin before a crash, and may not begin any more, is not tried again.
        const problem = outcome.state === 'not begun' ? away.get(asset) : undefined
        if (problem !== undefined) return { asset, outcome: heldBack(problem) }
        return { asset, outcome: explained(outcome, answers?.get(asset), following.cancelled) }
      }),
      new Map(reports.flatMap(({ asset, look }) => (look === undefined ? [] : [[asset, look]]))),
    )
    if (waiting.size === 0) return
    // Stored only after the ends are recorded. After a crash the next process must ask for them again.
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

/** Waits until the next look. After a stop it tells the engine at once and looks soon. */
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
 * Improves the reason why nothing was begun. If we would still allow it, the asset's clock is ahead of ours. It would
 * refuse again at once, so it may only be tried after its time limit.
 */
function explained(outcome: DeploymentOutcome, answer: HandOver | undefined, cancelled: boolean): DeploymentOutcome {
  if (outcome.state !== 'not begun' || answer === undefined) return outcome
  if ('problem' in answer) return answer.over ? outcome : { ...outcome, reason: answer.problem }
  return cancelled || answer.notAfter === null ? outcome : { ...outcome, notBefore: answer.notAfter }
}

/** Waits until an asset of the start has ended, if the engine can tell; otherwise for this many seconds. */
async function nextEnd(
  engine: DeployEngine,
  handle: DeploymentHandle,
  seconds: number,
  signal: AbortSignal,
): Promise<void> {
  if (engine.wait) await engine.wait(handle, seconds, signal)
  else await sleep(seconds * 1_000, undefined, { signal })
}
