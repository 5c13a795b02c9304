/** Which assets of different sources are the same machine. docs/decisions/0032-one-machine.md says why so. */

import { byBytes } from './by-bytes.ts'

/**
 * By what a machine is recognised. Left out: not known, for example because only root may read it; what was known
 * before then still holds. `null`: the source says that there is none, or cannot know.
 */
export interface Identity {
  /** System UUID of the firmware (SMBIOS), as `hardwareId` returns it. */
  readonly hardware?: string | null
  /** The instance in a cloud, as `cloudId` returns it: `aws:i-0123456789abcdef0`. */
  readonly cloud?: string | null
  /** Full domain name that the machine itself has, as `fullName` returns it. */
  readonly fqdn?: string | null
}

/** The ids by which assets match, the strongest first. */
export const idKinds = ['cloud', 'hardware', 'fqdn'] as const
export type IdKind = (typeof idKinds)[number]

/** One asset as one source lists it. */
export interface Sighting {
  /** `<source>/<name>`. */
  readonly id: string
  readonly source: string
  /** Never a reason to match. Names that differ are a reason not to match by hardware id. */
  readonly name: string
  readonly identity: Identity
}

/** What the operator says about machines: lists of asset ids. */
export interface Declared {
  /** The assets of each list are one machine, whatever their ids say. */
  readonly same: readonly (readonly string[])[]
  /** No two assets of a list are one machine. */
  readonly apart: readonly (readonly string[])[]
}

export interface Machine {
  /** Ids of assets, in order. */
  readonly members: readonly string[]
  /** What its members match by. Empty: only one asset. */
  readonly by: readonly (IdKind | 'configuration')[]
}

/** Assets that have an id in common and are not one machine because of it. */
export interface Dispute {
  readonly kind: IdKind
  readonly value: string
  readonly members: readonly string[]
  readonly why: DisputeReason
}

export type DisputeReason =
  /** One hardware id with several names: a cloned machine, or one that was renamed. */
  | 'other names'
  | 'other hardware ids'
  | 'other cloud ids'
  /** They match others which contradict each other. */
  | 'contradiction'
  | 'one source'
  | 'apart'

export interface Identified {
  /** Each sighting is in exactly one machine. */
  readonly machines: readonly Machine[]
  readonly disputes: readonly Dispute[]
}

/**
 * Which sightings are one machine. The order of the sightings does not matter. Two sightings of one source are never one
 * machine, unless the operator says so. An id on which its assets contradict each other counts for none of them.
 */
export function machinesOf(sightings: readonly Sighting[], declared: Declared = { same: [], apart: [] }): Identified {
  const units = unitsOf(
    sightings.toSorted((a, b) => byBytes(a.id, b.id)),
    declared.same,
  )
  const apart = createApart(declared.apart)
  const disputes: Dispute[] = []
  const links: Link[] = []
  for (const link of linksOf(units)) {
    const why = reasonAgainst(link, apart)
    if (why === null) links.push(link)
    else disputes.push({ kind: link.kind, value: link.value, members: membersOf(link.units), why })
  }
  const machines: Machine[] = []
  settle(units, links, idKinds, { apart, machines, disputes })
  return { machines: machines.sort((a, b) => byBytes(a.members[0] ?? '', b.members[0] ?? '')), disputes }
}

// ---------------------------------------------------------------- ids

const UUID = /^\{?([0-9a-f]{8})-?([0-9a-f]{4})-?([0-9a-f]{4})-?([0-9a-f]{4})-?([0-9a-f]{12})\}?$/i

/** What firmware says that has no id of its own. Many machines share these. */
const PLACEHOLDERS: ReadonlySet<string> = new Set([
  '00000000-0000-0000-0000-000000000000',
  'ffffffff-ffff-ffff-ffff-ffffffffffff',
  '03000200-0400-0500-0006-000700080009',
  '12345678-1234-5678-90ab-cddeefaabbcc',
  '01234567-8910-1112-1314-151617181920',
])

/**
 * The system UUID in one form; `null`: it is none, or a placeholder. Older firmware and some tools write its first three
 * parts in the other byte order, so the smaller of both forms is taken.
 */
export function hardwareId(text: string): string | null {
  const [, ...parts] = UUID.exec(text.trim()) ?? []
  if (parts.length === 0) return null
  const forms = [parts, parts.map((part, index) => (index < 3 ? bytesReversed(part) : part))]
  const written = forms.map((form) => form.join('-').toLowerCase())
  if (written.some((form) => PLACEHOLDERS.has(form))) return null
  return written.sort()[0] ?? null
}

