/**
 * Feed of Debian's security tracker: fixed versions by source package and release. docs/integrations/debian-tracker.md
 */

import { setImmediate as othersTurn } from 'node:timers/promises'
import type { Platform } from '../../../core/asset.ts'
import type { Fix, RejectedRecord } from '../../../core/catalog.ts'
import type { CatalogFeed } from '../../../core/ports.ts'
import { parseJson } from '../../json-text.ts'
import { isCveId } from '../cve-id.ts'
import { debianPlatform } from '../debian-releases.ts'
import {
  createFeed,
  type FeedInput,
  type FeedOptions,
  type ParsedFeed,
  requireNotShrunken,
  requireReadable,
  type WholeFile,
} from '../feed.ts'
import { schemaProblem } from '../schema-problem.ts'
import { issueSchema, releaseSchema, type State, stateSchema } from './schema.ts'

export const debianTrackerLocation = 'https://security-tracker.debian.org/tracker/data/json'

/** When a release leaves the tracker, up to a third of the records leave with it. */
const MAX_SHRINK_PERCENT = 40

const SOURCES_PER_TURN = 200

export interface DebianTrackerOptions extends Omit<FeedOptions, 'location'> {
  /** Default: the address of Debian's tracker. */
  readonly location?: string
  /** Keep only these platforms, e.g. `['debian:12']`. Default: all releases in the tracker. */
  readonly platforms?: readonly Platform[]
}

export function createDebianTrackerFeed(options: DebianTrackerOptions): CatalogFeed {
  return createFeed(
    { location: debianTrackerLocation, ...options },
    {
      describe: 'Debian security tracker',
      state: stateSchema,
      asked: options.platforms?.join(' ') ?? 'all',
      async parse(input) {
        const parsed = await parseTracker(input, options.platforms ?? null)
        requireReadable(input.what, parsed.state.fixes, [])
        return parsed
      },
    },
  )
}

export const trackerFile: WholeFile = {
  matches: (head) => /^\s*\{\s*"[a-z0-9][a-z0-9+.-]*"\s*:\s*\{\s*"(?:CVE|TEMP)-/.test(head),
  parse: (input, { platforms }) => parseTracker(input, platforms),
}

export async function parseTracker(
  input: FeedInput<State>,
  wanted: readonly Platform[] | null,
): Promise<ParsedFeed<State>> {
  const { bytes, what, previous } = input
  const data = parseJson(bytes.toString('utf8'), what)
  if (!isObject(data)) throw new Error(`${what} is not the tracker's JSON: it must be an object by source package`)
  const reading: Reading = { issues: 0, fixes: [], rejected: [], unknownReleases: new Set(), wanted }
  let sources = 0
  for (const [source, issues] of Object.entries(data)) {
    sources++
    if (sources % SOURCES_PER_TURN === 0) await othersTurn()
    if (!isObject(issues)) {
      reading.rejected.push({ where: source, reason: 'is not an object by CVE' })
      continue
    }
    for (const [cve, issue] of Object.entries(issues)) readIssue(reading, source, cve, issue)
  }
  requireReadable(what, Math.max(reading.issues, reading.fixes.length), reading.rejected)
  requireNotShrunken(input, previous?.fixes ?? null, reading.fixes.length, MAX_SHRINK_PERCENT)
  const { fixes, rejected } = reading
  return { content: { fixes }, rejected, state: { fixes: fixes.length } }
}

interface Reading {
  /** The number of issues that were read, of any release. */
  issues: number
  readonly fixes: Fix[]
  readonly rejected: RejectedRecord[]
  readonly unknownReleases: Set<string>
  readonly wanted: readonly Platform[] | null
}

function readIssue(reading: Reading, source: string, cve: string, value: unknown): void {
  // An issue without a CVE has a temporary name, which changes later.
  if (cve.startsWith('TEMP-')) return
  const where = `${source} ${cve}`
  if (!isCveId(cve)) {
    reading.rejected.push({ where, reason: 'is no CVE id' })
    return
  }
  const issue = issueSchema.safeParse(value)
  if (!issue.success) {
    reading.rejected.push({ where, reason: schemaProblem(issue.error) })
    return
  }
  reading.issues++
  for (const [codeName, state] of Object.entries(issue.data.releases)) {
    const platform = debianPlatform(codeName)
    if (platform === 'none' || (platform !== null && reading.wanted !== null && !reading.wanted.includes(platform)))
      continue
    if (platform === null) {
      if (!reading.unknownReleases.has(codeName)) {
        reading.rejected.push({ where, reason: `release "${codeName}" is not known; it is left out everywhere` })
      }
      reading.unknownReleases.add(codeName)
      continue
    }
    const release = releaseSchema.safeParse(state)
    if (!release.success) {
      reading.rejected.push({ where: `${where} ${codeName}`, reason: schemaProblem(release.error) })
      continue
    }
    const { status, fixed_version: version } = release.data
    switch (status) {
      case 'undetermined':
        break
      case 'open':
        reading.fixes.push({ platform, package: source, by: 'source', cves: [cve], fixedVersion: null })
        break
      case 'resolved':
        if (version === undefined) {
          reading.rejected.push({ where: `${where} ${codeName}`, reason: 'is resolved without a fixed version' })
          break
        }
        reading.fixes.push({ platform, package: source, by: 'source', cves: [cve], fixedVersion: version })
    }
  }
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
