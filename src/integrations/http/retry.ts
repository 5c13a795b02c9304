import { setTimeout as sleep } from 'node:timers/promises'

export interface RetryPauses {
  /** Before the second attempt; before each further one it is twice as long. */
  readonly firstSeconds: number
  /** Whatever the server asks for. */
  readonly longestSeconds: number
}

/** Waits after this many attempts: as long as the server asked for, but not shorter than our own pause. */
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

/** Whole seconds of the header `Retry-After`; `null`: it names none. */
export function retryAfterSeconds(response: Response): number | null {
  const value = response.headers.get('retry-after')
  return value !== null && /^\d{1,6}$/.test(value) ? Number(value) : null
}
