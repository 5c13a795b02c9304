import type { AssessedAsset, Assessment, PublishedPatch } from './assessment/assess.ts'
import { whyNotOffered } from './assessment/why-not-offered.ts'
import { type Asset, frozen } from './asset.ts'
import type { Patch } from './catalog.ts'
import { clustersOf } from './cluster.ts'
import { firstNames } from './first-names.ts'
import { limits } from './limits.ts'
import { memoizeByIdentity } from './memoize-by-identity.ts'
import { type Priority, priorityRank } from './priority/priority.ts'
import type { PatchSubject, PlannedRing } from './proposal/proposal.ts'
import { amountOf, type RingRule, type TeamPlan } from './ring-rule.ts'
import { lanesOf } from './rollout/lanes.ts'
import { inOneGo, type Steps } from './steps.ts'
import { limitedTo } from './wanted.ts'
import { whyNow } from './why-now.ts'
import type { WindowPlan } from './window.ts'
import { windowFor } from './window-of-asset.ts'

/** A proposal that could be opened. The previews are added later. */
export interface Draft {
  readonly team: string
  /** The open proposal that this draft updates; `null`: it would be a new one. */
  readonly existing: string | null
  readonly title: string
  readonly subject: PatchSubject
  readonly priority: Priority
  readonly whyNow: string
  /** The part of `whyNow` about servers that are not offered what the vendor has fixed; empty: there are none. */
  readonly notOffered: string
  readonly dueAt: string | null
}

/** How patches are grouped into proposals. The engines of a team are lanes of the same proposals. */
export const groupings = ['tier', 'platform', 'team'] as const
export type Grouping = (typeof groupings)[number]

/** A proposal that is not over. The patches that it asks for stay in it. */
export interface OpenGroup {
  readonly id: string
  readonly team: string
  /** The engine of its first lane. */
  readonly engine: string
  /** True if nobody has decided the proposal yet, so it can take in more patches. */
  readonly takesMore: boolean
  readonly priority: Priority
  readonly patches: readonly Pick<Patch, 'platform' | 'source'>[]
  /** The rings of the open proposal. An asset keeps its ring. */
  readonly rings?: readonly PlannedRing[]
}

export interface DraftOptions {
  /** The assessment of each team, made from its own assets. */
  readonly assessments: ReadonlyMap<string, Assessment>
  readonly teams: readonly TeamPlan[]
  readonly open: readonly OpenGroup[]
  readonly grouping: Grouping
  /** Engines whose systems learn late. Left out: none. Their lanes come last, so that a test ring is none of theirs. */
  readonly late?: ReadonlySet<string>
  /**
   * Assets that no look has reached yet, so that nobody knows what they miss. Left out: none. A ring that names one of
   * them stays, even if nothing else is in it, because it is not known that it has nothing to show.
   */
  readonly unseen?: readonly Asset[]
  /** Feeds that cannot be read and have been silent for too long. "Why now" tells how old they are. */
  readonly stale?: readonly StaleFeed[]
}

export interface StaleFeed {
  readonly name: string
  /** ISO 8601; `null`: the feed was never read. */
  readonly lastGoodAt: string | null
}

/**
 * Makes one draft per decision: the patches of one team, platform and tier (see `Grouping`), with a lane for each
 * engine. A patch in an open proposal stays there, even if its priority changes. So new facts change the priority of a
 * decision and do not split it.
 */
export function draftSubjects(options: DraftOptions): readonly Draft[] {
  return inOneGo(draftingSubjects(options))
}

