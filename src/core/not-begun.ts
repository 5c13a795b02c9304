/** What engines say about an asset that was started and on which nothing began: that is not a failure. */

import type { DeploymentOutcome } from './ports.ts'

export const STOPPED = 'The rollout was stopped before its turn came.'
export const TIME_OVER = 'Its time was over before it could begin.'

export function notBegun(reason: string): Extract<DeploymentOutcome, { state: 'not begun' }> {
  return { state: 'not begun', reason, log: '' }
}

/** Is the time over in which an asset may begin? `notAfter`: ISO 8601, itself excluded; `null`: it has no end. */
export function isOver(notAfter: string | null, at: Date): boolean {
  return notAfter !== null && at.getTime() >= Date.parse(notAfter)
}
