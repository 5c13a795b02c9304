/**
 * Assesses what teams miss. Each time it only works out what has changed: assets with other software, and packages and
 * CVEs about which feeds say something new. Results are kept in memory. Missing ones are made again from the store.
 */

import { type Assessment, createAssess, type MissingAlike, patchId } from '../../core/assessment/assess.ts'
import type { CatalogView } from '../../core/assessment/catalog-view.ts'
import { patchesFirstSeen, rememberPatches } from '../../store/catalog.ts'
import { inSlices } from '../../store/in-slices.ts'
import { type AssetKeys, readAssetKeys } from '../../store/inventory.ts'
import { createSoftwareMemory } from '../../store/software-memory.ts'
import type { WorkflowParts } from '../ports.ts'
import { learn, type Reading } from './feeds-say.ts'
import { type Known, nothingKnown, type Team, type TeamAssessed } from './known.ts'
import { alikeOf, forgetPairs, knowPairs } from './pairs.ts'

/** How often assets are read again if their software changes meanwhile. */
const ATTEMPTS = 5

export interface Assessor {
  /**
   * `kept`: the assets are not read again if this is the count of the last reading; left out: they are read. `fresh`:
   * they are always read.
   */
  assess(team: string, kept?: number, fresh?: boolean): Promise<TeamAssessed>
  /** Sets the count of the assets that were read last for the team. */
  countAs(team: string, count: number): void
  readonly catalog: () => CatalogView
  /** Platforms, and names of packages, that assets of any team have. */
  readonly names: () => { readonly platforms: readonly string[]; readonly packages: readonly string[] }
}

type AssessorParts = Pick<WorkflowParts, 'db' | 'clock' | 'judgement'>

/** Everything that is kept between assessments. */
interface Kept extends Reading {
  known: Known
  /** When each patch was first missing, by patch id, ISO 8601 UTC. */
  readonly firstSeen: Map<string, string>
}

export function createAssessor(parts: AssessorParts): Assessor {
  const kept: Kept = {
    db: parts.db,
    memory: createSoftwareMemory(),
    firstSeen: new Map(),
    known: nothingKnown(new Map()),
  }
  let turn: Promise<unknown> = Promise.resolve()

  return {
    /** Runs one assessment at a time, because all share `known`. */
    assess(team, count, fresh = false) {
      const mine = turn.then(() => assessNow(parts, kept, { team, count: count ?? null, fresh }))
      turn = mine.catch(() => {
        // `known` may be half updated now.
        kept.known = nothingKnown(new Map())
      })
      return mine
    },
    countAs(team, count) {
      const own = kept.known.teams.get(team)
      if (own !== undefined) own.count = count
    },
    catalog: () => kept.known.catalog,
    names: () => ({ platforms: [...kept.known.platforms], packages: [...kept.known.packages] }),
  }
}

async function assessNow(
  parts: AssessorParts,
  kept: Kept,
  { team, count, fresh }: { readonly team: string; readonly count: number | null; readonly fresh: boolean },
): Promise<TeamAssessed> {
  const { db } = kept
  kept.known = await learn(kept.known, kept)
  const { known } = kept
  const at = parts.clock().toISOString()
  const own = teamOf(parts, kept, team, at.slice(0, 10))
  const before = own.assessed
  if (fresh || count === null || own.count !== count) {
    const rows = sameAssets(await readAssetKeys(db, [team]), own.rows)
    if (rows !== own.rows) own.assessed = null
    own.rows = rows
    own.at = at
    own.count = count
  }
  if (own.assessed !== null && own.changes === known.changes) {
    own.assessed = { ...own.assessed, at: own.at }
    return own.assessed
  }
  for (let attempt = 1; !(await knowPairs(known, own.rows, kept)); attempt++) {
    if (attempt === ATTEMPTS) throw new Error(`The software of assets of ${team} changed while it was read.`)
    own.rows = sameAssets(await readAssetKeys(db, [team]), own.rows)
  }
  const alike = await inSlices(alikeOf(known, own.rows))
  await rememberSeen(kept, alike, at)
  const assessment = await inSlices(own.assess(alike))
  forgetPairs(known)
  const missed = before !== null && sameAssessment(before.assessment, assessment) ? before.missed : {}
  const rows = new Map(own.rows.map((row) => [row.asset.id, row]))
  own.assessed = { assessment, missed, alike, rows, at: own.at }
  own.changes = known.changes
  return own.assessed
}

/** What is kept about a team. Its judgements are made again each day. */
function teamOf({ judgement }: AssessorParts, { known, firstSeen }: Kept, team: string, day: string): Team {
  const there = known.teams.get(team)
  if (there !== undefined && there.day === day) return there
  const { exposure, criticality, dueDays, rule } = judgement
  const options = { catalog: known.catalog, rule, dueDays, firstSeen, now: day, defaults: { exposure, criticality } }
  const made: Team = {
    ...(there ?? { rows: [], at: '', count: null }),
    day,
    assess: createAssess(options),
    assessed: null,
    changes: 0,
  }
  known.teams.set(team, made)
  return made
}

/** Stores which patches are missing for the first time. */
async function rememberSeen({ known, firstSeen, db }: Kept, alike: MissingAlike, at: string): Promise<void> {
  if (firstSeen.size === 0) for (const [id, when] of await patchesFirstSeen(db)) firstSeen.set(id, when)
  const fresh = new Set<string>()
  for (const { updates, withheld } of alike.keys())
    for (const update of [...updates, ...withheld.map((one) => one.update)]) {
      if (known.seen.has(update)) continue
      known.seen.add(update)
      const id = patchId(update)
      if (!firstSeen.has(id)) fresh.add(id)
    }
  if (fresh.size === 0) return
  for (const [id, when] of await rememberPatches(db, [...fresh], at)) firstSeen.set(id, when)
}

function sameAssessment(some: Assessment, others: Assessment): boolean {
  return (
    some.patches.length === others.patches.length &&
    some.withheld.length === others.withheld.length &&
    some.withheld.every((patch, index) => patch === others.withheld[index]) &&
    some.assets.length === others.assets.length &&
    some.patches.every((patch, index) => patch === others.patches[index]) &&
    some.assets.every((one, index) => {
      const other = others.assets[index]
      return (
        other !== undefined &&
        one.asset === other.asset &&
        one.patches === other.patches &&
        one.changes === other.changes &&
        one.held === other.held &&
        one.withheld === other.withheld
      )
    })
  )
}

/** What has not changed stays the same object: an asset, its row, and the list where all rows are as before. */
function sameAssets(rows: readonly AssetKeys[], before: readonly AssetKeys[]): readonly AssetKeys[] {
  const known = new Map(before.map((row) => [row.asset.id, row]))
  const now = rows.map((row) => {
    const there = known.get(row.asset.id)
    if (there === undefined || JSON.stringify(there.asset) !== JSON.stringify(row.asset)) return row
    const same = { ...row, asset: there.asset }
    return JSON.stringify(there) === JSON.stringify(same) ? there : same
  })
  return now.length === before.length && now.every((row, index) => row === before[index]) ? before : now
}
