import { setTimeout as sleep } from 'node:timers/promises'
import type { Assessment } from '../core/assessment/assess.ts'
import { canonicalJson } from '../core/canonical-json.ts'
import { type Draft, draftingSubjects, type OpenGroup, type StaleFeed, silences } from '../core/draft.ts'
import { errorText } from '../core/error-text.ts'
import { editionsOf, exploitedCves, regressionsOf } from '../core/follow-up.ts'
import { comparison, isRaisedByNew, withFacts } from '../core/held.ts'
import { proposeRefusal } from '../core/permission/team.ts'
import type { Policy, StandingRule } from '../core/policy.ts'
import { addsNothing } from '../core/preview.ts'
import { priorityRank } from '../core/priority/priority.ts'
import { saysTheSame } from '../core/proposal/decide-life.ts'
import { contentHash, keepingSubject } from '../core/proposal/decision-content.ts'
import type { Content } from '../core/proposal/event.ts'
import type { Actor, PatchSubject, ProposalState } from '../core/proposal/proposal.ts'
import { isHeld, nobodyLeft } from '../core/proposal/since.ts'
import type { TeamPlan } from '../core/ring-rule.ts'
import { unfinished } from '../core/rollout/run.ts'
import { sha256 } from '../core/sha256.ts'
import { DAY_MS, MINUTE_MS } from '../core/time/instant.ts'
import { wanted } from '../core/wanted.ts'
import { watchedOf } from '../core/watched.ts'
import type { Needs } from '../core/within.ts'
import { sourceStates } from '../store/catalog.ts'
import { type DirtyRow, forgetDirty, noteDirtyTeam, seenDirty } from '../store/dirty.ts'
import { type Drafted, draftedTeam, draftedTeams, noteDrafted } from '../store/drafted.ts'
import { inSlices } from '../store/in-slices.ts'
import { type AssetKeys, oldestLook, teamsWithAssets } from '../store/inventory.ts'
import type { Lease, Leases } from '../store/leases.ts'
import { carriersOf, deferredOf } from '../store/precedents.ts'
import { hasContent, openHeads, openProposals } from '../store/proposals.ts'
import { assetsAtWork } from '../store/recorded-findings.ts'
import { saveWatched } from '../store/watched.ts'
import type { Assessor, TeamAssessed } from './assessor.ts'
import type { Execute } from './execute.ts'
import type { WorkflowParts } from './ports.ts'
import { ASK_AGAIN_MS, createPreviews, type Lacking } from './previews.ts'
import { createFindingsRecord } from './record-findings.ts'

/** A row of work that the record of findings is still to be brought to the assessment. */
const FINDINGS = 'findings'

const assessor: Actor = { kind: 'system', part: 'assessment' }
const STALE_AFTER_MS = DAY_MS
/** How long a decision waits for the previews of its assets. */
const PREVIEWS_MS = 15 * MINUTE_MS

export interface ProposeReport {
  readonly opened: readonly string[]
  readonly revised: readonly string[]
  readonly closed: readonly string[]
}

export interface ProposeOptions {
  /** Opens in a person's name, who then cannot approve. */
  readonly by?: Actor
  /** Only this team, whether anything has changed or not. */
  readonly team?: string
  /** What somebody else does: record findings, or ask engines, too. Left out: nothing; all is done when this is. */
  readonly later?: 'findings' | 'all'
}

/** What the drafting of one team goes by. */
interface Given {
  readonly by: Actor | undefined
  readonly stale: readonly StaleFeed[]
  /** Since when drafts of the team have waited for previews; `null`: they have not. */
  readonly waitsSince: string | null
  readonly lease: Lease
}

/** What came of it, besides what was done. */
interface Left {
  /** Engines are to be asked, and drafts wait for it. */
  readonly lacking: Lacking[]
  /** Engines are to be asked once more, and nothing waits for it. */
  readonly again: Lacking[]
  /** When time alone may change something, ISO 8601 UTC. */
  readonly times: string[]
  /** Something of what was drafted could not be previewed. */
  blind: boolean
}

interface Passed {
  /** What engines are to be asked. */
  readonly asked: readonly (Lacking & { readonly team: string })[]
  /** How many were looked at. */
  readonly teams: number
}

