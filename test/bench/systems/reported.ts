import { HOUR_MS } from '../../../src/core/time/instant.ts'
import { random } from '../fleet.ts'

/** Machines ask, and report, every 22 hours less up to a fifth. */
const RHYTHM_MS = 22 * HOUR_MS

/** When a machine last reported: one of about twenty in the last hour. */
export function reportedAt(index: number, now: number): number {
  const draw = random(index + 1)
  const every = Math.floor(RHYTHM_MS * (1 - 0.2 * draw()))
  const first = Math.floor(every * draw())
  return first + Math.floor((now - first) / every) * every
}

/** Applicable updates that a machine reports on: those of its Windows and of what is installed on it. */
const [FEWEST, MOST] = [60, 260]

/**
 * What a machine has of so many updates, by their numbers. It is one of a hundred sets, as machines of a kind have; a tenth of
 * the machines differ by one update.
 */
export function* saidBy(
  index: number,
  updates: number,
): Generator<{ readonly update: number; readonly isInstalled: boolean }> {
  const set = random(7_000 + (index % 100))
  const rows = FEWEST + Math.floor(set() * (MOST - FEWEST))
  const differs = index % 10 === 0 ? index % rows : -1
  for (let row = 0; row < rows; row++)
    yield { update: Math.floor(set() * updates), isInstalled: row !== differs && row <= rows - 4 }
}
