/** Feed of the debsecan tool, one for each release. docs/integrations/debsecan.md */

import { setImmediate as othersTurn } from 'node:timers/promises'
import type { Platform } from '../../../core/asset.ts'
import type { Fix, RejectedRecord } from '../../../core/catalog.ts'
import type { CatalogFeed } from '../../../core/ports.ts'
import { unpackZlib } from '../../bounded-file.ts'
import { inputLimits } from '../../input-limits.ts'
import { inUtf8 } from '../../text-encoding.ts'
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
import { alsoFixed, fixedVersion } from './fixed-version.ts'
import { rowLine, type State, stateSchema, versionLine } from './schema.ts'

const MAX_SHRINK_PERCENT = 20

const ROWS_PER_TURN = 5_000

export interface DebsecanOptions extends Omit<FeedOptions, 'location'> {
  /** Code name of the release, for example `bookworm`. */
  readonly release: string
  /** Default: the tracker's feed for the release. */
  readonly location?: string
}

/** Throws when the release is unknown. */
export function createDebsecanFeed(options: DebsecanOptions): CatalogFeed {
  const { release } = options
  const platform = debianPlatform(release)
  if (platform === null || platform === 'none') {
    throw new Error(
      `Feed "${options.name}": "${release}" is not a Debian release; write its code name, such as bookworm`,
    )
  }
  const location = `https://security-tracker.debian.org/tracker/debsecan/release/1/${release}`
  return createFeed(
    { location, ...options },
    {
      describe: `debsecan (${release})`,
      state: stateSchema,
      asked: platform,
      parse: (input) => parseDebsecan(input, platform),
    },
  )
}

export const debsecanFile: WholeFile = {
  matches: (head) => /^[^\n]*/.exec(head)?.[0].trimEnd() === versionLine,
  async parse(input, { platforms }) {
    const platform = releaseOf(input.what, platforms)
    return platform === null ? { content: {}, rejected: [], state: { fixes: 0 } } : parseDebsecan(input, platform)
  },
}

/**
 * The release that a file is for: the file does not say it. Its name may; otherwise it is for the only release of Debian
 * that is assessed. `null`: no Debian is assessed.
 */
function releaseOf(name: string, platforms: readonly Platform[]): Platform | null {
  for (const word of name.toLowerCase().split(/[^a-z]+/)) {
    const platform = debianPlatform(word)
    if (platform !== null && platform !== 'none') return platform
  }
  const [only = null, ...others] = platforms.filter((platform) => platform.startsWith('debian:'))
  if (others.length > 0)
    throw new Error(`${name} does not say its release: name the file after it, such as debsecan-bookworm`)
  return only
}

export async function parseDebsecan(input: FeedInput<State>, platform: Platform): Promise<ParsedFeed<State>> {
  const { what, previous } = input
  const bytes = await inUtf8(await unpackZlib(input.bytes, what, inputLimits.feedUnpackedBytes), what)
  const [version, ...lines] = bytes.toString('utf8').split(/\r?\n/)
  if (version !== versionLine)
    throw new Error(`${what} does not begin with "${versionLine}": it is not a debsecan feed`)
  const endOfCves = lines.indexOf('')
  const endOfRows = lines.indexOf('', endOfCves + 1)
  if (endOfCves === -1 || endOfRows === -1) throw new Error(`${what} is cut off: it must have three parts`)
  const cves = lines.slice(0, endOfCves).map((line) => line.slice(0, line.indexOf(',')))
  const fixes = new Map<string, Fix>()
  const rejected: RejectedRecord[] = []
  for (const [index, line] of lines.slice(endOfCves + 1, endOfRows).entries()) {
    if (index % ROWS_PER_TURN === ROWS_PER_TURN - 1) await othersTurn()
    const result = readRow(line, cves, platform)
    if (result.kind === 'fix') fixes.set(`${result.fix.package} ${result.fix.cves[0]}`, result.fix)
    if (result.kind === 'rejected') {
      rejected.push({ where: `line ${endOfCves + index + 3}`, reason: `"${line.slice(0, 80)}" ${result.reason}` })
    }
  }
  requireReadable(what, fixes.size, rejected)
  requireNotShrunken(input, previous?.fixes ?? null, fixes.size, MAX_SHRINK_PERCENT)
  return { content: { fixes: [...fixes.values()] }, rejected, state: { fixes: fixes.size } }
}

type ReadRow =
  | { readonly kind: 'fix'; readonly fix: Fix }
  | { readonly kind: 'rejected'; readonly reason: string }
  /** The row is about a binary package, or about an issue with a temporary name. */
  | { readonly kind: 'left out' }

function readRow(line: string, cves: readonly string[], platform: Platform): ReadRow {
  const [, source, number, kind, , , flag, unstable, others] = rowLine.exec(line) ?? []
  if (source === undefined || unstable === undefined || others === undefined) {
    return { kind: 'rejected', reason: 'is not "package,index,flags,version,versions"' }
  }
  const cve = cves[Number(number)]
  if (cve === undefined) return { kind: 'rejected', reason: 'names an issue that is not in the list' }
  if (kind === 'B' || cve.startsWith('TEMP-')) return { kind: 'left out' }
  if (!isCveId(cve)) return { kind: 'rejected', reason: `is about "${cve.slice(0, 40)}", which is not a CVE id` }
  const row = { source, available: flag === 'F', unstable, others: others.split(' ').filter((part) => part !== '') }
  const release = platform.slice('debian:'.length)
  const fixed = fixedVersion(row, release)
  const also = alsoFixed(row, fixed)
  return {
    kind: 'fix',
    fix: {
      platform,
      package: source,
      by: 'source',
      cves: [cve],
      fixedVersion: fixed,
      ...(also.length === 0 ? {} : { alsoFixed: also }),
    },
  }
}