/** A team that is to be looked at, with the rows of work that say so. */
interface Due {
  readonly team: string
  readonly plan: TeamPlan | null
  readonly key: string
  readonly rows: readonly DirtyRow[]
}

type MutableReport = { -readonly [Key in keyof ProposeReport]: string[] }

/** How long to wait before looking again whether it is this process's turn. */
const TURN_MS = 300

/**
 * Turns what is missing into proposals: few and whole decisions, revised as facts change, withdrawn when all is done. A
 * team is drafted again only where something has changed that its drafts go by: a row of work says so, or a time has come.
 */
export function createPropose(parts: WorkflowParts, execute: Execute, alone: Leases['alone'], teams: Assessor) {
  const record = createFindingsRecord(parts, teams)
  const previews = createPreviews(parts)
  /** What the drafts of a team went by when they were last made here, as long as nothing is lacking. */
  const last = new Map<string, LastDraft>()

  /** All of it: whoever it is that asks, what is to be done is done when this comes back. */
  async function propose(signal: AbortSignal, options: ProposeOptions = {}): Promise<ProposeReport> {
    const report: MutableReport = { opened: [], revised: [], closed: [] }
    const { asked } = await pass(signal, options, report)
    if (asked.length > 0 && options.later !== 'all') {
      await Promise.all(enginesOf(asked).map((engine) => ask(engine, asked, signal)))
      await pass(signal, options, report, new Set(asked.map(({ team }) => team)))
    }
    if (options.later === undefined) await recordFindings(signal, options.team)
    return report
  }

  /** Teams whose drafts wait for engines that are being asked here, and those for which engines have answered. */
  const waiting = new Set<string>()
  const answered = new Set<string>()
  const asking = new Map<string, Promise<void>>()

  /**
   * As the service does it: engines are asked beside it, so that nothing waits for them but what lacks their answers, and
   * findings are recorded by a job of their own. Answers also how many teams were looked at. `stopping`: ends what is asked,
   * which outlives this. `again`: is called when engines have answered.
   */
  async function proposeBeside(
    signal: AbortSignal,
    stopping: AbortSignal,
    again: () => Promise<void>,
  ): Promise<ProposeReport & { readonly teams: number }> {
    const also = new Set(answered)
    answered.clear()
    for (const team of also) waiting.delete(team)
    const report: MutableReport = { opened: [], revised: [], closed: [] }
    const { asked, teams: looked } = await pass(signal, {}, report, also)
    for (const { team } of asked) waiting.add(team)
    for (const engine of enginesOf(asked)) {
      // What is new is found when those who wait are looked at again.
      if (asking.has(engine)) continue
      const work = ask(engine, asked, stopping)
        .catch((error: unknown) => {
          if (!stopping.aborted)
            parts.log.warn(`The engine ${engine} could not be asked what would be done: ${errorText(error)}`)
        })
        .then(async () => {
          asking.delete(engine)
          for (const team of waiting) answered.add(team)
          if (!stopping.aborted) await again()
        })
      asking.set(engine, work)
    }
    return { ...report, teams: looked }
  }

  /** Comes back when no engine is asked any more. */
  async function answersKept(): Promise<void> {
    await Promise.allSettled([...asking.values()])
  }

  /** Asks an engine what is lacking, one process at a time: another may have been told meanwhile. */
  async function ask(name: string, asked: readonly Lacking[], signal: AbortSignal): Promise<void> {
    const own = asked.filter(({ engine }) => engine === name)
    await inTurn(`preview ${name}`, signal, () => previews.ask(name, own, signal))
  }

  /** Brings the record of findings to what was assessed, of teams of which something has changed since it was. */
  async function recordFindings(signal: AbortSignal, only?: string): Promise<void> {
    const rows = (await seenDirty(parts.db)).filter(
      ({ team, why }) => why === FINDINGS && (only === undefined || team === only),
    )
    const atWork = await assetsAtWork(parts.db)
    const before = await draftedTeams(parts.db)
    const found = new Map<string, TeamAssessed>()
    // As of now: the record takes nothing that is older than what it has.
    for (const team of new Set(rows.flatMap(({ team }) => team ?? [])))
      found.set(team, await teams.assess(team, before.get(team)?.count, true))
    const failed = await record({ teams: found, atWork, all: only === undefined }, signal)
    await forgetDirty(
      parts.db,
      rows.flatMap(({ id, team }) => (failed.has(team ?? '') ? [] : [id])),
    )
  }

  /** One look at all teams of which something has changed. `also`: and at these. */
  async function pass(
    signal: AbortSignal,
    { by, team: only }: ProposeOptions,
    report: MutableReport,
    also: ReadonlySet<string> = new Set(),
  ): Promise<Passed> {
    // Before anything is read: what comes after it leaves a row of its own.
    const dirty = (await seenDirty(parts.db)).filter(({ why }) => why !== FINDINGS)
    const before = await draftedTeams(parts.db)
    const stale = await staleFeeds()
    const now = parts.clock().toISOString()
    // Also a team that has lost its last asset, and that the configuration does not know.
    const all = new Set([...(await allTeams()), ...dirty.flatMap(({ team }) => team ?? [])])
    // A person proposes for the own teams; what has changed of others is left to the service.
    const others = new Set(
      [...all].filter(
        (team) => by?.kind === 'person' && proposeRefusal(team, by, parts.teams.membersOf(team)) !== null,
      ),
    )
    const due = [...all].flatMap((team): readonly Due[] => {
      if (only !== undefined && only !== team) return []
      if (others.has(team)) return []
      const plan = planOf(team)
      const key = keyOf(plan, stale)
      const rows = dirty.filter((row) => row.team === null || row.team === team)
      const waits = before.get(team)?.waitsSince != null && !waiting.has(team)
      const forced = only !== undefined || by !== undefined || also.has(team) || waits
      return forced || hasWork(rows, before.get(team), key, now) ? [{ team, plan, key, rows }] : []
    })
    const found = new Map<string, TeamAssessed>()
    for (const { team, rows } of due) found.set(team, await assessed(team, rows, before.get(team)))
    const asked: (Lacking & { readonly team: string })[] = []
    const failed = new Set<string>()
    for (const one of inOrderOfUrgency(due, found)) {
      const { team } = one
      try {
        await inTurn(`propose ${team}`, signal, async (lease, waited) => {
          // Whoever proposed in between has acted on something newer.
          const own = waited ? await teams.assess(team) : found.get(team)
          if (own === undefined) throw new Error('it was not assessed')
          for (const lacking of await draft(one, own, { by, stale, lease }, report)) asked.push({ ...lacking, team })
        })
      } catch (error) {
        signal.throwIfAborted()
        failed.add(team)
        parts.log.warn(`What ${team} misses could not be proposed; it is tried again: ${errorText(error)}`)
      }
    }
    if (only === undefined && (await rulesToPropose()).length > 0) await inTurn('propose rules', signal, proposeRules)
    const done = dirty.filter(({ team }) =>
      team === null
        ? only === undefined && failed.size === 0 && others.size === 0
        : (only ?? team) === team && !failed.has(team) && !others.has(team),
    )
    await forgetDirty(
      parts.db,
      done.map(({ id }) => id),
    )
    return { asked, teams: due.length }
  }

  /** Brings the proposals of one team to what it misses now, and answers what engines are to be asked. */
  async function draft(
    { team, plan, key, rows }: Due,
    own: TeamAssessed,
    given: Omit<Given, 'waitsSince'>,
    report: MutableReport,
  ): Promise<readonly Lacking[]> {
    const known = await draftedTeam(parts.db, team)
    const left: Left = { lacking: [], again: [], times: [], blind: false }
    if (plan !== null)
      await proposeFor(plan, key, own, { ...given, waitsSince: known?.waitsSince ?? null }, left, report)
    if (rows.length > 0 || known === null)
      await saveWatched(parts.db, team, parts.clock().toISOString(), watchedOf(own.assessment))
    await settle({ team, key, rows, left, known })
    return [...left.lacking, ...left.again]
  }

  /** What a team misses. Its assets are read again only where some may be other ones. */
  function assessed(team: string, rows: readonly DirtyRow[], before: Drafted | undefined): Promise<TeamAssessed> {
    const unchanged = before !== undefined && rows.every(({ why }) => why !== 'assets')
    return unchanged ? teams.assess(team, before.count) : teams.assess(team)
  }

  /** Writes how far the team has come, where that says something new. */
  async function settle({
    team,
    key,
    rows,
    left,
    known,
  }: {
    readonly team: string
    readonly key: string
    readonly rows: readonly DirtyRow[]
    readonly left: Left
    readonly known: Drafted | null
  }): Promise<void> {
    const now = parts.clock().toISOString()
    const waitsSince = left.lacking.length === 0 ? null : (known?.waitsSince ?? now)
    const times = [...left.times]
    if (waitsSince !== null) times.push(later(waitsSince, PREVIEWS_MS))
    const nextAt = times.filter((at) => at > now).sort()[0] ?? null
    const counts = rows.length > 0 || known === null
    if (!counts && known.key === key && known.nextAt === nextAt && known.waitsSince === waitsSince) return
    const count = (known?.count ?? 0) + (counts ? 1 : 0)
    if (counts) await noteDirtyTeam(parts.db, team, FINDINGS, now)
    await noteDrafted(parts.db, { team, count, key, nextAt, waitsSince })
    teams.countAs(team, count)
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
    key: string,
    { assessment: missing, missed, rows }: TeamAssessed,
    { by, stale, waitsSince, lease }: Given,
    left: Left,
    { opened, revised, closed }: MutableReport,
  ): Promise<void> {
    const { team } = plan
    const keptBack = await deferredOf(parts.db, team, parts.clock().toISOString())
    left.times.push(...keptBack.map(({ until }) => until), ...timesOf(missing))
    const heads = await openHeads(parts.db, team)
    const mine: LastDraft = { missing: missed, told: canonicalJson([key, keptBack, heads, silences(stale)]) }
    if (by === undefined && isSame(mine, last.get(team))) return
    last.delete(team)
    const needs: Needs = { missing, wanted: await inSlices(wanted(missing, keptBack, parts.judgement)) }
    // What rolls an earlier one back goes its own way.
    const open = (await openProposals(parts.db, team)).filter(
      ({ subject }) => subject.kind === 'patches' && subject.rollsBack === undefined,
    )
    const drafts = await inSlices(
      draftingSubjects({
        assessments: new Map([[team, needs.wanted]]),
        teams: [plan],
        open: open.flatMap(groupOf),
        grouping: parts.judgement.grouping,
        stale,
      }),
    )

    // First, so that what they leave out is not asked for twice when another proposal takes it.
    for (const state of open) {
      if (!isHeld(state)) continue
      const draft = drafts.find(({ existing }) => existing === state.id) ?? null
      if (await hold(state, draft, needs, rows, left, { stale, waitsSince, lease })) revised.push(state.id)
    }
    const asked = drafts.flatMap((draft) => {
      const existing = open.find((state) => state.id === draft.existing) ?? null
      return existing !== null && isHeld(existing) ? [] : [{ draft, existing }]
    })
    const contents = oneAhead(asked, ({ draft, existing }) => previewed(draft, existing, rows, left, waitsSince))
    for await (const [{ existing }, content] of contents) {
      if (content === null) continue
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
    if (!left.blind) {
      const after = canonicalJson([key, keptBack, await openHeads(parts.db, team), silences(stale)])
      last.set(team, { missing: missed, told: after })
    }
  }

  async function revise(state: ProposalState, content: Content, reason: string): Promise<boolean> {
    if (state.contentHash === content.contentHash && saysTheSame(state, content)) return false
    const done = await execute.execute(state.id, { type: 'revise', content, reason }, assessor)
    return done.ok && done.state.revision > state.revision
  }

  /** A draft with the exact transactions, as the content that is asked for; `null`: it waits for some of them. */
  async function previewed(
    draft: Draft,
    existing: ProposalState | null,
    rows: ReadonlyMap<string, AssetKeys>,
    left: Left,
    waitsSince: string | null,
  ): Promise<Content | null> {
    const filled = await previews.fill(draft.subject, existing, rows)
    left.lacking.push(...filled.lacking)
    left.again.push(...filled.again)
    const now = parts.clock().toISOString()
    if (filled.subject.assets.some(({ previewProblem }) => previewProblem !== null)) noteBlind(left, now)
    const patient = waitsSince === null || later(waitsSince, PREVIEWS_MS) > now
    if (filled.lacking.length > 0 && patient) return null
    const assets = filled.subject.assets.map(({ asset }) => asset.id)
    const inventoryAt = (await oldestLook(parts.db, assets)) ?? filled.subject.inventoryAt
    const { subject, decision } = await inSlices(keepingSubject({ ...filled.subject, inventoryAt }))
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
    rows: ReadonlyMap<string, AssetKeys>,
    left: Left,
    { stale, waitsSince, lease }: Omit<Given, 'by'>,
  ): Promise<boolean> {
    const { subject } = state
    if (subject.kind !== 'patches') return false
    // A run is not asked anew: what is new waits until it is over, and what is at work ends first.
    const fixed = state.rollout !== null || unfinished(state).length > 0
    const facts = withFacts(state, subject, needs, silences(stale))
    if (!fixed && draft !== null && isRaisedByNew(state, facts, draft)) {
      const content = await previewed(draft, state, rows, left, waitsSince)
      await lease.show()
      if (content !== null) return revise(state, content, changeReason(state, content))
    }
    const joined = { ...needs, previewed: await previewedSince(subject, rows, left) }
    const compared = await execute.execute(state.id, comparison(subject, joined, draft), assessor)
    const now = compared.state ?? state
    if (fixed || draft === null) return false
    if (!nobodyLeft(now)) return !saysTheSame(now, facts) && revise(now, facts, changeReason(now, facts))
    const content = await previewed(draft, now, rows, left, waitsSince)
    await lease.show()
    return content !== null && revise(now, content, 'nothing of what was voted on is left as it was')
  }

  /** Assets that were not previewed when people voted, and of which a preview says by now that it adds nothing. */
  async function previewedSince(
    subject: PatchSubject,
    rows: ReadonlyMap<string, AssetKeys>,
    left: Left,
  ): Promise<ReadonlySet<string>> {
    const blind = subject.assets.filter(({ previewProblem }) => previewProblem !== null)
    if (blind.length === 0) return new Set()
    const filled = await previews.fill({ ...subject, assets: blind }, null, rows)
    left.again.push(...filled.lacking, ...filled.again)
    noteBlind(left, parts.clock().toISOString())
    return new Set(
      filled.subject.assets.flatMap(({ asset, changes, transaction, previewProblem }) =>
        previewProblem === null && addsNothing(changes, transaction) ? [asset.id] : [],
      ),
    )
  }

  /** Teams of the configuration, and others that have assets: of these nothing is proposed. */
  async function allTeams(): Promise<readonly string[]> {
    return [...new Set([...parts.teams.plans.map(({ team }) => team), ...(await teamsWithAssets(parts.db))])]
  }

  /** The team's plan with the windows that its load has chosen, where the load is measured; `null`: it has none. */
  function planOf(team: string): TeamPlan | null {
    const plan = parts.teams.plans.find((one) => one.team === team)
    const { measured } = parts
    if (plan === undefined || measured === undefined) return plan ?? null
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

  /** All that the drafts of a team go by besides its assets, feeds and decisions. */
  function keyOf(plan: TeamPlan | null, stale: readonly StaleFeed[]): string {
    const { rule, ...judgement } = parts.judgement
    const { title, table, outcomes } = rule
    const engines = [...parts.engines.keys()]
    return sha256(JSON.stringify([plan, judgement, title, table, [...outcomes], engines, silences(stale)]))
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
    const editions = new Map(editionsOf(state.subject.patches).map((edition) => [edition.family, edition]))
    for (const { proposal, family, edition, advisory: mends } of await carriersOf(parts.db, state.team, [
      ...editions.keys(),
    ])) {
      const now = editions.get(family)
      if (proposal === state.id || now === undefined || now.edition <= edition) continue
      await execute.execute(
        proposal,
        { type: 'follow-up', advisory: now.advisory, mends, proposal: state.id },
        assessor,
      )
    }
  }

  /** Standing approval rules are themselves voted: each configured rule gets one proposal until it is decided. */
  async function proposeRules(): Promise<void> {
    for (const { rule, decidedBy, content } of await rulesToPropose())
      await execute.open(rule.team, content, decidedBy, assessor)
  }

  /** Those of which no proposal has asked yet. */
  async function rulesToPropose() {
    const found: { readonly rule: StandingRule; readonly decidedBy: Policy; readonly content: Content }[] = []
    for (const { rule, decidedBy, window } of parts.teams.standingRules) {
      if (Date.parse(rule.expiresAt) <= parts.clock().getTime()) continue
      const subject = { kind: 'standing rule', rule, window } as const
      const hash = contentHash(subject)
      if (await hasContent(parts.db, hash, ['open', 'approved', 'rejected', 'withdrawn'])) continue
      const title = `Standing approval "${rule.name}": ${rule.types.join(', ')} patches on ${rule.tags.join(', ')} assets`
      const whyNow = `The configuration asks for it; it takes effect only once it is voted, and ends on ${rule.expiresAt.slice(0, 10)}.`
      const content: Content = { title, subject, contentHash: hash, priority: 'scheduled', whyNow, dueAt: null }
      found.push({ rule, decidedBy, content })
    }
    return found
  }

  /** When time alone changes what is said of these patches: they are due, or their platform is supported no more. */
  function timesOf({ patches, assets }: Assessment): readonly string[] {
    const times = patches.flatMap(({ dueAt }) => dueAt ?? [])
    for (const platform of new Set(assets.map(({ asset }) => asset.platform))) {
      const { endOfSupport = null, endOfExtendedSupport = null } = teams.catalog().lifecycle(platform) ?? {}
      for (const day of [endOfSupport, endOfExtendedSupport])
        if (day !== null) times.push(later(`${day.slice(0, 10)}T00:00:00.000Z`, DAY_MS))
    }
    return times
  }

  /** What each team misses, judged by its own assets. */
  async function assessments(only: readonly string[] | null = null): Promise<ReadonlyMap<string, Assessment>> {
    const found = new Map<string, Assessment>()
    for (const team of only ?? (await allTeams())) found.set(team, (await teams.assess(team)).assessment)
    return found
  }

  return { propose, proposeBeside, answersKept, recordFindings, assessments, allTeams }
}

/** What is made of each, one after the other: while one is stored, the next is made. */
async function* oneAhead<Item, Made>(
  items: readonly Item[],
  make: (item: Item) => Promise<Made>,
): AsyncGenerator<readonly [Item, Made]> {
  const start = (index: number) => {
    const item = items[index]
    if (item === undefined) return null
    const made = make(item)
    // Whoever waits for it is told; nobody does where the one before it failed.
    made.catch(() => undefined)
    return { item, made }
  }
  let next = start(0)
  for (let index = 1; next !== null; index++) {
    const { item, made } = next
    const ready = await made
    next = start(index)
    yield [item, ready]
  }
}

function later(at: string, ms: number): string {
  return new Date(Date.parse(at) + ms).toISOString()
}

/** What could not be previewed is asked again after a while. */
function noteBlind(left: Left, now: string): void {
  left.blind = true
  left.times.push(later(now, ASK_AGAIN_MS))
}

/** What the drafts of a team go by. */
interface LastDraft {
  readonly missing: TeamAssessed['missed']
  readonly told: string
}

function isSame(now: LastDraft, before: LastDraft | undefined): boolean {
  return before !== undefined && before.missing === now.missing && before.told === now.told
}

function enginesOf(asked: readonly Lacking[]): readonly string[] {
  return [...new Set(asked.map(({ engine }) => engine))]
}

/** Is there something that its drafts do not know yet? */
function hasWork(rows: readonly DirtyRow[], before: Drafted | undefined, key: string, now: string): boolean {
  if (rows.length > 0 || before === undefined || before.key !== key) return true
  return before.nextAt !== null && before.nextAt <= now
}

function groupOf(state: ProposalState): readonly OpenGroup[] {
  const { id, team, status, priority, subject } = state
  if (subject.kind !== 'patches') return []
  const { engine, patches, rings } = subject
  return [{ id, team, engine, takesMore: status === 'open' && !isHeld(state), priority, patches, rings }]
}

/** Teams with something urgent first, so that it gets the first number. */
function inOrderOfUrgency(due: readonly Due[], found: ReadonlyMap<string, TeamAssessed>): readonly Due[] {
  const rank = ({ team }: Due) =>
    Math.min(...(found.get(team)?.assessment.patches ?? []).map(({ priority }) => priorityRank(priority)))
  return due.toSorted((a, b) => (rank(a) === rank(b) ? 0 : rank(a) - rank(b)))
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
