/** What the streams `assets:TEAM` say about which assets exist, and about their facts. */

import type { Criticality, Exposure } from '../asset.ts'
import { type AssetList, assetList, type ListedAsset } from './asset-lists.ts'
import type { Told } from './entry.ts'

/**
 * What the record keeps of an asset, without its address. Tags are kept as the source gives them. If an operator puts
 * names of people into tags, they are in the record, as they are in decisions.
 */
export interface AssetFacts {
  readonly platform: string
  readonly exposure: Exposure | null
  readonly criticality: Criticality | null
  /** Each tag once, sorted by bytes. */
  readonly tags: readonly string[]
  readonly timeZone: string
}

export interface AssetRecorded {
  readonly team: string
  readonly facts: AssetFacts
}

/** An asset as an inventory source lists it now. `before`: as the record last had it. */
export interface AssetNow extends AssetRecorded {
  readonly id: string
  readonly source: string
  /** When the asset was looked at, ISO 8601, UTC. */
  readonly saidAt: string
  /** `null`: the asset is new to the record. */
  readonly before: AssetRecorded | null
}

/** An entry for the stream of a team, with the list of assets that it names. */
export interface ToldOfAssets extends ToldOfTeam {
  readonly list: AssetList
}

export interface ToldOfTeam {
  readonly team: string
  readonly told: Told
}

/** What must be recorded about assets. Assets with the same news share one entry. */
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
      // The new team has no facts about the asset yet, so all of them are listed.
      const move = { source, from: before.team, to: team }
      const was = changed === null ? {} : { before: changed.before }
      put({ event: 'assets-moved', teams: [before.team, team], facts: move }, { id, saidAt, ...listed(facts), ...was })
    } else if (changed !== null)
      put({ event: 'assets-changed', teams: [team], facts: { source } }, { id, saidAt, ...changed })
  }
  return [...groups.values()].flatMap(toldOf)
}

/**
 * Why an asset is not listed any more: its source lists only others, the source was removed from the configuration, or
 * it is the same machine as another asset and goes on under that id.
 */
export type GoneReason = 'not listed' | 'source removed' | 'same machine'

/** What must be recorded about assets that are not listed any more. */
export function populationGone(
  assets: readonly { readonly id: string; readonly source: string; readonly team: string }[],
  why: GoneReason,
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

/** The facts that changed, with their old and new values; `null`: none changed. */
function changes(before: AssetFacts, now: AssetFacts): Pick<ListedAsset, 'before' | 'after'> | null {
  const [was, is] = [listed(before), listed(now)]
  const names = (Object.keys(is) as (keyof AssetFacts)[]).filter(
    (name) => JSON.stringify(was[name]) !== JSON.stringify(is[name]),
  )
  if (names.length === 0) return null
  const of = (facts: AssetFacts) => Object.fromEntries(names.map((name) => [name, facts[name]]))
  return { before: of(was), after: of(is) }
}
