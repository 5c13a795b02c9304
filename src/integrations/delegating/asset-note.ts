/** What engines of systems that are told ahead note of an asset alike: why it was never told, and how that ends. */

import { z } from 'zod'
import { heldBack } from '../../core/held-back.ts'
import { notBegun, TIME_OVER } from '../../core/not-begun.ts'
import type { DeploymentOutcome } from '../../core/ports.ts'

export const updateChangeSchema = z.object({
  kind: z.literal('update'),
  name: z.string(),
  build: z.string().nullable(),
  undone: z.literal(true).exactOptional(),
})

/** Why it was never told. */
export const refusedSchema = z.object({ state: z.enum(['held back', 'not begun', 'unreachable']), reason: z.string() })
export type Refused = z.infer<typeof refusedSchema>

export const tooLate = { state: 'not begun', reason: TIME_OVER } as const

export const ALREADY = 'All of it was installed already, and not by this start.'

/** `outcome`: of an asset that cannot be told. */
export function refusedBy(outcome: DeploymentOutcome): Refused {
  const reason = outcome.state === 'succeeded' ? ALREADY : outcome.reason
  const { state } = outcome
  return { state: state === 'not begun' || state === 'unreachable' ? state : 'held back', reason }
}

export function outcomeOfRefused({ state, reason }: Refused): DeploymentOutcome {
  if (state === 'held back') return heldBack(reason)
  return state === 'not begun' ? notBegun(reason) : { state, reason, touched: false, log: '' }
}