/** Like `draftSubjects`, in steps. */
export function* draftingSubjects({
  assessments,
  teams,
  open,
  grouping,
  late = new Set(),
  unseen = [],
  stale = [],
}: DraftOptions): Steps<readonly Draft[]> {
  const drafts: Draft[] = []
  for (const plan of teams) {
    const assessment = assessments.get(plan.team)
    if (assessment === undefined) continue
    const ofTeam = unseen.filter(({ team }) => team === plan.team)
    const patches = new Map(assessment.patches.map((patch) => [patch.id, patch]))
    const mine = assessment.assets.filter((entry) => entry.asset.engine !== null && entry.changes.length > 0)
    const home = homes(
      open.filter((group) => group.team === plan.team),
      grouping,
    )
    const groups = new Map<string, Group>()
    const engines = [...new Set(mine.flatMap((entry) => entry.asset.engine ?? []))].sort()
    const byEngine = engines.map((engine) => [engine, mine.filter(({ asset }) => asset.engine === engine)] as const)
    for (const [engine, entries] of byEngine) {
      for (const id of new Set([...new Set(entries.map((entry) => entry.patches))].flat())) {
        const patch = patches.get(id)
        if (patch === undefined) continue
        const existing = home(patch, engine)
        const key = existing ?? groupOf(patch, grouping)
        const group = groups.get(key) ?? { existing, asked: new Map() }
        groups.set(key, group)
        const asked = group.asked.get(engine) ?? []
        group.asked.set(engine, asked)
        asked.push(patch)
      }
    }
    const made: Draft[] = []
    for (const { existing, asked } of groups.values()) {
      const found: AssessedAsset[][] = []
      for (const [engine, entries] of byEngine) found.push(yield* limited(entries, asked.get(engine) ?? []))
      const before = open.find(({ id }) => id === existing) ?? null
      made.push(draft(plan, existing, found.flat(), assessment, { before, late, unseen: ofTeam }))
      yield
    }
    const withheld = withheldByDraft(assessment.withheld, made)
    for (const one of made)
      drafts.push({ ...one, notOffered: notOfferedText(withheld.get(one) ?? [], assessment.assets) })
  }
  const silent = silences(stale)
  for (const [index, one] of drafts.entries())
    drafts[index] = { ...one, whyNow: `${one.whyNow}${one.notOffered}${silent}` }
  return drafts.sort((a, b) => priorityRank(a.priority) - priorityRank(b.priority))
}

/**
 * Which draft tells of each patch that package managers do not offer: the one that asks for the same source for other
 * assets, otherwise the one of its tier, otherwise the most urgent one of its platform. If each draft of the platform
 * told of it, a change of it would revise all of them.
 */
function withheldByDraft(
  withheld: Assessment['withheld'],
  drafts: readonly Draft[],
): ReadonlyMap<Draft, Assessment['withheld']> {
  if (withheld.length === 0) return new Map()
  const places = new Map<string, Draft>()
  for (const draft of drafts.toSorted((a, b) => priorityRank(a.priority) - priorityRank(b.priority)))
    for (const { platform, source } of draft.subject.patches) {
      setOnce(places, `${platform} ${source}`, draft)
      setOnce(places, `${platform} ${draft.priority}`, draft)
      setOnce(places, platform, draft)
    }
  const found = new Map<Draft, PublishedPatch[]>()
  for (const patch of withheld) {
    const { platform, source, priority, type } = patch
    const draft = places.get(`${platform} ${source}`) ?? places.get(`${platform} ${priority}`) ?? places.get(platform)
    if (draft === undefined || type !== 'security') continue
    const list = found.get(draft) ?? []
    found.set(draft, list)
    list.push(patch)
  }
  return found
}

/** What one proposal asks for. `asked`: patches by engine. */
interface Group {
  readonly existing: string | null
  readonly asked: Map<string, Patch[]>
}

/** Sentences about silent feeds, which are appended to "why now". */
export function silences(stale: readonly StaleFeed[]): string {
  return stale.map(silence).join('')
}

function silence({ name, lastGoodAt }: StaleFeed): string {
  const when = lastGoodAt === null ? 'was never read' : `was last read on ${lastGoodAt.slice(0, 10)}`
  return ` The feed ${name} ${when} and cannot be read now; what it would say since is not in this.`
}

function groupOf({ platform, priority }: Pick<Patch, 'platform' | 'priority'>, grouping: Grouping): string {
  switch (grouping) {
    case 'team':
      return ''
    case 'platform':
      return platform
    case 'tier':
      return `${platform} ${priority}`
  }
}

/**
 * Finds the open proposal that already asks for a patch on this engine, else one that asks for it on others, else one of
 * the same group that takes in more.
 */
function homes(open: readonly OpenGroup[], grouping: Grouping): (patch: Patch, engine: string) => string | null {
  const mine = new Map<string, string>()
  const asking = new Map<string, string>()
  const joining = new Map<string, string>()
  for (const { id, engine, rings = [], takesMore, priority, patches } of open) {
    const lanes = lanesOf({ engine, rings })
    for (const { platform, source } of patches) {
      for (const lane of lanes) setOnce(mine, `${lane} ${platform} ${source}`, id)
      setOnce(asking, `${platform} ${source}`, id)
      if (takesMore) setOnce(joining, groupOf({ platform, priority }, grouping), id)
    }
  }
  return (patch, engine) => {
    const key = `${patch.platform} ${patch.source}`
    return mine.get(`${engine} ${key}`) ?? asking.get(key) ?? joining.get(groupOf(patch, grouping)) ?? null
  }
}

