import type { PatchType } from '../catalog.ts'

/**
 * Security: the update comes from a security archive or fixes a known CVE. Feature: the upstream version changed in
 * more than its last number (1.22.1 to 1.23.0). Everything else is a bug fix.
 */
export function patchType(update: {
  readonly security: boolean
  readonly cves: number
  readonly from: string | null
  readonly to: string
}): PatchType {
  if (update.security || update.cves > 0) return 'security'
  if (update.from === null) return 'bugfix'
  return series(update.from) === series(update.to) ? 'bugfix' : 'feature'
}

/** The upstream version without epoch, revision and last number: `1:1.22.1-9+deb12u1` gives `1.22`. */
function series(version: string): string {
  const upstream = version.replace(/^\d+:/, '').replace(/-[^-]*$/, '')
  const numbers = /^\d+(\.\d+)*/.exec(upstream)?.[0] ?? upstream
  const parts = numbers.split('.')
  return parts.length > 1 ? parts.slice(0, -1).join('.') : numbers
}
