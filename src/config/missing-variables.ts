import type { Values } from '../core/variables.ts'
import type { Kind } from './kind.ts'
import { sectionOf } from './kind-settings.ts'
import type { Finding } from './problem.ts'
import type { Settings } from './schema.ts'
import { placeInFile } from './systems.ts'

/** Findings for entries whose kind needs a variable that is not set. */
export function missingVariables(settings: Settings, kinds: readonly Kind[], values: Values): readonly Finding[] {
  return kinds.flatMap((kind) => {
    const needed = Object.entries(kind.variables?.named ?? {}).filter(([, { required }]) => required)
    const missing = needed.filter(([name]) => values[name] === undefined)
    return missing.flatMap(([name, { secret }]) =>
      entriesOf(settings, kind).map((path): Finding => {
        const what = `needs the variable ${name}, which is not set`
        const mend = `Set it in the environment or in .env${secret ? `, or ${name}_FILE to a file that holds it` : ''}.`
        return { path: placeInFile(settings, kinds, path), at: 'key', what, mend }
      }),
    )
  })
}

/** The section and the name of each entry of a kind. */
function entriesOf(settings: Settings, { name, roles }: Kind): readonly (readonly [string, string])[] {
  return Object.entries(sectionOf).flatMap(([role, section]) => {
    const own = Object.entries(roles).find(([played]) => played === role)?.[1]
    const isOfKind = (kind: string) => own !== undefined && (kind === name || own.olderNames?.includes(kind))
    return Object.entries(settings[section]).flatMap(([entry, { kind }]) =>
      isOfKind(kind) ? [[section, entry] as const] : [],
    )
  })
}
