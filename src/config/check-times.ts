import type { Notes } from './cross-check.ts'
import { quote } from './problem.ts'
import { freezes } from './resolve.ts'
import type { Settings } from './schema.ts'

/** Windows, freezes and rings that look right and would never do what was meant. */
export function checkTimes(settings: Settings, notes: Notes): void {
  for (const [name, window] of Object.entries(settings.windows)) {
    for (const [index, rule] of window.rules.entries()) {
      if (rule.every === 1 || rule.from !== null) continue
      const what = 'is missing, and without it nobody can tell which weeks are meant'
      notes.problem(
        ['windows', name, 'rules', index, 'from'],
        what,
        'Write a date in a week in which the window opens.',
      )
    }
  }
  for (const [index, freeze] of freezes(settings).entries()) {
    if (Date.parse(freeze.from) < Date.parse(freeze.to)) continue
    notes.problem(['freezes', index, 'to'], 'is not after "from"', 'Write when the freeze ends.')
  }
  for (const [name, rollout] of Object.entries(settings.rollouts))
    checkRings(['rollouts', name, 'rings'], rollout.rings, notes)
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
      notes.problem([...path, index, 'select'], 'is rest, which leaves nothing for the rings after it', 'Put it last.')
    }
    if (ring.select !== 'rest' && last) {
      const mend = 'End with a ring that selects the rest.'
      notes.warning([...path, index, 'select'], 'ends the rollout, and assets that no ring selects are left out', mend)
    }
  }
}
