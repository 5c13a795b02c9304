import { setTimeout as sleep } from 'node:timers/promises'
import pLimit from 'p-limit'
import { type Assessment, assess, catalogView, type MissingAlike, missingAlike } from '../core/assessment.ts'
import type { Asset, AssetSnapshot } from '../core/asset.ts'
import { GONE } from '../core/away.ts'
import { type Draft, draftSubjects, type OpenGroup, type StaleFeed, silences } from '../core/draft.ts'
import { errorText } from '../core/error-text.ts'
import { exploitedCves, regressionsOf } from '../core/follow-up.ts'
import { comparison, isRaisedByNew, withFacts } from '../core/held.ts'
import { priorityRank } from '../core/priority/priority.ts'
import { saysTheSame } from '../core/proposal/decide-life.ts'
import { contentHash, keepingSubject } from '../core/proposal/decision-content.ts'
import type { Content } from '../core/proposal/event.ts'
import { plannedOf } from '../core/proposal/planned.ts'
import type { Actor, PatchSubject, PlannedAsset, ProposalState } from '../core/proposal/proposal.ts'
import { unfinished } from '../core/proposal/run.ts'
import { isHeld, nobodyLeft } from '../core/proposal/since.ts'
import type { TeamPlan } from '../core/ring-rule.ts'
import { keepsBack, keptBackSince } from '../core/rollback.ts'
import { type Needs, sameChanges } from '../core/within.ts'
import { patchesFirstSeen, readCatalog, rememberPatches, sourceStates } from '../store/catalog.ts'
import { inSlices } from '../store/in-slices.ts'
import { readSnapshots } from '../store/inventory.ts'
import type { Lease, Leases } from '../store/leases.ts'
import { deferredOrSince, hasContent, openProposals, proposalsOfTeam } from '../store/proposals.ts'
import { assetsAtWork } from '../store/recorded-findings.ts'
import type { Execute } from './execute.ts'
import type { WorkflowParts } from './ports.ts'
import { type Assessed, createFindingsRecord } from './record-findings.ts'

const assessor: Actor = { kind: 'system', part: 'assessment' }
const PREVIEWS_AT_ONCE = 8
const STALE_AFTER_MS = 86_400_000
/** How many earlier proposals of a team are looked at for advisories that have a follow-up. */
const RECENT = 200

export interface ProposeReport {
  readonly opened: readonly string[]
  readonly revised: readonly string[]
  readonly closed: readonly string[]
}

interface ProposeGiven {
  readonly by: Actor | undefined
  readonly stale: readonly StaleFeed[]
  readonly lease: Lease
  readonly signal: AbortSignal
}

type MutableReport = { -readonly [Key in keyof ProposeReport]: string[] }

/** How long to wait before looking again whether it is this process's turn. */
const TURN_MS = 300

