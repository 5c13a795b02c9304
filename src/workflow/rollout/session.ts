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

/** The work on one proposal while this process drives it. */
export function openSession(deploying: Deploying, proposal: string, signal: AbortSignal) {
  const { parts, commands } = deploying
  const going = new Map<string, Promise<void>>()
  const resting = new Map<string, string>()
  const endedAt = new Map<string, number>()
  let version = 0
  let heard: () => void = () => undefined
  let problem: { readonly error: unknown } | null = null
  let stopped = false
  let waitingEnded = false
  const recording = createRecording(parts, commands.execute, proposal, changed, signal)
  const watch: Watch = { recording, stopped: () => stopped, waitingEnded: () => waitingEnded, rests, signal }

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
    /** Changes each time something is recorded. */
    version: () => version,
    /** Resolves when something has changed since `seen`, or after a while, because people may have stopped it. */
    async attend(state: ProposalState, seen: number): Promise<void> {
      stopped = stopProblem(state) !== null
      waitingEnded = (state.rollout?.waitingEndedAt ?? null) !== null
      for (const key of new Set(unfinishedDeployments(state).map((deployment) => deployment.key))) {
        // The state was read before this start ended, so it does not show the end. Do not begin it again.
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
      // The driver gives up and is called again soon. It finds the begun work by its key.
      if (problem !== null) throw problem.error
    },
    /** Until when this process need not wait for running work, ISO 8601 UTC; `null`: it must wait here. */
    restsUntil: () =>
      restsUntil(
        [...going.keys()].map((key) => resting.get(key) ?? null),
        parts.clock(),
      ),
    /** The last look at these assets, before the rollout is completed. */
    lookAgain: (state: ProposalState, assets: readonly string[]) =>
      lookAgain({ parts, state, recording, signal }, assets),
    /** Waits for all work, so that nothing runs unknown to the next process that drives. */
    async end(): Promise<void> {
      await Promise.all(going.values())
    },
  }
}
