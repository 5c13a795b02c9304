/** Writes into the record what is known of each team's flaws, after an assessment: what came, what went, how it is judged. */

import type { CatalogView, MissingAlike } from '../core/assessment.ts'
import type { FeedContent } from '../core/catalog.ts'
import { errorText } from '../core/error-text.ts'
import type { EndState } from '../core/proposal/proposal.ts'
import { factText } from '../core/record/asset-lists.ts'
import {
  type FlawRecorded,
  findingsDifference,
  fixDateOf,
  judgedDifference,
  type Move,
  movesBetween,
} from '../core/record/findings.ts'
import { createEndings, type OpenFlaws, openFlaws } from '../core/record/flaws.ts'
import { createJudging } from '../core/record/judging.ts'
import { inSlices } from '../store/in-slices.ts'
import { readAssets } from '../store/inventory.ts'
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
  teamsOfFindings,
  writeFindings,
} from '../store/recorded-findings.ts'
import type { WorkflowParts } from './ports.ts'

/** What an assessment was made of. */
export interface Assessed {
  /** When it began, ISO 8601 UTC. */
  readonly at: string
  readonly teams: ReadonlyMap<string, MissingAlike>
  readonly content: FeedContent
  readonly catalog: CatalogView
  readonly platforms: readonly string[]
  readonly packages: readonly string[]
  readonly firstSeen: ReadonlyMap<string, string>
  /** What was worked on just before anything was read. */
  readonly atWork: ReadonlySet<string>
}

/** A verification has seen that what was promised is there. */
const endedWell: readonly EndState[] = ['installed', 'waiting for reboot', 'rebooted and re-scanned']

/** How often it is compared again where another process was faster. */
const ATTEMPTS = 5

