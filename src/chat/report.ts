import type { OpenedEvent } from '../core/audit.ts'
import { besides } from '../core/besides.ts'
import { changeLine } from '../core/change.ts'
import { type CountedAct, throughWords } from '../core/hands.ts'
import { badEnds, outcomeOf, standingOf, sumOfRings } from '../core/outcome.ts'
import { type Member, votingRoles } from '../core/policy.ts'
import { evolve } from '../core/proposal/evolve.ts'
import type { Deployment, ProposalState } from '../core/proposal/proposal.ts'
import { stillChanged } from '../core/rollback.ts'
import { ringTitle } from '../core/rollout/lanes.ts'
import { unfinishedDeployments } from '../core/rollout/run.ts'
import { assetName, tallyOf } from '../core/rollout/tally.ts'
import type { TeamCoverage } from '../core/team-coverage.ts'
import { minuteOf } from '../core/time/instant.ts'
import { whyNotTouched } from '../core/why-not-touched.ts'
import { coverageSection } from './coverage-report.ts'
import { codeSpan, md } from './markdown.ts'
import { plain } from './rich-text.ts'
import { storyOf } from './story/story.ts'
import { logsTold } from './story/verification.ts'
import { owingWords, sinceSentences } from './story/words.ts'
import { duration } from './words.ts'

/**
 * A proposal as Markdown for an auditor: what, why, who decided, what was done, what each asset says now. `coverage`:
 * what of the team is judged now; `null`: it is left out.
 */
export function proposalReport(
  state: ProposalState,
  events: readonly OpenedEvent[],
  logs: ReadonlyMap<string, string>,
  coverage: TeamCoverage | null = null,
): string {
  const lines = [md`# ${state.id}: ${state.title}`, '']
  lines.push(
    md`Status **${state.status}**, team ${state.team}, priority **${state.priority}**, revision ${state.revision}.`,
    '',
  )
  const { undone = 0, changed } = tallyOf(state)
  if (undone > 0)
    lines.push(
      md`Rolled back by ${state.rollBack?.proposal ?? ''}: ${undone} of ${undone + stillChanged(state).length} servers that it changed.${changed ? ' The others are still changed.' : ''}`,
      '',
    )
  lines.push(md`Why: ${state.whyNow}`, '')
  if (state.dueAt !== null) lines.push(md`Due ${minuteOf(state.dueAt)} UTC.`, '')
  lines.push('## Decision', '', ...decision(state), '')
  if (state.subject.kind === 'patches')
    lines.push('## Patches', '', ...patches(state), '', '## Assets', '', ...assets(state), '')
  if (coverage !== null) lines.push(...coverageSection(coverage), '')
  lines.push('## Thread', '', ...thread(events, logs), '')
  lines.push(...systemCalls(events))
  const last = events.at(-1)
  lines.push(
    '## Record',
    '',
    `${events.length} events; the last has the hash ${codeSpan(last?.hash ?? '')}. Check it with ${codeSpan('patchwarden audit verify')}.`,
    '',
  )
  return lines.join('\n')
}

function decision(state: ProposalState): string[] {
  const lines = [
    md`Policy "${state.policy.name}" (${state.policy.approval.kind}; roles ${votingRoles(state.policy.approval).join(', ')}; self-approval ${state.policy.selfApproval}).`,
  ]
  if (state.proposer.kind === 'person')
    lines.push(md`Proposed by ${state.proposer.name}${how({ ...state.proposer, person: state.proposer.id })}.`)
  if (state.approvedBy !== null)
    lines.push(md`Approved ${minuteOf(state.approvedAt ?? '')} UTC by ${state.approvedBy.how}.`)
  if (state.deferral !== null)
    lines.push(
      md`Rejected by ${state.deferral.by} until ${minuteOf(state.deferral.until)} UTC: ${state.deferral.reason}`,
    )
  if (state.breakGlass !== null)
    lines.push(
      md`Break-glass by ${state.breakGlass.person}${how(state.breakGlass)}: ${state.breakGlass.reason} (reviewed by ${state.breakGlass.reviewedBy ?? 'nobody yet'}).`,
    )
  lines.push('', '| person | vote | when (UTC) | via | reason |', '| --- | --- | --- | --- | --- |')
  for (const vote of state.votes)
    lines.push(
      md`| ${vote.name} | ${vote.choice} | ${minuteOf(vote.at)} | ${vote.via}${how(vote)} | ${vote.reason ?? ''} |`,
    )
  return lines
}

/** How the act came in, if not by an account of the person's own; otherwise empty. */
function how({ through, confirmedAt }: CountedAct): string {
  if (through === undefined) return ''
  const confirmed = confirmedAt === undefined ? '' : `; confirmed ${minuteOf(confirmedAt)} UTC`
  return `, by ${throughWords(through, (id) => id)}${confirmed}`
}

function patches(state: ProposalState): string[] {
  const lines = ['| patch | version | type | priority | CVEs | advisories |', '| --- | --- | --- | --- | --- | --- |']
  if (state.subject.kind !== 'patches') return lines
  for (const patch of state.subject.patches) {
    lines.push(
      md`| ${patch.source} | ${patch.version} | ${patch.type} | ${patch.priority} | ${patch.cves.join(', ')} | ${patch.advisories.join(', ')} |`,
    )
  }
  return lines
}