function setOnce<Value>(map: Map<string, Value>, key: string, value: Value): void {
  if (!map.has(key)) map.set(key, value)
}

/** The assets that miss some of these patches, each with only these patches and their changes. */
function* limited(entries: readonly AssessedAsset[], patches: readonly Patch[]): Steps<AssessedAsset[]> {
  if (patches.length === 0) return []
  const limit = limitedTo(patches)
  const found: AssessedAsset[] = []
  for (const entry of entries) {
    const own = limit(entry)
    if (own.patches.length === entry.patches.length) found.push(entry)
    else if (own.changes.length > 0) found.push({ ...entry, ...own })
    yield
  }
  return found
}

/** What decides about the rings beside the assets of the draft. */
interface Placing {
  readonly before: OpenGroup | null
  readonly late: ReadonlySet<string>
  readonly unseen: readonly Asset[]
}

function draft(
  plan: TeamPlan,
  existing: string | null,
  entries: readonly AssessedAsset[],
  assessment: Assessment,
  placing: Placing,
): Draft {
  const sorted = [...entries].sort((a, b) =>
    a.asset.name < b.asset.name ? -1 : a.asset.name > b.asset.name ? 1 : a.asset.id < b.asset.id ? -1 : 1,
  )
  const assets = sorted.slice(0, limits.assetsPerProposal)
  const ids = new Set([...new Set(assets.map((entry) => entry.patches))].flat())
  const patches = assessment.patches.filter((patch) => ids.has(patch.id))
  const due = patches.flatMap((patch) => patch.dueAt ?? []).sort()
  const seen = assets.map((entry) => entry.observedAt).sort()
  const window = usualWindow(plan, assets)
  const lanes = lanesFor(plan, assets, placing)
  return {
    team: plan.team,
    existing,
    title: title(patches, assets.length),
    subject: {
      kind: 'patches',
      patches,
      assets: assets.map(({ asset, patches: missing, changes }) => {
        const own = windowFor(plan, asset)
        const base = { asset: frozen(asset), patches: missing, changes, transaction: [], previewProblem: null }
        return own === window ? base : { ...base, window: own }
      }),
      rings: lanes.rings,
      window,
      health: plan.health,
      ...safeguards(plan, assets, assessment),
      engine: lanes.engine,
      inventoryAt: seen[0] ?? '',
    },
    priority: patches[0]?.priority ?? 'defer',
    whyNow: `${whyNow(
      patches,
      assets.map((entry) => entry.asset),
    )}${tooMany(sorted.length - assets.length)}${emptyText(lanes.rings, plan.rings, placing.unseen)}`,
    notOffered: '',
    dueAt: due[0] ?? null,
  }
}

/** The sentence, appended to "why now", about assets that do not fit into this decision and come with the next one. */
function tooMany(more: number): string {
  if (more === 0) return ''
  const most = limits.assetsPerProposal.toLocaleString('en')
  return ` ${more.toLocaleString('en')} more ${more === 1 ? 'server misses' : 'servers miss'} the same: a decision holds ${most} at most, so they come with the next one.`
}

/** A sentence for each ring that is empty because its servers could not be looked at. */
function emptyText(rings: readonly PlannedRing[], rules: readonly RingRule[], unseen: readonly Asset[]): string {
  return rings
    .filter(({ assets }) => assets.length === 0)
    .map(({ name }) => {
      const rule = rules.find((one) => one.name === name)
      const names = rule === undefined ? [] : unseen.filter((asset) => picks(rule, asset)).map((asset) => asset.name)
      if (names.length === 0) return ''
      const was = names.length === 1 ? 'was' : 'were'
      return ` Ring ${name} is empty, because ${firstNames(names, MOST_NAMED)} ${was} never seen yet: the rollout stops there until somebody decides.`
    })
    .join('')
}

/** How many of the reasons and names of servers a sentence has. */
const MOST_NAMED = 3

/**
 * A sentence, appended to "why now", about servers of the team that are not in the decision although the vendor has
 * fixed something for them, or get only a part of it. `withheld`: what the decision tells of, most urgent first.
 */
