/**
 * The subject of a proposal as content. People vote on the decision, and votes name its hash. The evidence is shown with
 * the decision, and nobody votes on it. Assets that get the same form a class, and pages of assets name classes. So if
 * other patches are missing, only classes are written again, and the pages of assets stay as they are.
 *
 *     decision ─> pages of assets
 *        ├─> pages of classes ─> transactions
 *        ├─> changes
 *        └─> patches
 *     evidence ─> judgements of patches
 *
 * Each change of a decision stands once, in the decision's list of changes, and classes name it by its place there: many
 * assets have a list of their own, and those lists are made of few changes. Earlier versions kept each list as content
 * of its own (a change set), which is still read.
 *
 * Lists are ordered by the bytes of ids, so that the same meaning has the same hash. Changes and classes are in the
 * order in which the assets need them, so that a newer version of a package moves no place.
 */

import { type FrozenAsset, frozen } from '../asset.ts'
import { canonicalJson } from '../canonical-json.ts'
import type { Patch } from '../catalog.ts'
import type { Change, PackageChange } from '../change.ts'
import {
  type ContentKind,
  contentName,
  contentOnce,
  contentProblem,
  type HashedContent,
  type MadeContent,
  madeContent,
  type StoredContent,
} from '../content.ts'
import { limits } from '../limits.ts'
import { memoizeByIdentity } from '../memoize-by-identity.ts'
import type { TransactionStep } from '../ports.ts'
import { saysAsMuch, stepsOf } from '../preview.ts'
import { engineOf, laneByLane, lanesOf } from '../rollout/lanes.ts'
import { inOneGo, type Steps } from '../steps.ts'
import { storable } from '../storable.ts'
import type { Terms } from '../terms.ts'
import type { WindowPlan } from '../window.ts'
import type { Cluster, PatchSubject, PlannedAsset, PlannedRing, StandingRuleSubject, Subject } from './proposal.ts'

/** The two hashes that name a subject. */
export interface SubjectHashes {
  readonly decision: string
  readonly evidence: string
}

/** A subject made into content. `subject`: as it will be read again, without members that no decision keeps. */
export interface KeptSubject extends SubjectHashes {
  readonly subject: Subject
  /** In an order in which each one comes after those that it names. */
  readonly contents: readonly HashedContent[]
}

// ---------------------------------------------------------------- shapes of the stored texts

/** A list, or for a long list the hashes of its parts. */
type Listed<Item> = readonly Item[] | { readonly parts: readonly string[] }

type ListOf = 'changes' | 'steps' | 'patches' | 'judgements' | 'assets' | 'problems'

interface ListText {
  readonly of: ListOf
  readonly items: readonly unknown[]
}

type ChangeText =
  | ({ readonly kind: 'package' } & Omit<PackageChange, 'kind'>)
  /** An update of Windows by its number (KB), and the build that it leads to. It has no version before. */
  | { readonly kind: 'update'; readonly update: string; readonly build: string | null; readonly undone?: true }

/** As earlier versions wrote it, with the hashes of changes. */
interface ChangeSetText {
  readonly changes: Listed<string>
}

interface TransactionText {
  readonly steps: Listed<TransactionStep>
}

type PatchText = Pick<Patch, 'id' | 'platform' | 'source' | 'version' | 'packages'>
type JudgementText = Omit<Patch, keyof PatchText>

/** The traits of an asset without id and name. Many assets share them. */
type Traits = Omit<FrozenAsset, 'id' | 'name'>

/**
 * Id, name, number of the class, number of the traits on this page, number of the ring, place in the ring. Rings are
 * numbered through all lanes.
 */
type Member = readonly [string, string, number, number, number | null, number | null]

interface MembersText {
  readonly traits: readonly Traits[]
  readonly members: readonly Member[]
}

interface ClassesText {
  readonly classes: readonly ClassText[]
}

interface ClassText {
  /** Places in the decision's list of changes. As earlier versions wrote it: the hash of a change set. */
  readonly changes: readonly number[] | string
  /** Hash of the transaction, or that it makes the changes and nothing else; `null`: there is none. */
  readonly transaction: string | typeof AS_ASKED | null
  /** Places in the decision's list of patches. */
  readonly patches: readonly number[]
  /** Place in the decision's list of lanes. */
  readonly lane: number
  /** The window of these assets; `null`: the window of the lane. */
  readonly window: WindowPlan | null
  /** What the engine promises for these assets; `null`: it works on the host itself. */
  readonly terms: Terms | null
  /** The key of the start that is undone; `null`: none. */
  readonly undoes: string | null
}

const AS_ASKED = 'as asked'

