/**
 * Reads parts of what a proposal asks for, and what happened to its assets, by key. A large proposal is never read
 * whole.
 */

import { eq, sql } from 'drizzle-orm'
import type { Patch } from '../core/catalog.ts'
import { contentProblem, type StoredContent } from '../core/content.ts'
import {
  classesMissing,
  classPage,
  type DecisionIndex,
  decisionIndex,
  judgedPatches,
  judgementsIn,
  membersOn,
  namedByClass,
  type PagedMember,
  plannedMembers,
  silenceIn,
} from '../core/proposal/decision-content.ts'
import { type LightState, partNumbers, partOf, type ResultRow, wholeState } from '../core/proposal/light.ts'
import type { PatchSubject, PlannedAsset, ProposalState } from '../core/proposal/proposal.ts'
import { entriesSaid, rowWithPersons, withPersons } from '../core/proposal/said.ts'
import { endsBadly } from '../core/rollout/gate.ts'
import { storable } from '../core/storable.ts'
import { listOf } from './bulk.ts'
import type { Queryable } from './connection.ts'
import { readContents, readWithNamed } from './content.ts'
import { readBesides } from './events.ts'
import { registerAt, registerVersion } from './persons.ts'
import { findProposal, PERSONLESS } from './proposals.ts'
import { createRecent } from './recent.ts'
import { endedBadly, proposals, results } from './schema.ts'

// ---------------------------------------------------------------- assets

export interface AssetsAsked {
  /** The page begins after this asset; `null`: with the first. */
  readonly after: string | null
  /** `not well`: only those that ended badly or never answered. */
  readonly only: 'not well' | null
}

export interface AssetsPart {
  /** The proposal with only these assets, sorted by id. */
  readonly state: PartState
  /** Number of all its assets. */
  readonly total: number
  /** Whether more assets follow. */
  readonly more: boolean
}

/** The next assets of a proposal, with what happened to them; `null`: no such proposal, or it asks for a rule. */
export async function assetsOfProposal(
  db: Queryable,
  id: string,
  { after, only }: AssetsAsked,
  most: number,
): Promise<AssetsPart | null> {
  const read = await readLight(db, id)
  if (read === null) return null
  if ('whole' in read) return read.whole === null ? null : partOfWhole(read.whole, { after, only }, most)
  const { light } = read
  const index = await readIndex(db, light.content.decision)
  if (index === null) return null
  const found =
    only === null
      ? await membersBehind(db, index.pages, after, most + 1)
      : await membersCalled(db, index.pages, await endedBadlyBehind(db, light, after, most + 1))
  const state = await stateWith(db, read, index, found.slice(0, most))
  return { state, total: index.count, more: found.length > most }
}

/** A proposal with only these of its assets; `null`: no such proposal, or it asks for a rule. */
export async function proposalWith(db: Queryable, id: string, assets: readonly string[]): Promise<PartState | null> {
  const read = await readLight(db, id)
  if (read === null) return null
  if ('whole' in read) return read.whole?.subject.kind === 'patches' ? (read.whole as PartState) : null
  const index = await readIndex(db, read.light.content.decision)
  return index === null ? null : stateWith(db, read, index, await membersCalled(db, index.pages, assets))
}

type PartState = ProposalState & { readonly subject: PatchSubject }

async function stateWith(
  db: Queryable,
  { light, version }: LightRead,
  index: DecisionIndex,
  members: readonly PagedMember[],
): Promise<PartState> {
  const rows = await rowsOf(
    db,
    light.id,
    members.map(({ asset }) => asset.id),
  )
  const besides = await readBesides(
    db,
    entriesSaid(light, rows).map((seq) => ({ stream: light.id, seq })),
  )
  const beside = besides.get(light.id) ?? new Map()
  const register = await registerAt(db, version)
  const subject = await subjectWith(db, index, members)
  const state = wholeState(
    withPersons(light, register, beside),
    subject,
    rows.map((row) => rowWithPersons(row, register, beside)),
  )
  return { ...state, subject }
}

interface LightRead {
  readonly light: LightState
  readonly version: string
}

async function readLight(
  db: Queryable,
  id: string,
): Promise<LightRead | { readonly whole: ProposalState | null } | null> {
  const [row] = await db
    .select({ format: proposals.format, state: proposals.state, version: registerVersion })
    .from(proposals)
    .where(eq(proposals.id, storable(id)))
  if (row === undefined) return null
  // If an earlier version wrote the row, the whole state is read.
  return row.format === PERSONLESS ? { light: row.state, version: row.version } : { whole: await findProposal(db, id) }
}

