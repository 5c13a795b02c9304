/** The details behind a proposal's card: assets, plan, explanation and report. */

import type { Detail, DetailName, DetailPart, PartOfDetail } from '../../chat/desk.ts'
import { assetPageDetail, explainDetail, planDetail, toldPlanDetail } from '../../chat/details.ts'
import { logsInReport, proposalReport } from '../../chat/report.ts'
import { rich, strong } from '../../chat/rich-text.ts'
import { limits } from '../../core/limits.ts'
import { readLogs } from '../../store/content.ts'
import { type AssetsAsked, assetsOfProposal, patchesOfProposal, planOfProposal } from '../../store/decision-pages.ts'
import { readStream } from '../../store/events.ts'
import { toldPictures } from '../../store/outbox.ts'
import { findGlance } from '../../store/proposal-pages.ts'
import { findProposal } from '../../store/proposals.ts'
import { freezesOf } from '../commands/context.ts'
import { type DeskParts, nowOf } from './desk-parts.ts'

/** How many patches are explained on one page. Each has a table of its own. */
const PATCHES_AT_ONCE = 20

/** The table or text behind a card's button. Without a part: the first part. */
export async function detailOf(
  desk: DeskParts,
  proposal: string,
  name: DetailName,
  { after, only = null }: DetailPart = { after: null },
): Promise<PartOfDetail | null> {
  if (name === 'assets') return assetsPart(desk, proposal, { after, only })
  if (name === 'explain') return explainPart(desk, proposal, after)
  const told = name === 'plan' ? await largePlan(desk, proposal) : null
  if (told !== null) return told
  const state = await findProposal(desk.db, proposal)
  if (state === null) return null
  const { subject } = state
  if (name === 'report') {
    const lead = rich('Markdown, as ', strong(`npx patchwarden report ${proposal}`), ' prints it.')
    const events = await readStream(desk.db, proposal)
    const text = proposalReport(
      state,
      events,
      await readLogs(desk.db, logsInReport(events)),
      await desk.teamCoverage(state.team),
    )
    return { title: `${proposal}: report`, lead, tables: [], lines: text.split('\n') }
  }
  if (subject.kind !== 'patches') return null
  const freezes = await freezesOf(desk.db, desk, state.team, nowOf(desk))
  return planDetail(state, subject, freezes, nowOf(desk), await desk.estimates(desk.db, state.team, subject))
}

async function assetsPart(desk: DeskParts, proposal: string, asked: AssetsAsked): Promise<PartOfDetail | null> {
  const part = await assetsOfProposal(desk.db, proposal, asked, limits.pageRows)
  if (part === null) return null
  const { state, total, more } = part
  const last = state.subject.assets.at(-1)?.asset.id
  const shown = assetPageDetail(state, state.subject, { total, only: asked.only })
  return more && last !== undefined ? { ...shown, next: last } : shown
}

/** The plan of a proposal with very many assets; `null`: it has few. */
async function largePlan(desk: DeskParts, proposal: string): Promise<Detail | null> {
  const glance = await findGlance(desk.db, proposal)
  if (glance?.subject.kind !== 'patches' || glance.subject.assets <= limits.plannedNow) return null
  const found = await planOfProposal(desk.db, glance)
  if (found === null) return null
  const { rings, simulated } = glance.subject
  const plan = {
    ...found.plan,
    simulated,
    rings: found.plan.rings.map((ring, index) => ({ ...ring, assets: rings[index]?.assets ?? 0 })),
  }
  const told = (await toldPictures(desk.db, proposal)).findLast((picture) => picture.kind === 'plan') ?? null
  const freezes = await freezesOf(desk.db, desk, glance.team, nowOf(desk))
  return toldPlanDetail(glance, plan, { first: found.first, told, freezes, now: nowOf(desk) })
}

async function explainPart(desk: DeskParts, proposal: string, after: string | null): Promise<PartOfDetail | null> {
  const glance = await findGlance(desk.db, proposal)
  if (glance === null || glance.subject.kind !== 'patches') return null
  const from = Math.max(0, Number(after) || 0)
  const { patches, total } = await patchesOfProposal(desk.db, glance, from, PATCHES_AT_ONCE)
  const next = from + patches.length
  const shown = explainDetail(glance, { patches })
  return next < total ? { ...shown, next: String(next) } : shown
}