/** Assets that one engine serves, with their rings. All lanes name the window of the proposal. */
interface LaneText {
  readonly engine: string
  readonly window: WindowPlan
  readonly rings: readonly Omit<PlannedRing, 'assets' | 'engine'>[]
}

type ClusterText = Omit<Cluster, 'assets'> & { readonly assets: Listed<string> }

type PatchDecisionText = { readonly kind: 'patches' } & {
  readonly count: number
  /** Hashes of pages. */
  readonly assets: readonly string[]
  /** Hashes of pages. */
  readonly classes: readonly string[]
  /** Left out by earlier versions. */
  readonly changes?: Listed<ChangeText>
  /** Hashes of patches, in the order of the patches' ids. */
  readonly patches: Listed<string>
  readonly lanes: readonly LaneText[]
  /** The proposal that is rolled back; `null`: none. */
  readonly rollsBack: string | null
} & Pick<PatchSubject, 'health' | 'failureBudget' | 'hooks'> & { readonly clusters?: readonly ClusterText[] }

type DecisionText = PatchDecisionText | StandingRuleSubject

type EvidenceText = Pick<PatchSubject, 'silence' | 'measured'> & {
  /** Pairs of patch id and hash of its judgement, in the order in which they are shown. */
  readonly judgements: Listed<readonly [string, string]>
  readonly inventoryAt: string | null
  /** Pairs of asset id and the reason why there is no preview. */
  readonly notPreviewed: Listed<readonly [string, string]>
  /** Why an earlier rollout is rolled back. Only earlier versions wrote it here; now it stands beside an entry. */
  readonly rollbackReason: string | null
}

// ---------------------------------------------------------------- writing

/**
 * Makes a subject into content, and gives it as it will be read again. With very many assets this takes seconds, so
 * other work may be done between the steps.
 */
export function* keepingSubject(subject: Subject): Steps<KeptSubject> {
  const known = lately.get(subject)
  if (known !== undefined) return known
  const contents = new Map<string, MadeContent>()
  const take = (content: MadeContent): string => {
    contents.set(content.hash, content)
    return content.hash
  }
  const keep: Keep = Object.assign((kind: ContentKind, value: unknown) => take(madeContent(kind, value)), { take })
  const hashes = subject.kind === 'patches' ? yield* keepingPatches(subject, keep) : keptRule(subject, keep)
  const kept = yield* asStored(subject, hashes, contents)
  subjectHashes.know(subject, hashes)
  const made = { ...hashes, subject: kept, contents: [...contents.values()] }
  lately.set(subject, made)
  lately.set(kept, made)
  return made
}

/** The subject as it will be read from its content. */
function* asStored(
  subject: Subject,
  hashes: SubjectHashes,
  contents: ReadonlyMap<string, MadeContent>,
): Steps<Subject> {
  if (subject.kind !== 'patches') return withEvidence(subject, hashes, contents)
  for (const { other } of contents.values())
    if (other) return withEvidence(yield* readingVoted(hashes.decision, contents), hashes, contents)
  const stored = yield* withoutTheRest(subject)
  know(stored, hashes)
  return stored
}

/** Subjects that were made into content and are not stored yet: they are needed more than once before that. */
const lately = new WeakMap<Subject, KeptSubject>()

/** Called when a subject is stored: its content is not kept in memory any more. */
export function subjectStored({ subject }: Pick<KeptSubject, 'subject'>): void {
  lately.delete(subject)
}

/** As `keepingSubject`, in one go. */
export function keepSubject(subject: Subject): KeptSubject {
  return inOneGo(keepingSubject(subject))
}

/** Worked out once for each subject, because it may have very many assets. */
export const subjectHashes = memoizeByIdentity((subject: Subject): SubjectHashes => {
  const { decision, evidence } = keepSubject(subject)
  return { decision, evidence }
})

/** The hash of the decision, which votes name. */
export function contentHash(subject: Subject): string {
  return subjectHashes(subject).decision
}

/** Keeps a value as content, or content that is ready (`take`), and returns its hash. */
interface Keep {
  (kind: ContentKind, value: unknown): string
  readonly take: (content: MadeContent) => string
}

const patchText = contentOnce(
  'patch',
  ({ id, platform, source, version, packages }: Patch): PatchText => ({ id, platform, source, version, packages }),
)
const judgementText = contentOnce('judgement', judgementOf)
function textOf(change: Change): ChangeText {
  if (change.kind === 'update') {
    const { name: update, build, undone } = change
    return { kind: 'update', update, build, ...(undone === undefined ? {} : { undone }) }
  }
  const { name, architecture, from, to } = change
  return { kind: 'package', name, architecture, from, to }
}
/** The same for changes that are stored as the same text. */
const changeName = memoizeByIdentity((change: Change) => canonicalJson(storable(textOf(change))))
/** For a list that is not cut into parts. */
const transactionText = contentOnce('transaction', (steps: readonly TransactionStep[]): TransactionText => ({ steps }))