function partOfWhole(state: ProposalState, { after, only }: AssetsAsked, most: number): AssetsPart | null {
  const { subject } = state
  if (subject.kind !== 'patches') return null
  const run = state.rollout ?? state.test
  const isWanted = (id: string) => {
    if (after !== null && id <= after) return false
    const end = run?.deployments[id]?.verification?.end
    return only === null || (end !== undefined && endsBadly(end))
  }
  const behind = subject.assets
    .filter(({ asset }) => isWanted(asset.id))
    .toSorted((a, b) => (a.asset.id < b.asset.id ? -1 : 1))
  const assets = behind.slice(0, most)
  const part = { ...state, subject: { ...subject, assets } }
  return { state: part, total: subject.assets.length, more: behind.length > most }
}

async function endedBadlyBehind(
  db: Queryable,
  { id, rollout }: LightState,
  after: string | null,
  most: number,
): Promise<readonly string[]> {
  const part = partNumbers[rollout === null ? 'test' : 'rollout']
  const rows = await db
    .select({ asset: results.asset })
    .from(results)
    .where(sql`proposal = ${id} and part = ${part} and ${endedBadly} and asset > ${after ?? ''}`)
    .orderBy(results.asset)
    .limit(most)
  return rows.map(({ asset }) => asset)
}

async function rowsOf(db: Queryable, id: string, assets: readonly string[]): Promise<readonly ResultRow[]> {
  const parts = sql.raw(Object.values(partNumbers).join(', '))
  const rows = await db
    .select({ part: results.part, asset: results.asset, facts: results.facts })
    .from(results)
    .where(sql`proposal = ${storable(id)} and part in (${parts}) and asset = any(${listOf(assets)}::text::text[])`)
  return rows.map(({ part, asset, facts }) => ({ part: partOf(part), asset, facts: JSON.parse(facts) }))
}

async function subjectWith(
  db: Queryable,
  index: DecisionIndex,
  members: readonly PagedMember[],
): Promise<PatchSubject> {
  const contents = new Map(
    await readContents(
      db,
      members.map((member) => classPage(index, member.class)),
    ),
  )
  const named = members.flatMap((member) => namedByClass(index, member.class, contents))
  for (const [hash, content] of await readWithNamed(db, named)) contents.set(hash, content)
  const { rings, ...bare } = index.bare
  return {
    ...bare,
    patches: [],
    assets: plannedMembers(index, members, contents),
    rings: rings.map((ring, number) => ({
      ...ring,
      assets: members.flatMap((member) => (member.ring === number ? member.asset.id : [])),
    })),
  }
}

// ---------------------------------------------------------------- pages of members, which never change

/** Most members that the pages in memory have together. */
const MEMBERS_KEPT = 100_000
const pages = createRecent<readonly PagedMember[]>(MEMBERS_KEPT, (members) => members.length)

async function readMembers(db: Queryable, hash: string): Promise<readonly PagedMember[]> {
  const known = pages.find(hash)
  if (known !== undefined) return known
  const members = membersOn(hash, await readContents(db, [hash]))
  pages.keep(hash, members)
  return members
}

/** The number of the last page whose first asset is this one, or sorts before it. */
async function pageWith(db: Queryable, hashes: readonly string[], asset: string): Promise<number> {
  let [from, to] = [0, hashes.length - 1]
  while (from < to) {
    const middle = Math.ceil((from + to) / 2)
    const [first] = await readMembers(db, hashes[middle] ?? '')
    if (first !== undefined && first.asset.id <= asset) from = middle
    else to = middle - 1
  }
  return from
}

async function membersBehind(
  db: Queryable,
  hashes: readonly string[],
  after: string | null,
  most: number,
): Promise<readonly PagedMember[]> {
  const found: PagedMember[] = []
  const first = after === null ? 0 : await pageWith(db, hashes, after)
  for (let number = first; number < hashes.length && found.length < most; number++)
    for (const member of await readMembers(db, hashes[number] ?? ''))
      if (found.length < most && (after === null || member.asset.id > after)) found.push(member)
  return found
}

