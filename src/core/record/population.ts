/** What the streams `assets:TEAM` say about which assets there are, and what is known about them. */

import type { Criticality, Exposure } from '../asset.ts'
import { type AssetList, assetList, type ListedAsset } from './asset-lists.ts'
import type { Told } from './entry.ts'

/**
 * What the record keeps of an asset, without its address. Tags are as the source gives them: an operator who puts names
 * of people into tags has them in the record, as in decisions.
 */
export interface AssetFacts {
  readonly platform: string
  readonly exposure: Exposure | null
  readonly criticality: Criticality | null
  /** Each once, in the order of their bytes. */
  readonly tags: readonly string[]
  readonly timeZone: string
}

export interface AssetRecorded {
  readonly team: string
  readonly facts: AssetFacts
}

/** An asset as an inventory source lists it, and as the record last had it. */
export interface AssetNow extends AssetRecorded {
  readonly id: string
  readonly source: string
  /** When it was looked at, ISO 8601 UTC. */
  readonly saidAt: string
  /** `null`: it is not enrolled. */
  readonly before: AssetRecorded | null
}

/** An entry for the stream of a team, with the list that it names. */
export interface ToldOfAssets extends ToldOfTeam {
  readonly list: AssetList
}

export interface ToldOfTeam {
  readonly team: string
  readonly told: Told
}

/** What must be recorded about assets; one entry for all assets about which the same is said. */
export function populationDifference(assets: readonly AssetNow[]): readonly ToldOfAssets[] {
  const groups = new Map<string, Group>()
  const put = (group: Omit<Group, 'assets'>, asset: ListedAsset) => {
    const key = JSON.stringify(group)
    const known = groups.get(key) ?? { ...group, assets: [] }
    groups.set(key, known)
    known.assets.push(asset)
  }
  for (const { id, source, team, facts, saidAt, before } of assets) {
    if (before === null) {
      put({ event: 'assets-enrolled', teams: [team], facts: { source } }, { id, saidAt, ...listed(facts) })
      continue
    }
    const changed = changes(before.facts, facts)
    if (before.team !== team) {
      // The team that gets it has not read anything about it before.
      const move = { source, from: before.team, to: team }
      const was = changed === null ? {} : { before: changed.before }
      put({ event: 'assets-moved', teams: [before.team, team], facts: move }, { id, saidAt, ...listed(facts), ...was })
    } else if (changed !== null)
      put({ event: 'assets-changed', teams: [team], facts: { source } }, { id, saidAt, ...changed })
  }
  return [...groups.values()].flatMap(toldOf)
}

/**
 * What must be recorded about assets that nothing lists any more. `why`: the source lists others, or the source itself
 * is not configured any more.
 */
export function populationGone(
  assets: readonly { readonly id: string; readonly source: string; readonly team: string }[],
  why: 'not listed' | 'source removed',
): readonly ToldOfAssets[] {
  const groups = new Map<string, Group>()
  for (const { id, source, team } of assets) {
    const key = JSON.stringify([team, source])
    const known = groups.get(key) ?? { event: 'assets-gone', teams: [team], facts: { source, why }, assets: [] }
    groups.set(key, known)
    known.assets.push({ id })
  }
  return [...groups.values()].flatMap(toldOf)
}

interface Group {
  readonly event: string
  readonly teams: readonly string[]
  readonly facts: Told['facts']
  readonly assets: ListedAsset[]
}

function toldOf({ event, teams, facts, assets }: Group): readonly ToldOfAssets[] {
  const list = assetList(assets)
  const told = { event, facts: { ...facts, assets: list.hash, count: list.count } }
  return teams.map((team) => ({ team, told, list }))
}

function listed({ platform, exposure, criticality, tags, timeZone }: AssetFacts) {
  return { platform, exposure, criticality, tags, timeZone }
}

/** What is otherwise than before, before and now; `null`: nothing is. */
function changes(before: AssetFacts, now: AssetFacts): Pick<ListedAsset, 'before' | 'after'> | null {
  const [was, is] = [listed(before), listed(now)]
  const names = (Object.keys(is) as (keyof AssetFacts)[]).filter(
    (name) => JSON.stringify(was[name]) !== JSON.stringify(is[name]),
  )
  if (names.length === 0) return null
  const of = (facts: AssetFacts) => Object.fromEntries(names.map((name) => [name, facts[name]]))
  return { before: of(was), after: of(is) }
}
