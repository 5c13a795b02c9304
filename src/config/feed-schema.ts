import { z } from 'zod'
import { filePath, optional, platform, text, urlOrPath, yesOrNo } from './fields.ts'

const everyFeed = {
  allowShrinking: yesOrNo
    .default(false)
    .describe('Accept an answer with far fewer records than the last good one, once it is known to be right.'),
}

/** Left out, `location` is the public one that the feed's page in docs/integrations names. */
const location = optional(urlOrPath)

const kevFeed = z.strictObject({
  kind: z.literal('kev').describe("CISA's Known Exploited Vulnerabilities."),
  location: location.describe('Address or path. Default: CISA, then its mirror.'),
  ...everyFeed,
})

const epssFeed = z.strictObject({
  kind: z.literal('epss').describe("FIRST's Exploit Prediction Scoring System."),
  location: location.describe('Address or path. Default: the current scores.'),
  ...everyFeed,
})

const trackerFeed = z.strictObject({
  kind: z.literal('debian-tracker').describe("Debian's security tracker: what is fixed where."),
  location: location.describe("Address or path. Default: the tracker's own."),
  platforms: optional(
    z.array(platform, { error: 'Write a list of platforms, such as ["debian:12"].' }).min(1, {
      error: 'Write at least one platform, or leave the key out for all.',
    }),
  ).describe('Only these platforms. Left out: all that the tracker speaks of.'),
  ...everyFeed,
})

const debsecanFeed = z.strictObject({
  kind: z.literal('debsecan').describe("Debian's data for the debsecan tool, one release."),
  release: text('Write the code name of a Debian release, such as bookworm.', 40)
    .regex(/^[a-z]+$/, { error: 'Write the code name of a Debian release, such as bookworm.' })
    .describe('Code name of the release.'),
  location: location.describe("Address or path. Default: the tracker's feed of the release."),
  ...everyFeed,
})

const advisoriesFeed = z.strictObject({
  kind: z.literal('debian-advisories').describe("Debian's list of security advisories."),
  list: z
    .enum(['dsa', 'dla'], { error: 'Write dsa, or dla for long-term support.' })
    .default('dsa')
    .describe('dsa: security team; dla: long-term support.'),
  location: location.describe('Address or path. Default: the list in the public repository of the security tracker.'),
  ...everyFeed,
})

const fileCatalogFeed = z.strictObject({
  kind: z.literal('file-catalog').describe('Fixes, advisories and scores in one JSON file.'),
  path: filePath.describe('The file.'),
  ...everyFeed,
})

export const feed = z.discriminatedUnion(
  'kind',
  [kevFeed, epssFeed, trackerFeed, debsecanFeed, advisoriesFeed, fileCatalogFeed],
  { error: 'Write kev, epss, debian-tracker, debsecan, debian-advisories or file-catalog.' },
)

export type FeedConfig = z.infer<typeof feed>
