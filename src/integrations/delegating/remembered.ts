import { HOUR_SECONDS } from '../../core/time/instant.ts'

/** What was read is good for so many hours, for questions whose answers are only shown. */
const FRESH_HOURS = 1 / 6

interface Kept<T> {
  readonly at: number
  readonly value: T
}

/** Asks for something, or gives what was read under this name a few minutes ago. `fresh`: asks in any case. */
export type Remember = <T>(name: string, fresh: 'fresh' | undefined, ask: () => Promise<T>) => Promise<T>

/** `hourSeconds`: so many seconds stand for an hour. */
export function remembered(clock: () => Date, hourSeconds = HOUR_SECONDS): Remember {
  const good = FRESH_HOURS * hourSeconds * 1_000
  const kept = new Map<string, Kept<unknown>>()
  return async <T>(name: string, fresh: 'fresh' | undefined, ask: () => Promise<T>): Promise<T> => {
    const now = clock().getTime()
    const there = kept.get(name) as Kept<T> | undefined
    if (fresh === undefined && there !== undefined && now - there.at < good) return there.value
    const value = await ask()
    for (const [other, { at }] of kept) if (now - at >= good) kept.delete(other)
    kept.set(name, { at: now, value })
    return value
  }
}
