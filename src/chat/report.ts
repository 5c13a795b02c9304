import type { SealedEvent } from '../core/audit.ts'
import { votingRoles } from '../core/policy.ts'
import { evolve } from '../core/proposal/evolve.ts'
import type { ProposalState } from '../core/proposal/proposal.ts'
import { whyNotTouched } from '../core/why-not-touched.ts'
import { plain } from './rich-text.ts'
import { assetName, endCounts, storyOf } from './story.ts'

/** A proposal as a document for an auditor: what, why, who decided, what was done, what each asset says now. Markdown. */
export function proposalReport(state: ProposalState, events: readonly SealedEvent[]): string {
  const lines = [`# ${state.id}: ${cell(state.title)}`, '']
  lines.push(
    `Status **${state.status}**, team ${cell(state.team)}, priority **${state.priority}**, revision ${state.revision}.`,
    '',
  )
  lines.push(`Why: ${cell(state.whyNow)}`, '')
  if (state.dueAt !== null) lines.push(`Due ${minute(state.dueAt)}.`, '')
  lines.push('## Decision', '', ...decision(state), '')
  if (state.subject.kind === 'patches')
    lines.push('## Patches', '', ...patches(state), '', '## Assets', '', ...assets(state), '')
  lines.push('## Thread', '', ...thread(events), '')
  const last = events.at(-1)
  lines.push(
    '## Record',
    '',
    `${events.length} events; the last has the hash \`${last?.hash ?? ''}\`. Check it with \`patchwarden audit verify\`.`,
    '',
  )
  return lines.join('\n')
}

function decision(state: ProposalState): string[] {
  const lines = [
    `Policy "${cell(state.policy.name)}" (${state.policy.approval.kind}; roles ${votingRoles(state.policy.approval).join(', ')}; self-approval ${state.policy.selfApproval}).`,
  ]
  if (state.proposer.kind === 'person') lines.push(`Proposed by ${cell(state.proposer.name)}.`)
  if (state.approvedBy !== null) lines.push(`Approved ${minute(state.approvedAt ?? '')} by ${state.approvedBy.how}.`)
  if (state.deferral !== null)
    lines.push(
      `Rejected by ${cell(state.deferral.by)} until ${minute(state.deferral.until)}: ${cell(state.deferral.reason)}`,
    )
  if (state.breakGlass !== null)
    lines.push(
      `Break-glass by ${cell(state.breakGlass.person)}: ${cell(state.breakGlass.reason)} (reviewed by ${cell(state.breakGlass.reviewedBy ?? 'nobody yet')}).`,
    )
  lines.push('', '| person | vote | when (UTC) | via | reason |', '| --- | --- | --- | --- | --- |')
  for (const vote of state.votes)
    lines.push(
      `| ${cell(vote.name)} | ${vote.choice} | ${minute(vote.at)} | ${vote.via} | ${cell(vote.reason ?? '')} |`,
    )
  return lines
}

function patches(state: ProposalState): string[] {
  const lines = ['| patch | version | type | priority | CVEs | advisories |', '| --- | --- | --- | --- | --- | --- |']
  if (state.subject.kind !== 'patches') return lines
  for (const patch of state.subject.patches) {
    lines.push(
      `| ${cell(patch.source)} | ${cell(patch.version)} | ${patch.type} | ${patch.priority} | ${cell(patch.cves.join(', '))} | ${cell(patch.advisories.join(', '))} |`,
    )
  }
  return lines
}

function assets(state: ProposalState): string[] {
  const lines = ['| asset | ring | end state | why | packages |', '| --- | --- | --- | --- | --- |']
  if (state.subject.kind !== 'patches') return lines
  for (const planned of state.subject.assets) {
    const id = planned.asset.id
    const ring = state.subject.rings.find((item) => item.assets.includes(id))?.name ?? ''
    const verification = state.rollout?.deployments[id]?.verification
    const packages = planned.changes.map((change) => `${change.name} ${change.from ?? '(new)'} → ${change.to}`)
    lines.push(
      `| ${cell(assetName(state, id))} | ${cell(ring)} | ${verification?.end ?? 'not touched'} | ${cell(verification?.reason ?? whyNotTouched(state, id))} | ${cell(packages.join('; '))} |`,
    )
  }
  const counts = endCounts(state)
  lines.push(
    '',
    `${counts.good} done, ${counts.bad} not, ${counts.unreachable} never answered, ${counts.untouched} not touched.`,
  )
  return lines
}

function thread(events: readonly SealedEvent[]): string[] {
  const lines: string[] = []
  let state: ProposalState | null = null
  for (const event of events) {
    const before: ProposalState | null = state
    const next = evolve(before, event)
    for (const entry of storyOf(event, before, next)) {
      const who = entry.author === null ? 'Patchwarden' : `${entry.author.name} (${entry.author.via})`
      lines.push(`- ${minute(event.at)} **${cell(who)}**: ${cell(plain(entry.text))}`)
      for (const detail of entry.detail) lines.push(`  - \`${detail.replaceAll('`', "'")}\``)
    }
    state = next
  }
  return lines
}

function minute(at: string): string {
  return at.slice(0, 16).replace('T', ' ')
}

/** Untrusted text inside Markdown: no line breaks, no table or markup characters that would take effect. */
function cell(text: string): string {
  return text.replace(/\s+/g, ' ').replace(/[\\`*_{}[\]<>|#]/g, '\\$&')
}
