/** How the record says that a flaw is judged: the facts, the table and its row, and the due date. */

import type { CatalogView } from '../assessment/catalog-view.ts'
import { standInAsset } from '../asset.ts'
import { type DueDays, dueAt } from '../priority/due.ts'
import {
  type CveEvidence,
  decisionOf,
  exploitKnownSince,
  judgeWithoutCve,
  kindOf,
  type PriorityDefaults,
  type TableDecision,
} from '../priority/facts.ts'
import type { PriorityRule } from '../priority/rule.ts'
import type { Facts } from './entry.ts'
import type { Context, FlawNow, FlawRecorded, Judged } from './findings.ts'

export interface JudgingOptions {
  readonly catalog: CatalogView
  readonly rule: PriorityRule
  readonly defaults: PriorityDefaults
  readonly dueDays: DueDays
}

/** The record names the inventory as the source of facts, without naming the inventory source. */
const INVENTORY = 'inventory'

/** Judges one flaw on assets of one kind. Scores that change daily are not recorded; only whether they decided. */
export function createJudging({ catalog, rule, defaults, dueDays }: JudgingOptions) {
  /** Kept, because few flaws differ in the facts that the table needs. */
  const decisions = new Map<string, Decided>()
  function decide(about: CveEvidence, context: Context): Decided {
    const { kev, facts } = about
    const dates = `${kev?.dateAdded} ${facts?.exploited} ${facts?.ssvc?.date}`
    const key = `${kindOf(about)} ${dates} ${context.exposure} ${context.criticality}`
    const known = decisions.get(key) ?? decidedFacts(decisionOf({ ...anyAsset, ...context }, about, defaults, rule))
    decisions.set(key, known)
    return known
  }

  function decidedFacts(decision: TableDecision): Decided {
    const points = decision.points.flatMap(({ fact, value, source, date }) => {
      if (source === null) return []
      const who = source.startsWith(INVENTORY) ? INVENTORY : source
      return [{ fact, value, source: who, ...(date === null ? {} : { at: date }) }]
    })
    const assumed = decision.points.flatMap(({ fact, value, basis }) =>
      basis === null ? [] : [{ fact, value, by: basis }],
    )
    return { decision, facts: { points, assumed, table: rule.title, row: decision.row, outcome: decision.word } }
  }

  return (flaw: string, now: FlawNow, fix: Pick<FlawRecorded, 'fixedAt' | 'fixDate'>, context: Context): Judged => {
    const from = { from: fix.fixedAt, fromKind: fix.fixDate }
    if (!now.cve) {
      const judgement = judgeWithoutCve(now.type, now.origins)
      const due = dueAt(judgement, { from: startOf(fix), exploitKnownSince: null }, dueDays, [])
      const facts = { ...from, type: now.type, points: [], assumed: [], table: null, row: null }
      return { priority: judgement.priority, dueAt: due?.at ?? null, facts }
    }
    const about = catalog.about(flaw)
    const { decision, facts } = decide(about, context)
    const clock = { from: startOf(fix), exploitKnownSince: exploitKnownSince(about) }
    const due = dueAt(decision, clock, dueDays, about.kev === null ? [] : [about.kev])
    return { priority: decision.priority, dueAt: due?.at ?? null, facts: { ...from, ...facts } }
  }
}

interface Decided {
  readonly decision: TableDecision
  readonly facts: Facts
}

/** Judging uses only exposure and criticality. */
const anyAsset = standInAsset('', '', '')

/** The time from which due dates count, as for proposals: a published fix counts from the beginning of its day. */
function startOf({ fixedAt, fixDate }: Pick<FlawRecorded, 'fixedAt' | 'fixDate'>): string {
  return fixDate === 'first read' ? fixedAt : `${fixedAt.slice(0, 10)}T00:00:00.000Z`
}
