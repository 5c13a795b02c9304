/** Makes the tables and texts behind a card's buttons from the proposal's state. Pure functions. */

import { DateTime } from 'luxon'
import { besides } from '../core/besides.ts'
import { changeLine } from '../core/change.ts'
import { type Estimates, paceOf } from '../core/estimate.ts'
import { forecastOf } from '../core/forecast/forecast.ts'
import type { PlanForecast } from '../core/forecast/plan-forecast.ts'
import { unchecked } from '../core/health-checks.ts'
import { limits } from '../core/limits.ts'
import { type Promised, promisedIn } from '../core/promised.ts'
import { bypassesWindow } from '../core/proposal/approval.ts'
import type { Glance } from '../core/proposal/glance.ts'
import { whyLeftOut } from '../core/proposal/left-out.ts'
import {
  finalStatuses,
  type PatchSubject,
  type PlannedAsset,
  type ProposalState,
  type ServiceCheck,
} from '../core/proposal/proposal.ts'
import { leftOutOf, plannedNow, sinceOf } from '../core/proposal/since.ts'
import { engineOfRing, lanesOf, ringTitle } from '../core/rollout/lanes.ts'
import { plannedOf } from '../core/rollout/planned.ts'
import { assetName, tallyOf } from '../core/rollout/tally.ts'
import { leadOf } from '../core/terms.ts'
import { minuteOf } from '../core/time/instant.ts'
import { whyNotTouched } from '../core/why-not-touched.ts'
import type { Freeze } from '../core/window.ts'
import { isAlwaysOpen, nextWindows } from '../core/window.ts'
import { aligned } from './aligned.ts'
import type { Detail } from './desk.ts'
import { judgementTable, patchCaption } from './explanation.ts'
import type { Picture } from './picture/picture.ts'
import { inTime, promiseSentences, uncheckedSentence } from './promises.ts'
import { plain, type RichText, rich, type Span, strong, time } from './rich-text.ts'
import { sinceSentences } from './story/words.ts'
import { count } from './words.ts'

/** Seconds that an asset is expected to take when nothing is known. */
const FALLBACK = limits.unknownDeploymentSeconds

export function assetsDetail(state: ProposalState, subject: PatchSubject): Detail {
  return {
    title: `${state.id}: servers`,
    lead: rich(`${count(subject.assets.length, 'server')}, in the order they are patched.`),
    tables: subject.rings.map((ring, index) => ({
      caption: `Ring ${ringTitle(subject, index) ?? ring.name}`,
      columns: ['Asset', 'State', 'Changes', 'Platform'],
      rows: ring.assets.flatMap((id) => {
        const row = assetRow(state, id)
        return row === null ? [] : [[row.name, row.state, row.changes, row.platform]]
      }),
    })),
    lines: [],
  }
}

/** One page of the proposal's assets, ordered by id. `state` holds only the assets of this page; `total` counts all. */
export function assetPageDetail(
  state: ProposalState,
  subject: PatchSubject,
  { total, only }: { readonly total: number; readonly only: 'not well' | null },
): Detail {
  const ringOf = new Map(
    subject.rings.flatMap(({ name, assets }, index) =>
      assets.map((asset) => [asset, ringTitle(subject, index) ?? name] as const),
    ),
  )
  const rows = subject.assets.flatMap(({ asset: { id } }) => {
    const row = assetRow(state, id)
    return row === null ? [] : [[row.name, rich(ringOf.get(id) ?? ''), row.state, row.changes, row.platform]]
  })
  return {
    title: `${state.id}: servers`,
    lead: rich(`${count(total, 'server')}${only === null ? '' : ', of which these did not end well'}.`),
    tables: [{ caption: 'Servers', columns: ['Server', 'Ring', 'State', 'Changes', 'Platform'], rows }],
    lines: [],
  }
}

function assetRow(state: ProposalState, id: string) {
  const planned = plannedNow(state, id)
  if (planned === null) return null
  const changes = [...planned.changes.map(changeLine), ...besides(planned)]
  const { name, platform } = planned.asset
  return {
    name: rich(name),
    state: rich(assetState(state, id)),
    changes: rich(changes.join(', ')),
    platform: rich(platform),
  }
}