/** Turns what is missing into proposals: few and whole decisions, revised as facts change, withdrawn when all is done. */
export function createPropose(parts: WorkflowParts, execute: Execute, alone: Leases['alone']) {
  const recordFindings = createFindingsRecord(parts)

  /** What each team misses, judged by its own assets. */
  async function assessments(only: readonly string[] | null = null): Promise<ReadonlyMap<string, Assessment>> {
    return (await look(only)).found
  }

  /** The same, with what it was made of. */
  async function look(
    only: readonly string[] | null,
  ): Promise<{ readonly found: ReadonlyMap<string, Assessment>; readonly assessed: Assessed }> {
    const began = now()
    const atWork = await assetsAtWork(parts.db)
    const snapshots = await readSnapshots(parts.db, only === null ? {} : { teams: only })
    const platforms = [...new Set(snapshots.map((snapshot) => snapshot.asset.platform))]
    const packages = new Set<string>()
    for (const list of new Set(snapshots.map((snapshot) => snapshot.packages)))
      for (const { name, source } of list) packages.add(name).add(source)
    const content = await readCatalog(parts.db, platforms, [...packages])
    const catalog = catalogView([content])
    const { exposure, criticality, dueDays, rule } = parts.judgement
    const firstSeen = await patchesFirstSeen(parts.db)
    const defaults = { exposure, criticality }
    const at = now()
    const teams = new Map<string, AssetSnapshot[]>()
    for (const snapshot of snapshots) {
      const mine = teams.get(snapshot.asset.team)
      if (mine) mine.push(snapshot)
      else teams.set(snapshot.asset.team, [snapshot])
    }
    const found = new Map<string, Assessment>()
    const missing = new Map<string, MissingAlike>()
    for (const [team, mine] of teams) {
      const alike = missingAlike(mine, catalog)
      missing.set(team, alike)
      found.set(team, assess({ snapshots: mine, catalog, rule, now: at, firstSeen, dueDays, defaults, alike }))
    }
    const fresh = new Set<string>()
    for (const { patches } of found.values()) for (const { id } of patches) if (!firstSeen.has(id)) fresh.add(id)
    await rememberPatches(parts.db, [...fresh], at)
    const read = { content, catalog, platforms, packages: [...packages], firstSeen, atWork }
    return { found, assessed: { at: began, teams: missing, ...read } }
  }

  /** `by` opens in a person's name, who then cannot approve; `team` limits it to one team. */
  async function propose(
    signal: AbortSignal,
    options: { readonly by?: Actor; readonly team?: string } = {},
  ): Promise<ProposeReport> {
    const report: MutableReport = { opened: [], revised: [], closed: [] }
    const only = options.team === undefined ? null : [options.team]
    const { found: all, assessed } = await look(only)
    await recordFindings(assessed, options.team ?? null, signal)
    const stale = await staleFeeds()
    for (const plan of inOrderOfUrgency(parts.teams.plans, all)) {
      if (only !== null && !only.includes(plan.team)) continue
      await inTurn(`propose ${plan.team}`, signal, async (lease, waited) => {
        // Whoever proposed in between has acted on something newer.
        const missing = waited ? (await assessments([plan.team])).get(plan.team) : all.get(plan.team)
        await proposeFor(plan, missing, { by: options.by, stale, lease, signal }, report)
      })
    }
    await inTurn('propose rules', signal, proposeRules)
    return report
  }

  /** Runs work that one process does at a time, when its turn comes. `waited`: somebody else did it just before. */
  async function inTurn(
    name: string,
    signal: AbortSignal,
    work: (lease: Lease, waited: boolean) => Promise<void>,
  ): Promise<void> {
    let waited = false
    while (!(await alone(name, (lease) => work(lease, waited)))) {
      waited = true
      await sleep(TURN_MS * (0.5 + Math.random()), undefined, { signal })
    }
  }

  /** The proposals of one team, brought to what it misses now. Nobody else writes proposals of the team meanwhile. */
  async function proposeFor(
    plan: TeamPlan,
    missing: Assessment | undefined,
    { by, stale, lease, signal }: ProposeGiven,
    { opened, revised, closed }: MutableReport,
  ): Promise<void> {
    const { team } = plan
    const assessment = missing === undefined ? undefined : wanted(missing, await deferrals(team), parts.judgement)
    const needs = { missing: missing ?? nothingMissing, wanted: assessment ?? nothingMissing }
    // What rolls an earlier one back goes its own way.
    const open = (await openProposals(parts.db, team)).filter(
      ({ subject }) => subject.kind === 'patches' && subject.rollsBack === undefined,
    )
    const drafts = draftSubjects({
      assessments: new Map(assessment === undefined ? [] : [[team, assessment]]),
      teams: [asMeasured(plan)],
      open: open.flatMap(groupOf),
      grouping: parts.judgement.grouping,
      stale,
    })

    // First, so that what they leave out is not asked for twice when another proposal takes it.
    for (const state of open) {
      if (!isHeld(state)) continue
      const draft = drafts.find(({ existing }) => existing === state.id) ?? null
      if (await hold(state, draft, needs, { stale, lease, signal })) revised.push(state.id)
    }
    for (const draft of drafts) {
      const existing = open.find((state) => state.id === draft.existing)
      if (existing !== undefined && isHeld(existing)) continue
      const content = await previewed(draft, existing ?? null, needs.missing, signal)
      // The previews may have taken long.
      await lease.show()
      if (existing) {
        if (await revise(existing, content, changeReason(existing, content))) revised.push(existing.id)
        continue
      }
      if (by === undefined && (await hasContent(parts.db, content.contentHash, ['withdrawn']))) continue
      const done = await execute.open(team, content, parts.teams.policyOf(team), by ?? assessor)
      if (done.ok) {
        opened.push(done.state.id)
        await tellFollowUps(done.state)
      } else if (done.refusal.code !== 'already') parts.log.warn(`No proposal for ${team}: ${done.refusal.sentence}`)
    }
    for (const state of open) {
      if (state.rollout !== null || unfinished(state).length > 0) continue
      if (drafts.some((draft) => draft.existing === state.id)) continue
      await lease.show()
      const command = { type: 'supersede', by: whyClosed(state, missing, open) } as const
      const done = await execute.execute(state.id, command, assessor)
      if (done.ok) closed.push(state.id)
    }
  }

  async function revise(state: ProposalState, content: Content, reason: string): Promise<boolean> {
    const done = await execute.execute(state.id, { type: 'revise', content, reason }, assessor)
    return done.ok && done.state.revision > state.revision
  }

  /** A draft with the exact transactions, as the content that is asked for. */
  async function previewed(
    draft: Draft,
    existing: ProposalState | null,
    { assets }: Assessment,
    signal: AbortSignal,
  ): Promise<Content> {
    const present = new Map(assets.map(({ asset }) => [asset.id, asset]))
    const { subject, decision } = await inSlices(
      keepingSubject(await withPreviews(draft.subject, existing, present, signal)),
    )
    const { title, priority, whyNow, dueAt } = draft
    return { title, subject, contentHash: decision, priority, whyNow, dueAt }
  }

  /**
   * What people have voted on stays, and follows what its assets need by now. `draft`: all that would be asked for today.
   * True where it is asked anew: because what is new is more urgent, or because nothing of it is left.
   */
  async function hold(
    state: ProposalState,
    draft: Draft | null,
    needs: Needs,
    { stale, lease, signal }: Omit<ProposeGiven, 'by'>,
  ): Promise<boolean> {
    const { subject } = state
    if (subject.kind !== 'patches') return false
    // A run is not asked anew: what is new waits until it is over, and what is at work ends first.
    const fixed = state.rollout !== null || unfinished(state).length > 0
    const facts = withFacts(state, subject, needs, silences(stale))
    if (!fixed && draft !== null && isRaisedByNew(state, facts, draft)) {
      const content = await previewed(draft, state, needs.missing, signal)
      await lease.show()
      return revise(state, content, changeReason(state, content))
    }
    const compared = await execute.execute(state.id, comparison(subject, needs, draft), assessor)
    const now = compared.state ?? state
    if (fixed || draft === null) return false
    if (!nobodyLeft(now)) return !saysTheSame(now, facts) && revise(now, facts, changeReason(now, facts))
    const content = await previewed(draft, now, needs.missing, signal)
    await lease.show()
    return revise(now, content, 'nothing of what was voted on is left as it was')
  }

  /** The team's plan with the windows that its load has chosen, where the load is measured. */
  function asMeasured(plan: TeamPlan): TeamPlan {
    const { measured } = parts
    if (measured === undefined) return plan
    const found = measured.measuredFor(plan.window.name)
    const { assetWindows } = plan
    return {
      ...plan,
      window: measured.scheduleFor(plan.window).plan,
      ...(assetWindows === undefined
        ? {}
        : { assetWindows: assetWindows.map((own) => ({ ...own, window: measured.scheduleFor(own.window).plan })) }),
      ...(found === null ? {} : { measured: found }),
    }
  }

  /** Feeds whose silence matters: they fail, and what they said last is older than a day. */
  async function staleFeeds(): Promise<readonly StaleFeed[]> {
    const since = parts.clock().getTime() - STALE_AFTER_MS
    return (await sourceStates(parts.db)).filter(
      ({ kind, problem, lastGoodAt }) =>
        kind === 'catalog' && problem !== null && (lastGoodAt === null || Date.parse(lastGoodAt) < since),
    )
  }

  /** Tells the threads of earlier proposals when a new one mends what their advisories broke. */
  async function tellFollowUps(state: ProposalState): Promise<void> {
    if (state.subject.kind !== 'patches') return
    for (const earlier of await proposalsOfTeam(parts.db, state.team, RECENT)) {
      if (earlier.id === state.id || earlier.subject.kind !== 'patches') continue
      for (const { advisory, mends } of regressionsOf(state.subject.patches, earlier.subject.patches))
        await execute.execute(earlier.id, { type: 'follow-up', advisory, mends, proposal: state.id }, assessor)
    }
  }

  /** Standing approval rules are themselves voted: each configured rule gets one proposal until it is decided. */
  async function proposeRules(): Promise<void> {
    for (const { rule, decidedBy, window } of parts.teams.standingRules) {
      if (Date.parse(rule.expiresAt) <= parts.clock().getTime()) continue
      const subject = { kind: 'standing rule', rule, window } as const
      const hash = contentHash(subject)
      if (await hasContent(parts.db, hash, ['open', 'approved', 'rejected', 'withdrawn'])) continue
      const title = `Standing approval "${rule.name}": ${rule.types.join(', ')} patches on ${rule.tags.join(', ')} assets`
      const whyNow = `The configuration asks for it; it takes effect only once it is voted, and ends on ${rule.expiresAt.slice(0, 10)}.`
      const content: Content = { title, subject, contentHash: hash, priority: 'scheduled', whyNow, dueAt: null }
      await execute.open(rule.team, content, decidedBy, assessor)
    }
  }

  async function deferrals(team: string): Promise<readonly ProposalState[]> {
    const known = await deferredOrSince(parts.db, team, now(), keptBackSince(now()))
    return known.filter(
      (state) =>
        keepsBack(state, now()) ||
        (state.deferral !== null && Date.parse(state.deferral.until) > parts.clock().getTime()),
    )
  }

  /** The exact transaction of each asset; one that is planned already for the same changes is kept. */
  async function withPreviews(
    subject: PatchSubject,
    existing: ProposalState | null,
    present: ReadonlyMap<string, Asset>,
    signal: AbortSignal,
  ): Promise<PatchSubject> {
    const engine = parts.engines.get(subject.engine)
    const limit = pLimit(PREVIEWS_AT_ONCE)
    const before = existing?.subject.kind === 'patches' ? existing.subject : null
    const assets = await Promise.all(
      subject.assets.map((planned) =>
        limit(async (): Promise<PlannedAsset> => {
          const same = before && plannedOf(before, planned.asset.id)
          if (same && same.previewProblem === null && sameChanges(same.changes, planned.changes))
            return { ...planned, transaction: same.transaction }
          if (!engine) return { ...planned, previewProblem: `the engine "${subject.engine}" is not configured` }
          const asset = present.get(planned.asset.id)
          if (asset === undefined) return { ...planned, previewProblem: `it is ${GONE}` }
          try {
            return { ...planned, transaction: await engine.preview(asset, planned.changes, signal) }
          } catch (error) {
            signal.throwIfAborted()
            return { ...planned, previewProblem: errorText(error) }
          }
        }),
      ),
    )
    return { ...subject, assets }
  }

  function now(): string {
    return parts.clock().toISOString()
  }

  return { propose, assessments }
}

