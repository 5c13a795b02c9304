import { DAY_SECONDS, HOUR_SECONDS } from '../core/time/instant.ts'
import { formatDuration } from './duration.ts'
import { named } from './named.ts'
import type { Notes } from './notes.ts'
import { quote } from './problem.ts'
import { datedFreeze } from './resolve.ts'
import type { Settings } from './schema.ts'
import { suggest } from './suggest.ts'

/** Windows, freezes and rings that look right and would never do what was meant. */
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
  for (const name of Object.keys(settings.loads)) checkHost(settings, name, notes)
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

/** A history by sysstat is read on one host, as its source connects to it. */
function checkHost(settings: Settings, name: string, notes: Notes): void {
  const load = named(settings.loads, name)
  if (load?.kind !== 'sar') return
  const source = named(settings.sources, load.source)
  if (source === null) return
  const path = ['loads', name]
  if (source.kind === 'file') {
    const what = `is ${quote(load.source)}, of kind file, which says nothing of how to connect`
    notes.problem([...path, 'source'], what, 'Name a source of kind ssh or local.')
  }
  if (source.kind === 'local' && load.host !== null) {
    notes.problem([...path, 'host'], 'is for a source of kind ssh; this source is one machine', 'Leave it out.', 'key')
  }
  if (source.kind !== 'ssh') return
  if (load.host === null) {
    notes.problem([...path, 'host'], 'is missing', `Write which host of the source ${quote(load.source)} is meant.`)
    return
  }
  const hosts = source.hosts.map((host) => host.name)
  if (hosts.includes(load.host)) return
  const guess = suggest(load.host, hosts)
  const mend = guess === null ? 'Write the name of one of its hosts.' : `Did you mean "${guess}"?`
  notes.problem([...path, 'host'], `is ${quote(load.host)}, which the source ${quote(load.source)} does not list`, mend)
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