/** The state of an asset in words. During the vote: its state in the test. */
function assetState(state: ProposalState, asset: string): string {
  const deployment = (state.rollout ?? state.test)?.deployments[asset]
  if (deployment === undefined) {
    const over = finalStatuses.includes(state.status) || state.rollout?.skipped[asset] !== undefined
    if (over) return `not touched: ${whyNotTouched(state, asset)}`
    const out = leftOutOf(state, asset)
    if (out !== undefined) return `left out since the vote: it ${whyLeftOut(out)}`
    const notBegun = (state.rollout ?? state.test)?.notBegun[asset]
    return notBegun === undefined ? 'waiting' : `waiting; it was not begun: ${notBegun.reason}`
  }
  const { verification, later, notBefore } = deployment
  if (verification === null) return notBefore === undefined ? 'running' : 'told, not reported yet'
  const heard = later === undefined ? '' : `; heard again on ${minuteOf(later.saidAt)} UTC: ${later.what}`
  return `${verification.end}: ${verification.reason}${heard}`
}

export function explainDetail(
  state: Pick<ProposalState, 'id' | 'priority' | 'whyNow'>,
  subject: Pick<PatchSubject, 'patches'>,
): Detail {
  return {
    title: `${state.id}: why ${state.priority}`,
    lead: rich(strong('Why now: '), state.whyNow),
    tables: subject.patches.map((patch) => judgementTable(patch, patchCaption(patch))),
    lines: [],
  }
}

export type PlanPicture = Extract<Picture, { kind: 'plan' }>

/** The plan as a picture. For readers without a time zone it is drawn in the zone of the window. */
export function planPictureOf(
  state: ProposalState,
  subject: PatchSubject,
  context: Parameters<typeof forecastOf>[2],
): PlanPicture {
  const timeZone = subject.window.rules[0]?.timeZone ?? 'UTC'
  return { kind: 'plan', forecast: forecastOf(state, subject, context), timeZone }
}

export function planDetail(
  state: ProposalState,
  subject: PatchSubject,
  freezes: readonly Freeze[],
  now: string,
  estimates: Estimates = {},
): Detail {
  const picture = planPictureOf(state, subject, { freezes, now, estimates })
  const { forecast } = picture
  const plan = {
    ...subject,
    rings: subject.rings.map((ring) => ({ ...ring, assets: ring.assets.length })),
    simulated: subject.assets.every(({ asset }) => asset.simulated),
    promised: promisedIn(subject),
    unchecked: unchecked(subject.health, subject.assets),
  }
  const first = subject.assets.find((planned) => planned.transaction.length > 0) ?? null
  const lead = [...expectedEnd(state, forecast, soaksOf(subject)), unknownPace(state, subject, estimates)]
  return { ...shownPlan(state, plan, { lead, since: sinceLines(state), first, forecast, freezes, now }), picture }
}

/** A plan without lists of assets. */
export interface LightPlan
  extends Pick<PatchSubject, 'window' | 'engine' | 'failureBudget' | 'clusters' | 'hooks' | 'silence'> {
  readonly rings: readonly (Omit<PatchSubject['rings'][number], 'assets'> & { readonly assets: number })[]
  /** True: all assets are hosts of the example fleet. */
  readonly simulated: boolean
  /** What engines promise. Left out: all work on the host itself. */
  readonly promised?: readonly Promised[]
  /** How many assets no health check looks at. Left out: none is counted. */
  readonly unchecked?: number
}

/** Like `planDetail`, for very many assets. `told`: the forecast last posted in the thread; `null`: none was posted. */
export function toldPlanDetail(
  glance: Glance,
  plan: LightPlan,
  {
    first,
    told,
    freezes,
    now,
  }: {
    readonly first: PlannedAsset | null
    readonly told: PlanPicture | null
    readonly freezes: readonly Freeze[]
    readonly now: string
  },
): Detail {
  const lead =
    told === null
      ? []
      : [...expectedEnd(glance, told.forecast, soaksOf(plan)), ' Expected at ', time(told.forecast.now), '.']
  const since = [sinceSentences(glance.tally)].filter((line) => line !== '')
  const { promised = [], unchecked = 0 } = glance.subject.kind === 'patches' ? glance.subject : {}
  const shown = shownPlan(
    glance,
    { ...plan, promised, unchecked },
    { lead, since, first, forecast: told?.forecast ?? null, freezes, now },
  )
  return told === null ? shown : { ...shown, picture: told }
}

/** How many windows the plan shows. */
const SHOWN = 3

interface PlanShown {
  readonly lead: readonly (string | Span)[]
  readonly since: readonly string[]
  readonly first: PlannedAsset | null
  readonly forecast: PlanForecast | null
  readonly freezes: readonly Freeze[]
  readonly now: string
}

