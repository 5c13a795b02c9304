/** Settings that feeds have in common. */

import { z } from 'zod'
import { optional, platform, urlOrPath, yesOrNo } from './fields.ts'

/** What every feed says, whatever its kind. */
export const everyFeed = {
  allowShrinking: yesOrNo
    .default(false)
    .describe('Accept an answer with far fewer records than the last good one, once it is known to be right.'),
}

/** Left out, `location` is the public one that the feed's page in docs/integrations names. */
export const location = optional(urlOrPath)

export const platforms = optional(
  z.array(platform, { error: 'Write a list of platforms, such as ["debian:12"].' }).min(1, {
    error: 'Write at least one platform, or leave the key out for all.',
  }),
)

/** A feed as it is configured. Only its kind knows its other settings. */
export type FeedConfig = z.output<z.ZodObject<typeof everyFeed>> & {
  readonly kind: string
  readonly [setting: string]: unknown
}
