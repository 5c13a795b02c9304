/** Recurrence rules and clock changes of all zones, against python-dateutil and zoneinfo where they are installed. */

import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { expect, it } from 'vitest'
import { instantOf, parseLocal, zoneNamed } from '../../src/core/local-time.ts'
import { type KnownCase, MOST_STARTS, startsOf } from '../support/recurrence.ts'

const program = fileURLToPath(new URL('../core/recurrence-oracle.py', import.meta.url))
const hasDateutil = spawnSync('python3', ['-c', 'import dateutil.rrule']).status === 0
if (!hasDateutil) console.info('skipped: python3 with python-dateutil is not here')

function ask(...args: readonly string[]): string {
  const { status, stdout, stderr } = spawnSync('python3', [program, ...args], { maxBuffer: 100_000_000 })
  if (status !== 0) throw new Error(stderr.toString())
  return stdout.toString()
}

it.skipIf(!hasDateutil)('random rules occur when dateutil says', () => {
  const seed = process.env.PATCHWARDEN_SEED ?? String(Date.now() % 1_000_000)
  const cases: readonly KnownCase[] = JSON.parse(ask('random', seed, '300'))
  expect(cases).toHaveLength(300)
  for (const { rule, zone, begin, starts } of cases) {
    expect(startsOf(rule, zone, begin, MOST_STARTS), `${rule} in ${zone} from ${begin}, seed ${seed}`).toEqual(starts)
  }
})

it.skipIf(!hasDateutil)('wall times around clock changes are the instants that zoneinfo says', () => {
  const cases: readonly (readonly [string, string, string])[] = JSON.parse(ask('zones'))
  // The two may know zones as of different years: where they differ about one, they differ about few.
  const wrong = new Set<string>()
  for (const [name, wall, instant] of cases) {
    const zone = zoneNamed(name)
    if (zone !== null && instantOf(parseLocal(wall) ?? 0, zone) !== Date.parse(instant)) wrong.add(name)
  }
  expect(cases.length).toBeGreaterThan(100_000)
  expect([...wrong].length, [...wrong].join(', ')).toBeLessThan(5)
})
