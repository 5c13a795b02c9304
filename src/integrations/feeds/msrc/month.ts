import { windowsPlatform } from '../../../core/assessment/windows-updates.ts'
import type { PatchType } from '../../../core/catalog.ts'
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
  const updates = new Map<string, Draft>()
  for (const vulnerability of vulnerabilities) {
    const { cve, remediations, threats, scores } = vulnerability
    if (cve !== '' && !isCveId(cve) && !/^ADV\d+$/.test(cve)) {
      sink.rejected.push({ where: `${where} (${id})`, reason: `"${cve.slice(0, 40)}" is not a CVE id` })
      continue
    }
    for (const remediation of remediations) {
      const number = /^\d{6,8}$/.exec(remediation.description.trim())?.[0]
      if (number === undefined) continue // "Release Notes", "Click to Run": products that update themselves
      for (const product of remediation.products) {
        const platform = windowsPlatform(products.get(product) ?? '')
        if (platform === null) continue
        const key = `${platform} KB${number}`
        const draft = updates.get(key) ?? newDraft(platform, `KB${number}`, remediation.subType)
        updates.set(key, draft)
        if (isCveId(cve)) draft.cves.add(cve)
        for (const [old] of remediation.supersedes.matchAll(/\d{6,8}/g)) draft.supersedes.add(`KB${old}`)
        const build = remediation.fixedBuild.trim()
        if (isWindowsBuild(build) && build.startsWith('10.0.') && build.split('.').length === 4)
          draft.fixedBuild = build
        if (/^(?:yes|maybe)$/i.test(remediation.restart)) draft.restart = true
        if (/^no$/i.test(remediation.restart)) draft.restart ??= false
        draft.severity = worse(draft.severity, severityFor(threats, product))
      }
    }
    if (!isCveId(cve)) continue
    const [score] = scores.filter((item) => item.score >= 0 && item.score <= 10)
    const exploited = threats.some((threat) => /\bExploited:\s*Yes\b/i.test(threat.description))
    sink.cves.push({
      cve,
      published,
      rejected: false,
      ssvc: null,
      scores:
        score === undefined
          ? []
          : [
              {
                source: 'Microsoft',
                version: /^CVSS:(\d\.\d)/.exec(score.vector)?.[1] ?? '3.1',
                score: score.score,
                vector: score.vector,
              },
            ],
      exploited: exploited ? published : null,
    })
  }
  for (const draft of updates.values()) {
    const { platform, kb, cves, supersedes, fixedBuild, severity, restart, subType } = draft
    sink.updates.push({
      platform,
      kb,
      title: subType === '' ? kb : `${kb}: ${subType}`,
      cves: [...cves],
      supersedes: [...supersedes],
      fixedBuild,
      type: typeOf(subType),
      severity,
      restart,
      published,
      record: id,
    })
  }
}

interface Draft {
  readonly platform: string
  readonly kb: string
  readonly subType: string
  readonly cves: Set<string>
  readonly supersedes: Set<string>
  fixedBuild: string | null
  severity: string | null
  restart: boolean | null
}

function newDraft(platform: string, kb: string, subType: string): Draft {
  return {
    platform,
    kb,
    subType,
    cves: new Set(),
    supersedes: new Set(),
    fixedBuild: null,
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