function assets(state: ProposalState): string[] {
  const lines = [
    '| server | ring | end state | why | packages | begun (UTC) | ended (UTC) | took |',
    '| --- | --- | --- | --- | --- | --- | --- | --- |',
  ]
  const { subject } = state
  if (subject.kind !== 'patches') return lines
  const atWork = new Map(unfinishedDeployments(state).map((deployment) => [deployment.asset, deployment]))
  for (const planned of subject.assets) {
    const id = planned.asset.id
    const index = subject.rings.findIndex((item) => item.assets.includes(id))
    const ring = ringTitle(subject, index) ?? ''
    const deployment = state.rollout?.deployments[id]
    const { verification, later } = deployment ?? {}
    const begun = atWork.get(id)
    const why = verification?.reason ?? (begun === undefined ? whyNotTouched(state, id) : workWords(begun))
    const end = begun === undefined ? standingOf(state, id) : 'at work'
    const heard = later === undefined ? '' : `; heard again on ${minuteOf(later.saidAt)} UTC: ${later.what}`
    const lacks = new Map(verification?.packages.flatMap(({ name, result }) => (result ? [[name, result]] : [])))
    const packages = planned.changes.map((change) => {
      const result = lacks.get(change.name)
      return result === undefined ? changeLine(change) : `${changeLine(change)} (${result})`
    })
    const all = [...packages, ...besides(planned)].join('; ')
    const { begunAt, endedAt, took } = times(deployment)
    lines.push(
      md`| ${assetName(state, id)} | ${ring} | ${end} | ${why}${heard} | ${all} | ${begunAt} | ${endedAt} | ${took} |`,
    )
  }
  const tally = tallyOf(state)
  const counts = tally.ends
  const notDone = badEnds(sumOfRings(outcomeOf(state).rings))
  const since = sinceSentences(tally)
  if (since !== '') lines.push('', md`Since the vote: ${since}`)
  const owing = owingWords(counts)
  const working = atWork.size === 0 ? '' : `, ${atWork.size} at work`
  lines.push(
    '',
    md`${counts.good} done${owing && ` (${owing})`}, ${notDone.length === 0 ? '0 not done' : notDone.join(', ')}, ${counts.unreachable} never answered${working}, ${counts.untouched - atWork.size} not touched, ${counts.leftOut} left out since the vote.`,
  )
  return lines
}

/** When work on the asset began and ended, and how long it took. Empty: that has not happened. */
function times(deployment: Deployment | undefined): {
  readonly begunAt: string
  readonly endedAt: string
  readonly took: string
} {
  if (deployment === undefined) return { begunAt: '', endedAt: '', took: '' }
  const { startedAt, doneAt } = deployment
  if (doneAt === null) return { begunAt: minuteOf(startedAt), endedAt: '', took: '' }
  const took = duration(Math.max(0, Math.round((Date.parse(doneAt) - Date.parse(startedAt)) / 1_000)))
  return { begunAt: minuteOf(startedAt), endedAt: minuteOf(doneAt), took }
}

function workWords({ startedAt, notBefore }: Deployment): string {
  if (notBefore === undefined) return `begun on ${minuteOf(startedAt)} UTC`
  return `told on ${minuteOf(startedAt)} UTC, to begin from ${minuteOf(notBefore)} UTC`
}

/** Hashes of the logs in the report. */
export function logsInReport(events: readonly OpenedEvent[]): readonly string[] {
  const hashes = new Set<string>()
  for (const { event, before, after } of steps(events))
    for (const hash of logsTold(event, before, after)) hashes.add(hash)
  return [...hashes]
}

interface Step {
  readonly event: OpenedEvent
  readonly before: ProposalState | null
  readonly after: ProposalState
}

function* steps(events: readonly OpenedEvent[]): Generator<Step> {
  let before: ProposalState | null = null
  for (const event of events) {
    const after: ProposalState = evolve(before, event)
    yield { event, before, after }
    before = after
  }
}

/** How often systems were asked, and where the record has what. */
function systemCalls(events: readonly OpenedEvent[]): string[] {
  const lines = events.flatMap(({ event, at }) => {
    if (event.type !== 'calls-recorded') return []
    const [first, last] = [event.calls[0], event.calls.at(-1)]
    const unanswered = event.counts['not answered'] ?? 0
    const lost = unanswered === 0 ? '' : `, ${unanswered} without an answer`
    return [
      `| ${minuteOf(at)} | ${codeSpan(event.key)} | ${first?.n ?? 0} to ${last?.n ?? 0}${lost} | ${codeSpan(event.page)} |`,
    ]
  })
  if (lines.length === 0) return []
  const head = ['| when (UTC) | start | calls | page of the record that holds them |', '| --- | --- | --- | --- |']
  return ['## Calls to systems', '', ...head, ...lines, '']
}

/** Who acted, so that the thread names them where an event has only their id. */
function peopleIn(events: readonly OpenedEvent[]): readonly Member[] {
  return events.flatMap(({ actor }) => (actor.kind === 'person' ? [{ id: actor.id, name: actor.name, roles: [] }] : []))
}

function thread(events: readonly OpenedEvent[], logs: ReadonlyMap<string, string>): string[] {
  const lines: string[] = []
  const people = peopleIn(events)
  for (const { event, before, after } of steps(events)) {
    for (const entry of storyOf(event, before, after, people, logs)) {
      const who = entry.author === null ? 'Patchwarden' : `${entry.author.name} (${entry.author.via})`
      lines.push(md`- ${minuteOf(event.at)} UTC **${who}**: ${plain(entry.text)}`)
      for (const detail of entry.detail) lines.push(`  - ${codeSpan(detail)}`)
    }
  }
  return lines
}
