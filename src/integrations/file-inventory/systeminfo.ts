import { clientReleases, semiAnnualServers } from '../../core/assessment/windows-releases.ts'
import { windowsPlatform } from '../../core/assessment/windows-updates.ts'
import type { InstalledPackage, Platform } from '../../core/asset.ts'
import { WINDOWS } from '../../core/versions/windows.ts'
import type { SoftwareList } from './software-list.ts'

/** In some code pages, marks such as (R) and TM become one strange letter. */
const productLine = /Windows\S{0,3}\s*(?:Server|XP|Vista|Storage|\d)[^\r\n[\]]*/i

/**
 * Reads the output of `systeminfo` in any language; the output of `ver` or `wmic qfe` may stand before or behind it.
 * Finds the product, its build (complete only with `ver`) and the installed KBs. Throws a sentence when no Windows is
 * named.
 */
export function parseSystemInfo(text: string, what: string): SoftwareList {
  const product = productLine.exec(text)?.[0]
  const found = releaseIn(text)
  if (product === undefined || found === null)
    throw new Error(`${what} names no product and build of Windows: is it the text of systeminfo?`)
  if ([...text.matchAll(new RegExp(releaseLine, 'g'))].length > 1)
    throw new Error(`${what} holds the text of systeminfo more than once: give each machine a file of its own`)
  const { version, build } = found
  const platform = platformOf(product, build, text)
  if (platform === null) throw new Error(`${what}: "${product.slice(0, 80)}" build ${build} is not known`)
  const revision = revisionIn(text, `${version}.${build}`)
  const full = [version, build, ...(revision === null ? [] : [revision])].join('.')
  const kbs = [...new Set([...text.matchAll(/\bKB(\d{6,8})\b/gi)].map(([, number]) => `KB${number}`))].sort()
  const installed = (name: string, number: string): InstalledPackage => ({
    name,
    version: number,
    architecture: 'all',
    source: name,
    sourceVersion: number,
  })
  return {
    packages: [installed(WINDOWS, full), ...kbs.map((kb) => installed(kb, '1'))],
    warnings: revision === null ? warningsAbout(text, `${version}.${build}`, what) : [],
    platform,
    name: /^(?:Host Name|[^:\r\n]{3,40}):\s+(\S+)\s*$/m.exec(text)?.[1] ?? null,
  }
}

/** `systeminfo` names the build twice in one line (`10.0.20348 N/A Build 20348`), so that no other number is like it. */
const releaseLine = /\b(\d+\.\d+)\.(\d{4,5})\b[^\r\n]*\b\2\b/

function releaseIn(text: string): { readonly version: string; readonly build: string } | null {
  const found = releaseLine.exec(text) ?? verLine.exec(text) ?? /\b(\d+\.\d+)\.(\d{4,5})\b/.exec(text)
  const [, version, build] = found ?? []
  return version === undefined || build === undefined ? null : { version, build }
}

/** `Microsoft Windows [Version 10.0.20348.2340]`; in other languages, another word stands in the brackets. */
const verLine = /\[[^\]\r\n]*?\b(\d+\.\d+)\.(\d{4,5})(?:\.(\d{1,5}))?\]/

/**
 * The update revision: the last number that `ver` prints, or the value UBR of the registry. The last one counts, because
 * people append to the file. `null`: the text does not say it.
 */
function revisionIn(text: string, release: string): string | null {
  const versions = [
    ...text.matchAll(new RegExp(`(?<![\\d.])${release.replaceAll('.', '\\.')}\\.(\\d{1,5})(?![\\d.])`, 'g')),
  ]
  const said = versions.at(-1)?.[1]
  if (said !== undefined) return said
  const registry = /\bUBR\s+REG_DWORD\s+(0x[0-9a-f]{1,8})\b/i.exec(text)?.[1]
  return registry === undefined ? null : String(Number(registry))
}

/** Before Windows 10, updates are told by KB numbers, and `ver` says no revision. */
function warningsAbout(text: string, release: string, what: string): readonly string[] {
  if (!release.startsWith('10.')) return []
  const other = verLine.exec(text)
  if (other !== null && other[3] !== undefined)
    return [`${what} is of two machines: systeminfo says ${release}, and ver says ${other[1]}.${other[2]}`]
  return [
    `${what} does not say the update revision of the build (the last number that "ver" prints), so cumulative updates are told by KB numbers alone`,
  ]
}

function platformOf(product: string, build: string, text: string): Platform | null {
  const server = /Server\S{0,3}\s*(20\d\d(?:\s*R2)?)/i.exec(product)?.[1]
  const pack = /Service Pack (\d)/i.exec(text)?.[1]
  const behind = pack === undefined ? '' : ` Service Pack ${pack}`
  if (server !== undefined) {
    const bits = /2003|2008/.test(server) ? archOf(text) : ''
    return windowsPlatform(`Windows Server ${server}${bits}${behind}`)
  }
  const semiAnnual = semiAnnualServers[build]
  if (/Server/i.test(product) && semiAnnual !== undefined)
    return windowsPlatform(`Windows Server, version ${semiAnnual} (Server Core installation)`)
  const named = clientReleases[build] ?? /Windows\S{0,3}\s*(XP|Vista|7|8\.1|8)/i.exec(product)?.[1]
  return named === undefined ? null : windowsPlatform(`Windows ${named}${archOf(text)}${behind}`)
}

function archOf(text: string): string {
  const [, arch] = /\b(x64|X86|ARM64)[- ]?(?:based|basiert|\S*)/.exec(text) ?? []
  if (arch?.toLowerCase() === 'x86') return ' for 32-bit Systems'
  return arch?.toLowerCase() === 'arm64' ? ' for ARM64-based Systems' : ' for x64-based Systems'
}
