/** Assets that may be one machine and could not be matched. */

import { byBytes } from './by-bytes.ts'
import { type Declared, type Identified, type Sighting, shortName } from './identity.ts'

/** An asset as a source lists it, with where it is reached. */
export interface Listed extends Sighting {
  readonly address: string
}

/** Assets of different sources that look alike. */
export interface Double {
  readonly members: readonly string[]
  readonly alike: readonly ('name' | 'address')[]
}

/** Addresses that say nothing about which machine it is. */
const NOWHERE = /^(?:|localhost|127\..*|::1|\[::1\])$/

/** So many assets with the same name or address are compared with each other. */
const COMPARED = 50

/**
 * Groups of assets with the same short name or address that are not one machine, and of which nothing shows that they are
 * different ones: an id that differs, a source that lists both, or the word of the operator.
 */
export function lookAlikes(
  listed: readonly Listed[],
  { machines }: Identified,
  { apart }: Pick<Declared, 'apart'>,
): readonly Double[] {
  const machineOf = new Map(machines.flatMap(({ members }, index) => members.map((id) => [id, index] as const)))
  const membersOf = new Map<number, Listed[]>()
  for (const one of listed) {
    const machine = machineOf.get(one.id) ?? -1
    membersOf.set(machine, [...(membersOf.get(machine) ?? []), one])
  }
  const doubles = new Map<string, { readonly members: readonly string[]; readonly alike: ('name' | 'address')[] }>()
  for (const { alike, group } of groupsOf(listed)) {
    const suspects = new Set<string>()
    const some = group.slice(0, COMPARED)
    for (const one of some)
      for (const other of some) {
        const [mine, its] = [machineOf.get(one.id), machineOf.get(other.id)]
        if (mine === its) continue
        if (areDifferent(membersOf.get(mine ?? -1) ?? [], membersOf.get(its ?? -1) ?? [], apart)) continue
        suspects.add(one.id)
        suspects.add(other.id)
      }
    if (suspects.size === 0) continue
    const members = [...suspects].sort(byBytes)
    const key = members.join('\n')
    const known = doubles.get(key) ?? { members, alike: [] }
    doubles.set(key, known)
    if (!known.alike.includes(alike)) known.alike.push(alike)
  }
  return [...doubles.values()].sort((a, b) => byBytes(a.members[0] ?? '', b.members[0] ?? ''))
}

function groupsOf(listed: readonly Listed[]) {
  const groups = new Map<string, { readonly alike: 'name' | 'address'; readonly group: Listed[] }>()
  const put = (alike: 'name' | 'address', value: string, one: Listed) => {
    const known = groups.get(`${alike} ${value}`) ?? { alike, group: [] }
    groups.set(`${alike} ${value}`, known)
    known.group.push(one)
  }
  for (const one of listed) {
    const { name, address, identity } = one
    for (const short of new Set([shortName(name), shortName(identity.fqdn ?? name)])) put('name', short, one)
    const place = address.toLowerCase()
    if (!NOWHERE.test(place) && place !== name.toLowerCase()) put('address', place, one)
  }
  return groups.values()
}

/** Whether something shows that these are two machines. */
function areDifferent(
  one: readonly Listed[],
  other: readonly Listed[],
  apart: readonly (readonly string[])[],
): boolean {
  const differ = (value: (listed: Listed) => string | null | undefined) => {
    const mine = new Set(one.flatMap((listed) => value(listed) ?? []))
    const its = other.flatMap((listed) => value(listed) ?? [])
    return mine.size > 0 && its.length > 0 && !its.some((each) => mine.has(each))
  }
  if (differ(({ identity }) => identity.hardware) || differ(({ identity }) => identity.cloud)) return true
  if (differ(({ identity }) => identity.fqdn)) return true
  const sources = new Set(one.map(({ source }) => source))
  if (other.some(({ source }) => sources.has(source))) return true
  const named = (list: readonly string[], side: readonly Listed[]) => side.some(({ id }) => list.includes(id))
  return apart.some((list) => named(list, one) && named(list, other))
}
