import { type Kind, roleOf } from './kind.ts'
import { named } from './named.ts'
import type { Notes } from './notes.ts'
import { quote } from './problem.ts'
import type { Settings } from './schema.ts'

/** Checks that teams can decide about the assets that sources list. */
export function checkFleet(settings: Settings, kinds: readonly Kind[], notes: Notes): void {
  for (const name of Object.keys(settings.teams)) checkTeamPlan(settings, kinds, name, notes)
  for (const [name, channel] of Object.entries(settings.channels)) {
    if (channel.console) continue
    const mend = 'Write true: proposals that nobody sees would expire.'
    notes.problem(['channels', name, 'console'], 'is false, so the channel would be shown nowhere', mend)
  }
  if (Object.keys(settings.sources).length === 0) {
    notes.warning(['sources'], 'is empty, so no server is watched', 'Add a source, such as { kind: local, team: web }.')
  }
  if (Object.keys(settings.feeds).length === 0) {
    const mend = 'Add feeds, such as kev: { kind: kev } and epss: { kind: epss }.'
    notes.warning(['feeds'], 'is empty, so nothing tells how urgent a patch is', mend)
  }
}

/** A team has a policy, a window and a rollout, or none of them and only watches. Anything in between is a mistake. */
function checkTeamPlan(settings: Settings, kinds: readonly Kind[], name: string, notes: Notes): void {
  const team = named(settings.teams, name)
  if (team === null) return
  const path = ['teams', name]
  const missing = (['policy', 'window', 'rollout'] as const).filter((key) => team[key] === null)
  const changedBy = engineOfTeam(settings, kinds, name)
  if (missing.length > 0 && (missing.length < 3 || changedBy !== null)) {
    const why =
      changedBy === null
        ? 'and the team has other parts of a plan'
        : `and the source ${quote(changedBy)} lets an engine change servers of this team`
    for (const key of missing) {
      const mend = `Write a name from ${key === 'policy' ? 'policies' : `${key}s`}, or take the rest away to only watch.`
      notes.problem([...path, key], `is missing, ${why}`, mend)
    }
  }
  checkWindow(settings, [...path, 'window'], team.window, notes)
  for (const [index, own] of team.windows.entries())
    checkWindow(settings, [...path, 'windows', index, 'window'], own.window, notes)
}

function checkWindow(settings: Settings, path: readonly PropertyKey[], name: string | null, notes: Notes): void {
  const window = named(settings.windows, name)
  if (window === null || window.rules.length > 0) return
  const mend = 'Add rules; any time is { days: every day, start: "00:00", duration: 24 hours }.'
  notes.problem(path, `is ${quote(name ?? '')}, which has no rules: that means never`, mend)
}

/**
 * Name of a source that lets an engine change assets of the team, as far as this file names their team; `null`: none.
 */
function engineOfTeam(settings: Settings, kinds: readonly Kind[], team: string): string | null {
  for (const [name, source] of Object.entries(settings.sources)) {
    if (source.engine === null) continue
    const listed = roleOf(kinds, 'inventory', source).listed?.(source, { name, settings })
    const owners = listed?.map((asset) => asset.team) ?? [source.team]
    // Where only a look shows the assets, they may be of any team.
    if (owners.includes(team) || (listed === null && source.team === null)) return name
  }
  return null
}
