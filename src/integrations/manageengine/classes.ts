/** What kinds of patches ManageEngine knows, and which of them are taken. */

import type { PatchType } from '../../core/catalog.ts'
import type { Patch } from './api.ts'

interface Class {
  readonly name: string
  /** `null`: it is taken only where the settings name it. */
  readonly type: PatchType | null
  readonly typeWhenNamed: PatchType
}

/** By the number that the server gives them. */
const classes: readonly Class[] = [
  { name: 'Security Updates', type: 'security', typeWhenNamed: 'security' },
  { name: 'Critical Updates', type: 'bugfix', typeWhenNamed: 'bugfix' },
  { name: 'Third Party Updates', type: null, typeWhenNamed: 'security' },
  { name: 'Updates', type: 'bugfix', typeWhenNamed: 'bugfix' },
  { name: 'Definition Updates', type: null, typeWhenNamed: 'security' },
  { name: 'Service Packs', type: 'feature', typeWhenNamed: 'feature' },
  { name: 'Feature Packs', type: null, typeWhenNamed: 'feature' },
  { name: 'Rollups', type: 'bugfix', typeWhenNamed: 'bugfix' },
  { name: 'Tools', type: null, typeWhenNamed: 'bugfix' },
  { name: 'Drivers', type: null, typeWhenNamed: 'bugfix' },
  { name: 'Optional Updates', type: null, typeWhenNamed: 'bugfix' },
  { name: 'Preview Rollups', type: null, typeWhenNamed: 'bugfix' },
  { name: 'BIOS', type: null, typeWhenNamed: 'bugfix' },
]

/** Names of those that are off unless the settings name them. */
export const namedClasses: readonly string[] = classes.flatMap(({ name, type }) => (type === null ? [name] : []))

function classOf({ type, typeName }: Pick<Patch, 'type' | 'typeName'>): Class | null {
  const plain = (name: string) => name.toLowerCase().replaceAll(/[^a-z]|s\b/g, '')
  return classes[type ?? -1] ?? classes.find(({ name }) => plain(name) === plain(typeName ?? '')) ?? null
}

/** `also`: classes that the settings name. `null`: the patch is not taken. */
export function typeOf(patch: Pick<Patch, 'type' | 'typeName' | 'title'>, also: readonly string[]): PatchType | null {
  const found = classOf(patch)
  if (found === null) return null
  if (also.includes(found.name)) return found.typeWhenNamed
  // A preview of next month's update is offered a week or two before, for those who test.
  return /\bpreview\b/i.test(patch.title) ? null : found.type
}

const severities = [null, 'Low', 'Moderate', 'Important', 'Critical'] as const

export function severityOf({ severity }: Pick<Patch, 'severity'>): string | null {
  return severities[severity ?? 0] ?? null
}

/** Why nothing of it can be installed any more, as a clause; `null`: it can. */
export function notOffered(
  { declined, supersededBy }: Pick<Patch, 'declined' | 'supersededBy'>,
  newer: Patch | null,
): string | null {
  if (declined) return 'it is declined'
  if (supersededBy === null) return null
  return `it is superseded by ${newer === null ? supersededBy : patchName(newer)}`
}

/** `KB5035857`, or the title of one without a number. */
export function patchName({ kb, title }: Pick<Patch, 'kb' | 'title'>): string {
  return kb === null ? title : `KB${kb}`
}
