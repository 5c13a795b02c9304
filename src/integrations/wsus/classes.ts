/** What kinds of updates a WSUS holds, and which of them are taken. */

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
