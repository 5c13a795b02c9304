/** Tables and text behind a card's buttons. Pure: made from the proposal's state. */

import { DateTime } from 'luxon'
import { forecastOf, type PlanForecast } from '../core/forecast.ts'
import { finalStatuses, type PatchSubject, type ProposalState } from '../core/proposal/proposal.ts'
import type { Freeze } from '../core/window.ts'
import { nextWindows } from '../core/window.ts'
import type { Detail } from './desk.ts'
import { judgementTable, patchCaption } from './explanation.ts'
import type { Picture } from './picture/picture.ts'
import { plain, type RichText, rich, type Span, strong, time } from './rich-text.ts'
import { assetName } from './story.ts'

export function assetsDetail(state: ProposalState, subject: PatchSubject): Detail {
  return {
    title: `${state.id}: assets`,
    lead: rich(`${subject.assets.length} assets, in the order they are patched.`),
    tables: subject.rings.map((ring) => ({
      caption: `Ring ${ring.name}`,
      columns: ['Asset', 'Platform', 'Changes', 'State'],
      rows: ring.assets.flatMap((id) => {
        const planned = subject.assets.find((item) => item.asset.id === id)
        if (!planned) return []
        const verification = state.rollout?.deployments[id]?.verification
        const changes = planned.changes
          .map((change) => `${change.name} ${change.from ?? '(new)'} → ${change.to}`)
          .join(', ')
        const now = verification
          ? `${verification.end}: ${verification.reason}`
          : state.rollout?.deployments[id]
            ? 'running'
            : 'waiting'
        return [[rich(planned.asset.name), rich(planned.asset.platform), rich(changes), rich(now)]]
      }),
    })),
    lines: [],
  }
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
  const lines: string[] = []
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
        rows: windows.map((window) => [rich(time(window.start)), rich(time(window.end))]),
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

function instant(at: string | null): RichText {
  return at === null ? rich('never') : rich(time(at))
}

/** A detail as plain lines for a terminal, its times in an IANA zone. */
export function detailText(detail: Detail, timeZone: string | null = null): string {
  const words = (text: RichText) => plain(timeZone === null ? text : text.map((span) => local(span, timeZone)))
  const lines = [detail.title, words(detail.lead)]
  for (const table of detail.tables) {
    lines.push('', table.caption, `  ${table.columns.join(' | ')}`)
    for (const row of table.rows) lines.push(`  ${row.map(words).join(' | ')}`)
  }
  if (detail.lines.length > 0) lines.push('', ...detail.lines)
  return lines.join('\n')
}

function local(span: Span, timeZone: string): Span {
  if (span.kind !== 'time') return span
  return { kind: 'text', text: DateTime.fromISO(span.at, { zone: timeZone }).toFormat('yyyy-MM-dd HH:mm ZZZZ') }
}
