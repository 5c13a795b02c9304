import { setTimeout as sleep } from 'node:timers/promises'
import { restsUntil } from '../../core/next-look.ts'
import type { ProposalState } from '../../core/proposal/proposal.ts'
import { stopProblem } from '../../core/rollout/hand-over.ts'
import { unfinishedDeployments } from '../../core/rollout/run.ts'
import { bringToEnd, type Watch } from './bring-to-end.ts'
import { lookAgain } from './last-look.ts'
import { createRecording } from './recording.ts'
import type { Deploying } from './start.ts'

export type Session = ReturnType<typeof openSession>

/** Work on one proposal for as long as somebody drives it. */
export function openSession(deploying: Deploying, proposal: string, signal: AbortSignal) {
  const { parts, commands } = deploying
  const going = new Map<string, Promise<void>>()
  const resting = new Map<string, string>()
  const endedAt = new Map<string, number>()
  let version = 0
  let heard: () => void = () => undefined
  let problem: { readonly error: unknown } | null = null
  let stopped = false
  const recording = createRecording(parts, commands.execute, proposal, changed, signal)
  const watch: Watch = { recording, stopped: () => stopped, rests, signal }

  function changed(): void {
    version++
    heard()
  }

  function rests(key: string, until: string | null): void {
    if (until === null) resting.delete(key)
    else resting.set(key, until)
  }

  async function somethingOrAWhile(): Promise<void> {
    const stop = new AbortController()
    const something = new Promise<void>((resolve) => {
      heard = resolve
    })
    const while_ = sleep(2_000 * parts.pollSeconds, undefined, { signal: AbortSignal.any([signal, stop.signal]) })
    await Promise.race([something, while_.catch(() => undefined)])
    stop.abort()
  }

  return {
    /** Changes whenever something was recorded. */
    version: () => version,
    /** Comes back when something has changed since `seen`, or after a while: people may have stopped it meanwhile. */
    async attend(state: ProposalState, seen: number): Promise<void> {
      stopped = stopProblem(state) !== null
      for (const key of new Set(unfinishedDeployments(state).map((deployment) => deployment.key))) {
        // What was read before a start ended does not show the end: it is not done again.
        if (going.has(key) || (endedAt.get(key) ?? 0) > seen) continue
        const work = bringToEnd(deploying, state, key, watch).finally(() => {
          going.delete(key)
          resting.delete(key)
          changed()
          endedAt.set(key, version)
        })
        going.set(
          key,
          work.catch((error: unknown) => {
            problem ??= { error }
          }),
        )
      }
      if (version === seen && problem === null) await somethingOrAWhile()
      signal.throwIfAborted()
      // The driver gives up and is called again soon; what was begun is found again by its key.
      if (problem !== null) throw problem.error
    },
    /** Until when nobody has to wait here for what is at work, ISO 8601 UTC; `null`: somebody has to. */
    restsUntil: () =>
      restsUntil(
        [...going.keys()].map((key) => resting.get(key) ?? null),
        parts.clock(),
      ),
    /** The last look at these assets, before the rollout is called complete. */
    lookAgain: (state: ProposalState, assets: readonly string[]) =>
      lookAgain({ parts, state, recording, signal }, assets),
    /** Nothing goes on without the knowledge of whoever drives next. */
    async end(): Promise<void> {
      await Promise.all(going.values())
    },
  }
}
