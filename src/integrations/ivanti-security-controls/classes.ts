/** What kinds of patches the console knows, and which of them are taken. */

import type { PatchType } from '../../core/catalog.ts'
import type { PatchRow } from './schema.ts'

/** By the console's name. `null`: it is taken only where the settings name it. */
const classes: Readonly<Record<string, { readonly type: PatchType | null; readonly typeWhenNamed: PatchType }>> = {
  SecurityPatch: { type: 'security', typeWhenNamed: 'security' },
  NonSecurityPatch: { type: 'bugfix', typeWhenNamed: 'bugfix' },
  SoftwareDistribution: { type: null, typeWhenNamed: 'feature' },
  SecurityTools: { type: null, typeWhenNamed: 'bugfix' },
  CustomActions: { type: null, typeWhenNamed: 'bugfix' },
}

/** Names of those that are off unless the settings name them. */
export const namedClasses: readonly string[] = Object.keys(classes).filter((name) => classes[name]?.type === null)

/** `also`: classes that the settings name. `null`: the patch is not taken. */
export function typeOf({ patchType }: Pick<PatchRow, 'patchType'>, also: readonly string[]): PatchType | null {
  const found = Object.entries(classes).find(
    ([name]) => name.toLowerCase() === patchType?.replaceAll(' ', '').toLowerCase(),
  )
  if (found === undefined) return null
  const [name, { type, typeWhenNamed }] = found
  return also.includes(name) ? typeWhenNamed : type
}

/** The severity in Microsoft's words; `null`: none of them. */
export function severityOf({ vendorSeverity }: Pick<PatchRow, 'vendorSeverity'>): string | null {
  return (
    ['Low', 'Moderate', 'Important', 'Critical'].find((one) => one.toLowerCase() === vendorSeverity?.toLowerCase()) ??
    null
  )
}
