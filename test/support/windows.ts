/** Windows for tests. All of them are in UTC. */

import type { WindowPlan } from '../../src/core/window.ts'

/** A window that opens every day at the same time. */
export function daily(name: string, start: string, hours: number): WindowPlan {
  const days = [1, 2, 3, 4, 5, 6, 7] as const
  return {
    name,
    rules: [{ days, start, durationSeconds: hours * 3_600, timeZone: 'UTC', everyWeeks: 1, anchor: null }],
  }
}

export const always = daily('always', '00:00', 24)

/** Every day from 01:00 for three hours. The cases of tests begin at midnight. */
export const nights = daily('nights', '01:00', 3)
