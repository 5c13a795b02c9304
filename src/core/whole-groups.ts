/**
 * Groups that a system acts on as a whole (`wholeGroup` of the terms): whether the rings of a proposal can start each of
 * them at once. A start of a part of one would tell others too, so what does not fit is not started, and people read why
 * before they vote.
 */

import { firstNames } from './first-names.ts'
import type { PatchSubject, PlannedAsset } from './proposal/proposal.ts'

type Planned = Pick<PatchSubject, 'assets' | 'rings' | 'window'>

interface Group {
  readonly name: string
  readonly assets: readonly PlannedAsset[]
}

/** Why assets of whole groups cannot be started as the rings are planned, by the id of the asset. */
export function brokenGroups(subject: Planned): ReadonlyMap<string, string> {
  const problems = new Map<string, string>()
  // What is not started moves the others to earlier batches, so it is looked again until nothing is left out any more.
  for (let open = groupsOf(subject); ; ) {
    const places = placesOf(subject, problems)
    const broken = open.flatMap((group) => {
      const why = problemOf(subject, group, places)
      return why === null ? [] : [{ group, why }]
    })
    if (broken.length === 0) return problems
    for (const { group, why } of broken)
      for (const { asset, previewProblem } of group.assets)
        if (previewProblem === null) problems.set(asset.id, `"${group.name}" is told as a whole, and ${why}`)
    open = open.filter((group) => !broken.some((one) => one.group === group))
  }
}

function groupsOf({ assets }: Planned): readonly Group[] {
  const groups = new Map<string, PlannedAsset[]>()
  for (const planned of assets) {
    const { asset, terms } = planned
    if (terms?.wholeGroup === undefined) continue
    const key = `${asset.engine} ${terms.wholeGroup}`
    const there = groups.get(key)
    if (there === undefined) groups.set(key, [planned])
    else there.push(planned)
  }
  return [...groups.values()].map((own) => ({ name: own[0]?.terms?.wholeGroup ?? '', assets: own }))
}

interface Place {
  readonly ring: string
  readonly batchSize: number
  readonly batch: number
}

/** The ring and the batch of each asset that is started. */
function placesOf({ assets, rings }: Planned, problems: ReadonlyMap<string, string>): ReadonlyMap<string, Place> {
  const starts = new Set(assets.filter((one) => one.previewProblem === null).map(({ asset }) => asset.id))
  const places = new Map<string, Place>()
  for (const { name, batchSize, assets: all } of rings) {
    const own = all.filter((id) => starts.has(id) && !problems.has(id))
    for (const [index, id] of own.entries())
      places.set(id, { ring: name, batchSize, batch: Math.floor(index / batchSize) })
  }
  return places
}

function problemOf({ window }: Planned, { assets }: Group, places: ReadonlyMap<string, Place>): string | null {
  const out = assets.filter(({ previewProblem }) => previewProblem !== null).map(({ asset }) => asset.name)
  if (out.length > 0) return `${firstNames(out)} of it cannot be started`
  const found = assets.map(({ asset }) => places.get(asset.id))
  const rings = [...new Set(found.map((place) => place?.ring ?? 'none'))]
  if (rings.length > 1) return `its servers are in several rings (${firstNames(rings)}): put them into one`
  const batches = new Set(found.map((place) => place?.batch))
  if (batches.size > 1)
    return `its ${assets.length} servers do not come in one batch of the ring ${rings[0]} (${found[0]?.batchSize} servers): make the batch as large as the ring`
  const times = new Set(assets.map((one) => JSON.stringify([one.window ?? window, one.asset.timeZone])))
  return times.size > 1 ? 'its servers have different windows or time zones' : null
}
