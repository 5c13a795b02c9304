/** What engines promise, and when they would be done, in sentences for people who are about to vote. */

import type { Estimates } from '../core/estimate.ts'
import { firstNames } from '../core/first-names.ts'
import { forecastAhead, type RingsAhead } from '../core/forecast/ahead.ts'
import { forecastDirect, type RingsDirect } from '../core/forecast/direct.ts'
import type { PlanForecast } from '../core/forecast/plan-forecast.ts'
import type { Promised } from '../core/promised.ts'
import { anyOf } from '../core/proposal/decision.ts'
import type { Terms } from '../core/terms.ts'
import { isBefore } from '../core/time/instant.ts'
import type { Freeze } from '../core/window.ts'
import { type RichText, rich, time } from './rich-text.ts'
import { count, duration } from './words.ts'

/** Sentences that say what an engine promises. */
export function promiseSentences({ engine, terms, wholeGroups }: Promised): readonly string[] {
  const { leadSeconds, reportsWithinSeconds, notUndone, licences, alsoInstalls, decidedThere = [] } = terms
  const ahead = leadSeconds === 0 ? 'is told when work may begin' : `is told ${duration(leadSeconds)} ahead`
  return [
    `${engine} ${ahead}; servers report within ${duration(reportsWithinSeconds)} after the window.`,
    ...decidedThere,
    windowEnds[terms.windowEnd],
    stops[terms.stopReaches],
    ...(wholeGroups.length === 0 ? [] : [wholeSentence(wholeGroups)]),
    ...(notUndone.length === 0
      ? []
      : [`Cannot be undone: ${notUndone.map(({ change, why }) => `${change} (${why})`).join('; ')}.`]),
    ...(licences.length === 0 ? [] : [`Approving accepts: ${licences.join(', ')}.`]),
    ...(alsoInstalls.length === 0 ? [] : [`Without a vote it also installs: ${alsoInstalls.join('; ')}.`]),
  ]
}

/** How many groups are named. */
const GROUPS_NAMED = 5

function wholeSentence(groups: readonly string[]): string {
  const names = firstNames(
    groups.map((name) => `"${name}"`),
    GROUPS_NAMED,
  )
  const each = groups.length === 1 ? `the whole group ${names}` : `a whole group (${names})`
  return `It approves for ${each}: taking back one server takes back its whole group, and a server that a policy puts into a group meanwhile may learn of it before it is taken back.`
}

/** `assets`: how many servers no health check looks at. */
export function uncheckedSentence(assets: number): string {
  return `Nobody looks whether ${count(assets, 'server')} work${assets === 1 ? 's' : ''} afterwards: no health check is for ${assets === 1 ? 'it' : 'them'}.`
}

const windowEnds: Readonly<Record<Terms['windowEnd'], string>> = {
  'taken back':
    'What has not begun when the window ends is taken back; a server that was off then may still install later.',
  kept: 'Nothing begins after the window.',
  'not kept': 'It cannot keep the end of the window: servers may install later.',
}

const stops: Readonly<Record<Terms['stopReaches'], string>> = {
  'not begun': 'A stop takes it back from servers that have not begun.',
  'not fetched': 'A stop reaches only servers that have not fetched it yet.',
  none: 'A stop takes nothing back.',
}

/** When the servers of an engine would install if people approved now, and whether that is in time. */
export function aheadSentence(
  ahead: RingsAhead,
  state: { readonly team: string; readonly dueAt: string | null },
  freezes: readonly Freeze[],
  now: string,
): RichText {
  const { tellAt, start, end, problem } = forecastAhead(ahead, { team: state.team, freezes, now })
  if (problem !== null || tellAt === null || start === null || end === null) return rich(problem ?? 'It never begins.')
  const [first] = ahead.rings
  const servers = first === undefined ? 'its servers' : `${count(first.assets, 'server')} (${first.name})`
  const late = state.dueAt !== null && isBefore(state.dueAt, end)
  return rich(
    'If approved before ',
    time(tellAt),
    `, ${servers} install from `,
    time(start),
    '; the last server has reported by ',
    time(end),
    late ? `, which is after it is due. ${whatShortens(ahead)}` : '.',
  )
}

function whatShortens({ rings, terms }: RingsAhead): string {
  const wait = `${duration(terms.leadSeconds)} ahead and ${duration(terms.reportsWithinSeconds)} for reports`
  return rings.length === 1
    ? `Only a shorter wait would be faster (${wait}).`
    : `Each of its ${rings.length} rings takes ${wait}: fewer rings would be faster.`
}

interface Direct {
  readonly team: string
  readonly dueAt: string | null
  readonly freezes: readonly Freeze[]
  readonly now: string
  readonly estimates: Estimates
}

/** When an engine that works on the hosts itself would be done if people approved now, and whether that is in time. */
export function directSentences(direct: RingsDirect, state: Direct, isOneOfMany: boolean): RichText {
  const found = forecastDirect(direct, state)
  const { end, problem } = found
  const start = startOf(found)
  if (end === null || start === null) return rich(problem ?? 'It never begins.')
  const what = isOneOfMany ? `what is for ${direct.engine}` : 'it'
  const soaks = direct.rings.map(({ soakSeconds }) => soakSeconds)
  return [
    ...rich(`If approved now, ${what} begins `, time(start), ' and ends about ', time(end), ' at the earliest'),
    ...inTime(found, state.dueAt, soaks),
  ]
}

/**
 * The end of the sentence that says when it ends: whether that is before it is due, and what would make it shorter.
 * `soaks`: how long each ring is watched, in seconds.
 */
export function inTime(plan: PlanForecast, dueAt: string | null, soaks: readonly number[]): RichText {
  if (dueAt === null || plan.end === null || !isBefore(dueAt, plan.end)) return rich('.')
  return rich(`, which is after it is due. ${whatWouldShorten(plan, dueAt, soaks)}`)
}

function startOf({ rings }: PlanForecast): string | null {
  return rings.find(({ start }) => start !== null)?.start ?? null
}

/** Said only of what is in the way: a freeze, the window, more windows than one, or the watch after each ring. */
function whatWouldShorten(plan: PlanForecast, dueAt: string, soaks: readonly number[]): string {
  const { freezes, now, end, rings } = plan
  const start = startOf(plan)
  const frozen = freezes
    .filter(({ from, to }) => isBefore(from, end ?? dueAt) && isBefore(now, to))
    .map(({ name }) => name)
  const windows = new Set(rings.flatMap(({ runs }) => runs.map((run) => run.start.slice(0, 10)))).size
  const watched = soaks.reduce((sum, seconds) => sum + seconds, 0)
  const ways = [
    ...frozen.map((name) => `an end of the freeze "${name}"`),
    ...(start !== null && !isBefore(start, dueAt) ? ['an earlier window'] : []),
    ...(windows > 1 ? ['longer windows', 'larger batches'] : []),
    ...(watched > 0 && rings.length > 1 ? ['fewer rings', `a shorter watch (${duration(watched)} in all)`] : []),
  ]
  return ways.length === 0
    ? 'Only an earlier vote, or Break glass, would be faster.'
    : `Faster would be: ${anyOf(ways)}.`
}
