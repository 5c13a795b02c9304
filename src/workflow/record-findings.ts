/** Writes each team's flaws into the record after an assessment: which came, which went, and how they are judged. */

import type { CatalogView } from '../core/assessment/catalog-view.ts'
import type { AssetSnapshot } from '../core/asset.ts'
import { errorText } from '../core/error-text.ts'
import type { EndState } from '../core/proposal/proposal.ts'
import { factText } from '../core/record/asset-lists.ts'
import { type FlawRecorded, findingsDifference, fixDateOf, type Move, movesBetween } from '../core/record/findings.ts'
import { createEndings, flawNames, type OpenFlaws, openFlaws } from '../core/record/flaws.ts'
import { judgedDifference, judgedPages } from '../core/record/judged.ts'
import { createJudging } from '../core/record/judging.ts'
import { slices } from '../store/bulk.ts'
import { patchesFirstSeen } from '../store/catalog.ts'
import type { Db } from '../store/connection.ts'
import { inSlices } from '../store/in-slices.ts'
import { readAssets, readSnapshots } from '../store/inventory.ts'
import { findProposal } from '../store/proposals.ts'
import { recordCoverage } from '../store/recorded-assets.ts'
import { feedsRead } from '../store/recorded-feeds.ts'
import {
  feedsNaming,
  fixedAssets,
  flawsOfClasses,
  flawsRecorded,
  judgedOfTeam,
  readElsewhere,
  readFindings,
  writeFindings,
} from '../store/recorded-findings.ts'
import type { Assessor } from './assessing/assessor.ts'
import type { TeamAssessed } from './assessing/known.ts'
import type { Teams, WorkflowParts } from './ports.ts'

/** Assessments that will be recorded. */
export interface Assessed {
  readonly teams: ReadonlyMap<string, TeamAssessed>
  /** Ids of assets that were being worked on just before anything was read. */
  readonly atWork: ReadonlySet<string>
  /** True: these are all teams for which something has changed. */
  readonly all: boolean
}

/** What all teams share. */
interface Shared {
  /** As the teams were assessed with it: another one may be made meanwhile. */
  readonly catalog: CatalogView
  readonly judging: ReturnType<typeof createJudging>
  /** All teams that are recorded now. */
  readonly teams: ReadonlyMap<string, TeamAssessed>
  /** What is known of all their flaws; `null`: nobody needed it yet. */
  known: FlawsKnown | null
}

/** What is known of flaws whichever team has them. */
interface FlawsKnown {
  /** The feeds that name each flaw. */
  readonly feeds: ReadonlyMap<string, readonly string[]>
  /** By when we had read of each flaw, from the record, ISO 8601 UTC. */
  readonly readAt: Map<string, string>
}

/** The end states in which a verification has seen the promised result. */
const endedWell: readonly EndState[] = ['installed', 'waiting for reboot', 'rebooted and re-scanned']

/** How often a team is compared again if another process was faster. */
const ATTEMPTS = 5

/** The parts that recording needs. */
export interface FindingsWork {
  readonly parts: Pick<WorkflowParts, 'db' | 'clock' | 'judgement' | 'teams' | 'log'>
  readonly assessor: Pick<Assessor, 'catalog' | 'names'>
}

/** Records the findings of teams. Returns teams whose findings were not written; they are tried later. */
export async function recordFindings(
  work: FindingsWork,
  { teams, atWork, all }: Assessed,
  signal: AbortSignal,
): Promise<ReadonlySet<string>> {
  const { parts, assessor } = work
  const left = new Set<string>()
  const problems: unknown[] = []
  const { judgement } = parts
  const catalog = assessor.catalog()
  const judging = createJudging({ ...judgement, catalog, defaults: judgement })
  const shared: Shared = { catalog, judging, teams, known: null }
  if (all) await recordCoverage(parts.db, { now: parts.clock().toISOString(), maxAges: maxAges(parts.teams) })
  for (const [team, { alike, at }] of [...teams].sort(([a], [b]) => (a < b ? -1 : 1))) {
    try {
      const open = await inSlices(openFlaws(alike, catalog))
      let done = await recordTeam(work, team, open, { at, atWork, shared })
      for (let attempt = 1; done === 'again'; attempt++) {
        if (attempt === ATTEMPTS) throw new Error(`the findings of ${team} are being written by others`)
        done = await recordTeam(work, team, open, { at, atWork, shared })
      }
      if (done === 'older') left.add(team)
    } catch (error) {
      left.add(team)
      problems.push(error)
    }
    signal.throwIfAborted()
  }
  if (problems.length > 0)
    parts.log.warn(`What is known of flaws is not in the record yet; it is tried again: ${errorText(problems[0])}`)
  return left
}

