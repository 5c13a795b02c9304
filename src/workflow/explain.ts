import { mostUrgentFirst } from '../core/assessment/assess.ts'
import { type CatalogView, catalogView } from '../core/assessment/catalog-view.ts'
import { thirdParty } from '../core/assessment/third-party.ts'
import { whyNotOffered } from '../core/assessment/why-not-offered.ts'
import type { AssetSnapshot, InstalledPackage } from '../core/asset.ts'
import type { Patch } from '../core/catalog.ts'
import { type Change, changeTarget, versionBefore } from '../core/change.ts'
import { withoutOlderKernels } from '../core/kernels.ts'
import { factText } from '../core/record/asset-lists.ts'
import { platformsOf } from '../core/streams.ts'
import { schemeFor } from '../core/versions/scheme.ts'
import { readCatalog, statementsAbout } from '../store/catalog.ts'
import type { Db } from '../store/connection.ts'
import { patchOfProposal } from '../store/decision-pages.ts'
import { readSnapshots } from '../store/inventory.ts'
import { patchesAsked } from '../store/precedents.ts'
import { findGlance } from '../store/proposal-pages.ts'
import { type FindingKnown, findingsOf } from '../store/recorded-findings.ts'
import { type SaidOf, type Statement, statementsOf } from './feed-statements.ts'
import type { WorkflowParts } from './ports.ts'
import type { Propose } from './proposing/propose.ts'

/** What is known about a name without looking at every asset. */
export interface LookUp {
  /** The name that was asked for, as feeds write it. */
  readonly name: string
  readonly statements: readonly Statement[]
  /** What the record last said about it, for each team. */
  readonly findings: readonly FindingKnown[]
  /** The patches of open proposals, most urgent first. Each team has its own judgement, because its assets decide. */
  readonly judged: readonly (Judged & { readonly proposal: string })[]
}

interface Judged {
  readonly team: string
  readonly patch: Patch
  /** Only the first ones. */
  readonly assets: readonly AssetReason[]
}

export interface Explanation extends Pick<LookUp, 'name' | 'statements'> {
  readonly judged: readonly Judged[]
  /** Assets that have the software but need no patch, with the reason. */
  readonly others: readonly AssetReason[]
}

export interface AssetReason {
  readonly asset: string
  readonly why: string
}

/** How many assets a list has at most. */
const MOST = 100
/** How many patches of open proposals are shown for a name. Each has a table of its own. */
const ASKED = 10

export function createExplain({ db }: Pick<WorkflowParts, 'db'>, { assessments }: Pick<Propose, 'assessments'>) {
  return {
    /**
     * Everything about a CVE, an advisory, a KB or a package, with all assets assessed for it. `asset`: only this one,
     * by name or id.
     */
    explain: (given: string, asset: string | null = null) => explain(db, assessments, given, asset),
    /** The same from stored data: the record and open proposals. */
    lookUp: (given: string) => lookUp(db, given),
  }
}

async function explain(
  db: Db,
  assessments: Propose['assessments'],
  given: string,
  asset: string | null,
): Promise<Explanation> {
  const name = asFeedsWrite(given)
  const said = await statementsAbout(db, name)
  const statements = await statementsOf(db, name, said)
  const judged: Explanation['judged'][number][] = []
  for (const [team, { patches, assets }] of await assessments()) {
    for (const patch of patches) {
      const named = [patch.id, patch.source, ...patch.cves, ...patch.advisories]
      if (!named.some((item) => item.toLowerCase() === name.toLowerCase())) continue
      const missing = assets
        .filter((entry) => entry.patches.includes(patch.id) && isAsked(entry.asset, asset))
        .map((entry) => ({ asset: entry.asset.name, why: whyMissing(patch, entry.changes) }))
      if (missing.length > 0) judged.push({ team, patch, assets: missing.slice(0, MOST) })
    }
  }
  judged.sort((a, b) => mostUrgentFirst(a.patch, b.patch))
  const missing = new Set(judged.flatMap((item) => item.assets.map((one) => one.asset)))
  const others = await othersOf(db, name, said.fixes, asset, missing)
  return { name, statements, judged, others }
}

