/** Tables and text behind a card's buttons. Pure: made from the proposal's state. */

import { DateTime } from 'luxon'
import { forecastOf, type PlanForecast } from '../core/forecast.ts'
import { limits } from '../core/limits.ts'
import { finalStatuses, type PatchSubject, type ProposalState, type ServiceCheck } from '../core/proposal/proposal.ts'
import { leftOutOf, plannedNow, sinceOf, whyLeftOut } from '../core/proposal/since.ts'
import { whyNotTouched } from '../core/why-not-touched.ts'
import type { Freeze } from '../core/window.ts'
import { nextWindows } from '../core/window.ts'
import type { Detail } from './desk.ts'
import { judgementTable, patchCaption } from './explanation.ts'
import type { Picture } from './picture/picture.ts'
import { plain, type RichText, rich, type Span, strong, time } from './rich-text.ts'
import { assetName, count, sinceSentences } from './story.ts'

/** Seconds that an asset is taken to need where nothing is known. */
const FALLBACK = limits.unknownDeploymentSeconds

export function assetsDetail(state: ProposalState, subject: PatchSubject): Detail {
  return {
    title: `${state.id}: assets`,
    lead: rich(`${count(subject.assets.length, 'asset')}, in the order they are patched.`),
    tables: subject.rings.map((ring) => ({
      caption: `Ring ${ring.name}`,
      columns: ['Asset', 'State', 'Changes', 'Platform'],
      rows: ring.assets.flatMap((id) => {
        const planned = plannedNow(state, id)
        if (!planned) return []
        const changes = planned.changes
          .map((change) => `${change.name} ${change.from ?? '(new)'} → ${change.to}`)
          .join(', ')
        return [[rich(planned.asset.name), rich(assetState(state, id)), rich(changes), rich(planned.asset.platform)]]
      }),
    })),
    lines: [],
  }
}

/** How an asset is doing; while people vote, in the test. */
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
  const { verification } = deployment
  return verification === null ? 'running' : `${verification.end}: ${verification.reason}`
}

export function explainDetail(state: ProposalState, subject: PatchSubject): Detail {
  return {
    title: `${state.id}: why ${state.priority}`,
    lead: rich(strong('Why now: '), state.whyNow),
    tables: subject.patches.map((patch) => judgementTable(patch, patchCaption(patch))),
    lines: [],
  }
}

/** The plan as a picture, drawn in the zone of its window where the reader has none: the place where night is meant. */
export function planPictureOf(
  state: ProposalState,
  subject: PatchSubject,
  context: Parameters<typeof forecastOf>[2],
): Extract<Picture, { kind: 'plan' }> {
  const timeZone = subject.window.rules[0]?.timeZone ?? 'UTC'
  return { kind: 'plan', forecast: forecastOf(state, subject, context), timeZone }
}

