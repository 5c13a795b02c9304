import { type AssessedAsset, mostUrgentFirst, type PublishedPatch } from '../core/assessment/assess.ts'
import { catalogView } from '../core/assessment/catalog-view.ts'
import { type Asked, type Standing, standingOf } from '../core/assessment/standing.ts'
import { whyNotOffered } from '../core/assessment/why-not-offered.ts'
import type { AssetSnapshot } from '../core/asset.ts'
import type { Patch } from '../core/catalog.ts'
import { type Change, changeTarget, versionBefore } from '../core/change.ts'
import type { FleetCoverage, NotAssessed } from '../core/coverage.ts'
import type { Priority } from '../core/priority/priority.ts'
import { factText } from '../core/record/asset-lists.ts'
import { readAbout, readCatalog, statementsAbout, statementsAboutPackage } from '../store/catalog.ts'
import type { Db } from '../store/connection.ts'
import { voicesOf } from '../store/coverage.ts'
import { patchOfProposal } from '../store/decision-pages.ts'
import { isInstalled, listAssets, readSnapshots } from '../store/inventory.ts'
import { patchesAsked } from '../store/precedents.ts'
import { findGlance } from '../store/proposal-pages.ts'
import { type FindingKnown, findingsOf } from '../store/recorded-findings.ts'
import { type Statement, statementsOf } from './feed-statements.ts'
import type { WorkflowParts } from './ports.ts'
import type { Propose } from './proposing/propose.ts'

/** What is known about a name without looking at every asset. */
export interface LookUp {
  /** The name that was asked for, as feeds write it. */
  readonly name: string
  readonly kind: Asked['kind']
  readonly statements: readonly Statement[]
  /** What the record last said about it, for each team. */
  readonly findings: readonly FindingKnown[]
  /** The patches of open proposals, most urgent first. Each team has its own judgement, because its assets decide. */
  readonly judged: readonly (Judged & { readonly proposal: string })[]
  /** Whether any feed speaks of the name, or any asset has a package of the name. */
  readonly known: boolean
  readonly notAssessed: readonly NotAssessed[]
}

interface Judged {
  readonly team: string
  readonly patch: Patch
  /** Only the first ones. */
  readonly assets: readonly AssetReason[]
}

export interface Explanation extends Pick<LookUp, 'name' | 'kind' | 'statements' | 'known' | 'notAssessed'> {
  readonly judged: readonly Judged[]
  /** Patches for it that package managers do not offer, most urgent first, with the reasons. */
  readonly withheld: readonly (Judged & { readonly patch: PublishedPatch })[]
  /** How many assets miss something for it, by the priority of their most urgent patch. */
  readonly urgencies: readonly { readonly priority: Priority; readonly assets: number }[]
  /** Assets that need no patch or get none, or that nobody can judge, with the reason. Only the first ones. */
  readonly others: readonly OtherAsset[]
  /** How many such assets there are. */
  readonly standings: readonly { readonly standing: Standing; readonly assets: number }[]
}

export interface OtherAsset extends AssetReason {
  readonly standing: Standing
}

export interface AssetReason {
  readonly asset: string
  readonly why: string
}

/** How many assets a list has at most. */
const MOST = 100
/** How many patches of open proposals are shown for a name. Each has a table of its own. */
const ASKED = 10
/** Of how many CVEs of a package the dates are read. */
const MOST_CVES = 2_000

export function createExplain(
  { db, clock }: Pick<WorkflowParts, 'db' | 'clock'>,
  { assessments }: Pick<Propose, 'assessments'>,
  coverage: () => Promise<Pick<FleetCoverage, 'notAssessed'>>,
) {
  return {
    /**
     * Everything about a CVE, an advisory, a KB or a package, with all assets assessed for it. `asset`: only this one,
     * by name or id.
     */
    explain: (given: string, asset: string | null = null) =>
      explain({ db, clock, assessments, coverage }, given, asset),
    /** The same from stored data: the record and open proposals. */
    lookUp: (given: string) => lookUp({ db, coverage }, given),
  }
}

interface ExplainParts extends Pick<WorkflowParts, 'db' | 'clock'> {
  readonly assessments: Propose['assessments']
  readonly coverage: () => Promise<Pick<FleetCoverage, 'notAssessed'>>
}

