import { COMMAND_LINE } from '../core/hands.ts'
import type { Act } from '../core/permission/acts.ts'
import { type Gap, gapsOf } from '../core/permission/gaps.ts'
import { needsToVote } from '../core/permission/roles.ts'
import { type Member, ON_CALL, type Policy, type RoleCount } from '../core/policy.ts'
import { countQuorum, satisfiable } from '../core/quorum.ts'
import { suggest } from '../core/suggest.ts'
import { named } from './named.ts'
import type { Notes, Unread } from './notes.ts'
import { list, quote } from './problem.ts'
import { heldElsewhere, membersFor, policyNamed } from './resolve.ts'
import type { PolicyConfig, Settings } from './schema.ts'

/** Refuses policies that nobody can satisfy, for every team that uses them. */
export function checkPolicies(settings: Settings, unread: Unread, notes: Notes): void {
  // If a person, role or team could not be read, it is not known who holds which role.
  const peopleKnown = ['people', 'roles', 'teams'].every((section) => !unread.names.has(section))
  const sound = new Set<string>()
  for (const [name, policy] of Object.entries(settings.policies)) {
    const counts = checkCounts(name, policy, notes)
    const roles = !peopleKnown || checkRoles(settings, name, policy, notes)
    checkOrder(name, policy, notes)
    if (counts && roles && peopleKnown) sound.add(name)
  }
  for (const [team, { policy: name }] of Object.entries(settings.teams)) {
    const policy = name === null || !sound.has(name) ? null : policyNamed(settings, name)
    if (policy !== null) checkTeam(settings, team, policy, ['teams', team, 'policy'], notes)
  }
  checkStandingRules(settings, sound, notes)
}

function roleCountsOf(policy: PolicyConfig): Readonly<Record<string, Readonly<Record<string, number>>>> {
  switch (policy.kind) {
    case 'quorum':
      return { approvals: policy.approvals, resume: policy.resume }
    case 'lazy consensus':
      return { resume: policy.resume }
    case 'standing':
      return { fallback: policy.fallback, resume: policy.resume }
  }
}

function checkCounts(name: string, policy: PolicyConfig, notes: Notes): boolean {
  let sound = true
  for (const [key, counts] of Object.entries(roleCountsOf(policy))) {
    if (Object.keys(counts).length > 0) continue
    sound = false
    const what = `asks for nobody: an empty ${key === 'resume' ? 'requirement' : 'policy'} cannot run`
    notes.problem(['policies', name, key], what, 'Write roles with a number, such as { owner: 1 }.')
  }
  return sound
}

/** Reports roles that are defined nowhere. They are mostly spelling mistakes. */
function checkRoles(settings: Settings, name: string, policy: PolicyConfig, notes: Notes): boolean {
  const teams = Object.values(settings.teams)
  const known = [...Object.keys(settings.roles), ...teams.flatMap((team) => Object.keys(team.roles))]
  let sound = true
  for (const { path, role } of rolesIn(policy)) {
    if (known.includes(role)) continue
    sound = false
    const guess = suggest(role, known)
    const choice = 'Give it to somebody under "roles" or in a team.'
    const mend = guess === null ? choice : `Did you mean "${guess}"? ${choice}`
    notes.problem(['policies', name, ...path], `names the role ${quote(role)}, which nobody holds in any team`, mend)
  }
  return sound
}

function rolesIn(policy: PolicyConfig): readonly { readonly path: readonly PropertyKey[]; readonly role: string }[] {
  const found: { path: readonly PropertyKey[]; role: string }[] = []
  for (const [key, counts] of Object.entries(roleCountsOf(policy))) {
    for (const role of Object.keys(counts)) found.push({ path: [key, role], role })
  }
  for (const [index, role] of policy.stop.entries()) found.push({ path: ['stop', index], role })
  for (const [index, role] of (policy.breakGlass?.roles ?? []).entries()) {
    found.push({ path: ['breakGlass', 'roles', index], role })
  }
  if (policy.kind === 'quorum') return found
  for (const [index, role] of policy.objectors.entries()) found.push({ path: ['objectors', index], role })
  return found
}

function checkOrder(name: string, policy: PolicyConfig, notes: Notes): void {
  if (policy.remindAfter !== null && policy.remindAfter >= policy.expiresAfter) {
    const mend = 'Remind earlier, or write never.'
    notes.warning(['policies', name, 'remindAfter'], 'is not before expiresAfter, so nobody is reminded', mend)
  }
  if (policy.kind !== 'quorum' && policy.notice >= policy.expiresAfter) {
    const mend = 'Make the notice shorter, or let proposals stay open longer.'
    notes.problem(['policies', name, 'notice'], 'is not shorter than expiresAfter, so it could never pass', mend)
  }
}

