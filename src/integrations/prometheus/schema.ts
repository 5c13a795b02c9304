import { z } from 'zod'

/** Seconds since 1970, and the value as text. Prometheus HTTP API, "Expression query result formats". */
const point = z.tuple([z.number(), z.string()])
const metric = z.record(z.string(), z.string())

export const answerSchema = z.discriminatedUnion('status', [
  z.object({
    status: z.literal('success'),
    data: z.discriminatedUnion('resultType', [
      z.object({ resultType: z.literal('vector'), result: z.array(z.object({ metric, value: point.optional() })) }),
      z.object({ resultType: z.literal('scalar'), result: point }),
      z.object({ resultType: z.literal('string'), result: point }),
      z.object({
        resultType: z.literal('matrix'),
        result: z.array(z.object({ metric, values: z.array(point).optional() })),
      }),
    ]),
    /** The data may be incomplete. */
    warnings: z.array(z.string()).optional(),
    /** VictoriaMetrics: some of its storage did not answer. */
    isPartial: z.boolean().optional(),
  }),
  z.object({ status: z.literal('error'), errorType: z.string(), error: z.string() }),
])

export type QueryResult = Extract<z.infer<typeof answerSchema>, { status: 'success' }>['data']
