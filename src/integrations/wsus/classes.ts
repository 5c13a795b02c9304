/** What kinds of updates a WSUS holds, which of them are taken, and for which Windows they are. */

import { targetOf, type WindowsTarget } from '../../core/assessment/windows-updates.ts'
import type { PatchType } from '../../core/catalog.ts'
import type { WsusUpdate } from './calls.ts'

/** By classification. `null`: it is taken only where the settings name it. */
const typeOfClass: Readonly<Record<string, PatchType | null>> = {
  'Security Updates': 'security',
  'Critical Updates': 'bugfix',
  'Update Rollups': 'bugfix',
  Updates: 'bugfix',
  'Service Packs': 'feature',
  'Feature Packs': null,
  Upgrades: null,
  Drivers: null,
  'Driver Sets': null,
  'Definition Updates': null,
  Tools: null,
}

/** Types of the classifications that are off unless they are named. */
const typeWhenNamed: Readonly<Record<string, PatchType>> = {
  'Feature Packs': 'feature',
  Upgrades: 'feature',
  Drivers: 'bugfix',
  'Driver Sets': 'bugfix',
  'Definition Updates': 'security',
  Tools: 'bugfix',
}

export const namedClasses = Object.keys(typeWhenNamed)

/** `also`: classifications that are named in the settings. `null`: the update is not taken. */
export function typeOf(
  update: Pick<WsusUpdate, 'classification' | 'kind' | 'title'>,
  also: readonly string[],
): PatchType | null {
  const { classification, kind, title } = update
  const named = also.includes(classification)
  if (kind === 'Driver' && !named) return null
  // A preview of next month's update is offered a week or two before, for those who test.
  if (/\bpreview\b/i.test(title) && !named) return null
  const type = named ? typeWhenNamed[classification] : undefined
  return type ?? typeOfClass[classification] ?? null
}

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

/** Why nothing of it can be installed any more, as a clause; `null`: it can. `by`: the update that replaced it. */
export function notOffered(update: Pick<WsusUpdate, 'declined' | 'expired'>, by: WsusUpdate | null): string | null {
  if (update.declined) return 'it is declined'
  if (update.expired) return 'Microsoft has withdrawn it (it is expired)'
  return by === null ? null : `it is superseded by ${kbOf(by)}`
}

/** `KB5035857`, or the title of an update without a number. */
export function kbOf({ kbs, title }: Pick<WsusUpdate, 'kbs' | 'title'>): string {
  const [kb] = kbs
  return kb === undefined ? title : `KB${kb}`
}
