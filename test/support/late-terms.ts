import type { Terms } from '../../src/core/terms.ts'

/** Of a system that is told a day ahead, and whose machines report within a day. */
export const lateTerms: Terms = {
  grain: 'group',
  leadSeconds: 86_400,
  reportsWithinSeconds: 86_400,
  windowEnd: 'taken back',
  reboots: ['never', 'if required'],
  stopReaches: 'not begun',
  notUndone: [],
  licences: [],
  alsoInstalls: [],
}
