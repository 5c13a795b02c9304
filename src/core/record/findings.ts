/**
 * What the streams `findings:TEAM` say of flaws: on which assets they are open and since when, and how they ended. Open
 * flaws are kept by class. A class is a set of flaws that are all open on the same assets. Between two looks only assets
 * with another class are compared, so the cost depends only on what changed. `judged.ts` says how flaws are judged.
 */

import type { Criticality, Exposure } from '../asset.ts'
import type { PatchType } from '../catalog.ts'
import { sha256 } from '../sha256.ts'
import { type AssetList, createAssetLists, type ListedAsset } from './asset-lists.ts'
import type { Told } from './entry.ts'

/**
 * Where the date of a fix comes from: the vendor's instant, the vendor's day without a time, or, if no vendor gives a
 * date, the time when Patchwarden first read about it.
 */
export type FixDate = 'published' | 'day' | 'first read'

export interface AssetLooked {
  readonly id: string
  readonly exposure: Exposure | null
  readonly criticality: Criticality | null
  /** When the asset was looked at, ISO 8601, UTC. */
  readonly saidAt: string
}

/** Assets that have exactly the same open flaws. */
export interface GroupNow {
  /** Sorted. */
  readonly flaws: readonly string[]
  readonly assets: readonly AssetLooked[]
}

export interface FlawNow {
  /** Ids of the patches that fix it, `<platform>/<source>/<version>`, whether or not they can be installed now. */
  readonly patches: readonly string[]
  readonly type: PatchType
  readonly origins: readonly string[]
  /** A day or an instant; `null`: no vendor gives a date. */
  readonly published: string | null
  readonly cve: boolean
}

/** What the record last said about a flaw. */
export interface FlawRecorded {
  readonly patches: readonly string[]
  readonly feeds: readonly string[]
  readonly fixedAt: string
  readonly fixDate: FixDate
  /** The earliest time at which Patchwarden is known to have read about it, ISO 8601, UTC. */
  readonly readAt: string
  /** Number of assets on which it is open. */
  readonly open: number
}

/** How a flaw ended on an asset. `moved`: the asset belongs to another team now, where the flaw is open. */
export type Ended = 'fixed' | 'removed' | 'superseded' | 'withdrawn' | 'gone' | 'moved'

// ---------------------------------------------------------------- which assets changed

/** What the record says about the assets of a team: the class of each asset, by the hash of its flaws. */
export type ClassesRecorded = ReadonlyMap<string, { readonly class: string; readonly since: string }>

/** Assets that moved together from one class to another. */
export interface Move {
  /** Hashes of classes; `null`: no flaw was open before, or is open now. */
  readonly from: string | null
  readonly to: string | null
  /** Index of the group in which the assets are now; `null`: the team does not have them any more. */
  readonly group: number | null
  readonly assets: readonly { readonly id: string; readonly saidAt: string | null; readonly since: string | null }[]
}

export function classHash(flaws: readonly string[]): string {
  return sha256(JSON.stringify(flaws))
}

/**
 * Compares the record with the groups of now. `held`: assets at work, which are left out until that is over. In steps.
 */
export function* movesBetween(
  recorded: ClassesRecorded,
  groups: readonly GroupNow[],
  held: ReadonlySet<string>,
): Generator<void, readonly Move[], void> {
  const moves = new Map<string, { -readonly [Key in keyof Move]: Move[Key] } & { assets: Move['assets'][number][] }>()
  const seen = new Set<string>()
  const put = (from: string | null, to: string | null, group: number | null, asset: Move['assets'][number]) => {
    const key = `${from} ${to} ${group}`
    const known = moves.get(key) ?? { from, to, group, assets: [] }
    moves.set(key, known)
    known.assets.push(asset)
  }
  for (const [index, { flaws, assets }] of groups.entries()) {
    yield
    const to = flaws.length === 0 ? null : classHash(flaws)
    for (const { id, saidAt } of assets) {
      seen.add(id)
      const before = recorded.get(id)
      if ((before?.class ?? null) === to || held.has(id)) continue
      put(before?.class ?? null, to, index, { id, saidAt, since: before?.since ?? null })
    }
  }
  for (const [id, { class: from, since }] of recorded)
    if (!seen.has(id) && !held.has(id)) put(from, null, null, { id, saidAt: null, since })
  return [...moves.values()]
}

// ---------------------------------------------------------------- what must be recorded about it

export interface Difference {
  readonly told: readonly Told[]
  readonly lists: readonly AssetList[]
  /** For each flaw: the number of assets on which it is open now, and what is known about it. */
  readonly flaws: ReadonlyMap<string, FlawRecorded>
}

