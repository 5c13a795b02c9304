/** How the record says that a flaw is judged: the facts, the table and its row, and the due date. */

import type { CatalogView } from '../assessment/catalog-view.ts'
import { standInAsset } from '../asset.ts'
import type { PatchType } from '../catalog.ts'
import { memoizeByIdentity } from '../memoize-by-identity.ts'
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
import type { FlawNow, FlawRecorded } from './findings.ts'
import type { Context, Judged } from './judged.ts'

export interface JudgingOptions {
  readonly catalog: CatalogView
  readonly rule: PriorityRule
  readonly defaults: PriorityDefaults
  readonly dueDays: DueDays
}

/** The record names the inventory as the source of facts, without naming the inventory source. */
const INVENTORY = 'inventory'

/**
 * Judges one flaw in one context. The same judgement is the same object, whichever team asks. Scores that change daily
 * are not recorded; only whether they decided.
 */
export function createJudging({ catalog, rule, defaults, dueDays }: JudgingOptions) {
  /** Kept, because few flaws differ in the facts that the table needs. */
  const decisions = new Map<string, Decided>()
  function decide(about: CveEvidence, context: Context): Decided {
    const { kev, facts } = about
    const dates = `${kev?.dateAdded} ${facts?.exploited} ${facts?.ssvc?.date}`
    const key = `${kindOf(about)} ${dates} ${context.exposure} ${context.criticality}`
    const known = decisions.get(key) ?? decided(decisionOf({ ...anyAsset, ...context }, about, defaults, rule))
    decisions.set(key, known)
    return known
  }

  function decided(decision: TableDecision): Decided {
    const points = decision.points.flatMap(({ fact, value, source, date }) => {
      if (source === null) return []
      const who = source.startsWith(INVENTORY) ? INVENTORY : source
      return [{ fact, value, source: who, ...(date === null ? {} : { at: date }) }]
    })
    const assumed = decision.points.flatMap(({ fact, value, basis }) =>
      basis === null ? [] : [{ fact, value, by: basis }],
    )
    return { decision, grounds: { points, assumed, table: rule.title, row: decision.row, outcome: decision.word } }
  }

  /** What is known about a CVE stays the same object until it changes. */
  const ofCve = memoizeByIdentity((_about: CveEvidence) => new Map<string, Judged>())
  const withoutCve = new Map<string, Judged>()
  const grounds = new Map<PatchType, Facts>()

  function judgeCve(about: CveEvidence, fix: Fix, context: Context): Judged {
    const { decision, grounds } = decide(about, context)
    const clock = { from: startOf(fix), exploitKnownSince: exploitKnownSince(about) }
    const due = dueAt(decision, clock, dueDays, about.kev === null ? [] : [about.kev])
    return { priority: decision.priority, dueAt: due?.at ?? null, ...fromOf(fix), grounds }
  }

  function judgeOther({ type, origins }: FlawNow, fix: Fix): Judged {
    const judgement = judgeWithoutCve(type, origins)
    const due = dueAt(judgement, { from: startOf(fix), exploitKnownSince: null }, dueDays, [])
    const own = grounds.get(type) ?? { type, points: [], assumed: [], table: null, row: null }
    grounds.set(type, own)
    return { priority: judgement.priority, dueAt: due?.at ?? null, ...fromOf(fix), grounds: own }
  }

  return (flaw: string, now: FlawNow, fix: Fix, context: Context): Judged => {
    const when = `${fix.fixedAt} ${fix.fixDate}`
    if (!now.cve) return kept(withoutCve, `${when} ${now.type} ${now.origins.join(' ')}`, () => judgeOther(now, fix))
    const about = catalog.about(flaw)
    const key = `${when} ${context.exposure} ${context.criticality}`
    return kept(ofCve(about), key, () => judgeCve(about, fix, context))
  }
}

type Fix = Pick<FlawRecorded, 'fixedAt' | 'fixDate'>

function kept<Value>(known: Map<string, Value>, key: string, make: () => Value): Value {
  const value = known.get(key) ?? make()
  known.set(key, value)
  return value
}

function fromOf({ fixedAt, fixDate }: Fix): Pick<Judged, 'from' | 'fromKind'> {
  return { from: fixedAt, fromKind: fixDate }
}

interface Decided {
  readonly decision: TableDecision
  readonly grounds: Facts
}

/** Judging uses only exposure and criticality. */
const anyAsset = standInAsset('', '', '')

/** The time from which due dates count, as for proposals: a published fix counts from the beginning of its day. */
function startOf({ fixedAt, fixDate }: Fix): string {
  return fixDate === 'first read' ? fixedAt : `${fixedAt.slice(0, 10)}T00:00:00.000Z`
}
