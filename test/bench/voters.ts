/** A team whose quorum is never reached by those who vote in a measurement. */

import type { Member, Policy } from '../../src/core/policy.ts'
import { standard } from '../support/example-service.ts'

/** So many vote; the quorum asks for two more. */
export const VOTERS = 10
export const QUORUM = VOTERS + 2

export const members: readonly Member[] = Array.from({ length: QUORUM + 2 }, (_, index) => ({
  id: `person${index}`,
  name: `Person ${index}`,
  roles: [index % 2 === 0 ? 'owner' : 'security'],
}))

export const policy: Policy = {
  ...standard,
  approval: {
    kind: 'quorum',
    needs: [
      { role: 'owner', count: QUORUM / 2 },
      { role: 'security', count: QUORUM / 2 },
    ],
  },
}
