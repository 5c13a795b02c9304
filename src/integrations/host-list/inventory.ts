/** The hosts and groups of an Ansible inventory, in whatever form it was written. */

export type Variables = Readonly<Record<string, unknown>>

export interface Group {
  readonly hosts: Set<string>
  readonly children: Set<string>
  readonly variables: Record<string, unknown>
}

export interface Inventory {
  readonly groups: Map<string, Group>
  /** By host, in the order in which they are listed. */
  readonly hosts: Map<string, Record<string, unknown>>
}

export function emptyInventory(): Inventory {
  return { groups: new Map(), hosts: new Map() }
}

export function groupNamed({ groups }: Inventory, name: string): Group {
  const known = groups.get(name)
  if (known) return known
  const made: Group = { hosts: new Set(), children: new Set(), variables: {} }
  groups.set(name, made)
  return made
}

export function addHost(inventory: Inventory, group: string, host: string, variables: Variables): void {
  groupNamed(inventory, group).hosts.add(host)
  inventory.hosts.set(host, { ...inventory.hosts.get(host), ...variables })
}

/** A host with all that its groups say of it. */
export interface GroupedHost {
  readonly name: string
  /** Without `all` and `ungrouped`. The nearest groups last. */
  readonly groups: readonly string[]
  readonly variables: Variables
}

/** Resolves groups and variables: those of a child group win over those of its parents, the host's own over all. */
export function groupedHosts(inventory: Inventory): readonly GroupedHost[] {
  const { groups, hosts } = inventory
  const parents = new Map<string, string[]>()
  for (const [name, { children }] of groups)
    for (const child of children) parents.set(child, [...(parents.get(child) ?? []), name])
  const direct = new Map<string, string[]>()
  for (const [name, group] of groups)
    for (const host of group.hosts) direct.set(host, [...(direct.get(host) ?? []), name])
  const depths = new Map<string, number>()
  return [...hosts].map(([name, own]) => {
    const all = [...above(direct.get(name) ?? [], parents)].map((group) => ({
      group,
      depth: depth(group, parents, depths),
    }))
    all.sort((a, b) => a.depth - b.depth || (a.group < b.group ? -1 : 1))
    const variables = Object.assign({}, groups.get('all')?.variables)
    for (const { group } of all) Object.assign(variables, groups.get(group)?.variables)
    return {
      name,
      groups: all.map(({ group }) => group).filter((group) => group !== 'all' && group !== 'ungrouped'),
      variables: { ...variables, ...own },
    }
  })
}

function above(groups: readonly string[], parents: ReadonlyMap<string, readonly string[]>): ReadonlySet<string> {
  const found = new Set<string>()
  const open = [...groups]
  for (let group = open.pop(); group !== undefined; group = open.pop()) {
    if (found.has(group)) continue
    found.add(group)
    open.push(...(parents.get(group) ?? []))
  }
  return found
}

/** How many groups are above it. In a circle, which Ansible refuses, it is 0. */
function depth(group: string, parents: ReadonlyMap<string, readonly string[]>, known: Map<string, number>): number {
  const before = known.get(group)
  if (before !== undefined) return before
  known.set(group, 0)
  const deepest = Math.max(0, ...(parents.get(group) ?? []).map((parent) => depth(parent, parents, known) + 1))
  known.set(group, deepest)
  return deepest
}
