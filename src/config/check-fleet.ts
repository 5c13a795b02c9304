import { resolve } from 'node:path'
import { named } from './named.ts'
import type { Notes } from './notes.ts'
import { quote } from './problem.ts'
import type { FileSourceConfig, Settings, SourceConfig, SshSourceConfig } from './schema.ts'

/** Sources, the engines that change what they list, and the teams that own it. */
export function checkFleet(settings: Settings, notes: Notes): void {
  for (const [name, source] of Object.entries(settings.sources)) {
    checkEngine(settings, name, source, notes)
    if (source.kind === 'ssh') checkHosts(name, source, notes)
    if (source.kind === 'file') checkFile(name, source, notes)
    if (source.kind === 'local' && source.team === null) {
      notes.problem(['sources', name, 'team'], 'is missing', 'Write the team that owns this machine.')
    }
  }
  for (const name of Object.keys(settings.teams)) checkTeamPlan(settings, name, notes)
  for (const [name, channel] of Object.entries(settings.channels)) {
    if (channel.console) continue
    const mend = 'Write true: proposals that nobody sees would expire.'
    notes.problem(['channels', name, 'console'], 'is false, so the channel would be shown nowhere', mend)
  }
  if (Object.keys(settings.sources).length === 0) {
    notes.warning(['sources'], 'is empty, so no asset is watched', 'Add a source, such as { kind: local, team: web }.')
  }
  if (Object.keys(settings.feeds).length === 0) {
    const mend = 'Add feeds, such as kev: { kind: kev } and epss: { kind: epss }.'
    notes.warning(['feeds'], 'is empty, so nothing tells how urgent a patch is', mend)
  }
}

function checkEngine(settings: Settings, name: string, source: SourceConfig, notes: Notes): void {
  const engine = named(settings.engines, source.engine)
  if (engine === null) return
  const path = ['sources', name, 'engine']
  if ((engine.kind === 'ssh' || engine.kind === 'ssh-apt') && source.kind !== 'ssh') {
    const what = `is of kind ${engine.kind}, and a source of kind ${source.kind} does not say how to connect`
    notes.problem(
      path,
      what,
      'List the hosts in a source of kind ssh, this machine too, or leave the key out to only watch.',
    )
  }
  if (engine.kind === 'simulated' && (source.kind !== 'file' || resolve(source.path) !== resolve(engine.state))) {
    const mend = 'Use it with a source of kind file that reads the same file, or name a real engine.'
    notes.problem(path, `is of kind simulated, which changes only ${quote(engine.state)}`, mend)
  }
}

function checkHosts(name: string, source: SshSourceConfig, notes: Notes): void {
  const names = new Set<string>()
  const addresses = new Map<string, string>()
  for (const [index, host] of source.hosts.entries()) {
    const path = ['sources', name, 'hosts', index]
    if (names.has(host.name)) notes.problem(path, `is ${quote(host.name)} again`, 'List each host once.')
    else {
      const address = `${host.address ?? host.name}:${host.port ?? source.port ?? ''}`.toLowerCase()
      const other = addresses.get(address)
      if (other !== undefined) {
        const mend = 'List each machine once: two names would be patched as two machines.'
        notes.problem(path, `has the same address as ${quote(other)}`, mend)
      }
      addresses.set(address, host.name)
    }
    names.add(host.name)
    if (host.team === null && source.team === null) {
      notes.problem([...path, 'team'], 'is missing', 'Write the team that owns the host, here or for the whole source.')
    }
  }
}

function checkFile(name: string, source: FileSourceConfig, notes: Notes): void {
  if (source.format !== 'dpkg-status') {
    for (const key of ['name', 'address'] as const) {
      if (source[key] === null) continue
      const what = `is for the format dpkg-status; ${source.format} says it for each asset`
      notes.problem(['sources', name, key], what, 'Leave it out.', 'key')
    }
    return
  }
  for (const key of ['team', 'platform'] as const) {
    if (source[key] !== null) continue
    const mend = `Write the ${key} of the machine: a dpkg status file does not say it.`
    notes.problem(['sources', name, key], 'is missing', mend)
  }
}

/** A team decides (policy, window, rollout) or only watches; a half is a mistake. */
function checkTeamPlan(settings: Settings, name: string, notes: Notes): void {
  const team = named(settings.teams, name)
  if (team === null) return
  const path = ['teams', name]
  const missing = (['policy', 'window', 'rollout'] as const).filter((key) => team[key] === null)
  const changedBy = engineOfTeam(settings, name)
  if (missing.length > 0 && (missing.length < 3 || changedBy !== null)) {
    const why =
      changedBy === null
        ? 'and the team has other parts of a plan'
        : `and the source ${quote(changedBy)} lets an engine change assets of this team`
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

/** A source that lets an engine change assets of the team, as far as this file says whose they are. */
function engineOfTeam(settings: Settings, team: string): string | null {
  for (const [name, source] of Object.entries(settings.sources)) {
    if (source.engine === null) continue
    const owners = source.kind === 'ssh' ? source.hosts.map((host) => host.team ?? source.team) : [source.team]
    if (owners.includes(team)) return name
  }
  return null
}