function keptRule(subject: StandingRuleSubject, keep: Keep): SubjectHashes {
  const evidence: EvidenceText = { judgements: [], inventoryAt: null, notPreviewed: [], rollbackReason: null }
  return { decision: keep('decision', subject satisfies DecisionText), evidence: keep('evidence', evidence) }
}

function* keepingPatches(subject: PatchSubject, keep: Keep): Steps<SubjectHashes> {
  const listed = <Item>(of: ListOf, items: readonly Item[]): Listed<Item> =>
    items.length <= limits.listEntries
      ? items
      : { parts: cut(items).map((part) => keep('list', { of, items: part } satisfies ListText)) }
  const { health, failureBudget, hooks, clusters, engine, window, rollsBack, silence, measured } = subject
  const rings = laneByLane(engine, subject.rings)
  const patches = lastOfEach(subject.patches, ({ id }) => id).sort(byId)
  const judgements = new Map<string, string>()
  for (const patch of patches) {
    judgements.set(patch.id, keep.take(judgementText(patch)))
    yield
  }
  const assets = sorted(
    lastOfEach(subject.assets, ({ asset }) => asset.id),
    (a, b) => byId(a.asset, b.asset),
  )
  const { classes, classOf, changes } = yield* classesOf(subject, assets, patches, keep, listed)
  const pages: string[] = []
  for (const page of pagesOfAssets(assets, classOf, rings)) {
    pages.push(keep('members', page))
    yield
  }
  const classPages: string[] = []
  for (const page of cut(classes)) {
    classPages.push(keep('classes', { classes: page } satisfies ClassesText))
    yield
  }
  const decision: PatchDecisionText = {
    kind: 'patches',
    count: assets.length,
    assets: pages,
    classes: classPages,
    changes: listed('changes', changes),
    patches: listed(
      'patches',
      patches.map((patch) => keep.take(patchText(patch))),
    ),
    lanes: lanesOf(subject).map((lane) => ({
      engine: lane,
      window,
      rings: rings.filter((ring) => (ring.engine ?? engine) === lane).map(({ assets: _, engine: __, ...ring }) => ring),
    })),
    rollsBack: rollsBack?.proposal ?? null,
    health,
    ...(failureBudget === undefined ? {} : { failureBudget }),
    ...(hooks === undefined ? {} : { hooks }),
    ...(clusters === undefined
      ? {}
      : {
          clusters: clusters.map((cluster) => ({ ...cluster, assets: listed('assets', [...cluster.assets].sort()) })),
        }),
  }
  const evidence: EvidenceText = {
    judgements: listed(
      'judgements',
      lastOfEach(subject.patches, ({ id }) => id).map(({ id }) => [id, judgements.get(id) ?? ''] as const),
    ),
    inventoryAt: subject.inventoryAt,
    notPreviewed: listed(
      'problems',
      assets.flatMap(({ asset, previewProblem }) =>
        previewProblem === null ? [] : [[asset.id, previewProblem] as const],
      ),
    ),
    rollbackReason: null,
    ...(silence === undefined ? {} : { silence }),
    ...(measured === undefined ? {} : { measured }),
  }
  return { decision: keep('decision', decision), evidence: keep('evidence', evidence) }
}

function judgementOf({
  id: _i,
  platform: _p,
  source: _s,
  version: _v,
  packages: _k,
  ...judgement
}: Patch): JudgementText {
  return judgement
}

/** If an id comes twice, the last item counts: look-ups by id always worked like this. */
function lastOfEach<Item>(items: readonly Item[], idOf: (item: Item) => string): Item[] {
  return [...new Map(items.map((item) => [idOf(item), item])).values()]
}

function byId(a: { readonly id: string }, b: { readonly id: string }): number {
  return a.id < b.id ? -1 : a.id > b.id ? 1 : 0
}

/** A cheap check first: very long lists are usually in order already. */
function sorted<Item>(items: readonly Item[], compare: (a: Item, b: Item) => number): readonly Item[] {
  const inOrder = items.every((item, index) => {
    const before = items[index - 1]
    return before === undefined || compare(before, item) <= 0
  })
  return inOrder ? items : items.toSorted(compare)
}

function cut<Item>(items: readonly Item[]): readonly (readonly Item[])[] {
  const parts: (readonly Item[])[] = []
  for (let from = 0; from < items.length; from += limits.contentPage)
    parts.push(items.slice(from, from + limits.contentPage))
  return parts
}

/** Calls `look` only once for the same object. */
function oncePer<Value extends object, Result>(look: (value: Value) => Result): (value: Value) => Result {
  const seen = new Map<Value, Result>()
  return (value) => {
    const known = seen.get(value)
    if (known !== undefined) return known
    const made = look(value)
    seen.set(value, made)
    return made
  }
}

