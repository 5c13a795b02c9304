/** Updates the proposals of one team to what it misses now. No other process writes the team's proposals meanwhile. */

import type { Assessment } from '../../core/assessment/assess.ts'
import { canonicalJson } from '../../core/canonical-json.ts'
import { type Draft, draftingSubjects, type OpenGroup, silences } from '../../core/draft.ts'
import { editionsOf } from '../../core/follow-up.ts'
import { asksTheSame } from '../../core/proposal/asks-the-same.ts'
import { saysTheSame } from '../../core/proposal/decide-life.ts'
import type { ProposalState } from '../../core/proposal/proposal.ts'
import { isHeld } from '../../core/proposal/since.ts'
import { lanesOf } from '../../core/rollout/lanes.ts'
import { unfinished } from '../../core/rollout/run.ts'
import { DAY_MS } from '../../core/time/instant.ts'
import { wanted } from '../../core/wanted.ts'
import type { Needs } from '../../core/within.ts'
import { inSlices } from '../../store/in-slices.ts'
import { neverSeen } from '../../store/inventory.ts'
import { carriersOf, deferredOf } from '../../store/precedents.ts'
import { hasContent, openHeads, openProposals } from '../../store/proposals.ts'
import type { Assessor } from '../assessing/assessor.ts'
import { type Drafting, previewed, revise } from './drafting.ts'
import { followHeld } from './held.ts'
import { oneAhead } from './one-ahead.ts'
import { assessment, type LastDraft, later, type Proposing } from './proposing.ts'
import { changeReason, whyClosed } from './reasons.ts'

export async function proposeForTeam(drafting: Drafting): Promise<void> {
  const { proposing, plan, key, own, by, stale, left, report } = drafting
  const { parts, last, assessor } = proposing
  const { team } = plan
  const { assessment: missing } = own
  const keptBack = await deferredOf(parts.db, team, parts.clock().toISOString())
  left.times.push(...keptBack.map(({ until }) => until), ...timesOf(missing, assessor))
  const heads = await openHeads(parts.db, team)
  const unseen = await neverSeen(parts.db, team)
  const known = (now: typeof heads) => canonicalJson([key, keptBack, now, silences(stale), unseen.map(({ id }) => id)])
  const mine: LastDraft = { missing: own.missed, told: known(heads) }
  if (by === undefined && isSame(mine, last.get(team))) return
  last.delete(team)
  const needs: Needs = { missing, wanted: await inSlices(wanted(missing, keptBack, parts.judgement)) }
  // Rollbacks do not follow drafts.
  const open = (await openProposals(parts.db, team)).filter(
    ({ subject }) => subject.kind === 'patches' && subject.rollsBack === undefined,
  )
  const drafts = await inSlices(
    draftingSubjects({
      assessments: new Map([[team, needs.wanted]]),
      teams: [plan],
      open: open.flatMap(groupOf),
      grouping: parts.judgement.grouping,
      late: new Set([...parts.engines].flatMap(([name, { terms }]) => (terms === undefined ? [] : [name]))),
      unseen,
      stale,
    }),
  )
  // Done first, so that what these proposals leave out can go into another proposal without being asked for twice.
  for (const state of open) {
    if (!isHeld(state)) continue
    const draft = drafts.find(({ existing }) => existing === state.id) ?? null
    if (await followHeld(drafting, state, draft, needs)) report.revised.push(state.id)
  }
  await askFor(drafting, drafts, open)
  await closeWithoutDraft(drafting, drafts, open)
  if (!left.blind) {
    last.set(team, { missing: own.missed, told: known(await openHeads(parts.db, team)) })
  }
}

