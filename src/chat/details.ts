/** Tables and text behind a card's buttons. Pure: made from the proposal's state. */

import type { PatchSubject, ProposalState } from '../core/proposal/proposal.ts'
import type { Freeze } from '../core/window.ts'
import { nextWindows } from '../core/window.ts'
import type { Detail } from './desk.ts'
import { judgementTable, patchCaption } from './explanation.ts'
import { plain, rich, strong, time } from './rich-text.ts'
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

export function planDetail(
  state: ProposalState,
  subject: PatchSubject,
  freezes: readonly Freeze[],
  now: string,
): Detail {
  const windows = nextWindows(subject.window, freezes, state.team, now, 3)
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
    lead: rich(`Window "${subject.window.name}", engine ${subject.engine}. Each ring waits for the one before it.`),
    tables: [
      {
        caption: 'Rings',
        columns: ['Ring', 'Assets', 'At a time', 'Soak', 'Stops at'],
        rows: subject.rings.map((ring) => [
          rich(ring.name),
          rich(String(ring.assets.length)),
          rich(String(ring.batchSize)),
          rich(`${ring.soakSeconds} s`),
          rich(
            `more than ${ring.gate.maxFailures} failed, or under ${ring.gate.minSuccessPercent} % good; never answered: ${ring.gate.unreachable}`,
          ),
        ]),
      },
      {
        caption: 'Next windows',
        columns: ['From', 'To'],
        rows: windows.map((window) => [rich(time(window.start)), rich(time(window.end))]),
      },
    ],
    lines,
  }
}

/** A detail as plain lines for a terminal. */
export function detailText(detail: Detail): string {
  const lines = [detail.title, plain(detail.lead)]
  for (const table of detail.tables) {
    lines.push('', table.caption, `  ${table.columns.join(' | ')}`)
    for (const row of table.rows) lines.push(`  ${row.map((item) => plain(item)).join(' | ')}`)
  }
  if (detail.lines.length > 0) lines.push('', ...detail.lines)
  return lines.join('\n')
}