async function explain(
  { db, clock, assessments, coverage }: ExplainParts,
  given: string,
  asset: string | null,
): Promise<Explanation> {
  const { name, kind, said, statements } = await aboutOf(db, given)
  const now = clock().toISOString()
  const judged: (Judged & { readonly on: readonly string[] })[] = []
  const withheld: Explanation['withheld'][number][] = []
  /** Why it is not offered to each asset that misses it, by id. */
  const lost = new Map<string, string>()
  for (const [team, assessment] of await assessments()) {
    const assets = assessment.assets.filter((entry) => isAsked(entry.asset, asset))
    for (const patch of assessment.patches) {
      if (!isNamed(patch, name)) continue
      const missing = assets.filter((entry) => entry.patches.includes(patch.id))
      const reasons = missing.map((entry) => ({ asset: entry.asset.name, why: whyMissing(patch, entry.changes) }))
      const on = missing.map((entry) => entry.asset.id)
      if (on.length > 0) judged.push({ team, patch, assets: reasons.slice(0, MOST), on })
    }
    for (const patch of assessment.withheld) {
      if (!isNamed(patch, name)) continue
      const reasons = assets.flatMap((entry) => {
        const why = whyLacking(patch, entry, now)
        if (why === null) return []
        lost.set(entry.asset.id, why)
        return [{ asset: entry.asset.name, why }]
      })
      if (reasons.length > 0) withheld.push({ team, patch, assets: reasons.slice(0, MOST) })
    }
  }
  for (const list of [judged, withheld]) list.sort((a, b) => mostUrgentFirst(a.patch, b.patch))
  const missing = new Set(judged.flatMap(({ on }) => on))
  const asked = { name, kind, fixes: said.fixes, updates: said.updates, now }
  const others = await othersOf(db, asked, { asset, missing, lost })
  const { notAssessed } = asset === null ? await coverage() : { notAssessed: [] }
  const known =
    statements.length + judged.length + withheld.length > 0 || (kind === 'package' && (await isInstalled(db, name)))
  return {
    name,
    kind,
    statements,
    judged: judged.map(({ on: _, ...one }) => one),
    withheld,
    urgencies: urgenciesOf(judged),
    others: others.slice(0, MOST),
    standings: countedBy(others),
    known,
    notAssessed,
  }
}

function isNamed({ id, source, packages, cves, advisories }: Patch, name: string): boolean {
  const names = [id, source, ...packages.map((item) => item.name), ...cves, ...advisories]
  return names.some((item) => item.toLowerCase() === name.toLowerCase())
}

/** How many assets there are of each priority, the most urgent first. An asset counts at its most urgent patch. */
function urgenciesOf(judged: readonly { readonly patch: Patch; readonly on: readonly string[] }[]) {
  const counted = new Set<string>()
  const urgencies = new Map<Priority, number>()
  for (const { patch, on } of judged) {
    const before = counted.size
    for (const id of on) counted.add(id)
    if (counted.size > before)
      urgencies.set(patch.priority, (urgencies.get(patch.priority) ?? 0) + counted.size - before)
  }
  return [...urgencies].map(([priority, assets]) => ({ priority, assets }))
}

/** What feeds say of a name. It is a package if no feed knows it as a flaw and it does not look like one. */
async function aboutOf(db: Db, given: string) {
  const name = asFeedsWrite(given)
  const ofFlaw = await statementsAbout(db, name)
  const isFlaw = [ofFlaw.fixes, ofFlaw.advisories, ofFlaw.updates].some((one) => one.length > 0) || looksLikeFlaw(name)
  const said = isFlaw ? ofFlaw : { ...ofFlaw, fixes: await statementsAboutPackage(db, name) }
  const kind: Asked['kind'] = isFlaw ? 'flaw' : 'package'
  return { name, kind, said, statements: await statementsOf(db, name, said) }
}

async function lookUp({ db, coverage }: Pick<ExplainParts, 'db' | 'coverage'>, given: string): Promise<LookUp> {
  const { name, kind, statements } = await aboutOf(db, given)
  const findings = await findingsOf(db, factText(name))
  const ids = [name, ...new Set(findings.flatMap(({ patches }) => patches))]
  const judged: LookUp['judged'][number][] = []
  for (const { proposal, team, patch: id } of await patchesAsked(db, { ids, source: name }, ASKED)) {
    const glance = await findGlance(db, proposal)
    const found = glance === null ? null : await patchOfProposal(db, glance, id, MOST)
    if (found === null) continue
    const { patch, assets } = found
    const missing = assets.map(({ asset, changes }) => ({ asset: asset.name, why: whyMissing(patch, changes) }))
    judged.push({ team, proposal, patch, assets: missing })
  }
  judged.sort((a, b) => mostUrgentFirst(a.patch, b.patch))
  const known =
    statements.length + findings.length + judged.length > 0 || (kind === 'package' && (await isInstalled(db, name)))
  return { name, kind, statements, findings, judged, known, notAssessed: (await coverage()).notAssessed }
}