interface Classes {
  readonly classes: readonly ClassText[]
  readonly classOf: ReadonlyMap<string, number>
  /** Each change of any class once. */
  readonly changes: readonly ChangeText[]
}

/** Classes are numbered in the order of their first assets, so that a change elsewhere moves no number. */
function* classesOf(
  subject: PatchSubject,
  assets: readonly PlannedAsset[],
  patches: readonly Patch[],
  keep: Keep,
  listed: <Item>(of: ListOf, items: readonly Item[]) => Listed<Item>,
): Steps<Classes> {
  const { rollsBack, window } = subject
  const lanes = lanesOf(subject)
  const place = new Map(patches.map(({ id }, index) => [id, index]))
  const changes = new Map<string, { readonly place: number; readonly text: ChangeText }>()
  const placeOf = oncePer((change: Change) => {
    const name = changeName(change)
    const there = changes.get(name) ?? { place: changes.size, text: textOf(change) }
    changes.set(name, there)
    return there.place
  })
  const placesOf = oncePer((own: readonly Change[]) => own.map(placeOf).join(','))
  const transaction = oncePer((steps: readonly TransactionStep[]) => {
    if (steps.length <= limits.listEntries) return keep.take(transactionText(steps))
    return keep('transaction', { steps: listed('steps', steps) } satisfies TransactionText)
  })
  const said = ({ changes: asked, transaction: steps }: PlannedAsset): ClassText['transaction'] => {
    if (steps.length === 0) return null
    return saysAsMuch(asked, steps) ? AS_ASKED : transaction(steps)
  }
  const missing = oncePer((ids: readonly string[]) =>
    JSON.stringify(ids.flatMap((id) => place.get(id) ?? []).sort((a, b) => a - b)),
  )
  const windows = oncePer((own: WindowPlan) => canonicalJson(own))
  const promises = oncePer((terms: Terms) => canonicalJson(terms))
  const numbers = new Map<string, number>()
  const classes: ClassText[] = []
  const classOf = new Map<string, number>()
  for (const planned of assets) {
    const own = planned.window ?? null
    const made = {
      transaction: said(planned),
      lane: lanes.length === 1 ? 0 : lanes.indexOf(engineOf(subject, planned.asset)),
      window: own === null || windows(own) === windows(window) ? null : own,
      terms: planned.terms ?? null,
      undoes: rollsBack?.keys?.[planned.asset.id] ?? null,
    }
    const changesOf = placesOf(planned.changes)
    const patchesOf = missing(planned.patches)
    const key = [
      changesOf,
      made.transaction,
      patchesOf,
      made.window === null ? '' : windows(made.window),
      made.undoes,
      made.terms === null ? '' : promises(made.terms),
      made.lane,
    ].join(' ')
    let number = numbers.get(key)
    if (number === undefined) {
      number = classes.length
      numbers.set(key, number)
      classes.push({ ...made, changes: JSON.parse(`[${changesOf}]`), patches: JSON.parse(patchesOf) })
    }
    classOf.set(planned.asset.id, number)
    yield
  }
  return { classes, classOf, changes: [...changes.values()].map(({ text }) => text) }
}

function* pagesOfAssets(
  assets: readonly PlannedAsset[],
  classOf: ReadonlyMap<string, number>,
  rings: readonly PlannedRing[],
): Generator<MembersText> {
  const places = placesIn(rings, new Set(assets.map(({ asset }) => asset.id)))
  for (const page of cut(assets)) {
    const numbers = new Map<string, number>()
    const traits: Traits[] = []
    const members = page.map(({ asset }): Member => {
      const { id, name, ...traitsOf } = frozen(asset)
      const own: Traits = { ...traitsOf, tags: [...asset.tags].sort() }
      const key = JSON.stringify(own)
      let number = numbers.get(key)
      if (number === undefined) {
        number = traits.length
        numbers.set(key, number)
        traits.push(own)
      }
      const [ring, place] = places.get(id) ?? [null, null]
      return [id, name, classOf.get(id) ?? 0, number, ring, place]
    })
    yield { traits, members }
  }
}

/**
 * Ring and place of each asset, in the first ring that names it. Ids in a ring that are not assets of the decision are
 * left out.
 */
function placesIn(
  rings: readonly PlannedRing[],
  assets: ReadonlySet<string>,
): ReadonlyMap<string, readonly [number, number]> {
  const places = new Map<string, readonly [number, number]>()
  for (const [index, ring] of rings.entries()) {
    let next = 0
    for (const asset of ring.assets)
      if (assets.has(asset) && !places.has(asset)) places.set(asset, [index, next++] as const)
  }
  return places
}

