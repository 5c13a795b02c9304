/** Feed of Debian's security advisories: DSA, and DLA for long-term support. docs/integrations/debian-advisories.md */

import type { Platform } from '../../../core/asset.ts'
import type { Advisory, RejectedRecord } from '../../../core/catalog.ts'
import type { CatalogFeed } from '../../../core/ports.ts'
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
import { cvesLine, fixLine, headLine, isoDate, type State, stateSchema } from './schema.ts'

const repository = 'https://salsa.debian.org/security-tracker-team/security-tracker/-/raw/master/data'
export const dsaListLocation = `${repository}/DSA/list`
export const dlaListLocation = `${repository}/DLA/list`

/** Normally the lists only grow. */
const MAX_SHRINK_PERCENT = 1

/** One feed reads one list. Configure one feed for DSA, and another one for DLA if you use long-term support. */
export function createDebianAdvisoriesFeed(options: FeedOptions): CatalogFeed {
  return createFeed(options, { describe: 'Debian security advisories', state: stateSchema, parse: parseAdvisories })
}

export const advisoriesFile: WholeFile = {
  matches: (head) => /^\[\d{1,2} [A-Z][a-z]{2} \d{4}\]\s+D[SL]A-/m.test(head),
  parse: parseAdvisories,
}

interface Draft {
  readonly id: string
  readonly title: string
  readonly published: string
  readonly cves: string[]
  readonly fixes: { platform: Platform; source: string; fixedVersion: string }[]
}

export function parseAdvisories(input: FeedInput<State>): ParsedFeed<State> {
  const { bytes, what, previous } = input
  const text = bytes.toString('utf8')
  if (!text.endsWith('\n')) throw new Error(`${what} is cut off: its last line has no end`)
  const advisories = new Map<string, Draft>()
  const rejected: RejectedRecord[] = []
  let current: Draft | null = null
  for (const [index, line] of text.split(/\r?\n/).entries()) {
    const where = `line ${index + 1}`
    if (line.trim() === '') continue
    if (/^\s/.test(line)) {
      if (current !== null) readDetail(current, line.trim(), where, rejected)
      continue
    }
    current = readHead(line)
    if (current === null) {
      rejected.push({ where, reason: `"${line.slice(0, 80)}" is not "[day month year] DSA-number title"` })
      continue
    }
    if (advisories.has(current.id)) {
      rejected.push({ where, reason: `${current.id} is listed twice` })
      current = null
      continue
    }
    advisories.set(current.id, current)
  }
  requireReadable(what, advisories.size, rejected)
  requireNotShrunken(input, previous?.advisories ?? null, advisories.size, MAX_SHRINK_PERCENT)
  const content: readonly Advisory[] = [...advisories.values()]
  return { content: { advisories: content }, rejected, state: { advisories: advisories.size } }
}

function readHead(line: string): Draft | null {
  const [, day, month, year, id, title] = headLine.exec(line) ?? []
  if (day === undefined || month === undefined || year === undefined || id === undefined || title === undefined)
    return null
  const published = isoDate(day, month, year)
  if (published === null) return null
  return { id, title: title.trim().replace(/\s+/g, ' ').slice(0, 500), published, cves: [], fixes: [] }
}

/**
 * Adds one line below the head of an advisory. Ignores notes, `<not-affected>`, `<end-of-life>`, and releases older
 * than versions in the data.
 */
function readDetail(draft: Draft, line: string, where: string, rejected: RejectedRecord[]): void {
  const cves = cvesLine.exec(line)?.[1]
  if (cves !== undefined) {
    // Before 2005 the list had candidate names (CAN-...). Nobody uses them today.
    for (const cve of cves.split(/\s+/)) if (isCveId(cve) && !draft.cves.includes(cve)) draft.cves.push(cve)
    return
  }
  const [, codeName, source, fixedVersion] = fixLine.exec(line) ?? []
  if (codeName === undefined || source === undefined || fixedVersion === undefined || fixedVersion.startsWith('<'))
    return
  const platform = debianPlatform(codeName)
  if (platform === null) rejected.push({ where, reason: `release "${codeName}" of ${draft.id} is not known` })
  if (platform === null || platform === 'none') return
  draft.fixes.push({ platform, source, fixedVersion })
}
