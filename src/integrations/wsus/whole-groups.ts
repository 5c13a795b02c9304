/**
 * Groups that policies of the machines fill (client-side targeting) and that the operator has named as Patchwarden's to
 * approve for. An approval for one counts for all of its machines, so each is told as a whole or not at all. See
 * docs/decisions/0038-whole-groups.md.
 */

import { firstNames } from '../../core/first-names.ts'
import { OURS } from '../delegating/marks.ts'
import type { Wsus } from './ask.ts'
import { ALL_COMPUTERS, UNASSIGNED_COMPUTERS, type WsusGroup } from './calls.ts'
import { nameOf } from './machine.ts'

/** `members`: everybody for whom an approval for it counts, also in groups below it: names by the ids of machines. */
export interface WholeGroup {
  readonly id: string
  readonly name: string
  readonly members: ReadonlyMap<string, string>
}

export interface NamedGroups {
  readonly groups: readonly WholeGroup[]
  /** Sentences about names that stand for nothing that may be approved for. */
  readonly problems: readonly string[]
}

/** Reads the groups of these names. `all`: the groups of the server. */
export async function readNamed(
  wsus: Pick<Wsus, 'ask'>,
  names: readonly string[],
  all: readonly WsusGroup[],
  signal: AbortSignal,
): Promise<NamedGroups> {
  const groups: WholeGroup[] = []
  const problems: string[] = []
  for (const name of names) {
    const found = groupNamed(name, all)
    if (typeof found === 'string') problems.push(found)
    else groups.push({ id: found.id, name: found.name, members: await membersOf(wsus, found.id, all, signal) })
  }
  return { groups, problems }
}

/** The group of this name, as WSUS compares names, or a sentence why nothing may be approved for it. */
function groupNamed(name: string, all: readonly WsusGroup[]): WsusGroup | string {
  const found = all.filter((one) => isNamed(one, name))
  const [group] = found
  if (group === undefined) return `WSUS has no group "${name}"`
  if (found.length > 1) return `WSUS has ${found.length} groups "${name}", so nobody can tell which is meant`
  if (group.id === ALL_COMPUTERS || group.id === UNASSIGNED_COMPUTERS)
    return `"${name}" is a group that every WSUS has: machines come into it without anybody's doing`
  return group.name.startsWith(OURS) ? `"${name}" is a group that marks a start` : group
}

export function isNamed({ name }: Pick<WsusGroup, 'name'>, wanted: string): boolean {
  return name.toLowerCase() === wanted.toLowerCase()
}

/** Members of the group and of all groups below it: an approval counts there, too. */
export async function membersOf(
  wsus: Pick<Wsus, 'ask'>,
  group: string,
  all: readonly WsusGroup[],
  signal: AbortSignal,
): Promise<ReadonlyMap<string, string>> {
  const members = new Map<string, string>()
  for (const id of withThoseBelow(group, all))
    for (const one of await wsus.ask('members', { group: id }, signal)) members.set(one.id, nameOf(one))
  return members
}

function withThoseBelow(group: string, all: readonly WsusGroup[]): readonly string[] {
  const found = new Set([group])
  for (const id of found) for (const one of all) if (one.parent === id) found.add(one.id)
  return [...found]
}

/** A machine that is to be told. */
export interface Wanted {
  readonly asset: string
  readonly machine: string
  readonly name: string
  /** What was voted on for it: equal texts are equal changes. */
  readonly changes: string
}

/** The group of each asset, or why it cannot be told, as a clause. `whose`: what the wanted ones are, as "this start". */
export function groupsFor(
  groups: readonly WholeGroup[],
  wanted: readonly Wanted[],
  whose: string,
): ReadonlyMap<string, WholeGroup | string> {
  // One in several groups is not told, so it makes none of them whole.
  const isInOne = ({ machine }: Wanted) => groups.filter(({ members }) => members.has(machine)).length === 1
  const machines = new Set(wanted.filter(isInOne).map(({ machine }) => machine))
  const problems = new Map(groups.map((group) => [group, problemOf(group, machines, wanted, whose)]))
  return new Map(
    wanted.map(({ asset, machine, name }) => {
      const own = groups.filter(({ members }) => members.has(machine))
      const [group] = own
      if (group === undefined) {
        const names = firstNames(groups.map((one) => `"${one.name}"`))
        return [asset, `${name} is in none of the groups that may be approved for (${names || 'none is there'})`]
      }
      if (own.length > 1) {
        const names = firstNames(own.map((one) => `"${one.name}"`))
        return [asset, `${name} is in several of the groups that may be approved for (${names}): let it be in one`]
      }
      return [asset, problems.get(group) ?? group]
    }),
  )
}

function problemOf(
  { name, members }: WholeGroup,
  machines: ReadonlySet<string>,
  wanted: readonly Wanted[],
  whose: string,
): string | null {
  const missing = [...members].filter(([machine]) => !machines.has(machine)).map(([, one]) => one)
  const all = `An approval counts for the whole group "${name}"`
  if (missing.length > 0) return `${all}, and ${firstNames(missing)} of it ${isOrAre(missing)} not in ${whose}`
  const own = wanted.filter(({ machine }) => members.has(machine))
  const other = own.find(({ changes }) => changes !== own[0]?.changes)
  if (other === undefined) return null
  return `${all}, and ${own[0]?.name} and ${other.name} of it are to get different updates`
}

function isOrAre({ length }: readonly string[]): string {
  return length === 1 ? 'is' : 'are'
}
