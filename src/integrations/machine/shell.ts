/** What the scripts that run on machines share: functions for a POSIX sh. */

import { readFileSync } from 'node:fs'

const functions = (file: string) => readFileSync(new URL(`./${file}`, import.meta.url), 'utf8')

/** `mark` and `report`, which say what sections.ts reads. */
export const sectionFunctions = functions('sections.sh')
/** `stale_processes`, `unit_of` and `stale_services`. */
export const serviceFunctions = functions('services.sh')

/** One word for a POSIX shell, whatever it holds. */
export function quoted(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`
}
