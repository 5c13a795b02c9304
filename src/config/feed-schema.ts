import { z } from 'zod'
import { filePath, optional, platform, text, urlOrPath, yesOrNo } from './fields.ts'

const everyFeed = {
  allowShrinking: yesOrNo
    .default(false)
    .describe('Accept an answer with far fewer records than the last good one, once it is known to be right.'),
}

/** Left out, `location` is the public one that the feed's page in docs/integrations names. */
const location = optional(urlOrPath)

const platforms = optional(
  z.array(platform, { error: 'Write a list of platforms, such as ["debian:12"].' }).min(1, {
    error: 'Write at least one platform, or leave the key out for all.',
  }),
)

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
  platforms: platforms.describe('Only these platforms. Left out: all that the tracker speaks of.'),
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

const osvFeed = z.strictObject({
  kind: z.literal('osv').describe('Records of the Open Source Vulnerability format, of one ecosystem.'),
  ecosystem: text('Write an ecosystem as OSV names it, such as AlmaLinux.', 60).describe(
    'Debian, Ubuntu, AlmaLinux, Rocky Linux, Red Hat, SUSE or Alpine.',
  ),
  platforms: platforms.describe('Only these platforms. Left out: every release that the ecosystem has.'),
  location: location.describe("Address or path of an archive or folder. Default: OSV's archive of the ecosystem."),
  ...everyFeed,
})

const csafFeed = z.strictObject({
  kind: z.literal('csaf').describe("A vendor's advisories or VEX statements as CSAF."),
  publisher: z
    .enum(['redhat', 'redhat-vex', 'suse'], { error: 'Write redhat, redhat-vex or suse.' })
    .describe('redhat: advisories; redhat-vex: a statement for each CVE; suse: advisories.'),
  location: location.describe('Address or path of a folder or archive. Default: that of the publisher.'),
  ...everyFeed,
})

const ovalFeed = z.strictObject({
  kind: z.literal('ubuntu-oval').describe("Canonical's OVAL of security notices, one release."),
  release: text('Write the code name of an Ubuntu release, such as jammy.', 40)
    .regex(/^[a-z]+$/, { error: 'Write the code name of an Ubuntu release, such as jammy.' })
    .describe('Code name of the release.'),
  location: location.describe("Address or path. Default: Canonical's file of the release."),
  ...everyFeed,
})

const secdbFeed = z.strictObject({
  kind: z.literal('alpine-secdb').describe("Alpine's list of fixed vulnerabilities, one release and repository."),
  release: text('Write a release, such as "3.20".', 10)
    .regex(/^\d+\.\d+$/, { error: 'Write a release in quotes, such as "3.20".' })
    .describe('Release, in quotes: "3.20".'),
  repository: z
    .enum(['main', 'community'], { error: 'Write main or community.' })
    .default('main')
    .describe('main or community.'),
  location: location.describe("Address or path. Default: Alpine's file of the repository."),
  ...everyFeed,
})

const msrcFeed = z.strictObject({
  kind: z.literal('msrc').describe("Microsoft's security updates (CVRF), a month at a time."),
  since: text('Write a month, such as "2025-01".', 10)
    .regex(/^\d{4}-\d{2}$/, { error: 'Write a month in quotes, such as "2025-01".' })
    .default('2024-01')
    .describe('The first month that is read.'),
  location: location.describe("Address of the list of months, or a folder of months. Default: Microsoft's list."),
  ...everyFeed,
})

const wesngFeed = z.strictObject({
  kind: z
    .literal('wesng')
    .describe("Microsoft's updates since 2001 in one archive, for sites that cannot reach Microsoft."),
  location: location.describe('Address or path of the definitions. Default: those of the wesng project.'),
  ...everyFeed,
})

const cveFeed = z.strictObject({
  kind: z.literal('cve-records').describe("CVE records with CISA's Vulnrichment: SSVC points and CVSS scores."),
  location: urlOrPath.describe('Address or path of an archive or folder of CVE records.'),
  ...everyFeed,
})

const nvdFeed = z.strictObject({
  kind: z.literal('nvd').describe("NVD's CVSS scores, one voice of several."),
  part: text('Write a year in quotes, or modified.', 10)
    .regex(/^(?:\d{4}|modified)$/, { error: 'Write a year in quotes, such as "2026", or modified.' })
    .default('modified')
    .describe('A year, or modified: what changed in the last eight days.'),
  location: location.describe("Address or path. Default: NVD's file of the part."),
  ...everyFeed,
})

const endOfLifeFeed = z.strictObject({
  kind: z.literal('endoflife').describe('How long platforms are supported.'),
  location: location.describe('Address or path. Default: endoflife.date.'),
  ...everyFeed,
})

const feeds = [
  kevFeed,
  epssFeed,
  trackerFeed,
  debsecanFeed,
  advisoriesFeed,
  osvFeed,
  csafFeed,
  ovalFeed,
  secdbFeed,
  msrcFeed,
  wesngFeed,
  cveFeed,
  nvdFeed,
  endOfLifeFeed,
  fileCatalogFeed,
] as const

export const feed = z.discriminatedUnion('kind', feeds, {
  error: `Write one of ${feeds.map((one) => one.shape.kind.value).join(', ')}.`,
})

export type FeedConfig = z.infer<typeof feed>
