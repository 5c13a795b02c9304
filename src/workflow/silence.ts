import { setTimeout as sleep } from 'node:timers/promises'
import type { Asset } from '../core/asset.ts'
import { errorText } from '../core/error-text.ts'
import type { MonitoringSilence, SilenceLease } from '../core/ports.ts'
import type { WorkflowLog } from './log.ts'

export interface SilencesOptions {
  /** By name. */
  readonly silences: ReadonlyMap<string, MonitoringSilence>
  readonly clock: () => Date
  readonly log: WorkflowLog
  /** How long a silence lasts after its last renewal, in seconds. Default 5 minutes. */
  readonly leaseSeconds?: number
}

export interface Silenced<T> {
  readonly value: T
  /** A sentence that says why monitoring was not silent all the time; `null`: it was, or nobody asked for it. */
  readonly problem: string | null
}

/** How long work waits for its silence at most. */
const CALL_MS = 30_000

/** Keeps monitoring silent during work. A silence that fails is logged, and never stops the work. */
export function createSilences({ silences, clock, log, leaseSeconds = 300 }: SilencesOptions) {
  /**
   * Does `work` under the silence called `name`, if any. Simulated assets are left out, because they alert nobody. If
   * `signal` ends the work early, the silence is not released but runs out, so that the next process finds it.
   */
  async function during<T>(
    name: string | null,
    key: string,
    assets: readonly Asset[],
    reason: string,
    signal: AbortSignal,
    work: () => Promise<T>,
  ): Promise<Silenced<T>> {
    const real = assets.filter((asset) => !asset.simulated)
    if (name === null || real.length === 0) return { value: await work(), problem: null }
    const silence = silences.get(name)
    if (silence === undefined) {
      const problem = `The monitoring was not silenced: the silence "${name}" is not configured any more.`
      log.warn(`${key}: ${problem}`)
      return { value: await work(), problem }
    }

    let problem: string | null = null
    async function attempt(call: (limit: AbortSignal) => Promise<void>, failed: string): Promise<boolean> {
      try {
        await call(AbortSignal.any([signal, AbortSignal.timeout(CALL_MS)]))
        return true
      } catch (error) {
        if (signal.aborted) return false
        const sentence = `${failed}: ${errorText(error)}`
        // Logged once for each problem, not at every attempt.
        if (problem !== sentence) log.warn(`${key}: ${sentence}`)
        problem = sentence
        return false
      }
    }
    const hold = () => {
      const until = new Date(clock().getTime() + leaseSeconds * 1_000).toISOString()
      const lease = { key, assets: real, until, reason }
      return attempt((limit) => silence.hold(lease, limit), 'The monitoring was not silenced')
    }
    async function renewUntil(done: AbortSignal, held: boolean): Promise<void> {
      for (let good = held; !done.aborted; ) {
        // After a failure the pause is shorter, so that several attempts fit before the silence runs out.
        const pause = leaseSeconds * (good ? 500 : 100)
        await sleep(pause, undefined, { signal: done, ref: false }).catch(() => undefined)
        if (!done.aborted) good = await hold()
      }
    }

    const done = new AbortController()
    const renewing = renewUntil(AbortSignal.any([done.signal, signal]), await hold())
    try {
      return { value: await work(), problem }
    } finally {
      done.abort()
      // A renewal that is still running would silence again what is being released.
      await renewing
      if (!signal.aborted) {
        await attempt((limit) => silence.release({ key, assets: real }, limit), 'The silence could not be ended early')
      }
    }
  }

  /**
   * Silences assets until the end of the lease; to be called again while that lasts. For work of which nobody knows when
   * it begins. Gives a sentence that says why it failed; `null`: it did not.
   */
  async function hold(name: string, lease: SilenceLease, signal: AbortSignal): Promise<string | null> {
    const real = lease.assets.filter((asset) => !asset.simulated)
    if (real.length === 0) return null
    try {
      const silence = silences.get(name)
      if (silence === undefined) throw new Error(`the silence "${name}" is not configured any more.`)
      await silence.hold({ ...lease, assets: real }, AbortSignal.any([signal, AbortSignal.timeout(CALL_MS)]))
      return null
    } catch (error) {
      signal.throwIfAborted()
      return `The monitoring was not silenced: ${errorText(error)}`
    }
  }

  /** Ends such a silence. What fails is logged: the silence then runs out. */
  async function release(
    name: string,
    { key, assets }: Pick<SilenceLease, 'key' | 'assets'>,
    signal: AbortSignal,
  ): Promise<void> {
    const real = assets.filter((asset) => !asset.simulated)
    if (real.length === 0) return
    try {
      await silences.get(name)?.release({ key, assets: real }, AbortSignal.any([signal, AbortSignal.timeout(CALL_MS)]))
    } catch (error) {
      signal.throwIfAborted()
      log.warn(`${key}: The silence could not be ended early: ${errorText(error)}`)
    }
  }

  return { during, hold, release }
}

export type Silences = ReturnType<typeof createSilences>
