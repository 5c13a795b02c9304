import { canonicalJson } from '../core/canonical-json.ts'
import { errorText } from '../core/error-text.ts'
import { type MeasuredWindow, type MeasureRule, measuredPlan, quietestWindow, type UnusableLoad } from '../core/load.ts'
import type { LoadSample, LoadSource } from '../core/ports.ts'
import { DAY_MS, WEEK_MS } from '../core/time/instant.ts'
import type { WindowPlan } from '../core/window.ts'
import type { Db } from '../store/connection.ts'
import { readMeasures, type StoredMeasure, saveMeasure } from '../store/measured-windows.ts'
import type { WorkflowLog } from './log.ts'

export interface MeasuredWindowsParts {
  readonly db: Db
  readonly clock: () => Date
  readonly log: WorkflowLog
  readonly rules: readonly MeasureRule[]
  readonly loads: ReadonlyMap<string, LoadSource>
}

export interface MeasuredSchedule {
  /** From the measured load, if it may be used and is good enough; otherwise from the rules. */
  readonly plan: WindowPlan
  /** For the card, even if the measured window is only shown. */
  readonly measured: MeasuredWindow | null
  /** Why the rules are used although the window is measured, in sentences; `null`: there is nothing to say. */
  readonly note: string | null
}

export type MeasuredWindows = ReturnType<typeof createMeasuredWindows>

/** A measurement older than this is not used any more. */
const TRUSTED_MS = WEEK_MS

/** What is known about measured windows, once for each process. */
interface Measuring {
  readonly parts: MeasuredWindowsParts
  /** Stored measurements, by window. */
  known: ReadonlyMap<string, StoredMeasure>
  /** Windows that cannot be measured, and whose problem was logged. */
  readonly failing: Set<string>
}

/** The times of measured windows. Their load is read once a day. */
export function createMeasuredWindows(parts: MeasuredWindowsParts) {
  const measuring: Measuring = { parts, known: new Map(), failing: new Set() }
  return {
    load: () => load(measuring),
    /** Reads the histories that are a day old. If one cannot be read, its last answer is kept and it is tried again. */
    refresh: (signal: AbortSignal) => refresh(measuring, signal),
    /** `null`: the window is not measured. */
    measuredFor: (window: string) => measuredFor(measuring, window),
    /** The plan for drafts, with its measured window. A plan without measurement is returned as it is. */
    scheduleFor: (plan: WindowPlan) => scheduleFor(measuring, plan),
  }
}

/** The stored measurement of the window; `null`: there is none for the present settings. */
function storedFor({ known }: Measuring, rule: MeasureRule): StoredMeasure | null {
  const stored = known.get(rule.window)
  return stored?.wish === wishOf(rule) ? stored : null
}

async function load(measuring: Measuring): Promise<void> {
  measuring.known = new Map((await readMeasures(measuring.parts.db)).map((measure) => [measure.window, measure]))
}

function isDue(measuring: Measuring, rule: MeasureRule): boolean {
  const at = storedFor(measuring, rule)?.measuredAt ?? null
  return at === null || measuring.parts.clock().getTime() - Date.parse(at) >= DAY_MS
}

async function refresh(measuring: Measuring, signal: AbortSignal): Promise<void> {
  const { parts, failing } = measuring
  await load(measuring)
  const now = parts.clock()
  const histories = new Map<string, Promise<readonly LoadSample[]>>()
  for (const rule of parts.rules.filter((one) => isDue(measuring, one))) {
    const stored = storedFor(measuring, rule)
    const wish = wishOf(rule)
    try {
      const key = `${rule.weeks} ${rule.load}`
      const history = histories.get(key) ?? read(parts, rule, now, signal)
      histories.set(key, history)
      const earlier = stored?.result?.kind === 'measured' ? { keep: stored.result.rule } : {}
      const result = quietestWindow(await history, { ...rule, ...earlier })
      tell(parts.log, rule, result, stored?.result ?? null)
      await saveMeasure(parts.db, { window: rule.window, wish, result, measuredAt: now.toISOString(), problem: null })
      failing.delete(rule.window)
    } catch (error) {
      signal.throwIfAborted()
      const problem = errorText(error)
      const last = { result: stored?.result ?? null, measuredAt: stored?.measuredAt ?? null }
      await saveMeasure(parts.db, { window: rule.window, wish, ...last, problem })
      if (failing.has(rule.window)) continue
      failing.add(rule.window)
      parts.log.warn(`The window ${rule.window} cannot be measured: ${problem}`)
    }
  }
  await load(measuring)
}

async function read(
  parts: Pick<MeasuredWindowsParts, 'loads'>,
  rule: MeasureRule,
  now: Date,
  signal: AbortSignal,
): Promise<readonly LoadSample[]> {
  const source = parts.loads.get(rule.load)
  if (source === undefined) throw new Error(`There is no load ${rule.load}.`)
  const since = new Date(now.getTime() - rule.weeks * WEEK_MS)
  return source.history(since.toISOString(), now.toISOString(), signal)
}

function tell(
  log: WorkflowLog,
  rule: MeasureRule,
  result: MeasuredWindow | UnusableLoad,
  before: StoredMeasure['result'],
): void {
  const text = result.kind === 'measured' ? result.evidence.sentence : result.reason
  if (result.kind === 'unusable' && before?.kind !== 'unusable') log.warn(`Window ${rule.window}: ${text}`)
  else if (result.kind === 'measured' && canonicalJson(result.rule) !== canonicalJson(ruleOf(before)))
    log.info(`Window ${rule.window}: ${text}.`)
}

function measuredFor(measuring: Measuring, window: string): MeasuredWindow | UnusableLoad | null {
  const { parts } = measuring
  const rule = parts.rules.find((each) => each.window === window)
  if (rule === undefined) return null
  const stored = storedFor(measuring, rule)
  const why = stored?.problem ?? null
  if (stored?.result == null || stored.measuredAt === null) {
    const reason = why === null ? 'The load has not been read yet.' : `The load cannot be read: ${why}`
    return { kind: 'unusable', reason }
  }
  if (parts.clock().getTime() - Date.parse(stored.measuredAt) < TRUSTED_MS) return stored.result
  const reason = `The load was last read on ${stored.measuredAt.slice(0, 10)}${why === null ? '.' : `: ${why}`}`
  return { kind: 'unusable', reason }
}

function scheduleFor(measuring: Measuring, plan: WindowPlan): MeasuredSchedule {
  const found = measuredFor(measuring, plan.name)
  if (found === null) return { plan, measured: null, note: null }
  if (found.kind === 'unusable') return { plan, measured: null, note: `${found.reason} The rules of the window hold.` }
  const rule = measuring.parts.rules.find(({ window }) => window === plan.name)
  return { plan: rule?.use === 'schedule' ? measuredPlan(plan, found) : plan, measured: found, note: null }
}

function ruleOf(result: StoredMeasure['result']) {
  return result?.kind === 'measured' ? result.rule : null
}

/** The settings without `use`, which does not change the measurement. */
function wishOf({ use: _use, ...wish }: MeasureRule): string {
  return canonicalJson(wish)
}
