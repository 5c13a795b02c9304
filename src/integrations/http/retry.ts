import { setTimeout as sleep } from 'node:timers/promises'

export interface RetryPauses {
  /** Seconds before the second attempt. Each further pause is twice as long. */
  readonly firstSeconds: number
  /** The longest pause, even when the server asks for a longer one. */
  readonly longestSeconds: number
}

/** Waits after the given number of attempts: as long as the server asked for, but at least our own pause. */
export async function pauseAfter(
  attempts: number,
  askedSeconds: number | null,
  { firstSeconds, longestSeconds }: RetryPauses,
  signal: AbortSignal,
): Promise<void> {
  const own = firstSeconds * 2 ** (attempts - 1)
  const seconds = Math.min(Math.max(own, askedSeconds ?? 0), longestSeconds)
  await sleep(seconds * 1_000, undefined, { signal })
}

/** The seconds in the header `Retry-After`; `null`: there are none. */
export function retryAfterSeconds(response: Response): number | null {
  const value = response.headers.get('retry-after')
  return value !== null && /^\d{1,6}$/.test(value) ? Number(value) : null
}