function notOfferedText(withheld: Assessment['withheld'], assets: Assessment['assets']): string {
  if (withheld.length === 0) return ''
  const ids = new Set(withheld.map(({ id }) => id))
  const reasonsOf = memoizeByIdentity((own: AssessedAsset['withheld']) => [
    ...new Set(own.flatMap(({ patch, held }) => (ids.has(patch) ? [held] : []))),
  ])
  const byReason = new Map<string, Set<string>>()
  for (const { asset, listsRefreshedAt = null, archives = null, withheld: own } of assets)
    for (const held of reasonsOf(own)) {
      const why = whyNotOffered(held, { asset, listsRefreshedAt, archives })
      const names = byReason.get(why) ?? new Set<string>()
      byReason.set(why, names.add(asset.name))
    }
  const more = withheld.length > MOST_NAMED ? ` and ${withheld.length - MOST_NAMED} more` : ''
  const fixed = `${withheld
    .slice(0, MOST_NAMED)
    .map(({ source, version, fixedOn }) => `${source} ${version}${fixedOn === undefined ? '' : ` (on ${fixedOn})`}`)
    .join(', ')}${more}`
  const told = [...byReason]
    .slice(0, MOST_NAMED)
    .map(([why, names]) => `${firstNames([...names], MOST_NAMED)} (${why})`)
  const rest = byReason.size > MOST_NAMED ? ', and others' : ''
  return ` Fixed by the vendor, but not offered: ${fixed}, to ${told.join('; ')}${rest}.`
}

/** The window that most of the assets have. The proposal gets this window. */
function usualWindow(plan: TeamPlan, entries: readonly AssessedAsset[]): WindowPlan {
  const counts = new Map<WindowPlan, number>()
  for (const { asset } of entries) {
    const window = windowFor(plan, asset)
    counts.set(window, (counts.get(window) ?? 0) + 1)
  }
  const [usual] = [...counts].sort(([, a], [, b]) => b - a)
  return usual?.[0] ?? plan.window
}

/** The team's settings that limit the harm of the rollout. Settings that the team has not made are left out. */
function safeguards(
  plan: TeamPlan,
  entries: readonly AssessedAsset[],
  assessment: Assessment,
): Pick<PatchSubject, 'failureBudget' | 'clusters' | 'hooks' | 'silence' | 'measured'> {
  const mine = new Set(entries.map(({ asset }) => asset.id))
  // Members that miss nothing stay up and count as healthy.
  const clusters = clustersOf(
    plan.clusters ?? [],
    assessment.assets.map(({ asset }) => asset),
  ).filter((cluster) => cluster.assets.some((asset) => mine.has(asset)))
  return {
    ...(plan.failureBudget === undefined ? {} : { failureBudget: amountOf(plan.failureBudget, entries.length) }),
    ...(clusters.length === 0 ? {} : { clusters }),
    ...(plan.hooks === undefined || plan.hooks.length === 0 ? {} : { hooks: plan.hooks }),
    ...(plan.silence === undefined ? {} : { silence: plan.silence }),
    ...(plan.measured === undefined ? {} : { measured: plan.measured }),
  }
}

/**
 * Names the proposal after the most urgent patch with the most CVEs. Daily changes of scores do not change the title.
 */
function title(patches: readonly Patch[], assets: number): string {
  const [first] = [...patches].sort(
    (a, b) =>
      priorityRank(a.priority) - priorityRank(b.priority) || b.cves.length - a.cves.length || (a.id < b.id ? -1 : 1),
  )
  const where = `on ${assets} ${assets === 1 ? 'server' : 'servers'}`
  if (!first) return `Updates ${where}`
  if (patches.length === 1) return `${first.source} ${first.version} ${where}`
  return `${first.source} and ${patches.length - 1} more ${where}`
}

/**
 * The rings of each lane, and the engine of the first. A test ring is the first ring of the first lane: a lane that has
 * one comes first, and lanes whose system learns late come last.
 */
