/** What engines report about an asset that was started but on which no work began. This is not a failure. */

import type { DeploymentOutcome } from './ports.ts'

export const STOPPED = 'The rollout was stopped before its turn came.'
export const TIME_OVER = 'Its time was over before it could begin.'

export function notBegun(reason: string): Extract<DeploymentOutcome, { state: 'not begun' }> {
  return { state: 'not begun', reason, log: '' }
}

/** The outcome of an asset that may not begin. `notBefore`: it is not tried again before, ISO 8601 UTC. */
export function notAllowed({ problem, notBefore }: { readonly problem: string; readonly notBefore?: string }) {
  return { ...notBegun(problem), ...(notBefore === undefined ? {} : { notBefore }) }
}

/** Whether the time in which work may begin is over. `notAfter`: ISO 8601, exclusive; `null`: there is no end. */
export function isOver(notAfter: string | null, at: Date): boolean {
  return notAfter !== null && at.getTime() >= Date.parse(notAfter)
}