function checkTeam(settings: Settings, team: string, policy: Policy, path: readonly PropertyKey[], notes: Notes): void {
  const members = withUnknownHolders(settings, team, policy, membersFor(settings, team))
  const mend = `Give the role to more people, under "roles" or in teams.${team}.roles, or let the policy ask for fewer.`
  const refuse = (why: string) => {
    notes.problem(path, `is ${quote(policy.name)}, which team ${team} cannot satisfy: ${why}`, mend)
  }
  const asked = needsToVote(policy)
  if (policy.approval.kind !== 'lazy consensus') {
    if (!satisfiable(asked, members)) refuse(shortage(asked, members))
    else warnOfProposers(policy, asked, members, path, notes)
  }
  warnOfHands(settings, policy, members, path, notes)
  warnOfGaps(policy, members, path, notes)
  if (!satisfiable(policy.resume, members)) refuse(`to resume, ${shortage(policy.resume, members)}`)
  if (!someoneHolds(policy.stop, members)) refuse(`nobody who may stop a rollout (${list(policy.stop, 'or')})`)
  if (policy.approval.kind !== 'quorum' && !someoneHolds(policy.approval.objectors, members)) {
    refuse(`nobody who may object (${list(policy.approval.objectors, 'or')})`)
  }
  if (policy.breakGlass !== null && !someoneHolds(policy.breakGlass.roles, members)) {
    refuse(`nobody who may break the glass (${list(policy.breakGlass.roles, 'or')})`)
  }
  if (policy.acknowledgement !== null && !someoneHolds([ON_CALL], members)) {
    refuse('it wants an acknowledgement, and nobody holds the role on-call')
  }
}

/** Members of groups in other systems are not known here. Adds as many invented members as the policy asks for. */
function withUnknownHolders(
  settings: Settings,
  team: string,
  policy: Policy,
  members: readonly Member[],
): readonly Member[] {
  const counts = [...needsToVote(policy), ...policy.resume]
  const asked = new Set([...counts.map(({ role }) => role), ...policy.stop, ON_CALL])
  const unknown = [...asked].filter((role) => heldElsewhere(settings, team, role))
  const most = Math.max(1, ...counts.map(({ count }) => count))
  return [
    ...members,
    ...unknown.flatMap((role) =>
      Array.from({ length: most + 1 }, (_, index) => ({ id: `${role} ${index}`, name: role, roles: [role] })),
    ),
  ]
}

function someoneHolds(roles: readonly string[], members: readonly Member[]): boolean {
  return members.some((member) => member.roles.some((role) => roles.includes(role)))
}

/** The first role with too few holders; if there is none, says that each person fills only one role. */
function shortage(needs: readonly RoleCount[], members: readonly Member[]): string {
  for (const { role, count } of needs) {
    const holders = members.filter((member) => member.roles.includes(role)).length
    if (holders < count)
      return `${role} needs ${people(count)} and ${holders === 0 ? 'nobody holds' : `only ${holders} hold${holders === 1 ? 's' : ''}`} it`
  }
  const holders = members.filter((member) => needs.some(({ role }) => member.roles.includes(role)))
  const total = needs.reduce((sum, { count }) => sum + count, 0)
  const asked = list(needs.map(({ role, count }) => `${role}: ${count}`))
  return `${asked} needs ${people(total)}, each in one role, and ${list(holders.map(({ id }) => id))} cannot fill them all`
}

function people(count: number): string {
  return count === 1 ? '1 person' : `${count} different people`
}

function warnOfProposers(
  policy: Policy,
  needs: readonly RoleCount[],
  members: readonly Member[],
  path: readonly PropertyKey[],
  notes: Notes,
): void {
  if (policy.selfApproval === 'allowed') return
  const stuck = members.filter((member) => !satisfiable(needs, members, new Set([member.id]))).map(({ id }) => id)
  if (stuck.length === 0) return
  const what = `is ${quote(policy.name)}, which cannot be satisfied when ${list(stuck, 'or')} proposes: nobody approves what is their own`
  notes.warning(path, what, 'Give the roles to one more person, so that there is somebody to stand in.')
}

