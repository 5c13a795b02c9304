/** Feed of FIRST's Exploit Prediction Scoring System. docs/integrations/epss.md */

import { setImmediate as othersTurn } from 'node:timers/promises'
import type { EpssScore, RejectedRecord } from '../../../core/catalog.ts'
import type { CatalogFeed } from '../../../core/ports.ts'
import { DAY_MS } from '../../../core/time/instant.ts'
import {
  createFeed,
  type FeedInput,
  type FeedOptions,
  type ParsedFeed,
  requireNotShrunken,
  requireReadable,
  type WholeFile,
} from '../feed.ts'
import { columnsLine, modelLine, rowLine, type State, stateSchema } from './schema.ts'

export const epssLocation = 'https://epss.empiricalsecurity.com/epss_scores-current.csv.gz'

/** Few CVEs have this score or a higher one. Under one model their share is steady: 6.3 to 6.8 % for months. */
const HIGH = 0.1
/** On a bad day (2025-03-30) the share rose by half. A new model may change it by any amount. */
const MAX_SHARE_CHANGE_PERCENT = 20
/** Answers that are more days apart than this are not compared, so a real change is accepted in the end. */
const COMPARABLE_DAYS = 14
/** Rejected CVEs lose their rows: 5 % at the largest model change so far. */
const MAX_SHRINK_PERCENT = 10

const ROWS_PER_TURN = 20_000

export interface EpssOptions extends Omit<FeedOptions, 'location'> {
  /** Default: the current scores of all CVEs. */
  readonly location?: string
}

/** A CVE without a row has no score yet. That is not the same as a score of 0. */
export function createEpssFeed(options: EpssOptions): CatalogFeed {
  return createFeed(
    { location: epssLocation, datedByRedirect: true, ...options },
    { describe: 'FIRST EPSS', state: stateSchema, parse: parseEpss },
  )
}

export const epssFile: WholeFile = {
  matches: (head) => head.startsWith('#model_version'),
  parse: parseEpss,
}

export async function parseEpss(input: FeedInput<State>): Promise<ParsedFeed<State>> {
  const { bytes, what, previous } = input
  const text = withCommas(bytes.toString('utf8'))
  if (!text.endsWith('\n')) throw new Error(`${what} is cut off: its last line has no end`)
  const [first = '', second = '', ...rows] = text.split(/\r?\n/)
  rows.pop()
  const [, model, date] = modelLine.exec(first) ?? []
  if (model === undefined || date === undefined) {
    throw new Error(
      `${what} does not begin with "#model_version:...,score_date:...": scores without a model are of no use`,
    )
  }
  if (second.trim() !== columnsLine) throw new Error(`${what}: the second line must be "${columnsLine}"`)
  const { scores, rejected } = await readRows(rows, model, date)
  requireReadable(what, scores.size, rejected)
  requireNotShrunken(input, previous?.rows ?? null, scores.size, MAX_SHRINK_PERCENT)
  const high = [...scores.values()].filter((score) => score.score >= HIGH).length
  const state: State = { rows: scores.size, highShare: high / scores.size, model, date }
  if (previous !== null) requirePlausible(what, previous, state)
  return { content: { epss: [...scores.values()] }, rejected, state, saidAt: date }
}

/** A program that writes numbers with a comma (`0,95`) separates the values by semicolons. */
function withCommas(text: string): string {
  if (!/^[^\n]*\r?\ncve;/.test(text)) return text
  return text.replace(/[,;]/g, (mark) => (mark === ';' ? ',' : '.'))
}

async function readRows(rows: readonly string[], model: string, date: string) {
  const scores = new Map<string, EpssScore>()
  const rejected: RejectedRecord[] = []
  for (const [index, row] of rows.entries()) {
    if (index % ROWS_PER_TURN === ROWS_PER_TURN - 1) await othersTurn()
    const [, cve, scoreText, percentileText] = rowLine.exec(row) ?? []
    const score = Number(scoreText)
    const percentile = Number(percentileText)
    const where = `line ${index + 3}`
    if (cve === undefined || !(score <= 1) || !(percentile <= 1)) {
      rejected.push({ where, reason: `"${row.slice(0, 80)}" is not "CVE,score,percentile" with numbers from 0 to 1` })
      continue
    }
    if (scores.has(cve)) {
      rejected.push({ where, reason: `${cve} is listed twice` })
      continue
    }
    scores.set(cve, { cve, score, percentile, model, date })
  }
  return { scores, rejected }
}

function requirePlausible(what: string, previous: State, now: State): void {
  if (previous.model !== now.model) return
  const days = Math.abs(Date.parse(now.date) - Date.parse(previous.date)) / DAY_MS
  if (days > COMPARABLE_DAYS) return
  const change = (now.highShare / previous.highShare - 1) * 100
  if (!(Math.abs(change) > MAX_SHARE_CHANGE_PERCENT)) return
  const [before, after] = [previous.highShare, now.highShare].map((share) => `${(share * 100).toFixed(1)} %`)
  throw new Error(
    `${what}: scores of ${HIGH} and more went from ${before} to ${after} of all CVEs between ${previous.date} and ${now.date} under the same model ${now.model}: it is not believed; if it stays like that, it is accepted ${COMPARABLE_DAYS} days on`,
  )
}