/** The subject without members that no decision keeps, in the orders in which it is read. */
function* withoutTheRest(subject: PatchSubject): Steps<PatchSubject> {
  const { health, failureBudget, hooks, clusters, engine, window, rollsBack, silence, measured } = subject
  const rings = laneByLane(engine, subject.rings)
  const patches = lastOfEach(subject.patches, ({ id }) => id)
  const place = new Map(patches.toSorted(byId).map(({ id }, index) => [id, index]))
  const missing = oncePer((ids: readonly string[]) =>
    ids.filter((id) => place.has(id)).sort((a, b) => (place.get(a) ?? 0) - (place.get(b) ?? 0)),
  )
  const spelled = oncePer((own: WindowPlan) => canonicalJson(own))
  const assets: PlannedAsset[] = []
  for (const planned of lastOfEach(subject.assets, ({ asset }) => asset.id)) {
    const { asset, changes, transaction, previewProblem, window: own, terms } = planned
    assets.push({
      asset: { ...frozen(asset), tags: [...asset.tags].sort() },
      patches: missing(planned.patches),
      changes,
      transaction: transaction.length === 0 ? noSteps : transaction,
      previewProblem,
      ...(own === undefined || spelled(own) === spelled(window) ? {} : { window: own }),
      ...(terms === undefined ? {} : { terms }),
    })
    yield
  }
  const ids = new Set(assets.map(({ asset }) => asset.id))
  const placed = rings.map((): string[] => [])
  for (const [asset, [ring]] of placesIn(rings, ids)) placed[ring]?.push(asset)
  const keys = Object.fromEntries(Object.entries(rollsBack?.keys ?? {}).filter(([id]) => ids.has(id)))
  return {
    kind: 'patches',
    patches,
    assets: sorted(assets, inOrder),
    rings: rings.map((ring, index) => ({ ...ring, assets: placed[index] ?? [] })),
    window,
    health,
    ...(failureBudget === undefined ? {} : { failureBudget }),
    ...(clusters === undefined
      ? {}
      : { clusters: clusters.map((cluster) => ({ ...cluster, assets: [...cluster.assets].sort() })) }),
    ...(hooks === undefined ? {} : { hooks }),
    engine,
    ...(silence === undefined ? {} : { silence }),
    ...(measured === undefined ? {} : { measured }),
    inventoryAt: subject.inventoryAt,
    ...(rollsBack === undefined
      ? {}
      : { rollsBack: { proposal: rollsBack.proposal, ...(Object.keys(keys).length === 0 ? {} : { keys }) } }),
  }
}

// ---------------------------------------------------------------- reading

/** A decision without its evidence: only the content that people vote on. */
export type Voted =
  | StandingRuleSubject
  | (Pick<
      PatchSubject,
      'kind' | 'assets' | 'rings' | 'window' | 'health' | 'failureBudget' | 'clusters' | 'hooks' | 'engine'
    > & {
      /** Patches without their judgements. */
      readonly patches: ReadonlyMap<string, PatchText>
      readonly rollsBack: NonNullable<PatchSubject['rollsBack']> | null
    })

/**
 * The decision with this hash. `contents` must have it, and everything that it names. Throws a sentence if content is
 * missing or was changed.
 */
export function votedOf(decision: string, contents: ReadonlyMap<string, StoredContent>): Voted {
  return inOneGo(readingVoted(decision, contents))
}

