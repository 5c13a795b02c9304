import type { Platform } from '../../core/asset.ts'

/**
 * The platform of a host, with its extended stream if it installs from one: `rhel:9.4-eus`, `sles:15.4-ltss`. Only the
 * repositories tell the stream: os-release is the same with and without it. `platform`: by os-release.
 */
export function streamOf(
  platform: Platform | null,
  osRelease: readonly string[],
  repositories: readonly string[],
): Platform | null {
  const [family] = platform?.split(':') ?? []
  if (family === 'rhel') {
    const version = osRelease.flatMap((line) => /^VERSION_ID="?([\d.]+)"?$/.exec(line)?.[1] ?? [])[0] ?? ''
    return redHatStream(version, repositories) ?? platform
  }
  if (family === 'sles' && repositories.some(isLtss)) return `${platform}-ltss`
  return platform
}

/** The words by which Red Hat's repositories for the base of a system name their stream, in id and address. */
const streams = /(?:^|[-_/])(?:baseos|server|os)[-_](eus|aus|tus|e4s|els)(?:[-_]|$)/i
const contents = /\/content\/(eus|aus|tus|e4s|els)\/[^\t]*?(?:\/(\d+\.\d+)\/[^\t]*?)?\/(?:baseos\/|os\b)/i

/** `null`: no repository is one of an extended stream. `version`: what os-release says. */
function redHatStream(version: string, repositories: readonly string[]): Platform | null {
  const given = repositories.find((line) => line.startsWith('releasever\t'))?.split('\t')[1]
  for (const line of repositories) {
    const [name = '', address = ''] = line.split('\t')
    const [, ofContent, minor] = contents.exec(address) ?? []
    const stream = (ofContent ?? streams.exec(name)?.[1])?.toLowerCase()
    if (stream === undefined) continue
    const [major = ''] = version.split('.')
    if (stream === 'els') return `rhel:${major}-els`
    const release = [minor, given, version].find((one) => one !== undefined && /^\d+\.\d+$/.test(one))
    if (release !== undefined) return `rhel:${release}-${stream}`
  }
  return null
}

/** SUSE's repositories name it in alias and address: `SLE-Product-SLES15-SP4-LTSS-Updates`, `15-SP4-LTSS`. */
function isLtss(line: string): boolean {
  return /[-_]LTSS(?:[-_/\t]|$)/i.test(line) && !line.startsWith('releasever\t')
}
