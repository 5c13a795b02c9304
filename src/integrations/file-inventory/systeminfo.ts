import { windowsPlatform } from '../../core/assessment/windows-updates.ts'
import type { InstalledPackage, Platform } from '../../core/asset.ts'
import { WINDOWS } from '../../core/versions/windows.ts'
import type { SoftwareList } from './software-list.ts'

/** Windows 10 and 11 by build, with Microsoft's names: https://learn.microsoft.com/windows/release-health/. */
const clients: Readonly<Record<string, string>> = {
  10240: '10',
  10586: '10 Version 1511',
  14393: '10 Version 1607',
  15063: '10 Version 1703',
  16299: '10 Version 1709',
  17134: '10 Version 1803',
  17763: '10 Version 1809',
  18362: '10 Version 1903',
  18363: '10 Version 1909',
  19041: '10 Version 2004',
  19042: '10 Version 20H2',
  19043: '10 Version 21H1',
  19044: '10 Version 21H2',
  19045: '10 Version 22H2',
  22000: '11 Version 21H2',
  22621: '11 Version 22H2',
  22631: '11 Version 23H2',
  26100: '11 Version 24H2',
  26200: '11 Version 25H2',
}

/** In some code pages, marks such as (R) and TM become one strange letter. */
const productLine = /Windows\S{0,3}\s*(?:Server|XP|Vista|Storage|\d)[^\r\n[\]]*/i

/**
 * Reads the output of `systeminfo` in any language; the output of `ver` or `wmic qfe` may follow. Finds the product,
 * its build (complete only with `ver`) and the installed KBs. Throws a sentence when no Windows is named.
 */
export function parseSystemInfo(text: string, what: string): SoftwareList {
  const product = productLine.exec(text)?.[0]
  const [, version, build, revision] = /\b(\d+\.\d+)\.(\d{4,5})(?:\.(\d{1,5}))?\b/.exec(text) ?? []
  if (product === undefined || version === undefined || build === undefined)
    throw new Error(`${what} names no product and build of Windows: is it the text of systeminfo?`)
  const platform = platformOf(product, build, text)
  if (platform === null) throw new Error(`${what}: "${product.slice(0, 80)}" build ${build} is not known`)
  const full = [version, build, revision].filter((part) => part !== undefined).join('.')
  const kbs = [...new Set([...text.matchAll(/\bKB(\d{6,8})\b/gi)].map(([, number]) => `KB${number}`))].sort()
  const installed = (name: string, number: string): InstalledPackage => ({
    name,
    version: number,
    architecture: 'all',
    source: name,
    sourceVersion: number,
  })
  const warnings =
    revision === undefined
      ? [
          `${what} does not say the update revision of the build (the last number that "ver" prints), so cumulative updates are told by KB numbers alone`,
        ]
      : []
  return {
    packages: [installed(WINDOWS, full), ...kbs.map((kb) => installed(kb, '1'))],
    warnings,
    platform,
    name: /^(?:Host Name|[^:\r\n]{3,40}):\s+(\S+)\s*$/m.exec(text)?.[1] ?? null,
  }
}

function platformOf(product: string, build: string, text: string): Platform | null {
  const server = /Server\S{0,3}\s*(20\d\d(?:\s*R2)?)/i.exec(product)?.[1]
  const pack = /Service Pack (\d)/i.exec(text)?.[1]
  const behind = pack === undefined ? '' : ` Service Pack ${pack}`
  if (server !== undefined) {
    const bits = /2003|2008/.test(server) ? archOf(text) : ''
    return windowsPlatform(`Windows Server ${server}${bits}${behind}`)
  }
  const named = clients[build] ?? /Windows\S{0,3}\s*(XP|Vista|7|8\.1|8)/i.exec(product)?.[1]
  return named === undefined ? null : windowsPlatform(`Windows ${named}${archOf(text)}${behind}`)
}

function archOf(text: string): string {
  const [, arch] = /\b(x64|X86|ARM64)[- ]?(?:based|basiert|\S*)/.exec(text) ?? []
  if (arch?.toLowerCase() === 'x86') return ' for 32-bit Systems'
  return arch?.toLowerCase() === 'arm64' ? ' for ARM64-based Systems' : ' for x64-based Systems'
}
