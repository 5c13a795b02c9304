/** What kinds of updates a site has, and which of them are taken. */

import type { PatchType } from '../../core/catalog.ts'
import { classIn, typeOfUpdate } from '../windows/classifications.ts'
import type { Update } from './schema.ts'

/** `also`: classes that are named in the settings. `null`: the update is not taken. */
export function typeOf({ categoryIds, categories, title }: Update, also: readonly string[]): PatchType | null {
  return typeOfUpdate({ classification: classIn(categoryIds, categories), isDriver: false, title }, also)
}

const SEVERITIES: Readonly<Record<number, string>> = { 10: 'Critical', 8: 'Important', 6: 'Moderate', 2: 'Low' }

export function severityOf({ severity }: Pick<Update, 'severity'>): string | null {
  return SEVERITIES[severity ?? 0] ?? null
}

/** `KB5035857`, or the title of an update without a number. */
export function kbOf({ kb, title }: Pick<Update, 'kb' | 'title'>): string {
  return kb === null ? title : `KB${kb}`
}

/** Why nothing of it can be installed any more, as a clause; `null`: it can. `by`: the update that replaced it. */
export function notOffered(update: Pick<Update, 'expired' | 'superseded'>, by: Update | null): string | null {
  if (update.expired) return 'Microsoft has withdrawn it (it is expired)'
  if (by !== null) return `it is superseded by ${kbOf(by)}`
  return null
}