export interface DifferenceGiven {
  readonly moves: readonly Move[]
  /** The flaws of a class. Must know every class that a move names. */
  readonly flawsOf: (hash: string) => readonly string[]
  readonly recorded: ReadonlyMap<string, FlawRecorded>
  /** Every flaw that a move opens and that is not recorded yet, without `open`. */
  readonly fresh: ReadonlyMap<string, Omit<FlawRecorded, 'open'>>
  /** The patches that fix a flaw that is open now. */
  readonly patchesOf: (flaw: string) => readonly string[]
  readonly ended: (flaw: string, patches: readonly string[], move: Move, asset: string) => Ended
  /** The proposal whose verification says that it ended the flaw on the asset; `null`: another cause. */
  readonly fixedBy: (flaw: string, asset: Move['assets'][number]) => string | null
}

/** The most ids of patches in one entry. */
const PATCHES = 100

/** Makes entries for flaws that were opened or closed, in the order of flaws. In steps. */
export function* findingsDifference(given: DifferenceGiven): Generator<void, Difference, void> {
  const { moves, flawsOf, recorded, fresh } = given
  const parts: ListedAsset[][] = []
  const opened = new Map<string, number[]>()
  const closed = new Map<string, Map<string, number[]>>()
  for (const move of moves) {
    yield
    const before = new Set(move.from === null ? [] : flawsOf(move.from))
    const now = move.to === null ? [] : flawsOf(move.to)
    const added = now.filter((flaw) => !before.has(flaw))
    for (const flaw of now) before.delete(flaw)
    if (added.length > 0) {
      parts.push(move.assets.map(listed))
      for (const flaw of added) push(opened, flaw, parts.length - 1)
    }
    // Assets whose flaws ended in the same ways share an entry.
    const alike = new Map<string, { readonly how: ReadonlyMap<string, string>; readonly assets: ListedAsset[] }>()
    for (const asset of before.size === 0 ? [] : move.assets) {
      yield
      const how = new Map<string, string>()
      for (const flaw of before) how.set(flaw, endOf(flaw, move, asset, given))
      const key = [...how.values()].join()
      const known = alike.get(key) ?? { how, assets: [] }
      alike.set(key, known)
      known.assets.push(listed(asset))
    }
    for (const { how, assets } of alike.values()) {
      parts.push(assets)
      for (const [flaw, end] of how) {
        const ends = closed.get(flaw) ?? new Map<string, number[]>()
        closed.set(flaw, ends)
        push(ends, end, parts.length - 1)
      }
    }
  }
  const listFor = createAssetLists(parts)
  const told: Told[] = []
  const lists: AssetList[] = []
  const flaws = new Map<string, FlawRecorded>()
  for (const flaw of [...new Set([...opened.keys(), ...closed.keys()])].sort()) {
    yield
    const known = recorded.get(flaw) ?? fresh.get(flaw)
    if (known === undefined) throw new Error(`Nothing is known of the flaw ${flaw}.`)
    let open = recorded.get(flaw)?.open ?? 0
    // Opened flaws come first. So `open` is 0 only if the flaw is really open on no asset in the end.
    const chosen = opened.get(flaw)
    let patches = known.patches
    if (chosen !== undefined) {
      const list = listFor(chosen)
      lists.push(list)
      open += list.count
      const now = given.patchesOf(flaw).slice(0, PATCHES)
      patches = [...new Set([...(recorded.has(flaw) ? patches : []), ...now])].sort()
      const { feeds, fixedAt, fixDate, readAt } = known
      const facts = { flaw, patches: now, feeds, fixedAt, fixDate, readAt }
      told.push({ event: 'findings-opened', facts: { ...facts, assets: list.hash, count: list.count, open } })
    }
    for (const [end, chosen] of closed.get(flaw) ?? []) {
      const list = listFor(chosen)
      lists.push(list)
      open -= list.count
      const [how, proposal] = end.split(' ')
      const facts = { flaw, how: how ?? end, ...(proposal === undefined ? {} : { proposal }) }
      told.push({ event: 'findings-closed', facts: { ...facts, assets: list.hash, count: list.count, open } })
    }
    flaws.set(flaw, { ...known, patches, open })
  }
  return { told, lists, flaws }
}

function listed({ id, saidAt }: Move['assets'][number]): ListedAsset {
  return { id, ...(saidAt === null ? {} : { saidAt }) }
}

function endOf(flaw: string, move: Move, asset: Move['assets'][number], given: DifferenceGiven): string {
  const how = given.ended(flaw, given.recorded.get(flaw)?.patches ?? [], move, asset.id)
  const proposal = how === 'fixed' ? given.fixedBy(flaw, asset) : null
  return proposal === null ? how : `${how} ${proposal}`
}

function push<Value>(map: Map<string, Value[]>, key: string, value: Value): void {
  const list = map.get(key)
  if (list) list.push(value)
  else map.set(key, [value])
}

/** When a flaw could first be fixed: the vendor's date, or else the time when Patchwarden first read about it. */
export function fixDateOf(published: string | null, readAt: string): Pick<FlawRecorded, 'fixedAt' | 'fixDate'> {
  if (published === null) return { fixedAt: readAt, fixDate: 'first read' }
  return { fixedAt: published, fixDate: published.includes('T') ? 'published' : 'day' }
}
