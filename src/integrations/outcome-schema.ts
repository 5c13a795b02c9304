import { z } from 'zod'

/** Every outcome of an asset except success, as engines store it. */
export const unsuccessfulOutcome = z.discriminatedUnion('state', [
  z.object({ state: z.literal('failed'), reason: z.string(), log: z.string() }),
  z.object({ state: z.literal('held back'), reason: z.string(), log: z.string() }),
  z.object({ state: z.literal('not begun'), reason: z.string(), log: z.string() }),
  z.object({ state: z.literal('unreachable'), reason: z.string(), touched: z.boolean(), log: z.string() }),
  z.object({ state: z.literal('silent'), reason: z.string(), log: z.string() }),
])
