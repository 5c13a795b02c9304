import { groupOf } from '../core/record/configuration.ts'
import { suggest } from '../core/suggest.ts'
import { referencesOfKinds } from './check-kinds.ts'
import { isRota } from './group-settings.ts'
import type { Kind } from './kind.ts'
import { sourcesOfMachines } from './machine-rule.ts'
import type { Notes, Unread } from './notes.ts'
import { list, quote } from './problem.ts'
import type { Settings } from './schema.ts'

const sections = {
  people: 'person',
  teams: 'team',
  channels: 'channel',
  policies: 'policy',
  standingApprovals: 'standing approval',
  windows: 'window',
  rollouts: 'rollout',
  silences: 'silence',
  engines: 'engine',
  groups: 'group',
  sources: 'source',
  metrics: 'metric source',
  loads: 'load',
} as const
type Section = keyof typeof sections

/** Checks that every name that is used is defined, and warns of defined names that are not used. */
export function checkReferences(settings: Settings, kinds: readonly Kind[], unread: Unread, notes: Notes): void {
  const used = new Map<Section, Set<string>>()

  function refer(path: readonly PropertyKey[], section: Section, name: string | null): void {
    if (name === null) return
    const names = used.get(section) ?? new Set()
    used.set(section, names.add(name))
    const broken = unread.names.get(section)
    if (Object.hasOwn(settings[section], name) || broken?.has('*')) return
    // "Mara" is not a valid name, and that has already been reported.
    if (
      [...(broken ?? []), ...brokenSystems(section, unread)].some((other) => other.toLowerCase() === name.toLowerCase())
    )
      return
    const known = Object.keys(settings[section])
    const guess = suggest(name, known)
    const choice = known.length === 0 ? `There is none yet: add it under "${section}".` : `Known: ${some(known)}.`
    notes.problem(
      path,
      `names the ${sections[section]} ${quote(name)}, which is not in "${section}"`,
      guess === null ? choice : `Did you mean "${guess}"? ${choice}`,
    )
  }

  referToPeople(['roles'], settings.roles, refer, notes)
  for (const [path, name] of sourcesOfMachines(settings)) refer(path, 'sources', name)
  for (const [name, group] of Object.entries(settings.groups)) {
    const people = isRota(group) ? group.people : group.fallback
    const key = isRota(group) ? 'people' : 'fallback'
    for (const [index, person] of people.entries()) refer(['groups', name, key, index], 'people', person)
    if (!isRota(group)) continue
    for (const [index, { person }] of group.overrides.entries()) {
      refer(['groups', name, 'overrides', index, 'person'], 'people', person)
    }
  }
  for (const [name, team] of Object.entries(settings.teams)) {
    referToPeople(['teams', name, 'roles'], team.roles, refer, notes)
    refer(['teams', name, 'channel'], 'channels', team.channel)
    refer(['teams', name, 'policy'], 'policies', team.policy)
    refer(['teams', name, 'window'], 'windows', team.window)
    for (const [index, own] of team.windows.entries())
      refer(['teams', name, 'windows', index, 'window'], 'windows', own.window)
    refer(['teams', name, 'rollout'], 'rollouts', team.rollout)
    for (const [index, check] of team.health.entries())
      if ('query' in check) refer(['teams', name, 'health', index, 'system'], 'sources', check.system)
    for (const [index, { engine, after }] of team.lanes.entries()) {
      refer(['teams', name, 'lanes', index, 'engine'], 'engines', engine)
      refer(['teams', name, 'lanes', index, 'after'], 'engines', after)
    }
  }
  for (const [name, rollout] of Object.entries(settings.rollouts)) {
    refer(['rollouts', name, 'silence'], 'silences', rollout.silence)
    for (const [index, { gate }] of rollout.rings.entries()) {
      for (const [position, check] of gate.checks.entries()) {
        const path = ['rollouts', name, 'rings', index, 'gate', 'checks', position, 'metric']
        if ('metric' in check) refer(path, 'metrics', check.metric)
      }
    }
  }
  for (const [index, { person, deputy }] of settings.away.entries()) {
    refer(['away', index, 'person'], 'people', person)
    refer(['away', index, 'deputy'], 'people', deputy)
  }
  for (const [name, policy] of Object.entries(settings.policies)) {
    if (policy.kind === 'standing') refer(['policies', name, 'rule'], 'standingApprovals', policy.rule)
  }
  for (const [name, rule] of Object.entries(settings.standingApprovals)) {
    refer(['standingApprovals', name, 'team'], 'teams', rule.team)
    refer(['standingApprovals', name, 'decidedBy'], 'policies', rule.decidedBy)
  }
  for (const [index, freeze] of settings.freezes.entries()) {
    for (const [position, team] of (freeze.teams ?? []).entries()) {
      refer(['freezes', index, 'teams', position], 'teams', team)
    }
  }
  for (const [name, source] of Object.entries(settings.sources)) {
    refer(['sources', name, 'engine'], 'engines', source.engine)
    refer(['sources', name, 'team'], 'teams', source.team)
  }
  for (const { path, section, name } of referencesOfKinds(settings, kinds)) refer(path, section, name)
  for (const [name, window] of Object.entries(settings.windows)) {
    refer(['windows', name, 'measured', 'load'], 'loads', window.measured?.load ?? null)
  }
  // If some entries could not be read, the names that they use are not known.
  if (unread.names.size === 0) warnOfUnused(settings, used, notes)
}

/** A system also counts as an entry of sources, engines and feeds, under its own name. */
function brokenSystems(section: Section, unread: Unread): Iterable<string> {
  return ['sources', 'engines', 'feeds'].includes(section) ? (unread.names.get('systems') ?? []) : []
}

type Refer = (path: readonly PropertyKey[], section: Section, name: string | null) => void

function referToPeople(
  path: readonly PropertyKey[],
  holders: Readonly<Record<string, readonly string[]>>,
  refer: Refer,
  notes: Notes,
): void {
  for (const [role, people] of Object.entries(holders)) {
    for (const [index, person] of people.entries()) {
      const group = groupOf(person)
      if (group === null) refer([...path, role, index], 'people', person)
      else refer([...path, role, index], 'groups', group)
      if (people.indexOf(person) === index) continue
      notes.warning([...path, role, index], `lists ${quote(person)} twice`, 'Once is enough: a person counts once.')
    }
  }
}

function warnOfUnused(settings: Settings, used: ReadonlyMap<Section, ReadonlySet<string>>, notes: Notes): void {
  for (const name of Object.keys(settings.people)) {
    if (used.get('people')?.has(name)) continue
    notes.warning(
      ['people', name],
      'holds no role',
      'Give it one under "roles" or in a team: without, it cannot vote.',
      'key',
    )
  }
  for (const section of [
    'groups',
    'channels',
    'policies',
    'standingApprovals',
    'windows',
    'rollouts',
    'silences',
    'engines',
    'metrics',
  ] as const) {
    for (const name of Object.keys(settings[section])) {
      if (used.get(section)?.has(name)) continue
      notes.warning([section, name], 'is used nowhere', 'Use it, or leave it out.', 'key')
    }
  }
}

function some(names: readonly string[]): string {
  const shown = names.slice(0, 10)
  return names.length > shown.length ? `${shown.join(', ')} and ${names.length - shown.length} more` : list(shown)
}
