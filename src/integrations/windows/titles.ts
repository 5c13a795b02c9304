/** Titles of Microsoft's updates, as the systems that offer them show them. */

import { targetOf, type WindowsTarget } from '../../core/assessment/windows-updates.ts'

/** What the update is called, for whom, and what it leads to, as its title says. */
export interface TitleParts {
  /** `Cumulative Update`, in Microsoft's words. */
  readonly what: string
  readonly target: WindowsTarget | null
  /** `10.0.26100.4061`; `null`: the title does not say it. */
  readonly build: string | null
}

/**
 * Reads a title such as `2026-11 Cumulative Update for Windows Server 2022 for x64-based Systems (KB5099999)
 * (20348.4405)`. A title without a known Windows has no target: Office, SQL Server, tools.
 */
export function readTitle(title: string): TitleParts {
  const plain = title.replace(/\s*\((?:KB\d+|\d{4,5}\.\d{1,5})\)/gi, '').replace(/^\d{4}-\d{2} /, '')
  const [, what = plain, product = ''] = /^(.*?) for (.+)$/i.exec(plain.trim()) ?? []
  const [, build] = /\((\d{4,5}\.\d{1,5})\)/.exec(title) ?? []
  return { what, target: targetOf(nameOf(product)), build: build === undefined ? null : `10.0.${build}` }
}

/**
 * Since 2022 titles call servers by their version: https://learn.microsoft.com/windows/release-health/windows-server-release-info
 */
const serverOf: Readonly<Record<string, string>> = {
  '21h2': 'Windows Server 2022',
  '23h2': 'Windows Server 2022, 23H2 Edition',
  '24h2': 'Windows Server 2025',
}

function nameOf(product: string): string {
  const named = product.replace(
    /Microsoft server operating system[,-]?\s*(?:version )?(\d\dH\d)/i,
    (whole, version: string) => serverOf[version.toLowerCase()] ?? whole,
  )
  // `.NET Framework 3.5 and 4.8 for Windows Server 2022`: a product on Windows, as Microsoft's feed writes it with "on".
  const server = named.replace(/(Windows Server[^(]*?) for (?:x64|arm64)(?:-based)?(?: Systems)?/i, '$1')
  return /^(?:Microsoft )?Windows/i.test(server)
    ? server
    : server.replace(/ for ((?:Microsoft )?Windows .+)$/i, ' on $1')
}
