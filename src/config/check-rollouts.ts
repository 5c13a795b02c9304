import type { Asset } from '../core/asset.ts'
import { clusterProblem, clustersOf } from '../core/cluster.ts'
import { suggest } from '../core/suggest.ts'
import { type Kind, roleOf } from './kind.ts'
import { named } from './named.ts'
import type { Notes, Unread } from './notes.ts'
import { list, quote } from './problem.ts'
import { heldElsewhere, membersFor } from './resolve.ts'
import type { RolloutConfig, ServiceCheckConfig, Settings } from './schema.ts'

/** Finds rollouts that could not run, or would not do what was meant. */
export function checkRollouts(settings: Settings, kinds: readonly Kind[], unread: Unread, notes: Notes): void {
  // If a person, role, group or team could not be read, it is not known who holds which role.
  const peopleKnown = ['people', 'roles', 'groups', 'teams'].every((section) => !unread.names.has(section))
  const listed = listedIn(settings, kinds)
  const all = isAll(settings, kinds, unread)
  for (const [name, rollout] of Object.entries(settings.rollouts)) {
    if (peopleKnown) checkGo(settings, name, rollout, notes)
    checkServiceChecks(name, rollout, notes)
    checkBeforeVote(settings, unread, name, rollout, notes)
    checkHooks(name, rollout, notes)
    checkClusters(settings, listed, name, rollout, notes)
    if (all) checkLists(listed, name, rollout, notes)
  }
  if (!unread.names.has('rollouts')) checkTestRings(settings, notes)
  for (const [name, { lanes }] of Object.entries(settings.teams)) checkLanes(name, lanes, notes)
}

/** An engine waits for one other at most, and none of them for itself, also not through others. */
function checkLanes(team: string, lanes: Settings['teams'][string]['lanes'], notes: Notes): void {
  const waitsFor = new Map<string, string>()
  for (const [index, { engine, after }] of lanes.entries()) {
    const path = ['teams', team, 'lanes', index]
    if (waitsFor.has(engine)) {
      notes.problem([...path, 'engine'], `is ${quote(engine)} again`, 'Name each engine that waits once.')
      continue
    }
    let next: string | undefined = after
    while (next !== undefined && next !== engine) next = waitsFor.get(next)
    if (next === engine) {
      const what = `is ${quote(after)}, so that ${quote(engine)} would wait for itself`
      notes.problem([...path, 'after'], what, 'Let one of them wait for nobody.')
    } else waitsFor.set(engine, after)
  }
}

function teamsWith(settings: Settings, rollout: string): readonly string[] {
  return Object.entries(settings.teams)
    .filter(([, team]) => team.rollout === rollout)
    .map(([name]) => name)
}

function checkGo(settings: Settings, name: string, rollout: RolloutConfig, notes: Notes): void {
  for (const [index, { gate }] of rollout.rings.entries()) {
    if (gate.go === null) continue
    const path = ['rollouts', name, 'rings', index, 'gate', 'go']
    const roles = gate.go
    for (const team of teamsWith(settings, name)) {
      const held = membersFor(settings, team).some((member) => member.roles.some((role) => roles.includes(role)))
      if (held || roles.some((role) => heldElsewhere(settings, team, role))) continue
      const what = `waits for ${list(roles, 'or')} to say go, and nobody in team ${team} holds that`
      notes.problem(path, what, `Give the role to somebody, under "roles" or in teams.${team}.roles.`)
    }
  }
}

function checkServiceChecks(name: string, rollout: RolloutConfig, notes: Notes): void {
  for (const [index, { gate }] of rollout.rings.entries()) {
    for (const [position, check] of gate.checks.entries()) {
      const path = ['rollouts', name, 'rings', index, 'gate', 'checks', position]
      if ('metric' in check) checkMetric(path, check, notes)
      if (!('http' in check) || !/\{(address|name)\}/.test(check.http)) continue
      const mend = 'Write the host out: a gate asks about the service as a whole, not about a server.'
      notes.problem([...path, 'http'], `is ${quote(check.http)}, without a host of its own`, mend)
    }
  }
}

type MetricCheckConfig = Extract<ServiceCheckConfig, { metric: string }>

function checkMetric(path: readonly PropertyKey[], { atMost, atLeast }: MetricCheckConfig, notes: Notes): void {
  if (atMost === null && atLeast === null) {
    notes.problem(path, 'has no bound, so it could never fail', 'Write atMost, atLeast or both.')
  }
  if (atMost !== null && atLeast !== null && atLeast > atMost) {
    const what = `is ${atLeast}, more than atMost, so it could never pass`
    notes.problem([...path, 'atLeast'], what, 'Write the smaller of the two bounds here.')
  }
}