/** As `votedOf`, in steps. */
export function* readingVoted(decision: string, contents: ReadonlyMap<string, StoredContent>): Steps<Voted> {
  const read = reader(contents)
  const voted = read<DecisionText>('decision', decision)
  if (voted.kind !== 'patches') return voted
  const patches = read.list(voted.patches).map((hash) => read<PatchText>('patch', hash))
  const classes: (Pick<PlannedAsset, 'changes' | 'transaction' | 'patches'> &
    Pick<ClassText, 'window' | 'terms' | 'undoes'>)[] = []
  const gets = getting(read, voted.changes)
  for (const one of voted.classes.flatMap((hash) => read<ClassesText>('classes', hash).classes)) {
    classes.push({
      ...gets(one),
      patches: one.patches.flatMap((place) => patches[place]?.id ?? []),
      window: one.window,
      terms: one.terms,
      undoes: one.undoes,
    })
    yield
  }
  const { lane, rings: planned } = lanesIn(voted, decision)
  const rings = planned.map((): string[] => [])
  const keys: Record<string, string> = {}
  const assets: PlannedAsset[] = []
  for (const hash of voted.assets) {
    const { traits, members } = read<MembersText>('members', hash)
    for (const [id, name, number, trait, ring, place] of members) {
      const [own, frozen] = [classes[number], traits[trait]]
      if (own === undefined || frozen === undefined)
        throw new Error(`needs ${contentName('members', hash)}, which names a class that is not there`)
      if (ring !== null && place !== null) (rings[ring] ?? [])[place] = id
      if (own.undoes !== null) keys[id] = own.undoes
      const { changes, transaction, patches: missing, window, terms } = own
      assets.push({
        asset: { id, name, ...frozen },
        patches: missing,
        changes,
        transaction,
        previewProblem: null,
        ...(window === null ? {} : { window }),
        ...(terms === null ? {} : { terms }),
      })
    }
    yield
  }
  const { health, failureBudget, hooks, clusters, rollsBack } = voted
  const whole: Voted = {
    kind: 'patches',
    patches: new Map(patches.map((patch) => [patch.id, patch])),
    assets: sorted(assets, inOrder),
    rings: planned.map((ring, index) => ({ ...ring, assets: rings[index] ?? [] })),
    window: lane.window,
    health,
    ...(failureBudget === undefined ? {} : { failureBudget }),
    ...(clusters === undefined
      ? {}
      : { clusters: clusters.map((cluster) => ({ ...cluster, assets: read.list(cluster.assets) })) }),
    ...(hooks === undefined ? {} : { hooks }),
    engine: lane.engine,
    rollsBack: rollsBack === null ? null : { proposal: rollsBack, ...(Object.keys(keys).length === 0 ? {} : { keys }) },
  }
  if (voted.changes === undefined) inEarlierFormat.add(whole)
  return whole
}

/** The first lane, and the rings of all lanes. */
function lanesIn(
  { lanes }: Pick<PatchDecisionText, 'lanes'>,
  decision: string,
): { readonly lane: LaneText; readonly rings: readonly Omit<PlannedRing, 'assets'>[] } {
  const [lane, ...others] = lanes
  if (lane === undefined) throw new Error(`needs ${contentName('decision', decision)}, which has no lane`)
  const further = others.flatMap(({ engine, rings }) => rings.map((ring) => ({ ...ring, engine })))
  return { lane, rings: further.length === 0 ? lane.rings : [...lane.rings, ...further] }
}

/** The hashes and the shared part of a decision, so that a part of it can be read without the rest. */
export interface DecisionIndex {
  /** How many assets the decision has. */
  readonly count: number
  /** Hashes of the pages of assets. Assets are in the order of their ids. */
  readonly pages: readonly string[]
  readonly classes: readonly string[]
  /** Left out by earlier versions. */
  readonly changes: Listed<ChangeText> | undefined
  readonly patches: readonly string[]
  /** The subject without patches, assets and the assets of its rings. */
  readonly bare: Omit<PatchSubject, 'patches' | 'assets' | 'rings'> & {
    readonly rings: readonly Omit<PlannedRing, 'assets'>[]
  }
}

/** `null`: the decision is about a rule. `contents` must have the decision and the parts of its lists. */
export function decisionIndex(decision: string, contents: ReadonlyMap<string, StoredContent>): DecisionIndex | null {
  const read = reader(contents)
  const voted = read<DecisionText>('decision', decision)
  if (voted.kind !== 'patches') return null
  const { kind, count, assets, classes, changes, patches, health, failureBudget, hooks, clusters, rollsBack } = voted
  const { lane, rings } = lanesIn(voted, decision)
  return {
    count,
    pages: assets,
    classes,
    changes,
    patches: read.list(patches),
    bare: {
      kind,
      engine: lane.engine,
      window: lane.window,
      rings,
      health,
      ...(failureBudget === undefined ? {} : { failureBudget }),
      ...(hooks === undefined ? {} : { hooks }),
      ...(clusters === undefined
        ? {}
        : { clusters: clusters.map((cluster) => ({ ...cluster, assets: read.list(cluster.assets) })) }),
      inventoryAt: '',
      ...(rollsBack === null ? {} : { rollsBack: { proposal: rollsBack } }),
    },
  }
}

/** One asset of a decision, as it stands on its page. */
export interface PagedMember {
  readonly asset: FrozenAsset
  readonly class: number
  /** Number of the ring; `null`: none. */
  readonly ring: number | null
}

/** The assets of one page, in the order of their ids. */
export function membersOn(page: string, contents: ReadonlyMap<string, StoredContent>): readonly PagedMember[] {
  const { traits, members } = reader(contents)<MembersText>('members', page)
  return members.map(([id, name, number, trait, ring]) => {
    const own = traits[trait]
    if (own === undefined)
      throw new Error(`needs ${contentName('members', page)}, which names traits that are not there`)
    return { asset: { id, name, ...own }, class: number, ring }
  })
}