async function membersCalled(
  db: Queryable,
  hashes: readonly string[],
  ids: readonly string[],
): Promise<readonly PagedMember[]> {
  const found: PagedMember[] = []
  for (const id of ids) {
    const members = await readMembers(db, hashes[await pageWith(db, hashes, id)] ?? '')
    const member = members.find(({ asset }) => asset.id === id)
    if (member !== undefined) found.push(member)
  }
  return found
}

// ---------------------------------------------------------------- decisions and their patches

/** What a decision names; `null`: it asks for a rule. */
async function readIndex(db: Queryable, decision: string): Promise<DecisionIndex | null> {
  return decisionIndex(decision, await withLists(db, [decision]))
}

/** These contents, and the parts of lists that they name. */
async function withLists(db: Queryable, hashes: readonly string[]): Promise<ReadonlyMap<string, StoredContent>> {
  const contents = new Map(await readContents(db, hashes))
  const lists = [...contents.values()].flatMap(partsOfLists)
  for (const [hash, content] of await readContents(db, lists)) contents.set(hash, content)
  return contents
}

/** The hashes of the parts of lists in a decision or evidence: patches, judgements and members of clusters. */
function partsOfLists(content: StoredContent): readonly string[] {
  if (contentProblem('decision', content) !== null && contentProblem('evidence', content) !== null) return []
  const { patches, judgements, clusters = [] } = JSON.parse(content.text)
  const members = clusters.map(({ assets }: { readonly assets: unknown }) => assets)
  return [patches, judgements, ...members].flatMap((list) => list?.parts ?? [])
}

/** The plan of a proposal without its lists of assets, and its first asset. `null`: it asks for a rule. */
export async function planOfProposal(
  db: Queryable,
  { content }: Pick<LightState, 'content'>,
): Promise<{
  readonly plan: DecisionIndex['bare'] & Pick<PatchSubject, 'silence'>
  readonly first: PlannedAsset | null
} | null> {
  const contents = await withLists(db, [content.decision, content.evidence])
  const index = decisionIndex(content.decision, contents)
  if (index === null) return null
  const { assets } = await subjectWith(db, index, await membersBehind(db, index.pages, null, 1))
  const silence = silenceIn(content.evidence, contents)
  return { plan: { ...index.bare, ...(silence === undefined ? {} : { silence }) }, first: assets[0] ?? null }
}

/**
 * One patch of a proposal, and the first assets that miss it, with what they get; `null`: it does not ask for this
 * patch.
 */
export async function patchOfProposal(
  db: Queryable,
  { content }: Pick<LightState, 'content'>,
  id: string,
  most: number,
): Promise<{ readonly patch: Patch; readonly assets: readonly PlannedAsset[] } | null> {
  const contents = new Map(await withLists(db, [content.decision, content.evidence]))
  const index = decisionIndex(content.decision, contents)
  if (index === null) return null
  const judgements = judgementsIn(content.evidence, contents).filter(([one]) => one === id)
  const wanted = [...index.patches, ...index.classes, ...judgements.map(([, hash]) => hash)]
  for (const [hash, one] of await readContents(db, wanted)) contents.set(hash, one)
  const [patch] = judgedPatches(index, judgements, contents)
  if (patch === undefined) return null
  const classes = classesMissing(index, id, contents)
  const members: PagedMember[] = []
  for (const page of index.pages) {
    if (members.length >= most) break
    members.push(...(await readMembers(db, page)).filter((member) => classes.has(member.class)))
  }
  const { assets } = await subjectWith(db, index, members.slice(0, most))
  return { patch, assets }
}

export interface PatchesPart {
  readonly patches: readonly Patch[]
  /** Number of all patches of the proposal. */
  readonly total: number
}

/** Patches of a proposal and why they are asked for: at most `most`, from the position `from` on. */
export async function patchesOfProposal(
  db: Queryable,
  { content }: Pick<LightState, 'content'>,
  from: number,
  most: number,
): Promise<PatchesPart> {
  const contents = new Map(await withLists(db, [content.decision, content.evidence]))
  const index = decisionIndex(content.decision, contents)
  if (index === null) return { patches: [], total: 0 }
  const judgements = judgementsIn(content.evidence, contents)
  const chosen = judgements.slice(from, from + most)
  for (const [hash, one] of await readContents(db, [...index.patches, ...chosen.map(([, hash]) => hash)]))
    contents.set(hash, one)
  return { patches: judgedPatches(index, chosen, contents), total: judgements.length }
}
