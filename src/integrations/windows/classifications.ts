/** Classes of Microsoft's updates, as WSUS and Configuration Manager have them, and which of them are taken. */

import type { PatchType } from '../../core/catalog.ts'

/** `null`: it is taken only where the settings name it. */
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

/** Types of the classes that are off unless they are named. */
const typeWhenNamed: Readonly<Record<string, PatchType>> = {
  'Feature Packs': 'feature',
  Upgrades: 'feature',
  Drivers: 'bugfix',
  'Driver Sets': 'bugfix',
  'Definition Updates': 'security',
  Tools: 'bugfix',
}

export const namedClasses = Object.keys(typeWhenNamed)

export interface Classified {
  readonly classification: string
  readonly isDriver: boolean
  readonly title: string
}

/** `also`: classes that are named in the settings. `null`: the update is not taken. */
export function typeOfUpdate(
  { classification, isDriver, title }: Classified,
  also: readonly string[],
): PatchType | null {
  const named = also.includes(classification)
  if (isDriver && !named) return null
  // A preview of next month's update is offered a week or two before, for those who test.
  if (/\bpreview\b/i.test(title) && !named) return null
  const type = named ? typeWhenNamed[classification] : undefined
  return type ?? typeOfClass[classification] ?? null
}

/** By the ids that they have everywhere: https://learn.microsoft.com/previous-versions/windows/desktop/ff357803(v=vs.85) */
const classOfId: Readonly<Record<string, string>> = {
  '0fa1201d-4330-4fa8-8ae9-b877473b6441': 'Security Updates',
  'e6cf1350-c01b-414d-a61f-263d14d133b4': 'Critical Updates',
  '28bc880e-0592-4cbf-8f95-c79b17911d5f': 'Update Rollups',
  'cd5ffd1e-e932-4e3a-bf74-18bf0b1bbd83': 'Updates',
  '68c5b0a3-d1a6-4553-ae49-01d3a7827828': 'Service Packs',
  'b54e7d24-7add-428f-8b75-90a396fa584f': 'Feature Packs',
  '3689bdc8-b205-4af4-8d4a-a63924c5e9d5': 'Upgrades',
  'ebfc1fc5-71a4-4f7b-9aca-3b9a503104a0': 'Drivers',
  '77835c8d-62a7-41f5-82ad-f28d1af1e3b1': 'Driver Sets',
  'e0789628-ce08-4437-be74-2495b842f43b': 'Definition Updates',
  'b4832bd8-e735-4761-8daf-37f882276dab': 'Tools',
}

/** The class among ids such as `UpdateClassification:0fa1201d-...`, or else among names; empty: there is none. */
export function classIn(ids: readonly string[], names: readonly string[]): string {
  for (const id of ids) {
    const [, guid = ''] = /^UpdateClassification:([0-9a-f-]{36})$/i.exec(id) ?? []
    const found = classOfId[guid.toLowerCase()]
    if (found !== undefined) return found
  }
  return names.find((name) => Object.hasOwn(typeOfClass, name)) ?? ''
}