/** The hash of the page of classes that has this class. */
export function classPage({ classes }: DecisionIndex, number: number): string {
  return classes[Math.floor(number / limits.contentPage)] ?? ''
}

function classNumbered(index: DecisionIndex, number: number, contents: ReadonlyMap<string, StoredContent>): ClassText {
  const page = classPage(index, number)
  const own = reader(contents)<ClassesText>('classes', page).classes[number % limits.contentPage]
  if (own === undefined) throw new Error(`needs ${contentName('classes', page)}, which lacks a class`)
  return own
}

/** Hashes of what a class gets and of its previewed transaction. `contents` must have the page of the class. */
export function namedByClass(
  index: DecisionIndex,
  number: number,
  contents: ReadonlyMap<string, StoredContent>,
): readonly string[] {
  const { changes, transaction } = classNumbered(index, number, contents)
  const steps = transaction === null || transaction === AS_ASKED ? [] : [transaction]
  return [...(typeof changes === 'string' ? [changes] : partsWith(index.changes, changes)), ...steps]
}

/** The hashes of the parts of the list that have these places; none: it is not cut into parts. */
function partsWith(listed: Listed<unknown> | undefined, places: readonly number[]): readonly string[] {
  if (listed === undefined || !('parts' in listed)) return []
  return [...new Set(places.map((place) => partWith(listed.parts, place)))]
}

/** The plans of these assets. `contents` must have the pages of their classes, and everything that the classes name. */
export function plannedMembers(
  index: DecisionIndex,
  members: readonly PagedMember[],
  contents: ReadonlyMap<string, StoredContent>,
): readonly PlannedAsset[] {
  const gets = getting(reader(contents), index.changes)
  return members.map(({ asset, class: number }) => {
    const own = classNumbered(index, number, contents)
    const { terms } = own
    return {
      asset,
      patches: [],
      ...gets(own),
      previewProblem: null,
      ...(terms === null ? {} : { terms }),
    }
  })
}

/** Name of the integration that silences the monitoring; `undefined`: none. `contents` must have the evidence. */
export function silenceIn(evidence: string, contents: ReadonlyMap<string, StoredContent>): string | undefined {
  return reader(contents)<EvidenceText>('evidence', evidence).silence
}

/**
 * Numbers of the classes that miss a patch, by the patch's id. `contents` must have all patches and all pages of
 * classes.
 */
export function classesMissing(
  { patches, classes }: DecisionIndex,
  patch: string,
  contents: ReadonlyMap<string, StoredContent>,
): ReadonlySet<number> {
  const read = reader(contents)
  const place = patches.findIndex((hash) => read<PatchText>('patch', hash).id === patch)
  const all = classes.flatMap((page) => read<ClassesText>('classes', page).classes)
  return new Set(all.flatMap((one, number) => (one.patches.includes(place) ? number : [])))
}

/**
 * Pairs of patch id and hash of its judgement, in the order in which they are shown. `contents` must have the evidence
 * and the parts of its list.
 */
export function judgementsIn(
  evidence: string,
  contents: ReadonlyMap<string, StoredContent>,
): readonly (readonly [string, string])[] {
  const read = reader(contents)
  return read.list(read<EvidenceText>('evidence', evidence).judgements)
}

/** The patches of these judgements. `contents` must have all patches, and these judgements. */
export function judgedPatches(
  { patches }: DecisionIndex,
  judgements: readonly (readonly [string, string])[],
  contents: ReadonlyMap<string, StoredContent>,
): readonly Patch[] {
  const read = reader(contents)
  const asked = new Map(patches.map((hash) => read<PatchText>('patch', hash)).map((patch) => [patch.id, patch]))
  return judgements.flatMap(([id, hash]): Patch[] => {
    const patch = asked.get(id)
    return patch === undefined ? [] : [{ ...patch, ...read<JudgementText>('judgement', hash) }]
  })
}

/** The whole subject: a decision with its evidence. `contents` must have the evidence and everything that it names. */
export function withEvidence(
  voted: Voted,
  hashes: SubjectHashes,
  contents: ReadonlyMap<string, StoredContent>,
): Subject {
  const subject = voted.kind === 'patches' ? shown(voted, hashes.evidence, contents) : voted
  know(subject, hashes)
  if (inEarlierFormat.has(voted)) inEarlierFormat.add(subject)
  return subject
}

function know(subject: Subject, hashes: SubjectHashes): void {
  subjectHashes.know(subject, hashes)
  read.add(subject)
}

const read = new WeakSet<Subject>()
const inEarlierFormat = new WeakSet<Voted | Subject>()

/** The hash that a subject has in today's format. A proposal of an earlier version keeps the hash that people voted on. */
export function hashToday(subject: Subject): string {
  return inEarlierFormat.has(subject) ? keepSubject({ ...subject }).decision : contentHash(subject)
}