async function lookUp(db: Db, given: string): Promise<LookUp> {
  const name = asFeedsWrite(given)
  const statements = await statementsOf(db, name, await statementsAbout(db, name))
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
  return { name, statements, findings, judged }
}

async function othersOf(
  db: Db,
  name: string,
  fixes: SaidOf['fixes'],
  asset: string | null,
  missing: ReadonlySet<string>,
): Promise<readonly AssetReason[]> {
  const packages = [...new Set(fixes.map((fix) => fix.package))]
  if (packages.length === 0 && asset === null) return []
  const snapshots = await readSnapshots(db)
  const platforms = [...new Set(snapshots.map((snapshot) => snapshot.asset.platform))]
  const catalog = catalogView([await readCatalog(db, platforms, packages)])
  const others: AssetReason[] = []
  for (const snapshot of snapshots) {
    if (missing.has(snapshot.asset.name) || !isAsked(snapshot.asset, asset)) continue
    const why = whyNot(name, snapshot, fixes, catalog)
    if (why !== null) others.push({ asset: snapshot.asset.name, why })
    else if (asset !== null)
      others.push({ asset: snapshot.asset.name, why: 'has none of the software that feeds name for it' })
    if (others.length === MOST) break
  }
  return others
}

function asFeedsWrite(given: string): string {
  return /^(?:cve|dsa|dla|usn|kb|rhsa|alsa|rlsa)\b|^kb\d/i.test(given) ? given.toUpperCase() : given
}

function isAsked(asset: AssetSnapshot['asset'], asked: string | null): boolean {
  return asked === null || asset.id === asked || asset.name === asked
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

/** Why no patch is asked for on an asset that has the software; `null`: it does not have the software. */
function whyNot(name: string, snapshot: AssetSnapshot, fixes: SaidOf['fixes'], catalog: CatalogView): string | null {
  const { asset, packages, pending } = snapshot
  const counted = withoutOlderKernels(asset.platform, packages)
  for (const fix of fixes) {
    if (!platformsOf(asset.platform).includes(fix.platform)) continue
    const item = counted.find((one) => (fix.by === 'source' ? one.source : one.name) === fix.package)
    if (item === undefined) continue
    const builder = thirdParty(asset.platform, item)
    if (builder !== null) return `${item.name} ${item.version} was built by ${builder}: not assessed`
    if (catalog.isRejected(name)) return `${item.name} ${item.version}: ${name} was rejected, so it is no flaw`
    if (catalog.matcher.unfixed(asset.platform, item).includes(name))
      return `${item.name} ${item.version} is affected, and the vendor has no fix yet`
    const open = catalog.matcher.open(asset.platform, item).find((one) => one.cve === name || one.advisory === name)
    if (open?.subscription) return `${item.name} ${item.version} is affected; the fix needs ${open.subscription}`
    if (open) {
      const held = pending.find((one) => one.name === item.name)?.held ?? null
      const lacks = `${item.name} ${item.version} is affected, and its package manager does not offer ${open.fixedVersion}`
      return `${lacks}: ${whyNotOffered(held, snapshot)}`
    }
    if (fix.fixedVersion === '0') return `${item.name} ${item.version}: the vendor says it was never affected`
    return mended(item, fix.fixedVersion, fix.by, asset.platform)
  }
  return null
}

function mended(item: InstalledPackage, fixed: string | null, by: string, platform: string): string {
  const version = by === 'source' ? item.sourceVersion : item.version
  if (fixed !== null && schemeFor(platform).compare(version, fixed) >= 0)
    return `${item.name} ${item.version} has it mended (since ${fixed})`
  return `${item.name} ${item.version} is of another stream or version than the ones affected`
}
