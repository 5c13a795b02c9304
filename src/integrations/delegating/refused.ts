/** Why an asset of a start was never told, as it is noted and reported, and what a look at a batch finds. */

import { z } from 'zod'
import { heldBack } from '../../core/held-back.ts'
import { notBegun, TIME_OVER } from '../../core/not-begun.ts'
import type { DeploymentOutcome, PreflightResult } from '../../core/ports.ts'
import type { LookedAt } from './first-contact.ts'

export const refusedSchema = z.object({
  state: z.enum(['held back', 'not begun', 'unreachable']),
  reason: z.string(),
})
export type Refused = z.infer<typeof refusedSchema>

export const ALREADY: Refused = {
  state: 'held back',
  reason: 'All of it was installed already, and not by this start.',
}

export const TOO_LATE: Refused = { state: 'not begun', reason: TIME_OVER }

/** What an obstacle is noted as. */
export function refusedBy(outcome: DeploymentOutcome): Refused {
  if (outcome.state === 'succeeded') return ALREADY
  const { state, reason } = outcome
  return { state: state === 'not begun' || state === 'unreachable' ? state : 'held back', reason }
}

export function outcomeOfRefused({ state, reason }: Refused): DeploymentOutcome {
  if (state === 'held back') return heldBack(reason)
  return state === 'not begun' ? notBegun(reason) : { state, reason, touched: false, log: '' }
}

export function preflighted(looked: readonly LookedAt[]): readonly PreflightResult[] {
  return looked.map(({ request, found }): PreflightResult => {
    const asset = request.asset.id
    if (!found.ready) return { asset, ready: false, outcome: found.outcome }
    const notes = found.plan.items.length === 0 ? ['nothing to do: it is installed already'] : []
    return { asset, ready: true, notes }
  })
}