/** The subject as it is read from its content, so that it is the same whether it was just made or was stored. */
export function asKept(subject: Subject): Subject {
  return read.has(subject) ? subject : keepSubject(subject).subject
}

function shown(
  { patches: asked, assets, rollsBack, ...voted }: Extract<Voted, { kind: 'patches' }>,
  evidence: string,
  contents: ReadonlyMap<string, StoredContent>,
): PatchSubject {
  const read = reader(contents)
  const { judgements, notPreviewed, inventoryAt, silence, measured } = read<EvidenceText>('evidence', evidence)
  const problems = new Map(read.list(notPreviewed))
  return {
    ...voted,
    patches: read.list(judgements).flatMap(([id, hash]): Patch[] => {
      const patch = asked.get(id)
      return patch === undefined ? [] : [{ ...patch, ...read<JudgementText>('judgement', hash) }]
    }),
    assets:
      problems.size === 0
        ? assets
        : assets.map((planned) => ({ ...planned, previewProblem: problems.get(planned.asset.id) ?? null })),
    ...(silence === undefined ? {} : { silence }),
    ...(measured === undefined ? {} : { measured }),
    inventoryAt: inventoryAt ?? '',
    ...(rollsBack === null ? {} : { rollsBack }),
  }
}

const noSteps: readonly TransactionStep[] = []

/** The order in which people read assets: by name, then by id. */
function inOrder({ asset: a }: PlannedAsset, { asset: b }: PlannedAsset): number {
  return a.name < b.name ? -1 : a.name > b.name ? 1 : byId(a, b)
}

/** Reads content. If the text matches its hash, Patchwarden wrote it, so the text has the shape of its kind. */
function reader(contents: ReadonlyMap<string, StoredContent>) {
  function read<Text>(kind: ContentKind, hash: string): Text {
    const content = contents.get(hash)
    const problem = contentProblem(kind, content)
    if (problem !== null || content === undefined) throw new Error(`needs ${contentName(kind, hash)}, which ${problem}`)
    return JSON.parse(content.text) as Text
  }
  function list<Item>(listed: Listed<Item>): readonly Item[] {
    if (!('parts' in listed)) return listed
    return listed.parts.flatMap((hash) => read<ListText>('list', hash).items as readonly Item[])
  }
  const change = sharing((hash: string) => changeOf(read<ChangeText>('change', hash)))
  const changeSet = sharing((hash: string) => list(read<ChangeSetText>('change set', hash).changes).map(change))
  const steps = sharing((hash: string) => list(read<TransactionText>('transaction', hash).steps))
  return Object.assign(read, { list, changeSet, steps })
}

function changeOf(text: ChangeText): Change {
  if (text.kind === 'update') {
    const { kind, update: name, build, undone } = text
    return { kind, name, build, ...(undone === undefined ? {} : { undone }) }
  }
  const { name, architecture, from, to } = text
  return { name, architecture, from, to }
}

/** What the assets of a class get, and what the preview says of it. `listed`: the decision's list of changes. */
function getting(
  read: ReturnType<typeof reader>,
  listed: Listed<ChangeText> | undefined,
): (one: Pick<ClassText, 'changes' | 'transaction'>) => Pick<PlannedAsset, 'changes' | 'transaction'> {
  const partOf = sharing((hash: string) => (read<ListText>('list', hash).items as readonly ChangeText[]).map(changeOf))
  const all = listed === undefined || 'parts' in listed ? [] : listed.map(changeOf)
  const changeAt = (place: number): Change => {
    const change =
      listed !== undefined && 'parts' in listed
        ? partOf(partWith(listed.parts, place))[place % limits.contentPage]
        : all[place]
    if (change === undefined) throw new Error(`needs change number ${place}, which its list of changes does not have`)
    return change
  }
  const changesAt = sharing((places: string) => (JSON.parse(places) as readonly number[]).map(changeAt))
  return ({ changes: own, transaction }) => {
    const changes = typeof own === 'string' ? read.changeSet(own) : changesAt(JSON.stringify(own))
    if (transaction === null) return { changes, transaction: noSteps }
    return { changes, transaction: transaction === AS_ASKED ? stepsOf(changes) : read.steps(transaction) }
  }
}

/** The hash of the part of a list that has this place. */
function partWith(parts: readonly string[], place: number): string {
  return parts[Math.floor(place / limits.contentPage)] ?? ''
}

/** Gives the same object for the same hash. */
function sharing<Value>(read: (hash: string) => Value): (hash: string) => Value {
  const known = new Map<string, Value>()
  return (hash) => {
    const found = known.get(hash)
    if (found !== undefined) return found
    const value = read(hash)
    known.set(hash, value)
    return value
  }
}
