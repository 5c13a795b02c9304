import { z } from 'zod'

/** A change as engines of systems that are told ahead note it of an asset. */
export const updateChangeSchema = z.object({
  kind: z.literal('update'),
  name: z.string(),
  build: z.string().nullable(),
  undone: z.literal(true).exactOptional(),
})
