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
  /** By measured load where it may be used and can choose, else by the rules. */
  readonly plan: WindowPlan
  /** For the card, also where the window is only shown. */
  readonly measured: MeasuredWindow | null
  /** Why the rules hold although the window is measured, in sentences. */
  readonly note: string | null
}

export type MeasuredWindows = ReturnType<typeof createMeasuredWindows>

/** What was found longer ago than this says nothing of tonight. */
const TRUSTED_MS = WEEK_MS

/** When measured windows are, as their load said when it was last read: once a day. */
export function createMeasuredWindows(parts: MeasuredWindowsParts) {
  let known: ReadonlyMap<string, StoredMeasure> = new Map()
  const failing = new Set<string>()

  /** What is stored of the window, if it was for the wish of now. */
  function storedFor(rule: MeasureRule): StoredMeasure | null {
    const stored = known.get(rule.window)
    return stored?.wish === wishOf(rule) ? stored : null
  }

  async function load(): Promise<void> {
    known = new Map((await readMeasures(parts.db)).map((measure) => [measure.window, measure]))
  }

  function isDue(rule: MeasureRule): boolean {
    const at = storedFor(rule)?.measuredAt ?? null
    return at === null || parts.clock().getTime() - Date.parse(at) >= DAY_MS
  }

  /** Reads the histories that are a day old; one that cannot be read keeps its last answer, and is tried again. */
  async function refresh(signal: AbortSignal): Promise<void> {
    await load()
    const now = parts.clock()
    const histories = new Map<string, Promise<readonly LoadSample[]>>()
    for (const rule of parts.rules.filter(isDue)) {
      const stored = storedFor(rule)
      const wish = wishOf(rule)
      try {
        const key = `${rule.weeks} ${rule.load}`
        const history = histories.get(key) ?? read(rule, now, signal)
        histories.set(key, history)
        const earlier = stored?.result?.kind === 'measured' ? { keep: stored.result.rule } : {}
        const result = quietestWindow(await history, { ...rule, ...earlier })
        tell(rule, result, stored?.result ?? null)
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
    await load()
  }

  async function read(rule: MeasureRule, now: Date, signal: AbortSignal): Promise<readonly LoadSample[]> {
    const source = parts.loads.get(rule.load)
    if (source === undefined) throw new Error(`There is no load ${rule.load}.`)
    const since = new Date(now.getTime() - rule.weeks * WEEK_MS)
    return source.history(since.toISOString(), now.toISOString(), signal)
  }

  function tell(rule: MeasureRule, result: MeasuredWindow | UnusableLoad, before: StoredMeasure['result']): void {
    const text = result.kind === 'measured' ? result.evidence.sentence : result.reason
    if (result.kind === 'unusable' && before?.kind !== 'unusable') parts.log.warn(`Window ${rule.window}: ${text}`)
    else if (result.kind === 'measured' && canonicalJson(result.rule) !== canonicalJson(ruleOf(before)))
      parts.log.info(`Window ${rule.window}: ${text}.`)
  }

  /** `null`: the window is not measured. */
  function measuredFor(window: string): MeasuredWindow | UnusableLoad | null {
    const rule = parts.rules.find((each) => each.window === window)
    if (rule === undefined) return null
    const stored = storedFor(rule)
    const why = stored?.problem ?? null
    if (stored?.result == null || stored.measuredAt === null) {
      const reason = why === null ? 'The load has not been read yet.' : `The load cannot be read: ${why}`
      return { kind: 'unusable', reason }
    }
    if (parts.clock().getTime() - Date.parse(stored.measuredAt) < TRUSTED_MS) return stored.result
    const reason = `The load was last read on ${stored.measuredAt.slice(0, 10)}${why === null ? '.' : `: ${why}`}`
    return { kind: 'unusable', reason }
  }

  /** What a plan with this window is to be drafted with; a plan that is not measured comes back as it is. */
  function scheduleFor(plan: WindowPlan): MeasuredSchedule {
    const found = measuredFor(plan.name)
    if (found === null) return { plan, measured: null, note: null }
    if (found.kind === 'unusable')
      return { plan, measured: null, note: `${found.reason} The rules of the window hold.` }
    const rule = parts.rules.find(({ window }) => window === plan.name)
    return { plan: rule?.use === 'schedule' ? measuredPlan(plan, found) : plan, measured: found, note: null }
  }

  return { load, refresh, measuredFor, scheduleFor }
}

function ruleOf(result: StoredMeasure['result']) {
  return result?.kind === 'measured' ? result.rule : null
}

/** Without `use`: to be shown or used, the answer is the same. */
function wishOf({ use: _use, ...wish }: MeasureRule): string {
  return canonicalJson(wish)
}