/** How assets stand to it for which no patch is asked, and who cannot be judged. */
async function othersOf(
  db: Db,
  { name, kind, fixes, updates, now }: Pick<Asked, 'name' | 'kind' | 'fixes' | 'updates' | 'now'>,
  { asset, missing, lost }: Others,
): Promise<readonly OtherAsset[]> {
  const packages = [...new Set([...(kind === 'package' ? [name] : []), ...fixes.map((fix) => fix.package)])]
  if (packages.length + updates.length + lost.size === 0 && asset === null) return []
  const wanted = asset === null ? null : await idsOf(db, asset)
  const snapshots = await readSnapshots(db, wanted === null ? {} : { ids: wanted })
  const platforms = [...new Set(snapshots.map((snapshot) => snapshot.asset.platform))]
  const catalog = catalogView([await readCatalog(db, platforms, packages)])
  const spoken = new Set((await voicesOf(db, platforms)).keys())
  const knownSince =
    kind === 'flaw'
      ? await datesOf(db, [name])
      : await datesOf(
          db,
          fixes.flatMap((fix) => fix.cves),
        )
  const asked: Asked = { name, kind, fixes, updates, catalog, spoken, now, knownSince }
  const others: OtherAsset[] = []
  for (const snapshot of snapshots) {
    if (missing.has(snapshot.asset.id)) continue
    const judged = standingOf(asked, snapshot)
    const lacks = lost.get(snapshot.asset.id)
    const { standing, why } =
      lacks === undefined || judged.standing === 'affected' ? judged : { standing: 'affected' as const, why: lacks }
    if (standing === 'absent' && asset === null) continue
    others.push({ asset: snapshot.asset.name, standing, why })
  }
  const seen = new Set(snapshots.map((snapshot) => snapshot.asset.id))
  for (const id of wanted ?? [])
    if (!seen.has(id)) others.push({ asset: asset ?? id, standing: 'not assessed', why: 'no look has succeeded yet' })
  return others.sort((a, b) => ORDER.indexOf(a.standing) - ORDER.indexOf(b.standing))
}

interface Others {
  /** Only this one, by name or id; `null`: all. */
  readonly asset: string | null
  /** Ids of those that miss a patch for it. */
  readonly missing: ReadonlySet<string>
  /** Those that miss a patch that is not offered to them, by id, with the reason. */
  readonly lost: ReadonlyMap<string, string>
}

function countedBy(others: readonly OtherAsset[]): Explanation['standings'] {
  return ORDER.flatMap((standing) => {
    const assets = others.filter((one) => one.standing === standing).length
    return assets === 0 ? [] : [{ standing, assets }]
  })
}

/** What people look for comes first. */
const ORDER: readonly Standing[] = ['affected', 'no fix yet', 'not assessed', 'not affected', 'absent']

/** The ids of the assets that a name or id means. */
async function idsOf(db: Db, asked: string): Promise<readonly string[]> {
  return (await listAssets(db)).flatMap(({ asset }) => (isAsked(asset, asked) ? [asset.id] : []))
}

/** Since when feeds know these flaws: when they were published, or else listed as exploited. */
async function datesOf(db: Db, cves: readonly string[]): Promise<ReadonlyMap<string, string>> {
  const { cves: facts, kev } = await readAbout(db, [...new Set(cves)].slice(0, MOST_CVES))
  const dates = new Map(kev.map(({ cve, dateAdded }) => [cve, dateAdded]))
  for (const { cve, published } of facts) if (published !== null) dates.set(cve, published.slice(0, 10))
  return dates
}

function looksLikeFlaw(name: string): boolean {
  return /^(?:CVE|GHSA|[A-Z]{2,8}(?:-[A-Z]{2})?)-\d|^KB\d+$/.test(name)
}

/** A name without the blanks around it. Ids of advisories are written in capital letters, packages as they are. */
function asFeedsWrite(given: string): string {
  const name = given.trim()
  return /^(?:cve|dsa|dla|usn|elsa|rh[sbe]a|al[sbe]a|rl[sbe]a)-|^kb\d/i.test(name) ? name.toUpperCase() : name
}

function isAsked(asset: Pick<AssetSnapshot['asset'], 'id' | 'name'>, asked: string | null): boolean {
  return asked === null || asset.id === asked || asset.name === asked
}

/** Why an asset lacks a patch that the vendor has published; `null`: it does not. */
function whyLacking(patch: PublishedPatch, entry: AssessedAsset, now: string): string | null {
  const own = entry.withheld.find((one) => one.patch === patch.id)
  if (own === undefined) return null
  const { asset, listsRefreshedAt = null, archives = null } = entry
  const why = whyNotOffered(own.held, { asset, listsRefreshedAt, archives }, now)
  const on = patch.fixedOn === undefined ? '' : `, fixed by the vendor on ${patch.fixedOn}`
  return `lacks ${patch.source} ${patch.version}${on}, and its package manager does not offer it: ${why}`
}

function whyMissing(patch: Patch, changes: readonly Change[]): string {
  const own = changes.filter((change) =>
    patch.packages.some((item) => item.name === change.name && item.to === changeTarget(change)),
  )
  const [first] = own
  if (first === undefined) return `lacks ${patch.source} ${patch.version}`
  const others = own.length - 1
  const more = others === 0 ? '' : ` and ${others} more ${others === 1 ? 'package' : 'packages'} of ${patch.source}`
  const [from, to] = [versionBefore(first), changeTarget(first)]
  return from === null ? `lacks ${first.name} ${to}${more}` : `${first.name} ${from} is older than ${to}${more}`
}