function shownPlan(
  { id, team, approvedBy }: Pick<ProposalState, 'id' | 'team' | 'approvedBy'>,
  plan: LightPlan,
  { lead, since, first, forecast, freezes, now }: PlanShown,
): Detail {
  const windows = nextWindows(plan.window, freezes, team, now, SHOWN)
  const lines = [...since, ...safeguards(plan), ...atOnceLines(approvedBy)]
  if (lines.length > 0) lines.push('')
  if (first !== null) {
    lines.push(`What would run on ${first.asset.name}, exactly:`)
    for (const step of first.transaction) {
      lines.push(
        `  ${step.action} ${step.name}:${step.architecture} ${step.from ?? ''} ${step.to === null ? '' : `→ ${step.to}`}`.trimEnd(),
      )
    }
  }
  return {
    title: `${id}: plan`,
    lead: rich(`Window "${plan.window.name}", ${engineWords(plan)} `, ...lead),
    tables: [
      {
        caption: 'Rings',
        columns: ['Ring', 'Servers', 'Batches', 'At a time', 'Expected from', 'To', 'Watched until', 'Stops at'],
        rows: plan.rings.map((ring, index) => {
          const expected = forecast?.rings[index]
          return [
            rich(ringTitle(plan, index) ?? ring.name),
            rich(String(ring.assets)),
            rich(String(expected?.batches ?? '')),
            rich(String(ring.concurrency ?? ring.batchSize)),
            instant(expected?.start ?? null),
            instant(expected?.end ?? null),
            ring.soakSeconds === 0 ? rich('not watched') : instant(expected?.soakUntil ?? null),
            rich(
              `more than ${ring.gate.maxFailures} failed, or under ${ring.gate.minSuccessPercent} % good; never answered: ${ring.gate.unreachable}`,
            ),
          ]
        }),
      },
      {
        caption: 'Next windows',
        columns: ['From', 'To'],
        rows: windows.map(({ start, end }, index) => [
          rich(Date.parse(start) <= Date.parse(now) ? 'open now' : time(start)),
          // The end of a window that only freezes close is only as far as anybody looked.
          rich(
            isAlwaysOpen(plan.window) && index === windows.length - 1 && windows.length < SHOWN ? 'no end' : time(end),
          ),
        ]),
      },
    ],
    lines,
  }
}

/** The next windows stand in the plan, and this one does not wait for them. */
function atOnceLines(approvedBy: ProposalState['approvedBy']): readonly string[] {
  return approvedBy !== null && bypassesWindow(approvedBy)
    ? ['Windows do not count for it: it was approved to run at once.']
    : []
}

function engineWords(plan: LightPlan): string {
  const lanes = lanesOf(plan)
  if (lanes.length === 1) return `engine ${plan.engine}. Each ring waits for the one before it.`
  const bound = plan.rings.flatMap(({ after }, index) =>
    after === undefined ? [] : [` ${engineOfRing(plan, index)} waits until ${after} is through.`],
  )
  return `engines ${lanes.join(', ')}. Each ring waits for the one before it with the same engine; the engines go on beside each other.${bound.join('')}`
}

function expectedEnd(
  state: Pick<ProposalState, 'status' | 'dueAt'>,
  plan: PlanForecast,
  soaks: readonly number[],
): readonly (string | Span)[] {
  const { end, problem } = plan
  if (finalStatuses.includes(state.status)) return []
  if (end === null) return [problem ?? 'It would not come to an end.']
  const open = state.status === 'open' ? 'If it were approved now, all' : 'If all goes well, all'
  return [`${open} would be done by about `, time(end), ...inTime(plan, state.dueAt, soaks)]
}

function soaksOf({ rings }: { readonly rings: readonly { readonly soakSeconds: number }[] }): readonly number[] {
  return rings.map(({ soakSeconds }) => soakSeconds)
}

/** Says that the times are a careful guess, because nothing like this has run yet. */
function unknownPace({ status }: ProposalState, subject: PatchSubject, estimates: Estimates): string {
  // How long servers take that report late is not asked: they only have to begin in their window.
  const rings = subject.rings.filter(({ assets: [first = ''] }) => leadOf(plannedOf(subject, first)?.terms) === 0)
  const unknown = rings.filter((ring) => (estimates[paceOf(ring)] ?? FALLBACK) === FALLBACK)
  if (unknown.length === 0 || finalStatuses.includes(status)) return ''
  const where = unknown.length === rings.length ? '' : ` of ${unknown.map(({ name }) => name).join(', ')}`
  return ` Too little has run yet to know how long a server${where} takes: ${FALLBACK / 60} min are taken.`
}

