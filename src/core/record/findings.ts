/**
 * What the streams `findings:TEAM` say: which flaws are open on which assets since when, how they ended, and how they
 * are judged. What is open is kept by class, which is a set of flaws that are open together on some assets. Between two
 * looks only assets that changed their class are compared, so that the cost depends on what has changed.
 */

import type { Criticality, Exposure } from '../asset.ts'
import type { PatchType } from '../catalog.ts'
import type { Priority } from '../priority/priority.ts'
import { sha256 } from '../sha256.ts'
import { type AssetList, createAssetLists, type ListedAsset } from './asset-lists.ts'
import type { Fact, Facts, Told } from './entry.ts'

/**
 * What the date of a fix is: the vendor's instant, a day without a time, or, where nobody says, the time when we first
 * read of it.
 */
export type FixDate = 'published' | 'day' | 'first read'

export interface AssetLooked {
  readonly id: string
  readonly exposure: Exposure | null
  readonly criticality: Criticality | null
  /** When it was looked at, ISO 8601 UTC. */
  readonly saidAt: string
}

/** Assets on which the same flaws are open. */
export interface GroupNow {
  /** Sorted. */
  readonly flaws: readonly string[]
  readonly assets: readonly AssetLooked[]
}

export interface FlawNow {
  /** Ids of the patches that fix it, `<platform>/<source>/<version>`, whether they can be installed now or not. */
  readonly patches: readonly string[]
  readonly type: PatchType
  readonly origins: readonly string[]
  /** A day or an instant; `null`: no vendor says. */
  readonly published: string | null
  readonly cve: boolean
}

/** What the record last said of a flaw. */
export interface FlawRecorded {
  readonly patches: readonly string[]
  readonly feeds: readonly string[]
  readonly fixedAt: string
  readonly fixDate: FixDate
  /** When we had read of it at the latest, ISO 8601 UTC. */
  readonly readAt: string
  /** On how many assets it is open. */
  readonly open: number
}

export interface JudgedRecorded {
  readonly hash: string
  readonly priority: Priority
  readonly dueAt: string | null
}

/** How flaws ended. `moved`: the asset is another team's now, where they are open. */
export type Ended = 'fixed' | 'removed' | 'superseded' | 'withdrawn' | 'gone' | 'moved'

// ---------------------------------------------------------------- which assets changed

/** What the record says of the assets of a team: in which class each is, by the hash of its flaws. */
export type ClassesRecorded = ReadonlyMap<string, { readonly class: string; readonly since: string }>

/** Assets that came out of one class into another together. */
export interface Move {
  /** Hashes of classes; `null`: nothing was, or is, open. */
  readonly from: string | null
  readonly to: string | null
  /** Index of the group that they are in now; `null`: the team does not have them any more. */
  readonly group: number | null
  readonly assets: readonly { readonly id: string; readonly saidAt: string | null; readonly since: string | null }[]
}

export function classHash(flaws: readonly string[]): string {
  return sha256(JSON.stringify(flaws))
}

/** `held`: assets that are worked on now; nothing is said about them until that is over. Works in steps. */
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

// ---------------------------------------------------------------- what is to be said of that

export interface Difference {
  readonly told: readonly Told[]
  readonly lists: readonly AssetList[]
  /** For each flaw: on how many assets it is open now, and what is known about it. */
  readonly flaws: ReadonlyMap<string, FlawRecorded>
}

export interface DifferenceGiven {
  readonly moves: readonly Move[]
  /** Flaws of every class that a move names. */
  readonly flawsOf: (hash: string) => readonly string[]
  readonly recorded: ReadonlyMap<string, FlawRecorded>
  /** For every flaw that a move opens and that is not recorded yet: everything but `open`. */
  readonly fresh: ReadonlyMap<string, Omit<FlawRecorded, 'open'>>
  /** What fixes each flaw that is open now. */
  readonly patchesOf: (flaw: string) => readonly string[]
  readonly ended: (flaw: string, patches: readonly string[], move: Move, asset: string) => Ended
  /** The proposal whose verification says that it ended the flaw on the asset; `null`: somebody else did. */
  readonly fixedBy: (flaw: string, asset: Move['assets'][number]) => string | null
}

/** Ids of patches in one entry. */
const PATCHES = 100

/** Entries for what came and went, by flaw. In steps. */
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
    // Assets whose flaws ended in the same ways are told of together.
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
    // New ones come first, so that a flaw counts as open on no asset only where that is so in the end.
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

/** When a flaw could first be fixed: the vendor's date, or else when we first read of it. */
export function fixDateOf(published: string | null, readAt: string): Pick<FlawRecorded, 'fixedAt' | 'fixDate'> {
  if (published === null) return { fixedAt: readAt, fixDate: 'first read' }
  return { fixedAt: published, fixDate: published.includes('T') ? 'published' : 'day' }
}

// ---------------------------------------------------------------- how it is judged

export interface Context {
  readonly exposure: Exposure | null
  readonly criticality: Criticality | null
}

/** How a flaw is judged on assets of a kind. */
export interface Judged {
  readonly priority: Priority
  /** ISO 8601 UTC; `null`: no date. */
  readonly dueAt: string | null
  /** Everything else that the entry says. */
  readonly facts: Facts
}

export interface JudgedNow {
  readonly flaw: string
  readonly context: Context
  readonly hash: string
  readonly judged: Judged
}

export const contextKey = (flaw: string, { exposure, criticality }: Context): string =>
  `${flaw}\n${exposure ?? ''}\n${criticality ?? ''}`

/** What is to be said of flaws that are judged otherwise than the record says, by `contextKey`. In steps. */
export function* judgedDifference(
  groups: readonly GroupNow[],
  recorded: ReadonlyMap<string, JudgedRecorded>,
  judge: (flaw: string, context: Context) => Judged,
): Generator<void, readonly { readonly told: Told; readonly now: JudgedNow }[], void> {
  const contexts = new Map<string, Map<string, Context>>()
  for (const { flaws, assets } of groups) {
    const kinds = new Map<string, Context>()
    for (const { exposure, criticality } of assets)
      if (!kinds.has(`${exposure} ${criticality}`)) kinds.set(`${exposure} ${criticality}`, { exposure, criticality })
    for (const flaw of flaws) {
      const known = contexts.get(flaw) ?? new Map<string, Context>()
      contexts.set(flaw, known)
      for (const [key, context] of kinds) known.set(key, context)
    }
    yield
  }
  const found: { told: Told; now: JudgedNow }[] = []
  for (const [flaw, kinds] of [...contexts].sort(([a], [b]) => (a < b ? -1 : 1))) {
    yield
    for (const [, context] of [...kinds].sort(([a], [b]) => (a < b ? -1 : 1))) {
      const judged = judge(flaw, context)
      const { priority, dueAt, facts } = judged
      const hash = sha256(JSON.stringify([priority, dueAt, facts]))
      const before = recorded.get(contextKey(flaw, context))
      if (before?.hash === hash) continue
      const was: Record<string, Fact> =
        before === undefined ? {} : { priorityBefore: before.priority, dueBefore: before.dueAt }
      const told = { event: 'judged', facts: { flaw, ...context, ...facts, priority, due: dueAt, ...was } }
      found.push({ told, now: { flaw, context, hash, judged } })
    }
  }
  return found
}
