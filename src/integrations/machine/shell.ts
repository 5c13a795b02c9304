/** Functions for a POSIX sh, used by the scripts that run on machines. */

import { readFileSync } from 'node:fs'

const functions = (file: string) => readFileSync(new URL(`./${file}`, import.meta.url), 'utf8')

/** `mark` and `report`, whose output sections.ts reads. */
export const sectionFunctions = functions('sections.sh')
/** `stale_processes`, `unit_of` and `stale_services`. */
export const serviceFunctions = functions('services.sh')

/** Quotes a text, so that a POSIX shell takes it as one word. */
export function quoted(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`
}
