import { test } from 'vitest'
import { playHeldWeek } from '../simulation/held-week.ts'

test('votes, rings and approval hold for a week in which 0.3 % of 2,000 servers change each hour', () => {
  playHeldWeek(2_000, 7)
})