function lanesFor(
  plan: Pick<TeamPlan, 'rings' | 'lanes'>,
  assets: readonly AssessedAsset[],
  { before, late, unseen }: Placing,
): Pick<PatchSubject, 'engine' | 'rings'> {
  const engines = [...new Set(assets.flatMap(({ asset }) => asset.engine ?? []))].sort()
  const lanes = engines.map((engine) => {
    const known = (before?.rings ?? []).filter((ring) => (ring.engine ?? before?.engine) === engine)
    const mine = engines.length === 1 ? assets : assets.filter(({ asset }) => asset.engine === engine)
    const blind = engines.length === 1 ? unseen : unseen.filter((asset) => asset.engine === engine)
    return { engine, rings: bound(plan, engine, engines, ringsFor(plan.rings, mine, known, blind)) }
  })
  const rank = ({ engine, rings }: (typeof lanes)[number]) =>
    (late.has(engine) ? 2 : 0) + (rings[0]?.beforeVote === true ? 0 : 1)
  const [first, ...others] = lanes.toSorted((a, b) => rank(a) - rank(b))
  const further = others.flatMap(({ engine, rings }) =>
    rings.map(({ beforeVote: _, ...ring }): PlannedRing => ({ ...ring, engine })),
  )
  return { engine: first?.engine ?? '', rings: [...(first?.rings ?? []), ...further] }
}

/** The rings of a lane, of which the first says which other lane it waits for, if that one is part of the proposal. */
function bound(
  { lanes = [] }: Pick<TeamPlan, 'lanes'>,
  engine: string,
  engines: readonly string[],
  rings: readonly PlannedRing[],
): readonly PlannedRing[] {
  const after = lanes.find((lane) => lane.engine === engine)?.after
  if (after === undefined || after === engine || !engines.includes(after)) return rings
  return rings.map((ring, index) => (index === 0 ? { ...ring, after } : ring))
}

/**
 * Puts every asset into exactly one ring: its ring in `before`, else the first ring that selects it, else the last
 * ring. Rings are formed once: a ring of `before` that has lost all its assets stays as an empty ring, and so does one
 * that names an asset of `unseen`.
 */
export function ringsFor(
  rules: readonly RingRule[],
  entries: readonly AssessedAsset[],
  before: readonly PlannedRing[] = [],
  unseen: readonly Asset[] = [],
): readonly PlannedRing[] {
  const byId = new Map(entries.map((entry) => [entry.asset.id, entry]))
  const members = rules.map(({ name }) => {
    const ids = before.find((ring) => ring.name === name)?.assets ?? []
    return ids.flatMap((id) => byId.get(id) ?? [])
  })
  const placed = new Set(members.flat())
  let left = entries.filter((entry) => !placed.has(entry))
  for (const [index, rule] of rules.entries()) {
    const mine = members[index] ?? []
    const taken = new Set(select(rule, left, entries.length, mine.length))
    for (const entry of taken) mine.push(entry)
    left = left.filter((entry) => !taken.has(entry))
  }
  for (const entry of left) members.at(-1)?.push(entry)
  const rings: PlannedRing[] = []
  for (const [index, rule] of rules.entries()) {
    const assets = members[index] ?? []
    const stays = before.some(({ name }) => name === rule.name) || unseen.some((asset) => picks(rule, asset))
    if (assets.length === 0 && !stays) continue
    const batchSize = Math.max(1, amountOf(rule.batch, assets.length))
    rings.push({
      name: rule.name,
      assets: assets.map((entry) => entry.asset.id),
      batchSize,
      ...(rule.concurrency === undefined ? {} : { concurrency: Math.max(1, amountOf(rule.concurrency, batchSize)) }),
      ...(rule.beforeVote === undefined ? {} : { beforeVote: rule.beforeVote }),
      soakSeconds: rule.soakSeconds,
      gate: rule.gate,
    })
  }
  return rings
}

/** Whether the rule names the asset, by tag or by list. */
function picks({ select: by }: RingRule, { id, name, tags }: Asset): boolean {
  if (by.kind === 'tag') return tags.includes(by.tag)
  return by.kind === 'list' && (by.assets.includes(name) || by.assets.includes(id))
}

/** The assets of `left` that the rule takes into a ring. `has`: the number of assets that the ring has already. */
function select(
  { select: by }: RingRule,
  left: readonly AssessedAsset[],
  total: number,
  has: number,
): readonly AssessedAsset[] {
  switch (by.kind) {
    case 'tag':
      return left.filter((entry) => entry.asset.tags.includes(by.tag))
    case 'count':
      return left.slice(0, Math.max(0, by.count - has))
    case 'percent':
      return left.slice(0, Math.max(0, Math.ceil((total * by.percent) / 100) - has))
    case 'list': {
      const listed = new Set(by.assets)
      return left.filter(({ asset }) => listed.has(asset.name) || listed.has(asset.id))
    }
    case 'rest':
      return left
  }
}