const nothingMissing: Assessment = { patches: [], assets: [] }

function groupOf(state: ProposalState): readonly OpenGroup[] {
  const { id, team, status, priority, subject } = state
  if (subject.kind !== 'patches') return []
  const { engine, patches, rings } = subject
  return [{ id, team, engine, takesMore: status === 'open' && !isHeld(state), priority, patches, rings }]
}

/** Teams with something urgent first, so that it gets the first number. */
function inOrderOfUrgency(plans: readonly TeamPlan[], found: ReadonlyMap<string, Assessment>): readonly TeamPlan[] {
  const rank = ({ team }: TeamPlan) =>
    Math.min(...(found.get(team)?.patches ?? []).map(({ priority }) => priorityRank(priority)))
  return plans.toSorted((a, b) => (rank(a) === rank(b) ? 0 : rank(a) - rank(b)))
}

/** Why an undecided proposal is closed although nobody asked for that: what became of what it asked for. */
function whyClosed(state: ProposalState, missing: Assessment | undefined, open: readonly ProposalState[]): string {
  if (state.subject.kind !== 'patches') return 'the latest assessment'
  const asked = new Set(state.subject.patches.map(({ id }) => id))
  const other = open.find(
    ({ id, subject }) =>
      id !== state.id && subject.kind === 'patches' && subject.patches.some((patch) => asked.has(patch.id)),
  )
  if (other !== undefined) return other.id
  if ((missing?.patches ?? []).some(({ id }) => asked.has(id)))
    return 'the latest assessment: what is still missing is covered by an earlier decision, or is not proposed any more'
  return 'the latest assessment: nothing is missing any more'
}