/** `again`: another process has written meanwhile. `older`: the record has a newer look. */
async function recordTeam(
  work: FindingsWork,
  team: string,
  open: OpenFlaws,
  { at, atWork, shared }: { readonly at: string; readonly atWork: ReadonlySet<string>; readonly shared: Shared },
): Promise<'done' | 'again' | 'older'> {
  const { db, clock } = work.parts
  const { groups, flaws } = open
  const recorded = await readFindings(db, team)
  if (recorded.at !== null && recorded.at > at) return 'older'
  const moves = await inSlices(movesBetween(recorded.assets, groups, atWork))
  const before = await flawsOfClasses(db, team, [...new Set(moves.flatMap(({ from }) => from ?? []))])
  const after = new Map<string, readonly string[]>()
  for (const { to, group } of moves) if (to !== null && group !== null) after.set(to, groups[group]?.flaws ?? [])
  // Another process has just written, and this class does not exist any more.
  if (moves.some(({ from }) => from !== null && !before.has(from))) return 'again'

  const known = await flawsRecorded(db, team, [...new Set([...after.values()].flat())])
  const fresh = await freshFlaws(
    work,
    [...new Set([...after.values()].flat())].filter((flaw) => !known.has(flaw)),
    flaws,
    at,
    shared,
  )
  const difference = await inSlices(
    findingsDifference({
      moves,
      flawsOf: (hash) => after.get(hash) ?? before.get(hash) ?? [],
      recorded: known,
      fresh,
      patchesOf: (flaw) => flaws.get(flaw)?.patches ?? [],
      ...(await endings(db, shared.catalog, moves, groups)),
    }),
  )
  const latest = new Map<string, FlawRecorded>([...known, ...difference.flaws])
  const { judged, fixOf } = await judgedNow(db, team, open, { at, atWork, latest, judging: shared.judging })
  if (moves.length === 0 && judged.length === 0) return 'done'
  const rows = new Map(difference.flaws)
  for (const { flaw } of judged) {
    const of = latest.get(flaw)
    if (of !== undefined) rows.set(flaw, { ...of, ...fixOf(flaw) })
  }
  const pages = await inSlices(judgedPages(judged))
  const contents = [...difference.lists, ...pages].flatMap((one) => one.contents)
  const written = await writeFindings(
    db,
    {
      team,
      at,
      version: recorded.version,
      told: [...difference.told.map((told) => ({ told, flaws: [String(told.facts.flaw)] })), ...pages],
      named: [...difference.lists.map(({ hash }) => hash), ...pages.map(({ told }) => String(told.facts.judgements))],
      flaws: rows,
      judged,
      moved: moves.flatMap(({ to, assets }) => assets.map(({ id }) => ({ asset: id, class: to }))),
      classes: after,
    },
    contents,
    clock().toISOString(),
  )
  return written ? 'done' : 'again'
}

/** The flaws of a team whose judgement has changed, and since when each flaw could be fixed. */
async function judgedNow(
  db: Db,
  team: string,
  { groups, flaws }: OpenFlaws,
  {
    at,
    atWork,
    latest,
    judging,
  }: Pick<Shared, 'judging'> & {
    readonly at: string
    readonly atWork: ReadonlySet<string>
    /** What is known about flaws, already recorded or about to be. */
    readonly latest: ReadonlyMap<string, FlawRecorded>
  },
) {
  const fixOf = (flaw: string): Pick<FlawRecorded, 'fixedAt' | 'fixDate'> => {
    const published = flaws.get(flaw)?.published ?? null
    const of = latest.get(flaw)
    return published === null && of !== undefined ? of : fixDateOf(published, of?.readAt ?? at)
  }
  const settled = groups.map(({ assets, ...group }) => ({
    ...group,
    assets: atWork.size === 0 ? assets : assets.filter(({ id }) => !atWork.has(id)),
  }))
  const judged = await inSlices(
    judgedDifference(
      settled.filter(({ assets }) => assets.length > 0),
      await judgedOfTeam(db, team),
      (flaw, context) => {
        const of = flaws.get(flaw)
        if (of === undefined) throw new Error(`Nothing is known of the flaw ${flaw}.`)
        return judging(flaw, of, fixOf(flaw), context)
      },
    ),
  )
  return { judged, fixOf }
}

