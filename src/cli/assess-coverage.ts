/** What `assess` says of its own limits: who judged what, and what nobody could judge. */

import { judgedLines, notJudgedLines } from '../chat/coverage.ts'
import { allJudged, type FleetCoverage } from '../core/coverage.ts'
import { print, printJsonLines } from './print.ts'

/** The line in place of patches where there are none. It says that nothing is missing only if all could be judged. */
export function nothingLine(coverage: FleetCoverage): string {
  if (allJudged(coverage)) return 'Nothing is missing.'
  if (coverage.platforms.length === 0) return 'Nothing could be judged, because no server is known.'
  const assets = coverage.platforms.reduce((sum, one) => sum + one.assets, 0)
  const unjudged = coverage.notAssessed.reduce((sum, one) => sum + one.count, 0)
  return unjudged >= assets
    ? 'Nothing could be judged.'
    : 'No patch is known to be missing, but not all could be judged.'
}

export function printCoverage(coverage: FleetCoverage): void {
  print([...notJudgedLines(coverage), ...judgedLines(coverage)])
}

/** As JSON, only what nobody could judge is a line: the other lines are findings or patches. */
export function printNotJudged({ notAssessed, feeds, skippedRecords }: FleetCoverage): void {
  printJsonLines([
    ...notAssessed.map((one) => ({ notAssessed: one })),
    ...feeds.map((one) => ({ notRead: one })),
    ...(skippedRecords === 0 ? [] : [{ skippedRecords }]),
  ])
}
