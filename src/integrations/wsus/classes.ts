/** What kinds of updates a WSUS holds, and which of them are taken. */

import type { PatchType } from '../../core/catalog.ts'
import { typeOfUpdate } from '../windows/classifications.ts'
import type { WsusUpdate } from './calls.ts'

/** `also`: classifications that are named in the settings. `null`: the update is not taken. */
export function typeOf(
  { classification, kind, title }: Pick<WsusUpdate, 'classification' | 'kind' | 'title'>,
  also: readonly string[],
): PatchType | null {
  return typeOfUpdate({ classification, isDriver: kind === 'Driver', title }, also)
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