/** Revises open proposals and opens new ones, from the drafts. */
async function askFor(drafting: Drafting, drafts: readonly Draft[], open: readonly ProposalState[]): Promise<void> {
  const { proposing, plan, by, lease, report } = drafting
  const { parts, commands } = proposing
  const { team } = plan
  const asked: { readonly draft: Draft; readonly existing: ProposalState | null }[] = []
  for (const draft of drafts) {
    const existing = open.find((state) => state.id === draft.existing) ?? null
    if (existing !== null && (isHeld(existing) || (await isAsked(drafting, draft, existing)))) continue
    asked.push({ draft, existing })
  }
  const contents = oneAhead(asked, ({ draft, existing }) => previewed(drafting, draft, existing))
  for await (const [{ existing }, content] of contents) {
    if (content === null) continue
    await lease.show()
    if (existing) {
      if (await revise(proposing, existing, content, changeReason(existing, content))) report.revised.push(existing.id)
      continue
    }
    if (by === undefined && (await hasContent(parts.db, content.contentHash, ['withdrawn']))) continue
    const done = await commands.open(team, content, parts.teams.policyOf(team), by ?? assessment)
    if (done.ok) {
      report.opened.push(done.state.id)
      await tellFollowUps(proposing, done.state)
    } else if (done.refusal.code !== 'already') parts.log.warn(`No proposal for ${team}: ${done.refusal.sentence}`)
  }
}

/** Whether the proposal asks for the draft already, and says the same about it. */
async function isAsked(
  { proposing: { parts } }: Drafting,
  { subject, ...draft }: Draft,
  existing: ProposalState,
): Promise<boolean> {
  if (existing.subject.kind !== 'patches' || !saysTheSame(existing, { ...draft, subject })) return false
  if (lanesOf(subject).some((engine) => parts.engines.get(engine)?.terms !== undefined)) return false
  return inSlices(asksTheSame(existing.subject, subject))
}

/** Closes open proposals without a draft. */
async function closeWithoutDraft(
  { proposing: { commands }, own, lease, report }: Drafting,
  drafts: readonly Draft[],
  open: readonly ProposalState[],
): Promise<void> {
  for (const state of open) {
    if (state.rollout !== null || unfinished(state).length > 0) continue
    if (drafts.some((draft) => draft.existing === state.id)) continue
    await lease.show()
    const command = { type: 'supersede', by: whyClosed(state, own.assessment, open) } as const
    const done = await commands.execute(state.id, command, assessment)
    if (done.ok) report.closed.push(state.id)
  }
}

/** Tells the threads of earlier proposals if a new one fixes what their advisories broke. */
async function tellFollowUps(
  { parts: { db }, commands }: Pick<Proposing, 'parts' | 'commands'>,
  state: ProposalState,
): Promise<void> {
  if (state.subject.kind !== 'patches') return
  const editions = new Map(editionsOf(state.subject.patches).map((edition) => [edition.family, edition]))
  for (const { proposal, family, edition, advisory: mends } of await carriersOf(db, state.team, [...editions.keys()])) {
    const now = editions.get(family)
    if (proposal === state.id || now === undefined || now.edition <= edition) continue
    await commands.execute(
      proposal,
      { type: 'follow-up', advisory: now.advisory, mends, proposal: state.id },
      assessment,
    )
  }
}

/** When time alone changes these patches: they become due, or support for their platform ends. ISO 8601 UTC. */
function timesOf({ patches, assets }: Assessment, { catalog }: Pick<Assessor, 'catalog'>): readonly string[] {
  const times = patches.flatMap(({ dueAt }) => dueAt ?? [])
  for (const platform of new Set(assets.map(({ asset }) => asset.platform))) {
    const { endOfSupport = null, endOfExtendedSupport = null } = catalog().lifecycle(platform) ?? {}
    for (const day of [endOfSupport, endOfExtendedSupport])
      if (day !== null) times.push(later(`${day.slice(0, 10)}T00:00:00.000Z`, DAY_MS))
  }
  return times
}

function isSame(now: LastDraft, before: LastDraft | undefined): boolean {
  return before !== undefined && before.missing === now.missing && before.told === now.told
}

function groupOf(state: ProposalState): readonly OpenGroup[] {
  const { id, team, status, priority, subject } = state
  if (subject.kind !== 'patches') return []
  const { engine, patches, rings } = subject
  return [{ id, team, engine, takesMore: status === 'open' && !isHeld(state), priority, patches, rings }]
}
