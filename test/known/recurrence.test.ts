/** Recurrence rules and clock changes of all zones, against python-dateutil and zoneinfo where they are installed. */

import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { expect, it } from 'vitest'
import { instantOf, parseLocal, type Zone, zoneNamed } from '../../src/core/time/local-time.ts'
import { type Known, MOST_STARTS, startsOf, zonesOf } from '../support/recurrence.ts'

const program = fileURLToPath(new URL('../core/recurrence-oracle.py', import.meta.url))
/** The system's own beside another that may come first. */
const python = ['python3', '/usr/bin/python3'].find(
  (command) => spawnSync(command, ['-c', 'import dateutil.rrule']).status === 0,
)
const hasDateutil = python !== undefined
if (!hasDateutil) console.info('skipped: python3 with python-dateutil is not here')

/** What was law before then does not change with the next version of the tz database. */
const SETTLED = '2022'

function ask(...args: readonly string[]): string {
  const { status, stdout, stderr } = spawnSync(python ?? 'python3', [program, ...args], { maxBuffer: 100_000_000 })
  if (status !== 0) throw new Error(stderr.toString())
  return stdout.toString()
}

it.skipIf(!hasDateutil)('random rules occur when dateutil says', () => {
  const seed = process.env.PATCHWARDEN_SEED ?? String(Date.now() % 1_000_000)
  const known: Known = JSON.parse(ask('random', seed, '300'))
  const zones = zonesOf(known)
  expect(known.cases).toHaveLength(300)
  for (const { rule, zone, begin, starts } of known.cases) {
    expect(
      startsOf(rule, zones.get(zone), begin, MOST_STARTS),
      `${rule} in ${zone} from ${begin}, seed ${seed}`,
    ).toEqual(starts)
  }
})

it.skipIf(!hasDateutil)('wall times around clock changes are the instants that zoneinfo says', () => {
  const known: Known<readonly [string, string, string]> = JSON.parse(ask('zones'))
  const zones = zonesOf(known)
  const placed = (wall: string, zone: Zone) => instantOf(parseLocal(wall) ?? 0, zone)
  const [wrong, different] = [new Set<string>(), new Set<string>()]
  for (const [name, wall, instant] of known.cases) {
    const [zone, own] = [zones.get(name), zoneNamed(name)]
    if (zone === undefined || placed(wall, zone) !== Date.parse(instant)) wrong.add(name)
    if (wall < SETTLED && own !== null && placed(wall, own) !== Date.parse(instant)) different.add(name)
  }
  expect(known.cases.length).toBeGreaterThan(100_000)
  expect([...wrong]).toEqual([])
  // Node.js and Python may have the data of different years, and history is put right in a few zones.
  expect([...different].length, `${known.zoneData}, ${process.versions.tz}: ${[...different]}`).toBeLessThan(5)
})
