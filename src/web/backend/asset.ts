/** The page of one server: what it misses, what was done to it, and when it may be touched. */

import { priorityRank } from '../../core/priority/priority.ts'
import { isBefore } from '../../core/time/instant.ts'
import { holdsFor, nextWindows } from '../../core/window.ts'
import { windowFor } from '../../core/window-of-asset.ts'
import { type AssetFinding, findingsOfAsset, resultsOfAsset } from '../../store/asset-findings.ts'
import { findListed } from '../../store/asset-pages.ts'
import { voicesOf } from '../../store/coverage.ts'
import { readAssets } from '../../store/inventory.ts'
import { freezesOf } from '../../workflow/commands/context.ts'
import type { AssetView, MissingFlaw } from '../console-port.ts'
import { openProposalsFor, placesCalled, proposalRow } from './find.ts'
import { assetRow, whyUnjudged } from './lookups.ts'
import { type Backend, nowOf } from './parts.ts'

const DEEDS = 25
const WINDOWS = 5

export async function assetView(backend: Backend, id: string): Promise<AssetView | null> {
  const { db, parts, workflow } = backend.service
  const listed = await findListed(db, id, workflow.unmanaged.managing)
  const asset = (await readAssets(db, [id])).get(id)
  if (listed === null || asset === undefined) return null
  const { team } = listed
  const now = nowOf(backend)
  const [voices, findings, results, open, freezes] = await Promise.all([
    voicesOf(db, [listed.platform]),
    findingsOfAsset(db, { id, team }),
    resultsOfAsset(db, id, DEEDS),
    openProposalsFor(backend, { id, team }),
    freezesOf(db, parts, team, now),
  ])
  const rows = (await placesCalled(backend, [...new Set([...open, ...results.map(({ proposal }) => proposal)])])).map(
    proposalRow,
  )
  const rowOf = (proposal: string) => rows.filter((row) => row.id === proposal)
  const plan = parts.teams.plans.find((one) => one.team === team)
  const window = plan === undefined ? null : windowFor(plan, asset)
  const spoken = new Set(voices.keys())
  return {
    asset: assetRow(backend, listed, spoken),
    notAssessed: whyUnjudged(listed, spoken),
    missing: mostUrgentFirst(findings.map((finding) => missingFlaw(finding, asset))),
    history: results.flatMap(({ proposal, startedAt, endState: end }) =>
      startedAt === null ? [] : rowOf(proposal).map((row) => ({ proposal: row, startedAt, end })),
    ),
    open: open.flatMap(rowOf),
    windows: window === null ? [] : nextWindows(window, freezes, team, now, WINDOWS),
    windowName: window?.name ?? null,
    freezes: freezes.filter((freeze) => holdsFor(freeze, team) && isBefore(now, freeze.to)),
    now,
  }
}

/** As judged for servers with the same exposure and criticality, else as judged most urgently. */
function missingFlaw(
  { flaw, since, feeds, judged, proposals }: AssetFinding,
  { exposure, criticality }: Pick<AssetFinding['judged'][number], 'exposure' | 'criticality'>,
): MissingFlaw {
  const urgent = judged.toSorted((a, b) => priorityRank(a.priority) - priorityRank(b.priority))
  const mine = urgent.find((one) => one.exposure === exposure && one.criticality === criticality) ?? urgent[0]
  return { flaw, since, feeds, priority: mine?.priority ?? null, dueAt: mine?.dueAt ?? null, proposals }
}

function mostUrgentFirst(all: readonly MissingFlaw[]): readonly MissingFlaw[] {
  const rank = ({ priority }: MissingFlaw) => (priority === null ? Number.POSITIVE_INFINITY : priorityRank(priority))
  return all.toSorted((a, b) => rank(a) - rank(b))
}