/** Data about flaws that are new for the team: who names each flaw, and since when we know it. */
async function freshFlaws(
  work: FindingsWork,
  flaws: readonly string[],
  about: OpenFlaws['flaws'],
  at: string,
  shared: Shared,
): Promise<ReadonlyMap<string, Omit<FlawRecorded, 'open'>>> {
  if (flaws.length === 0) return new Map()
  const { db } = work.parts
  shared.known ??= await flawsKnown(work, shared.teams)
  const { feeds, readAt: readBy } = shared.known
  const read = await feedsRead(db)
  const firstSeen = await patchesFirstSeen(db, [...new Set(flaws.flatMap((flaw) => about.get(flaw)?.patches ?? []))])
  return new Map(
    flaws.map((flaw) => {
      const now = about.get(flaw)
      const named = feeds.get(flaw) ?? []
      const patches = now?.patches ?? []
      const times = [
        at,
        readBy.get(flaw) ?? at,
        ...named.flatMap((feed) => read.get(feed) ?? []),
        ...patches.flatMap((patch) => firstSeen.get(patch) ?? []),
      ]
      const readAt = times.sort()[0] ?? at
      readBy.set(flaw, readAt)
      return [flaw, { patches, feeds: named, readAt, ...fixDateOf(now?.published ?? null, readAt) }]
    }),
  )
}

/** Asked once for all teams: that a feed names a flaw is found by looking through all fixes of our packages. */
async function flawsKnown({ parts: { db }, assessor }: FindingsWork, teams: Shared['teams']): Promise<FlawsKnown> {
  const missing = function* () {
    for (const { alike } of teams.values()) yield* alike.keys()
  }
  const names = [...(await inSlices(flawNames(missing())))]
  return {
    feeds: await feedsNaming(db, names, assessor.names()),
    readAt: new Map(await readElsewhere(db, names)),
  }
}

/** How flaws ended, and by whose work. */
async function endings(db: Db, catalog: CatalogView, moves: readonly Move[], groups: OpenFlaws['groups']) {
  const lost = moves.flatMap(({ group, assets }) => (group === null ? assets.map(({ id }) => id) : []))
  const present = lost.length === 0 ? new Map() : await readAssets(db, lost)
  const endOf = createEndings(catalog)
  const looked = await snapshotsOf(db, moves, groups)
  const known = new Map<string, ReturnType<typeof endOf>>()
  const ended = (flaw: string, patches: readonly string[], { group }: Move, asset: string) => {
    if (group === null) return present.has(asset) ? 'moved' : 'gone'
    const key = `${group} ${flaw}`
    const snapshot = looked.get(groups[group]?.assets[0]?.id ?? '')
    const end = known.get(key) ?? (snapshot === undefined ? 'fixed' : endOf(flaw, patches, snapshot))
    known.set(key, end)
    return end
  }
  const left = moves.flatMap(({ from, group, assets }) =>
    from === null || group === null ? [] : assets.map(({ id }) => id),
  )
  const done = await fixedAssets(db, left, endedWell)
  const fixes = await patchesOf(db, [...new Set([...done.values()].flat().map(({ proposal }) => proposal))])
  const fixedBy = (flaw: string, { id, since }: Move['assets'][number]) =>
    (done.get(id) ?? []).find(
      ({ proposal, doneAt }) => since !== null && doneAt >= since && fixes.get(proposal)?.has(flaw) === true,
    )?.proposal ?? null
  return { ended, fixedBy }
}

/** One asset of each group that got new assets, as it was looked at. */
async function snapshotsOf(
  db: Db,
  moves: readonly Move[],
  groups: OpenFlaws['groups'],
): Promise<ReadonlyMap<string, AssetSnapshot>> {
  const ids = new Set<string>()
  for (const { from, group } of moves) {
    const [first] = from === null || group === null ? [] : (groups[group]?.assets ?? [])
    if (first !== undefined) ids.add(first.id)
  }
  const found = new Map<string, AssetSnapshot>()
  for (const some of slices([...ids]))
    for (const snapshot of await readSnapshots(db, { ids: some })) found.set(snapshot.asset.id, snapshot)
  return found
}

/** The flaws that each proposal's patches fix. */
async function patchesOf(db: Db, proposals: readonly string[]): Promise<ReadonlyMap<string, ReadonlySet<string>>> {
  const found = new Map<string, ReadonlySet<string>>()
  for (const id of proposals) {
    const state = await findProposal(db, id)
    if (state?.subject.kind !== 'patches') continue
    const flaws = state.subject.patches.flatMap((patch) => [patch.id, ...patch.cves, ...patch.advisories])
    found.set(id, new Set(flaws.map(factText)))
  }
  return found
}

/** The greatest age of facts for a start, by team, in seconds. */
export function maxAges(teams: Pick<Teams, 'plans' | 'policyOf'>): ReadonlyMap<string, number> {
  return new Map(teams.plans.map(({ team }) => [team, teams.policyOf(team).inventoryMaxAgeSeconds]))
}
