import { DAY_SECONDS, HOUR_SECONDS } from '../core/time/instant.ts'
import { formatDuration } from './duration.ts'
import { named } from './named.ts'
import type { Notes } from './notes.ts'
import { quote } from './problem.ts'
import { datedFreeze } from './resolve.ts'
import type { Settings } from './schema.ts'

/** Finds windows, freezes and rings that look right but would not do what was meant. */
export function checkTimes(settings: Settings, notes: Notes): void {
  for (const [name, window] of Object.entries(settings.windows)) {
    for (const [index, rule] of window.rules.entries()) {
      if (!('days' in rule) || rule.every === 1 || rule.from !== null) continue
      const what = 'is missing, and without it nobody can tell which weeks are meant'
      notes.problem(
        ['windows', name, 'rules', index, 'from'],
        what,
        'Write a date in a week in which the window opens.',
      )
    }
  }
  for (const name of Object.keys(settings.windows)) checkMeasured(settings, name, notes)
  for (const [index, freeze] of settings.freezes.entries()) {
    if ('calendar' in freeze) continue
    const { from, to } = datedFreeze(settings, freeze)
    if (Date.parse(from) < Date.parse(to)) continue
    notes.problem(['freezes', index, 'to'], 'is not after "from"', 'Write when the freeze ends.')
  }
  for (const [name, rollout] of Object.entries(settings.rollouts))
    checkRings(['rollouts', name, 'rings'], rollout.rings, notes)
}

function checkMeasured(settings: Settings, name: string, notes: Notes): void {
  const measured = named(settings.windows, name)?.measured ?? null
  if (measured === null || measured.between === null) return
  const [from = 0, to = 0] = measured.between.split('-').map((time) => {
    const [hours = 0, minutes = 0] = time.split(':').map(Number)
    return hours * HOUR_SECONDS + minutes * 60
  })
  const open = (to - from + DAY_SECONDS) % DAY_SECONDS || DAY_SECONDS
  if (measured.duration <= open) return
  const what = `is ${formatDuration(open)} long, and the window needs ${formatDuration(measured.duration)}`
  notes.problem(['windows', name, 'measured', 'between'], what, 'Allow more time, or a shorter window.')
}

function checkRings(path: readonly PropertyKey[], rings: Settings['rollouts'][string]['rings'], notes: Notes): void {
  const names = new Set<string>()
  for (const [index, ring] of rings.entries()) {
    if (names.has(ring.name)) {
      notes.problem([...path, index, 'name'], `is ${quote(ring.name)} again`, 'Give each ring its own name.')
    }
    names.add(ring.name)
    const last = index === rings.length - 1
    if (ring.select === 'rest' && !last) {
      notes.problem(
        [...path, index, 'select'],
        'is rest, which leaves no server for the rings after it',
        'Put it last.',
      )
    }
    if (ring.select !== 'rest' && last) {
      const mend = 'End with a ring that selects the rest.'
      notes.warning([...path, index, 'select'], 'ends the rollout, and servers that no ring selects are left out', mend)
    }
  }
}