/** `estimates`: seconds that one asset takes, by name of ring. */
export function planDetail(
  state: ProposalState,
  subject: PatchSubject,
  freezes: readonly Freeze[],
  now: string,
  estimates: Readonly<Record<string, number>> = {},
): Detail {
  const windows = nextWindows(subject.window, freezes, state.team, now, 3)
  const picture = planPictureOf(state, subject, { freezes, now, estimates })
  const { forecast } = picture
  const lines = [...sinceLines(state), ...safeguards(subject)]
  if (lines.length > 0) lines.push('')
  const first = subject.assets.find((planned) => planned.transaction.length > 0)
  if (first) {
    lines.push(`What would run on ${assetName(state, first.asset.id)}, exactly:`)
    for (const step of first.transaction) {
      lines.push(
        `  ${step.action} ${step.name}:${step.architecture} ${step.from ?? ''} ${step.to === null ? '' : `→ ${step.to}`}`.trimEnd(),
      )
    }
  }
  return {
    title: `${state.id}: plan`,
    lead: rich(
      `Window "${subject.window.name}", engine ${subject.engine}. Each ring waits for the one before it. `,
      ...expectedEnd(state, forecast),
      unknownPace(state, subject, estimates),
    ),
    tables: [
      {
        caption: 'Rings',
        columns: ['Ring', 'Assets', 'Batches', 'At a time', 'Expected from', 'To', 'Watched until', 'Stops at'],
        rows: subject.rings.map((ring, index) => {
          const expected = forecast.rings[index]
          return [
            rich(ring.name),
            rich(String(ring.assets.length)),
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
        rows: windows.map(({ start, end }) => [
          rich(Date.parse(start) <= Date.parse(now) ? 'open now' : time(start)),
          rich(time(end)),
        ]),
      },
    ],
    lines,
    picture,
  }
}

function expectedEnd(state: ProposalState, { end, problem }: PlanForecast): readonly (string | Span)[] {
  if (finalStatuses.includes(state.status)) return []
  if (end === null) return [problem ?? 'It would not come to an end.']
  const open = state.status === 'open' ? 'If it were approved now, all' : 'If all goes well, all'
  return [`${open} would be done by about `, time(end), '.']
}

/** The times are a careful guess where nothing like it has run yet. */
function unknownPace(
  { status }: ProposalState,
  { rings }: PatchSubject,
  estimates: Readonly<Record<string, number>>,
): string {
  const unknown = rings.filter(({ name }) => (estimates[name] ?? FALLBACK) === FALLBACK)
  if (unknown.length === 0 || finalStatuses.includes(status)) return ''
  const where = unknown.length === rings.length ? '' : ` of ${unknown.map(({ name }) => name).join(', ')}`
  return ` Too little has run yet to know how long an asset${where} takes: ${FALLBACK / 60} min are taken.`
}

/** Named in the plan; of more there is the list of assets. */
const NAMED_SINCE = 20

/** What became of the servers since the vote: a line each. */
function sinceLines(state: ProposalState): readonly string[] {
  const { leftOut, waiting } = sinceOf(state)
  const out = Object.entries(leftOut)
  const lines = [sinceSentences(state)].filter((line) => line !== '')
  for (const [asset, why] of out.slice(0, NAMED_SINCE))
    lines.push(`  ${assetName(state, asset)} is left out: it ${whyLeftOut(why)}`)
  if (out.length > NAMED_SINCE) lines.push(`  and ${out.length - NAMED_SINCE} more, in "Assets"`)
  const names = Object.values(waiting)
  const more = names.length > NAMED_SINCE ? ` and ${names.length - NAMED_SINCE} more` : ''
  if (names.length > 0) lines.push(`  Not part of this: ${names.slice(0, NAMED_SINCE).join(', ')}${more}`)
  return lines
}

/** What may hold it back or stop it, beside the rings' own counts: a line each. */
function safeguards(subject: PatchSubject): readonly string[] {
  const { rings, failureBudget, clusters = [], hooks = [], silence, assets } = subject
  const lines: string[] = []
  for (const { name, gate, beforeVote } of rings) {
    if (beforeVote) lines.push(`Ring ${name} runs before the vote, where the policy says so, at any time of day.`)
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
  const simulated = assets.every(({ asset }) => asset.simulated) ? ' Not for simulated assets.' : ''
  if (hooks.length > 0)
    lines.push(
      `Around each asset run: ${hooks.map(({ moment, command }) => `${moment} (${command[0]})`).join(', ')}.${simulated}`,
    )
  if (silence !== undefined)
    lines.push(`The monitoring is silenced for assets being worked on: ${silence}.${simulated}`)
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
  }
}

function instant(at: string | null): RichText {
  return at === null ? rich('never') : rich(time(at))
}

/** A detail as plain lines for a terminal, its times in an IANA zone. */
export function detailLines(detail: Detail, timeZone: string | null = null): readonly string[] {
  const words = (text: RichText) => plain(timeZone === null ? text : text.map((span) => local(span, timeZone)))
  const lines = [detail.title, words(detail.lead)].filter((line) => line !== '')
  for (const table of detail.tables) {
    lines.push('', table.caption, `  ${table.columns.join(' | ')}`)
    for (const row of table.rows) lines.push(`  ${row.map(words).join(' | ')}`)
  }
  if (detail.lines.length > 0) lines.push('', ...detail.lines)
  return lines
}

function local(span: Span, timeZone: string): Span {
  if (span.kind !== 'time') return span
  return { kind: 'text', text: DateTime.fromISO(span.at, { zone: timeZone }).toFormat('yyyy-MM-dd HH:mm ZZZZ') }
}
