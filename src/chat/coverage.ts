/** Who judges what, and what nobody can judge, in sentences for every surface. */

import type { FeedProblem, FleetCoverage, NotAssessed, PlatformCoverage } from '../core/coverage.ts'
import { minuteOf } from '../core/time/instant.ts'
import { count } from './words.ts'

/** One line for each group of servers that nobody can judge, and for each feed that could not be read. */
export function notJudgedLines({ notAssessed, feeds, skippedRecords }: NotJudged): readonly string[] {
  const skipped = `${count(skippedRecords, 'record')} of feeds could not be read and ${skippedRecords === 1 ? 'is' : 'are'} left out.`
  return [...notAssessed.map(notAssessedLine), ...feeds.map(feedLine), ...(skippedRecords === 0 ? [] : [skipped])]
}

export type NotJudged = Pick<FleetCoverage, 'notAssessed' | 'feeds' | 'skippedRecords'>

/** How many names a line shows. */
const NAMES = 5

export function notAssessedLine({ why, platform, count: assets, names }: NotAssessed): string {
  const [only] = names
  if (assets === 1 && only !== undefined)
    return `Not assessed: ${only} (${platform}), because ${why.replace(/\.$/, '')}.`
  const first = names.slice(0, NAMES)
  const more = assets > first.length ? ` and ${assets - first.length} more` : ''
  return `Not assessed: ${count(assets, 'server')} on ${platform}, because ${why.replace(/\.$/, '')}: ${first.join(', ')}${more}.`
}

export function feedLine({ feed, problem, readAt }: FeedProblem): string {
  const since = readAt === null ? 'was never read' : `was last read ${minuteOf(readAt)}`
  return `The feed ${feed} ${since}, because of this: ${problem}`
}

/** One line for each platform: which feeds and which package manager speak of it, and since when. */
export function judgedLines({ platforms }: Pick<FleetCoverage, 'platforms'>): readonly string[] {
  return platforms.flatMap((one) => judgedLine(one) ?? [])
}

function judgedLine({ platform, assets, feeds, packageManager }: PlatformCoverage): string | null {
  const voices = feeds.map(({ feed, readAt }) => (readAt === null ? feed : `${feed} (read ${minuteOf(readAt)})`))
  if (packageManager !== null) {
    const { name, assets: asked, refreshedAt } = packageManager
    const lists = refreshedAt === null ? 'age of its lists not known' : `lists since ${minuteOf(refreshedAt)}`
    voices.push(`${name} on ${asked === assets ? (asked === 1 ? 'it' : 'all') : asked} (${lists})`)
  }
  if (voices.length === 0) return null
  const alone = feeds.length === 0 ? '; no feed speaks of it' : ''
  return `${platform} (${count(assets, 'server')}) is judged by ${voices.join(', ')}${alone}.`
}
