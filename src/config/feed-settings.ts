/** Settings that several feeds share. */

import { z } from 'zod'
import { optional, platform, urlOrPath, yesOrNo } from './fields.ts'

/** Settings of every feed, whatever its kind. */
export const everyFeed = {
  allowShrinking: yesOrNo
    .default(false)
    .describe('Accept an answer with far fewer records than the last good one, once it is known to be right.'),
}

/** If `location` is left out, the public location is used, which the feed's page in docs/integrations names. */
export const location = optional(urlOrPath)

export const platforms = optional(
  z.array(platform, { error: 'Write a list of platforms, such as ["debian:12"].' }).min(1, {
    error: 'Write at least one platform, or leave the key out for all.',
  }),
)

/** A feed as it is configured. Only its kind knows the other settings. */
export type FeedConfig = z.output<z.ZodObject<typeof everyFeed>> & {
  readonly kind: string
  readonly [setting: string]: unknown
}