export function createFindingsRecord(parts: Pick<WorkflowParts, 'db' | 'clock' | 'judgement' | 'teams' | 'log'>) {
  const { db } = parts

  /** `only`: one team. What fails is written by the next assessment, and holds no proposal up. */
  async function record(assessed: Assessed, only: string | null, signal: AbortSignal): Promise<void> {
    try {
      if (only === null) await recordCoverage(db, { now: now(), maxAges: maxAges() })
      const teams = only === null ? new Set([...assessed.teams.keys(), ...(await teamsOfFindings(db))]) : [only]
      for (const team of [...teams].sort()) {
        const open = await inSlices(openFlaws(assessed.teams.get(team) ?? new Map(), assessed.catalog))
        for (let attempt = 1; !(await recordTeam(team, open, assessed)); attempt++)
          if (attempt === ATTEMPTS) throw new Error(`the findings of ${team} are being written by others`)
        signal.throwIfAborted()
      }
    } catch (error) {
      signal.throwIfAborted()
      parts.log.warn(`What is known of flaws is not in the record yet; it is tried again: ${errorText(error)}`)
    }
  }

  /** False where another process has written meanwhile. */
  async function recordTeam(team: string, { groups, flaws }: OpenFlaws, assessed: Assessed): Promise<boolean> {
    const { at, atWork } = assessed
    const recorded = await readFindings(db, team)
    // An older look says nothing that a newer one has not said.
    if (recorded.at !== null && recorded.at > at) return true
    const moves = await inSlices(movesBetween(recorded.assets, groups, atWork))
    const before = await flawsOfClasses(db, team, [...new Set(moves.flatMap(({ from }) => from ?? []))])
    const after = new Map<string, readonly string[]>()
    for (const { to, group } of moves) if (to !== null && group !== null) after.set(to, groups[group]?.flaws ?? [])
    // Somebody has written just now, and the class is gone.
    if (moves.some(({ from }) => from !== null && !before.has(from))) return false
    const flawsOf = (hash: string) => after.get(hash) ?? before.get(hash) ?? []

    const known = await flawsRecorded(db, team, [...new Set([...after.values()].flat())])
    const fresh = await freshFlaws(
      [...new Set([...after.values()].flat())].filter((flaw) => !known.has(flaw)),
      flaws,
      assessed,
    )
    const difference = await inSlices(
      findingsDifference({
        moves,
        flawsOf,
        recorded: known,
        fresh,
        patchesOf: (flaw) => flaws.get(flaw)?.patches ?? [],
        ...(await endings(moves, groups, assessed)),
      }),
    )
    const latest = new Map<string, FlawRecorded>([...known, ...difference.flaws])
    const judging = createJudging({ ...parts.judgement, catalog: assessed.catalog, defaults: parts.judgement })
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
    if (moves.length === 0 && judged.length === 0) return true
    const rows = new Map(difference.flaws)
    for (const { now: judgement } of judged) {
      const of = latest.get(judgement.flaw)
      if (of !== undefined) rows.set(judgement.flaw, { ...of, ...fixOf(judgement.flaw) })
    }
    return writeFindings(
      db,
      {
        team,
        at,
        version: recorded.version,
        told: [...difference.told, ...judged.map(({ told }) => told)],
        named: difference.lists.map(({ hash }) => hash),
        flaws: rows,
        judged: judged.map((one) => one.now),
        moved: moves.flatMap(({ to, assets }) => assets.map(({ id }) => ({ asset: id, class: to }))),
        classes: after,
      },
      difference.lists.flatMap(({ contents }) => contents),
      now(),
    )
  }

  /** What is known of flaws of which nothing is recorded for the team: who says it, and since when we know it. */
  async function freshFlaws(
    flaws: readonly string[],
    about: OpenFlaws['flaws'],
    { at, firstSeen, platforms, packages }: Assessed,
  ): Promise<ReadonlyMap<string, Omit<FlawRecorded, 'open'>>> {
    const feeds = await feedsNaming(db, flaws, { platforms, packages })
    const read = flaws.length === 0 ? new Map<string, string>() : await feedsRead(db)
    const elsewhere = flaws.length === 0 ? new Map<string, string>() : await readElsewhere(db, flaws)
    return new Map(
      flaws.map((flaw) => {
        const now = about.get(flaw)
        const named = feeds.get(flaw) ?? []
        const patches = now?.patches ?? []
        const times = [
          at,
          ...(elsewhere.get(flaw) === undefined ? [] : [elsewhere.get(flaw) ?? at]),
          ...named.flatMap((feed) => read.get(feed) ?? []),
          ...patches.flatMap((patch) => firstSeen.get(patch) ?? []),
        ]
        const readAt = times.sort()[0] ?? at
        return [flaw, { patches, feeds: named, readAt, ...fixDateOf(now?.published ?? null, readAt) }]
      }),
    )
  }

  /** How flaws ended, and by whose work. */
  async function endings(moves: readonly Move[], groups: OpenFlaws['groups'], { content, catalog }: Assessed) {
    const lost = moves.flatMap(({ group, assets }) => (group === null ? assets.map(({ id }) => id) : []))
    const present = lost.length === 0 ? new Map() : await readAssets(db, lost)
    const endOf = createEndings(content.fixes ?? [], catalog)
    const known = new Map<string, ReturnType<typeof endOf>>()
    const ended = (flaw: string, patches: readonly string[], { group }: Move, asset: string) => {
      if (group === null) return present.has(asset) ? 'moved' : 'gone'
      const key = `${group} ${flaw}`
      const snapshot = groups[group]?.snapshot
      const end = known.get(key) ?? (snapshot === undefined ? 'fixed' : endOf(flaw, patches, snapshot))
      known.set(key, end)
      return end
    }
    const left = moves.flatMap(({ from, group, assets }) =>
      from === null || group === null ? [] : assets.map(({ id }) => id),
    )
    const done = await fixedAssets(db, left, endedWell)
    const fixes = await patchesOf([...new Set([...done.values()].flat().map(({ proposal }) => proposal))])
    const fixedBy = (flaw: string, { id, since }: Move['assets'][number]) =>
      (done.get(id) ?? []).find(
        ({ proposal, doneAt }) => since !== null && doneAt >= since && fixes.get(proposal)?.has(flaw) === true,
      )?.proposal ?? null
    return { ended, fixedBy }
  }

  /** By proposal, the flaws that its patches fix. */
  async function patchesOf(proposals: readonly string[]): Promise<ReadonlyMap<string, ReadonlySet<string>>> {
    const found = new Map<string, ReadonlySet<string>>()
    for (const id of proposals) {
      const state = await findProposal(db, id)
      if (state?.subject.kind !== 'patches') continue
      const flaws = state.subject.patches.flatMap((patch) => [patch.id, ...patch.cves, ...patch.advisories])
      found.set(id, new Set(flaws.map(factText)))
    }
    return found
  }

  /** As old as the facts may be on which the team's rollouts start. */
  function maxAges(): ReadonlyMap<string, number> {
    const { teams } = parts
    return new Map(teams.plans.map(({ team }) => [team, teams.policyOf(team).inventoryMaxAgeSeconds]))
  }

  function now(): string {
    return parts.clock().toISOString()
  }

  return record
}