function bytesReversed(part: string): string {
  return (part.match(/../g) ?? []).reverse().join('')
}

/** Clouds that never give one instance id twice. Others, such as NoCloud, take it from a file that clones share. */
const CLOUDS: ReadonlySet<string> = new Set([
  ...['aliyun', 'aws', 'azure', 'digitalocean', 'exoscale', 'gce', 'hetzner', 'ibm', 'openstack', 'oracle', 'scaleway'],
  ...['upcloud', 'vultr'],
])

/** The instance id with its cloud; `null`: it is none, or of a cloud whose ids are not unique. */
export function cloudId(text: string): string | null {
  const [, cloud = '', instance = ''] = /^\s*([a-z]+):([A-Za-z0-9._:-]{1,200})\s*$/.exec(text) ?? []
  if (!CLOUDS.has(cloud)) return null
  if (cloud === 'aws') return /^i-(?:[0-9a-f]{8}|[0-9a-f]{17})$/.test(instance) ? `aws:${instance}` : null
  return `${cloud}:${hardwareId(instance) ?? instance.toLowerCase()}`
}

const LABEL = /^[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?$/

/**
 * A full domain name in one form; `null`: it has no domain, or names whatever machine is looked at (`localhost`) or
 * whatever machine has an address (`ip-10-0-0-7.ec2.internal`).
 */
export function fullName(text: string): string | null {
  const name = text.trim().toLowerCase().replace(/\.$/, '')
  const labels = name.split('.')
  if (name.length > 253 || labels.length < 2 || !labels.every((label) => LABEL.test(label))) return null
  const [first = ''] = labels
  const last = labels.at(-1) ?? ''
  if (first === 'localhost' || last === 'localdomain' || last === 'localhost' || /^\d+$/.test(last)) return null
  return /^ip-\d+-\d+-\d+-\d+$/.test(first) ? null : name
}

/** What is known after a look: what the look does not say stays as it was before. */
export function knownIdentity(before: Identity, now: Identity): Identity {
  const known: Partial<Record<IdKind, string>> = {}
  for (const kind of idKinds) {
    const value = now[kind] === undefined ? before[kind] : now[kind]
    if (value != null) known[kind] = value
  }
  return known
}

/** Whether anything is known by which the machine could be recognised. */
export function hasIds(identity: Identity): boolean {
  return idKinds.some((kind) => identity[kind] != null)
}

// ---------------------------------------------------------------- matching

/** Sightings that the operator declares to be one, or a single one. It has every id that any of them has. */
interface Unit {
  readonly members: readonly Sighting[]
  readonly ids: Readonly<Record<IdKind, ReadonlySet<string>>>
  /** First parts of its names, in small letters. */
  readonly labels: ReadonlySet<string>
}

/** Units with the same id. */
interface Link {
  readonly kind: IdKind
  readonly value: string
  readonly units: readonly Unit[]
}

function unitsOf(sightings: readonly Sighting[], same: readonly (readonly string[])[]): readonly Unit[] {
  const byId = new Map(sightings.map((one) => [one.id, one]))
  const lists = same.map((ids) => ids.flatMap((id) => byId.get(id) ?? []))
  return components(sightings, lists).map(unitOf)
}

function unitOf(members: readonly Sighting[]): Unit {
  const of = (kind: IdKind) => new Set(members.flatMap(({ identity }) => identity[kind] ?? []))
  const names = members.flatMap(({ name, identity }) => [name, identity.fqdn ?? name])
  return {
    members,
    ids: { cloud: of('cloud'), hardware: of('hardware'), fqdn: of('fqdn') },
    labels: new Set(names.map(shortName)),
  }
}

/** The name without its domain, in small letters. */
export function shortName(name: string): string {
  return name.toLowerCase().split('.')[0] ?? ''
}

function linksOf(units: readonly Unit[]): readonly Link[] {
  const links: Link[] = []
  for (const kind of idKinds) {
    const byValue = new Map<string, Unit[]>()
    for (const unit of units)
      for (const value of unit.ids[kind]) {
        const having = byValue.get(value)
        if (having === undefined) byValue.set(value, [unit])
        else having.push(unit)
      }
    for (const [value, having] of byValue) if (having.length > 1) links.push({ kind, value, units: having })
  }
  return links
}

/** Why the units of a link are not one machine by it; `null`: nothing speaks against it. */
function reasonAgainst({ kind, units }: Link, apart: Apart): DisputeReason | null {
  const contradicting = contradiction(units, apart)
  if (contradicting !== null) return contradicting
  const named = kind === 'hardware' && !agree(units, ({ ids }) => ids.cloud, 'all')
  return named && !agree(units, ({ labels }) => labels) ? 'other names' : null
}

/** Why units cannot be one machine, whatever they have in common. */
function contradiction(units: readonly Unit[], apart: Apart): DisputeReason | null {
  if (apart(units)) return 'apart'
  if (!agree(units, ({ ids }) => ids.cloud)) return 'other cloud ids'
  if (!agree(units, ({ ids }) => ids.hardware)) return 'other hardware ids'
  // A cloud id cannot be cloned, and a machine may have several full names.
  if (!agree(units, ({ ids }) => ids.cloud, 'all') && !agree(units, ({ ids }) => ids.fqdn)) return 'other names'
  const sources = units.flatMap(({ members }) => [...new Set(members.map(({ source }) => source))])
  return new Set(sources).size < sources.length ? 'one source' : null
}

/** Whether all units that know something of this kind have a value in common. `all`: and each of them knows something. */
function agree(
  units: readonly Unit[],
  valuesOf: (unit: Unit) => ReadonlySet<string>,
  who: 'those who know' | 'all' = 'those who know',
): boolean {
  let common: ReadonlySet<string> | null = null
  for (const unit of units) {
    const values = valuesOf(unit)
    if (values.size === 0) {
      if (who === 'all') return false
      continue
    }
    const before: ReadonlySet<string> = common ?? values
    common = new Set([...values].filter((value) => before.has(value)))
    if (common.size === 0) return false
  }
  return true
}

type Apart = (units: readonly Unit[]) => boolean

/** Whether two of the units are said to be different machines. */
function createApart(lists: readonly (readonly string[])[]): Apart {
  const sets = lists.map((ids) => new Set(ids))
  return (units) => sets.some((set) => units.filter(({ members }) => members.some(({ id }) => set.has(id))).length > 1)
}

interface Settling {
  readonly apart: Apart
  readonly machines: Machine[]
  readonly disputes: Dispute[]
}

/**
 * Joins units by ids of these kinds. Where what comes together contradicts itself, the weakest kind of id does not count
 * there, and the rest is tried again.
 */
function settle(units: readonly Unit[], links: readonly Link[], kinds: readonly IdKind[], settling: Settling): void {
  const counting = links.filter(({ kind }) => kinds.includes(kind))
  const joined = components(
    units,
    counting.map((link) => link.units),
  )
  const homes = new Map(joined.flatMap((group, index) => group.map((unit) => [unit, index] as const)))
  const linksIn = joined.map((): Link[] => [])
  for (const link of counting) {
    const [first] = link.units
    if (first !== undefined) linksIn[homes.get(first) ?? 0]?.push(link)
  }
  for (const [index, group] of joined.entries()) {
    const own = linksIn[index] ?? []
    if (contradiction(group, settling.apart) === null) settling.machines.push(machineOf(group, own))
    else {
      const weakest = kinds.at(-1)
      for (const { kind, value, units: having } of own)
        if (kind === weakest) settling.disputes.push({ kind, value, members: membersOf(having), why: 'contradiction' })
      settle(group, own, kinds.slice(0, -1), settling)
    }
  }
}

function machineOf(units: readonly Unit[], links: readonly Link[]): Machine {
  const kinds = idKinds.filter((kind) => links.some((link) => link.kind === kind))
  const declared = units.some(({ members }) => members.length > 1)
  return { members: membersOf(units), by: declared ? [...kinds, 'configuration'] : kinds }
}

function membersOf(units: readonly Unit[]): readonly string[] {
  return units.flatMap(({ members }) => members.map(({ id }) => id)).sort(byBytes)
}

/** Groups of items that are connected by lists of items. Items that are in no list are alone. */
function components<Item>(items: readonly Item[], lists: readonly (readonly Item[])[]): readonly (readonly Item[])[] {
  const parents = new Map(items.map((item) => [item, item]))
  function rootOf(item: Item): Item {
    let root = item
    for (let up = parents.get(root); up !== undefined && up !== root; up = parents.get(root)) root = up
    parents.set(item, root)
    return root
  }
  for (const [first, ...others] of lists)
    for (const other of others) if (first !== undefined) parents.set(rootOf(other), rootOf(first))
  const groups = new Map<Item, Item[]>()
  for (const item of items) {
    const root = rootOf(item)
    const group = groups.get(root)
    if (group === undefined) groups.set(root, [item])
    else group.push(item)
  }
  return [...groups.values()]
}
