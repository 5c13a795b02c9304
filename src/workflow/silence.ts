import { setTimeout as sleep } from 'node:timers/promises'
import type { Asset } from '../core/asset.ts'
import { errorText } from '../core/error-text.ts'
import type { WorkflowParts } from './ports.ts'

/** Short, so that a dead Patchwarden leaves nothing muted. */
const LEASE_MS = 300_000

/** Keeps the monitoring silent while assets are worked on. A silence that cannot be had stops nothing, and is logged. */
export function createSilences({ silences, clock, log }: Pick<WorkflowParts, 'silences' | 'clock' | 'log'>) {
  async function during<T>(
    name: string | null,
    key: string,
    assets: readonly Asset[],
    reason: string,
    signal: AbortSignal,
    work: () => Promise<T>,
  ): Promise<T> {
    const silence = name === null ? null : silences.get(name)
    if (!silence) {
      if (name !== null) log.warn(`The silence "${name}" is not configured any more; ${reason} without it.`)
      return work()
    }
    const over = new AbortController()
    const holding = hold(AbortSignal.any([signal, over.signal]))
    try {
      return await work()
    } finally {
      over.abort()
      await holding
      await silence
        .release({ key, assets }, signal.aborted ? AbortSignal.timeout(5_000) : signal)
        .catch((error: unknown) => log.warn(`${name}: ${errorText(error)} The silence of ${key} ends by itself.`))
    }

    async function hold(until: AbortSignal): Promise<void> {
      while (!until.aborted) {
        const lease = { key, assets, until: new Date(clock().getTime() + LEASE_MS).toISOString(), reason }
        await silence?.hold(lease, until).catch((error: unknown) => {
          if (!until.aborted) log.warn(`${name}: ${errorText(error)} Alerts may come while ${reason}.`)
        })
        await sleep(LEASE_MS / 2, undefined, { signal: until }).catch(() => undefined)
      }
    }
  }

  return { during }
}
