/** Checks that need more than one key: names exist, policies can be satisfied, parts fit together. */

import { checkAbsences } from './check-absences.ts'
import { checkAccounts } from './check-accounts.ts'
import { checkFleet } from './check-fleet.ts'
import { checkKinds } from './check-kinds.ts'
import { checkPolicies } from './check-policies.ts'
import { checkReferences } from './check-references.ts'
import { checkRollouts } from './check-rollouts.ts'
import { checkTimes } from './check-times.ts'
import { checkZones } from './check-zones.ts'
import type { Kind } from './kind.ts'
import { checkMachines } from './machine-rule.ts'
import { type Notes, nothingUnread, type Unread } from './notes.ts'
import type { Finding } from './problem.ts'
import type { Settings } from './schema.ts'
import { placeInFile } from './systems.ts'
import { zoneData } from './zone-data.ts'

export interface CrossCheck {
  readonly problems: readonly Finding[]
  readonly warnings: readonly Finding[]
}

/** Checks settings of which each single key is valid. */
export function crossCheck(settings: Settings, kinds: readonly Kind[], unread: Unread = nothingUnread): CrossCheck {
  const problems: Finding[] = []
  const warnings: Finding[] = []
  const notes: Notes = {
    problem: (path, what, mend, at = 'value') =>
      void problems.push({ path: placeInFile(settings, kinds, path), at, what, mend }),
    warning: (path, what, mend, at = 'value') =>
      void warnings.push({ path: placeInFile(settings, kinds, path), at, what, mend }),
  }
  checkReferences(settings, kinds, unread, notes)
  checkPolicies(settings, unread, notes)
  checkAbsences(settings, notes)
  checkTimes(settings, notes)
  checkZones(settings, notes, zoneData)
  checkRollouts(settings, kinds, unread, notes)
  checkKinds(settings, kinds, notes)
  checkFleet(settings, kinds, notes)
  checkAccounts(settings, notes)
  checkMachines(settings, notes)
  return { problems, warnings }
}