/** Why a proposal is revised, the loudest reason first; empty where nothing that people read has changed. */
function changeReason(existing: ProposalState, content: Content): string {
  if (existing.subject.kind === 'patches' && content.subject.kind === 'patches') {
    const known = exploitedCves(existing.subject.patches)
    const [exploited] = exploitedCves(content.subject.patches).filter((cve) => !known.includes(cve))
    if (exploited !== undefined)
      return `${exploited} is now on CISA's list of exploited vulnerabilities: this is ${content.priority} now${
        content.dueAt === null ? '' : `, due ${content.dueAt.slice(0, 10)}`
      }.`
    const [regression] = regressionsOf(content.subject.patches, existing.subject.patches)
    if (regression) return `${regression.advisory} mends what ${regression.mends}, which this carried, broke`
  }
  if (priorityRank(content.priority) < priorityRank(existing.priority))
    return `Now ${content.priority}: ${content.whyNow}`
  if (content.contentHash === existing.contentHash) return ''
  return 'what is missing has changed since'
}

/**
 * Leaves out what the configuration does not want proposed, and what a rejection of the team still covers. A rejection
 * wakes up by itself: a patch that has become more urgent than what was rejected, or has another target version, is
 * proposed again.
 */
function wanted(
  assessment: Assessment,
  rejected: readonly ProposalState[],
  { types, minPriority }: WorkflowParts['judgement'],
): Assessment {
  const covered = (id: string) =>
    rejected.some((state) => {
      if (state.subject.kind !== 'patches') return false
      const before = state.subject.patches.find((patch) => patch.id === id)
      const today = assessment.patches.find((patch) => patch.id === id)
      return (
        before !== undefined && today !== undefined && priorityRank(today.priority) >= priorityRank(before.priority)
      )
    })
  const asked = assessment.patches.filter(
    (patch) => types.includes(patch.type) && priorityRank(patch.priority) <= priorityRank(minPriority),
  )
  const ids = new Set(asked.map((patch) => patch.id))
  const assets = assessment.assets.map((entry) => {
    const patches = entry.patches.filter((id) => ids.has(id) && !covered(id))
    const kept = assessment.patches.filter((patch) => patches.includes(patch.id))
    const names = new Set(kept.flatMap((patch) => patch.packages.map((item) => `${item.name} ${item.to}`)))
    return { ...entry, patches, changes: entry.changes.filter((change) => names.has(`${change.name} ${change.to}`)) }
  })
  return { ...assessment, assets }
}