/** How many servers the plan names. The list of assets shows the rest. */
const NAMED_SINCE = 20

/** What happened to the servers since the vote, one line each. */
function sinceLines(state: ProposalState): readonly string[] {
  const { leftOut, waiting } = sinceOf(state)
  const out = Object.entries(leftOut)
  const lines = [sinceSentences(tallyOf(state))].filter((line) => line !== '')
  for (const [asset, why] of out.slice(0, NAMED_SINCE))
    lines.push(`  ${assetName(state, asset)} is left out: it ${whyLeftOut(why)}`)
  if (out.length > NAMED_SINCE) lines.push(`  and ${out.length - NAMED_SINCE} more, in "Servers"`)
  const names = Object.values(waiting)
  const more = names.length > NAMED_SINCE ? ` and ${names.length - NAMED_SINCE} more` : ''
  if (names.length > 0) lines.push(`  Not part of this: ${names.slice(0, NAMED_SINCE).join(', ')}${more}`)
  return lines
}

/** What may hold back or stop the rollout, besides the counts of its rings. One line each. */
function safeguards(plan: LightPlan): readonly string[] {
  const { rings, failureBudget, clusters = [], hooks = [], silence, promised = [] } = plan
  const lines: string[] = promised.flatMap(promiseSentences)
  const ahead = promised.length > 0 ? ', or in a window where its system must be told ahead' : ''
  const testTimes = `at any time of day${ahead}`
  for (const [index, { gate, beforeVote, ...ring }] of rings.entries()) {
    const name = ringTitle(plan, index) ?? ring.name
    if (beforeVote) lines.push(`Ring ${name} runs before the vote, where the policy says so, ${testTimes}.`)
    const go = gate.go ?? []
    if (go.length > 0) lines.push(`Ring ${name} begins when somebody who is ${go.join(' or ')} says go.`)
    const checks = (gate.checks ?? []).map(checkWords)
    if (checks.length > 0) lines.push(`Ring ${name} asks before it begins and after each batch: ${checks.join('; ')}.`)
  }
  if (failureBudget !== undefined)
    lines.push(`All stops at more than ${count(failureBudget, 'failure')} in all rings together.`)
  for (const cluster of clusters) {
    const all = cluster.assets.length
    lines.push(`Cluster ${cluster.name}: ${cluster.atOnce} of ${all} at a time, and ${cluster.minHealthy} stay up.`)
  }
  const alone = plan.unchecked ?? 0
  if (alone > 0) lines.push(uncheckedSentence(alone))
  const simulated = plan.simulated ? ' Not for simulated servers.' : ''
  if (hooks.length > 0)
    lines.push(
      `Around each server run: ${hooks.map(({ moment, command }) => `${moment} (${command[0]})`).join(', ')}.${simulated}`,
    )
  if (silence !== undefined)
    lines.push(`The monitoring is silenced for servers being worked on: ${silence}.${simulated}`)
  return lines
}

function checkWords(check: ServiceCheck): string {
  if (check.kind === 'metric') return check.query
  const { check: health } = check
  switch (health.kind) {
    case 'http':
      return health.url
    case 'tcp':
      return `${health.host ?? ''}:${health.port}`
    case 'command':
      return health.command.join(' ')
    case 'query':
      return health.query
  }
}

function instant(at: string | null): RichText {
  return at === null ? rich('never') : rich(time(at))
}

/** A detail as plain lines for a terminal. `timeZone`: IANA zone for its times. */
export function detailLines(detail: Detail, timeZone: string | null = null): readonly string[] {
  const words = (text: RichText) => plain(timeZone === null ? text : text.map((span) => local(span, timeZone)))
  const lines = [detail.title, words(detail.lead)].filter((line) => line !== '')
  for (const table of detail.tables) {
    const rows = aligned([table.columns, ...table.rows.map((row) => row.map(words))])
    lines.push('', table.caption, ...rows.map((row) => `  ${row}`))
  }
  if (detail.lines.length > 0) lines.push('', ...detail.lines)
  return lines
}

function local(span: Span, timeZone: string): Span {
  if (span.kind !== 'time') return span
  return { kind: 'text', text: DateTime.fromISO(span.at, { zone: timeZone }).toFormat('yyyy-MM-dd HH:mm ZZZZ') }
}
