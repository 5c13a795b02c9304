/** What several sources say about one machine, as one asset: which of them counts for which fact. */

import type { Asset } from './asset.ts'
import { byBytes } from './by-bytes.ts'
import type { Declared } from './identity.ts'

/** Facts for which the operator may name sources. */
export const witnessedFacts = ['look', 'change', 'team', 'exposure', 'criticality', 'timeZone'] as const
export type WitnessedFact = (typeof witnessedFacts)[number]

/** How assets of several sources become one. */
export interface MachineRule extends Declared {
  /** Names of sources. Whoever comes first counts, as far as it says something. Sources that are not named come last. */
  readonly order: readonly string[]
  /** For single facts, sources that come before that order. */
  readonly facts: Readonly<Partial<Record<WitnessedFact, readonly string[]>>>
}

export const noMachineRule: MachineRule = { order: [], facts: {}, same: [], apart: [] }

/** The last word of one source about a machine. */
export interface Word {
  /** As its source lists it. */
  readonly asset: Asset
  /** When the last good look was taken, ISO 8601, UTC; `null`: there was none. */
  readonly observedAt: string | null
  /** Why the last look failed; `null`: it did not fail. */
  readonly problem: string | null
}

/** The words in the order in which they count for a fact. */
export function inOrder<W extends { readonly asset: Pick<Asset, 'id' | 'source'> }>(
  words: readonly W[],
  rule: MachineRule,
  fact: WitnessedFact,
): readonly W[] {
  const order = [...(rule.facts[fact] ?? []), ...rule.order]
  const rank = ({ asset: { source } }: W) => (order.includes(source) ? order.indexOf(source) : order.length)
  return words.toSorted((a, b) => rank(a) - rank(b) || byBytes(a.asset.id, b.asset.id))
}

/**
 * The word whose look at software and reboots counts, as a whole: the first good one. While its source cannot look, a
 * later look of another source counts.
 */
export function lookingWord<W extends Word>(words: readonly W[], rule: MachineRule): W {
  const ordered = inOrder(words, rule, 'look')
  const [first] = ordered
  if (first === undefined) throw new Error('A machine has no word of any source.')
  const good = ordered.filter(({ observedAt }) => observedAt !== null)
  const [best] = good
  if (best === undefined) return first
  if (best.problem === null) return best
  const later = good.find(({ observedAt, problem }) => problem === null && isLater(observedAt, best.observedAt))
  return later ?? best
}

function isLater(one: string | null, other: string | null): boolean {
  return one !== null && other !== null && Date.parse(one) > Date.parse(other)
}

/** The asset that all words are about. Exactly one source's engine changes it, under the name that this source knows. */
export function mergedAsset(id: string, words: readonly Word[], rule: MachineRule): Asset {
  const looking = lookingWord(words, rule).asset
  const changers = inOrder(words, rule, 'change').map(({ asset }) => asset)
  const changing = changers.find(({ engine }) => engine !== null) ?? changers[0] ?? looking
  const first = (fact: WitnessedFact, says: (asset: Asset) => boolean) =>
    inOrder(words, rule, fact).find(({ asset }) => says(asset))?.asset ?? looking
  return {
    id,
    name: changing.name,
    platform: isKnown(looking.platform)
      ? looking.platform
      : first('look', ({ platform }) => isKnown(platform)).platform,
    team: first('team', ({ team }) => team !== '' && team !== 'unassigned').team,
    tags: [...new Set(inOrder(words, rule, 'look').flatMap(({ asset }) => asset.tags))],
    exposure: first('exposure', ({ exposure }) => exposure !== null).exposure,
    criticality: first('criticality', ({ criticality }) => criticality !== null).criticality,
    timeZone: first('timeZone', () => true).timeZone,
    source: looking.source,
    engine: changing.engine,
    address: changing.address,
    simulated: words.some(({ asset }) => asset.simulated),
    own: { seen: looking.id, changed: changing.id },
  }
}

function isKnown(platform: string): boolean {
  return platform !== '' && platform !== 'unknown'
}

/** A machine that a look has brought together, and what is known of its members. */
export interface Claim {
  readonly members: readonly {
    readonly id: string
    /** The asset that the member belonged to; `null`: it is new. */
    readonly before: string | null
  }[]
}

export interface Standing {
  /** The place of an asset's source in the order. */
  readonly rank: (id: string) => number
  /** Ids of assets that are at work. */
  readonly atWork: ReadonlySet<string>
  /** Since when an asset is known, ISO 8601 UTC; empty: longer than anybody knows. */
  readonly since: (id: string) => string
}

export interface Standing {
  /** The place of an asset's source in the order. */
  readonly rank: (id: string) => number
  /** Ids of assets that are at work. */
  readonly atWork: ReadonlySet<string>
  /** Since when an asset is known, ISO 8601 UTC; empty: longer than anybody knows. */
  readonly since: (id: string) => string
}

/**
 * The id of the asset of each machine, in their order. An asset that is known keeps its id, because decisions and the
 * record name it: one that is at work before others, else the one that is known longest, else that of the first source.
 * Where a machine falls apart, an id stays with the member that is called so.
 */
export function assetIds(machines: readonly Claim[], { rank, atWork, since }: Standing): readonly string[] {
  const homes = new Map(machines.flatMap(({ members }, index) => members.map(({ id }) => [id, index] as const)))
  const taken = new Set<string>()
  const best = (ids: readonly string[]) =>
    ids.toSorted(
      (a, b) =>
        Number(atWork.has(b)) - Number(atWork.has(a)) ||
        byBytes(since(a), since(b)) ||
        rank(a) - rank(b) ||
        byBytes(a, b),
    )
  const byRank = (ids: readonly string[]) => ids.toSorted((a, b) => rank(a) - rank(b) || byBytes(a, b))
  const order = machines
    .map(({ members }, index) => ({ index, first: byRank(members.map(({ id }) => id))[0] ?? '' }))
    .sort((a, b) => rank(a.first) - rank(b.first) || byBytes(a.first, b.first))
  const given = new Map<number, string>()
  for (const { index, first } of order) {
    const known = (machines[index]?.members ?? []).flatMap(({ before }) => before ?? [])
    const free = best([...new Set(known)]).find((id) => !taken.has(id) && (homes.get(id) ?? index) === index)
    const id = free ?? first
    taken.add(id)
    given.set(index, id)
  }
  return machines.map((_, index) => given.get(index) ?? '')
}
