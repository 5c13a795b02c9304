import type { FrozenAsset } from './asset.ts'
import type { Patch } from './catalog.ts'

/** One or two plain sentences about why a decision is needed now. */
export function whyNow(patches: readonly Patch[], assets: readonly FrozenAsset[]): string {
  const exploited = patches.find((patch) => patch.evidence.some((item) => item.source === 'CISA KEV'))
  const exposed = assets.filter((asset) => asset.exposure === 'open').length
  const facing = exposed === 0 ? '' : ` ${facingText(exposed, assets.length)} the internet.`
  if (exploited) {
    const entry = exploited.evidence.find((item) => item.source === 'CISA KEV')
    const cve = /CVE-\d{4}-\d+/.exec(entry?.value ?? '')?.[0] ?? exploited.cves[0] ?? exploited.source
    const ransomware = entry?.note === null || entry?.note === undefined ? '' : `, ${entry.note}`
    return `${cve} (${exploited.source}) is on CISA's list of exploited vulnerabilities since ${entry?.date ?? 'an unknown date'}${ransomware}.${facing}`
  }
  const security = patches.filter((patch) => patch.type === 'security')
  if (security.length > 0) {
    const cves = new Set(security.flatMap((patch) => patch.cves)).size
    const known = cves === 0 ? '' : ` They mend ${cves} known ${cves === 1 ? 'vulnerability' : 'vulnerabilities'}.`
    return `${security.length} security ${security.length === 1 ? 'update is' : 'updates are'} waiting; none is known to be exploited.${known}${facing}`
  }
  return `${patches.length} ${patches.length === 1 ? 'update is' : 'updates are'} waiting; none is a security fix.`
}

function facingText(exposed: number, all: number): string {
  if (all === 1) return 'The server faces'
  if (exposed === all) return `All ${all} servers face`
  return `${exposed} of these ${all} servers ${exposed === 1 ? 'faces' : 'face'}`
}