/** Warns of acts that nobody could do while one person is away, and of events of which nobody would hear. */
function warnOfGaps(policy: Policy, members: readonly Member[], path: readonly PropertyKey[], notes: Notes): void {
  for (const gap of gapsOf(policy, members)) {
    const { what, mend } = gapWords(gap)
    notes.warning(path, `is ${quote(policy.name)}: ${what}`, mend)
  }
}

function gapWords(gap: Gap): { readonly what: string; readonly mend: string } {
  if (gap.kind === 'nobody can') {
    const who = list(
      gap.people.map(({ id }) => id),
      'or',
    )
    const when = gap.because === 'away' ? `while ${who} is away` : `when ${who} breaks the glass`
    return {
      what: `nobody could ${doing[gap.act] ?? gap.act} ${when}`,
      mend: 'Give the roles to one more person, so that there is somebody to stand in.',
    }
  }
  switch (gap.event) {
    case 'escalation':
      return {
        what: `an escalation reaches nobody, because nobody holds ${list(gap.roles, 'or')}`,
        mend: 'Name a role in escalateTo that somebody holds.',
      }
    case 'acknowledgement':
      return {
        what: `nobody hears that an acknowledgement is missing, because nobody holds ${list(gap.roles, 'or')}`,
        mend: 'Give one of these roles to somebody.',
      }
    case 'expiry':
      return {
        what: 'a proposal that nobody votes on expires, and nobody is reminded before',
        mend: 'Write remindAfter, messageAfter or escalateAfter.',
      }
  }
}

const doing: Readonly<Partial<Record<Act, string>>> = {
  resume: 'resume a rollout',
  unfreeze: 'lift a freeze',
  'review-break-glass': 'review it',
}

/** Warns if too many people have no account of their own: all links and command lines together count as one hand. */
function warnOfHands(
  settings: Settings,
  policy: Policy,
  members: readonly Member[],
  path: readonly PropertyKey[],
  notes: Notes,
): void {
  const without = members.filter(({ id }) => named(settings.people, id) !== null && !hasOwnAccount(settings, id))
  const link = { kind: 'sign-in link', madeBy: [COMMAND_LINE] } as const
  const acts = members.map(({ id }) => ({
    person: id,
    ...(without.some((one) => one.id === id) ? { through: link } : {}),
  }))
  const stuck = [needsToVote(policy), policy.resume].some(
    (needs) => satisfiable(needs, members) && !countQuorum(needs, acts, members).satisfied,
  )
  if (!stuck) return
  const what = `is ${quote(policy.name)}, which asks for more hands than there are: ${list(without.map(({ id }) => id))} ${without.length === 1 ? 'has' : 'have'} no account in Slack or Discord, and all that is decided by sign-in links and command lines counts as one`
  notes.warning(path, what, 'Write slack or discord for them under people.')
}

function hasOwnAccount({ people, identity }: Settings, id: string): boolean {
  const person = named(people, id)
  if (person === null) return false
  return person.slack !== null || person.discord !== null || (identity.email.includes('slack') && person.email !== null)
}

function checkStandingRules(settings: Settings, sound: ReadonlySet<string>, notes: Notes): void {
  for (const [name, rule] of Object.entries(settings.standingApprovals)) {
    const path = ['standingApprovals', name, 'decidedBy']
    const decidedBy = named(settings.policies, rule.decidedBy)
    if (decidedBy !== null && decidedBy.kind !== 'quorum') {
      const mend = 'Name a policy of kind quorum: what approves for months must itself be approved.'
      notes.problem(path, `names ${quote(rule.decidedBy)}, a policy of kind ${decidedBy.kind}`, mend)
    }
    const policy = sound.has(rule.decidedBy) ? policyNamed(settings, rule.decidedBy) : null
    const team = named(settings.teams, rule.team)
    // The team's own policy has already been checked.
    if (policy !== null && team !== null && team.policy !== rule.decidedBy) {
      checkTeam(settings, rule.team, policy, path, notes)
    }
  }
  for (const [team, { policy: policyName }] of Object.entries(settings.teams)) {
    const policy = named(settings.policies, policyName)
    if (policy?.kind !== 'standing') continue
    const rule = named(settings.standingApprovals, policy.rule)
    if (rule === null || rule.team === team) continue
    const what = `is ${quote(policyName ?? '')}, whose rule ${quote(policy.rule)} is for team ${rule.team}`
    notes.problem(['teams', team, 'policy'], what, 'Write a rule and a policy for this team.')
  }
}