function checkBeforeVote(settings: Settings, unread: Unread, name: string, rollout: RolloutConfig, notes: Notes): void {
  for (const [index, ring] of rollout.rings.entries()) {
    if (!ring.beforeVote) continue
    const path = ['rollouts', name, 'rings', index, 'beforeVote']
    if (index > 0) {
      const mend = 'Only the first ring can run while people vote: move it there, or leave the key out.'
      notes.problem(path, `is true, and ${quote(ring.name)} is not the first ring`, mend)
      continue
    }
    if (ring.gate.go !== null) {
      const mend = 'Leave one of the two out: it runs as soon as the proposal opens.'
      notes.problem(path, 'is true, and the gate of the ring waits for somebody to say go', mend)
    }
    if (unread.names.has('policies') || unread.names.has('teams')) continue
    const teams = teamsWith(settings, name)
    if (teams.length === 0 || teams.some((team) => testRingOf(settings, team) !== 'never')) continue
    const what = `is true, and no policy of ${list(teams)} runs a test ring`
    notes.warning(path, what, 'Write testRing: run or testRing: required in the policy, or leave the key out.')
  }
}

function testRingOf(settings: Settings, team: string) {
  const policy = named(settings.teams, team)?.policy ?? null
  return named(settings.policies, policy)?.testRing ?? 'never'
}

/** Checks that a rollout has a test ring if its policy needs one. Without it, a required test could never pass. */
function checkTestRings(settings: Settings, notes: Notes): void {
  for (const [name, team] of Object.entries(settings.teams)) {
    const policy = named(settings.policies, team.policy)
    const rollout = named(settings.rollouts, team.rollout)
    if (policy === null || rollout === null || policy.testRing === 'never') continue
    if (rollout.rings.some((ring) => ring.beforeVote)) continue
    const path = ['teams', name, 'rollout']
    const asks = policy.testRing === 'required' ? 'requires one to have passed' : 'runs one'
    const what = `is ${quote(team.rollout ?? '')}, which has no test ring, and the policy ${quote(team.policy ?? '')} ${asks}`
    const mend = 'Write beforeVote: true in its first ring, or testRing: never in the policy.'
    if (policy.testRing === 'required') notes.problem(path, what, mend)
    else notes.warning(path, what, mend)
  }
}

function checkHooks(name: string, { hooks }: RolloutConfig, notes: Notes): void {
  const path = ['rollouts', name, 'hooks']
  if (hooks.drain !== null && hooks.undrain === null) {
    const mend = 'Add undrain, unless something else puts servers into service again.'
    notes.warning([...path, 'drain'], 'takes servers out of service, and nothing here puts them back', mend)
  }
  if (hooks.restore !== null && hooks.snapshot === null) {
    notes.warning([...path, 'restore'], 'has no snapshot to put back', 'Add snapshot, or leave it out.')
  }
}

/** Checks clusters with the hosts that the file itself lists. Assets of other sources are not known yet. */
function checkClusters(
  settings: Settings,
  hosts: readonly Asset[],
  name: string,
  rollout: RolloutConfig,
  notes: Notes,
): void {
  const teams = teamsWith(settings, name)
  for (const [index, rule] of rollout.clusters.entries()) {
    const path = ['rollouts', name, 'clusters', index]
    const { minHealthy } = rule
    const mend = 'Let fewer stay up.'
    if (minHealthy.kind === 'percent' && minHealthy.value === 100) {
      const what = `is 100%, which leaves nobody of the cluster ${quote(rule.tag)} to work on`
      notes.warning([...path, 'minHealthy'], what, mend)
      continue
    }
    // The rules before this one are included, because they take their tags first.
    const rules = rollout.clusters.slice(0, index + 1)
    const problems = teams.flatMap((team) => {
      const own = hosts.filter((host) => host.team === team)
      const earlier = clustersOf(rules.slice(0, -1), own).map((cluster) => cluster.name)
      const clusters = clustersOf(rules, own).filter((cluster) => !earlier.includes(cluster.name))
      return clusters.flatMap((cluster) => clusterProblem(cluster) ?? [])
    })
    for (const problem of new Set(problems)) {
      notes.warning([...path, 'minHealthy'], `leaves nobody to work on: ${problem}`, mend)
    }
  }
}

/** Assets that the file itself lists, with the facts that clusters and lists need. */
function listedIn(settings: Settings, kinds: readonly Kind[]): readonly Asset[] {
  return Object.entries(settings.sources).flatMap(
    ([name, source]) => roleOf(kinds, 'inventory', source).listed?.(source, { name, settings }) ?? [],
  )
}

/** Whether the file itself lists all assets. */
function isAll(settings: Settings, kinds: readonly Kind[], unread: Unread): boolean {
  const { sources } = settings
  if (unread.names.has('sources') || unread.names.has('systems')) return false
  return Object.entries(sources).every(
    ([name, source]) => (roleOf(kinds, 'inventory', source).listed?.(source, { name, settings }) ?? null) !== null,
  )
}

/** Warns of a name that no source lists. It is mostly a spelling mistake. */
function checkLists(hosts: readonly Asset[], name: string, rollout: RolloutConfig, notes: Notes): void {
  const known = hosts.flatMap((host) => [host.name, host.id])
  for (const [index, { select }] of rollout.rings.entries()) {
    if (select === 'rest' || !('list' in select)) continue
    for (const [position, asset] of select.list.entries()) {
      if (known.includes(asset)) continue
      const guess = suggest(asset, known)
      const mend = guess === null ? 'Write the name of a host as the source has it.' : `Did you mean "${guess}"?`
      const path = ['rollouts', name, 'rings', index, 'select', 'list', position]
      notes.warning(path, `names the server ${quote(asset)}, which no source lists`, mend)
    }
  }
}
