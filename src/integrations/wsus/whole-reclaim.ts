/** What stands in groups of the operator's: found by the marks of starts, without their notes, and told by `check`. */

import { firstNames } from '../../core/first-names.ts'
import { keyIn } from '../delegating/marks.ts'
import type { WsusApproval, WsusGroup } from './calls.ts'
import type { Context } from './context.ts'
import { isWhole } from './note.ts'
import { deleteAll, twinsOf } from './whole-approvals.ts'
import { isNamed, membersOf, readNamed } from './whole-groups.ts'

interface Marked extends WsusGroup {
  readonly key: string
}

function namedIn({ wholeGroups }: Pick<Context, 'wholeGroups'>, all: readonly WsusGroup[]): ReadonlySet<string> {
  const names = wholeGroups ?? []
  return new Set(all.filter((one) => names.some((name) => isNamed(one, name))).map(({ id }) => id))
}

/** Approvals for groups of the operator's that starts of this installation made. `all`: the groups of the server. */
export function oursAmong(
  context: Pick<Context, 'wholeGroups' | 'installation'>,
  all: readonly WsusGroup[],
  approvals: readonly WsusApproval[],
): readonly WsusApproval[] {
  const marks = all.filter((group) => keyIn(context, group.name) !== null)
  return twinsOf(approvals, marks, namedIn(context, all))
}

/** Takes back what a start approved whose note is gone. Its marks are still there. */
export async function withdrawMarked(context: Context, mark: string, signal: AbortSignal): Promise<void> {
  const { wsus } = context
  const all = await wsus.ask('groups', {}, signal)
  const marks = all.filter(({ name }) => name.startsWith(mark))
  const named = namedIn(context, all)
  if (marks.length === 0 || named.size === 0) return
  const groups = [...named, ...marks.map(({ id }) => id)]
  const approvals = await wsus.ask('approvals', { groups, updates: null }, signal)
  await deleteAll(wsus, twinsOf(approvals, marks, named), signal)
}

/** Takes back what starts approved that nobody knows. `marks`: all marks of this installation. */
export async function reclaimWholeGroups(
  context: Context,
  all: readonly WsusGroup[],
  marks: readonly Marked[],
  unknown: (keys: readonly string[]) => Promise<readonly string[]>,
  signal: AbortSignal,
): Promise<readonly string[]> {
  const { wsus, notes } = context
  const named = namedIn(context, all)
  const groups = [...named, ...marks.map(({ id }) => id)]
  const approvals = groups.length === 0 ? [] : await wsus.ask('approvals', { groups, updates: null }, signal)
  const keys = [...new Set(marks.map(({ key }) => key))]
  const lost = new Set(await unknown(keys))
  const known = new Set<string>()
  for (const key of keys.filter((one) => !lost.has(one)))
    for (const { whole, items } of ((await notes.read(key))?.groups ?? []).filter(isWhole))
      for (const { update } of items) known.add(`${whole.id} ${update}`)
  const found: string[] = []
  for (const mark of marks.filter(({ key }) => lost.has(key))) {
    const twins = twinsOf(approvals, [mark], named).filter(({ group, update }) => !known.has(`${group} ${update}`))
    if (twins.length === 0) continue
    await deleteAll(wsus, twins, signal)
    await deleteAll(
      wsus,
      approvals.filter(({ group }) => group === mark.id),
      signal,
    )
    for (const id of new Set(twins.map(({ group }) => group))) {
      const name = all.find((one) => one.id === id)?.name ?? id
      const members = [...(await membersOf(wsus, id, all, signal)).values()]
      found.push(
        `What was approved for the group "${name}" belongs to no rollout that is known here, and was taken back (${firstNames(members)}). The empty group "${mark.name}" marks it and is kept.`,
      )
    }
  }
  return found
}

/** What `check` says of the named groups, as clauses with a semicolon before each. */
export async function namedClauses(context: Context, signal: AbortSignal): Promise<string> {
  const { wsus, wholeGroups, known, teamOf } = context
  if (wholeGroups === null) return ''
  const all = await wsus.ask('groups', {}, signal)
  const { groups, problems } = await readNamed(wsus, wholeGroups, all, signal)
  const names = new Map(all.map(({ id, name }) => [id, name]))
  const { byId } = await known.machines(signal)
  const clauses = groups.map(({ name, members }) => {
    if (members.size === 0) return `"${name}" (empty)`
    const own = [...members.keys()].map((id) => (byId.get(id)?.groups ?? []).map((group) => names.get(group) ?? group))
    const teams = [...new Set(own.map((one) => teamOf(one) ?? 'no team'))].sort()
    const of = teams.length > 1 ? `, of several teams, so no decision has all of it: ${firstNames(teams)}` : ''
    return `"${name}" (${members.size}${of})`
  })
  const several = severalIn(groups.map(({ members }) => members))
  const whole = clauses.length === 0 ? 'for none' : `for ${clauses.join(', ')}`
  const twice = several.length === 0 ? '' : `; in several of them, so they are not told: ${firstNames(several)}`
  return `; client-side targeting: approves ${whole} as a whole${twice}${problems.map((one) => `; ${one}`).join('')}`
}

/** Names of machines that are in several of the groups. */
function severalIn(groups: readonly ReadonlyMap<string, string>[]): readonly string[] {
  const seen = new Set<string>()
  const several = new Set<string>()
  for (const members of groups)
    for (const [id, name] of members) {
      if (seen.has(id)) several.add(name)
      seen.add(id)
    }
  return [...several].sort()
}
