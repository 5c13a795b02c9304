import { updateTitle } from '../../../core/assessment/windows-kinds.ts'
import { buildOf, type WindowsTarget as Target, targetOf } from '../../../core/assessment/windows-updates.ts'
import type { CveFacts, PatchType } from '../../../core/catalog.ts'
import { isWindowsBuild } from '../../../core/versions/windows.ts'
import { isCveId } from '../cve-id.ts'
import type { Sink } from '../sink.ts'

export interface Vulnerability {
  readonly cve: string
  readonly remediations: readonly {
    readonly type: string
    readonly subType: string
    /** The number of the KB. */
    readonly description: string
    readonly supersedes: string
    readonly fixedBuild: string
    readonly restart: string
    readonly products: readonly string[]
  }[]
  readonly threats: readonly {
    readonly type: string
    readonly description: string
    readonly products: readonly string[]
  }[]
  readonly scores: readonly { readonly score: number; readonly vector: string }[]
}

/** One month of Microsoft's CVRF data, read from XML or JSON. */
export interface Month {
  /** For example `2024-Mar`. */
  readonly id: string
  readonly released: string
  /** Names of the products, by product id. */
  readonly products: ReadonlyMap<string, string>
  readonly vulnerabilities: readonly Vulnerability[]
}

/** Reads the updates of a month, one for each KB and platform, and the facts about its CVEs. */
export function readMonth({ id, released, products, vulnerabilities }: Month, where: string, sink: Sink): void {
  const published = /^\d{4}-\d{2}-\d{2}/.test(released) ? released.slice(0, 10) : null
  sink.records.add(id)
  const drafts = new Map<string, Draft>()
  const targets = new Map([...products].map(([product, name]) => [product, targetOf(name)]))
  const known = vulnerabilities.filter(({ cve }) => {
    if (cve === '' || isCveId(cve) || /^ADV\d+$/.test(cve)) return true
    sink.rejected.push({ where: `${where} (${id})`, reason: `"${cve.slice(0, 40)}" is not a CVE id` })
    return false
  })
  // Updates of Windows itself first: what they fix in a product on Windows, such as Internet Explorer, is theirs.
  for (const ofWindows of [true, false])
    for (const vulnerability of known) draftUpdates(vulnerability, targets, ofWindows, drafts)
  for (const vulnerability of known) if (isCveId(vulnerability.cve)) sink.cves.push(factsOf(vulnerability, published))
  for (const draft of drafts.values()) {
    const { platform, kb, cves, supersedes, builds, severity, restart, subType, product } = draft
    sink.updates.push({
      platform,
      kb,
      title: updateTitle(kb, subType, product),
      cves: [...cves],
      supersedes: [...supersedes],
      fixedBuild: buildOf(platform, builds),
      type: typeOf(subType),
      severity,
      restart,
      published,
      record: id,
    })
  }
}

function draftUpdates(
  { cve, remediations, threats }: Vulnerability,
  targets: ReadonlyMap<string, Target | null>,
  ofWindows: boolean,
  drafts: Map<string, Draft>,
): void {
  for (const remediation of remediations) {
    const number = /^\d{6,8}$/.exec(remediation.description.trim())?.[0]
    if (number === undefined) continue // "Release Notes", "Click to Run": products that update themselves
    for (const id of remediation.products) {
      const target = targets.get(id) ?? null
      if (target === null || (target.product === null) !== ofWindows) continue
      const key = `${target.platform} KB${number}`
      const draft = drafts.get(key) ?? newDraft(target, `KB${number}`, remediation.subType)
      drafts.set(key, draft)
      if (isCveId(cve)) draft.cves.add(cve)
      draft.severity = worse(draft.severity, severityFor(threats, id))
      // What the same KB says of a product on Windows is not about the build of Windows.
      if (draft.product !== target.product) continue
      if (draft.subType === '') draft.subType = remediation.subType
      for (const [old] of remediation.supersedes.matchAll(/\d{6,8}/g)) draft.supersedes.add(`KB${old}`)
      const build = remediation.fixedBuild.trim()
      if (isWindowsBuild(build) && build.startsWith('10.0.') && build.split('.').length === 4) draft.builds.add(build)
      if (/^(?:yes|maybe)$/i.test(remediation.restart)) draft.restart = true
      if (/^no$/i.test(remediation.restart)) draft.restart ??= false
    }
  }
}

function factsOf({ cve, threats, scores }: Vulnerability, published: string | null): CveFacts {
  const [score] = scores.filter((item) => item.score >= 0 && item.score <= 10)
  const exploited = threats.some((threat) => /\bExploited:\s*Yes\b/i.test(threat.description))
  const version = /^CVSS:(\d\.\d)/.exec(score?.vector ?? '')?.[1] ?? '3.1'
  return {
    cve,
    published,
    rejected: false,
    ssvc: null,
    scores: score === undefined ? [] : [{ source: 'Microsoft', version, score: score.score, vector: score.vector }],
    exploited: exploited ? published : null,
  }
}

interface Draft extends Target {
  readonly kb: string
  readonly cves: Set<string>
  readonly supersedes: Set<string>
  /** Microsoft names several for one KB, also of sister releases. */
  readonly builds: Set<string>
  subType: string
  severity: string | null
  restart: boolean | null
}

function newDraft(target: Target, kb: string, subType: string): Draft {
  return {
    ...target,
    kb,
    subType,
    cves: new Set(),
    supersedes: new Set(),
    builds: new Set(),
    severity: null,
    restart: null,
  }
}

function typeOf(subType: string): PatchType {
  return /^(?:update|non-security)/i.test(subType) ? 'bugfix' : 'security'
}

const severities = ['Low', 'Moderate', 'Important', 'Critical']

function worse(a: string | null, b: string | null): string | null {
  return severities.indexOf(b ?? '') > severities.indexOf(a ?? '') ? b : a
}

function severityFor(threats: Vulnerability['threats'], product: string): string | null {
  const said = threats.find((threat) => threat.type === 'Severity' && threat.products.includes(product))
  return said !== undefined && severities.includes(said.description) ? said.description : null
}
