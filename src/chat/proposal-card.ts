import { clusterProblem } from '../core/cluster.ts'
import { countEndState } from '../core/gate.ts'
import { isOwn, nameAsKnown, namesIn, throughWords } from '../core/hands.ts'
import { type Member, runsTest, votingRoles } from '../core/policy.ts'
import { excludedVoters, quorumNeeds, quorumProgress } from '../core/proposal/approval.ts'
import { endsByRing, unverified } from '../core/proposal/deployments.ts'
import { freshRun } from '../core/proposal/evolve-run.ts'
import { finalStatuses, isEndState, type PatchSubject, type ProposalState } from '../core/proposal/proposal.ts'
import {
  currentRing,
  emptyRing,
  endedBadly,
  goesOn,
  ringNow,
  testStop,
  waitingForResume,
} from '../core/proposal/run.ts'
import { sinceOf } from '../core/proposal/since.ts'
import { wantsGo } from '../core/proposal/turn.ts'
import { satisfiable } from '../core/quorum.ts'
import type { Card, CardQuorum, CardRing, Tone } from './card.ts'
import { cardActions } from './card-actions.ts'
import { cardPictures } from './card-pictures.ts'
import type { Picture } from './picture/picture.ts'
import { code, lineBreak, type RichText, rich, sentence, strong, time } from './rich-text.ts'
import { assetName, atWork, count, endCounts, sinceSentences, testSummary, waitingFor } from './story.ts'
import { summaryOf } from './subject-summary.ts'

/**
 * The proposal's card for one reader. `viewer` null: for nobody in particular, with every action that makes sense now.
 * `told`: the pictures of its thread, oldest first.
 */
export function proposalCard(
  state: ProposalState,
  members: readonly Member[],
  viewer: Member | null,
  told: readonly Picture[] = [],
): Card {
  const { subject } = state
  return {
    proposal: state.id,
    revision: state.revision,
    team: state.team,
    tone: tone(state),
    badge: badge(state),
    context: contextLine(state),
    title: state.title,
    simulated: subject.kind === 'patches' && summaryOf(subject).simulated,
    lead: state.status === 'completed' ? null : rich(strong('Why now: '), state.whyNow),
    facts: subject.kind === 'patches' ? patchFacts(state, subject) : ruleFacts(state),
    pictures: cardPictures(state.status, told),
    rings: subject.kind === 'patches' ? cardRings(state, subject) : [],
    quorum: state.status === 'open' ? cardQuorum(state, members) : [],
    notes: notes(state, members),
    actions: cardActions(state, viewer),
  }
}

function tone(state: ProposalState): Tone {
  switch (state.status) {
    case 'halted':
      return 'urgent'
    case 'completed':
      return endCounts(state).bad + endCounts(state).unreachable === 0 ? 'good' : 'warning'
    case 'paused':
    case 'rolling out':
    case 'verifying':
      return 'warning'
    case 'rejected':
    case 'expired':
    case 'withdrawn':
    case 'superseded':
      return 'neutral'
    default:
      return state.priority === 'immediate' ? 'urgent' : state.priority === 'out-of-cycle' ? 'warning' : 'neutral'
  }
}

function capital(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1).replaceAll('-', ' ')
}

function badge(state: ProposalState): string {
  if (state.status === 'completed')
    return endCounts(state).bad + endCounts(state).unreachable === 0 ? 'Verified' : 'Done, with exceptions'
  if (state.status === 'open' || state.status === 'approved' || state.status === 'scheduled')
    return capital(state.priority)
  return capital(state.status)
}

function contextLine(state: ProposalState): readonly RichText[] {
  const parts: RichText[] = []
  if (state.status === 'open' && state.dueAt !== null) parts.push(rich('due ', time(state.dueAt, 'relative')))
  if (state.status !== 'open') parts.push(rich(statusText(state)))
  if (state.status === 'scheduled' && state.schedule !== null) parts.push(rich('starts ', time(state.schedule.start)))
  parts.push(rich(`${state.id}${state.revision > 1 ? `, revision ${state.revision}` : ''}`))
  if (state.subject.kind === 'patches')
    parts.push(rich([...new Set(state.subject.patches.map((patch) => patch.type))].join(', ')))
  else parts.push(rich('standing approval'))
  return parts
}

function statusText(state: ProposalState): string {
  const ring = currentRing(state)
  if (state.status === 'rolling out' && ring !== null)
    return `rolling out, ring ${ring + 1} of ${state.rollout?.rings.length ?? 0}`
  if (state.status === 'approved' && state.subject.kind === 'standing rule') return 'in force'
  return state.status
}

/** A card is read on a phone: the rest is behind "Plan" and "Explain". */
const PATCHES_SHOWN = 5
const CVES_SHOWN = 2

function patchFacts(state: ProposalState, subject: PatchSubject): Card['facts'] {
  const facts: { label: string; value: RichText }[] = []
  facts.push({ label: 'Change', value: changeFact(state, subject) })
  facts.push({ label: 'Affects', value: affects(subject) })
  const preview = previewFact(subject)
  if (preview) facts.push({ label: 'Preview', value: preview })
  const tested = testedFact(state, subject)
  if (tested) facts.push({ label: 'Tested', value: tested })
  facts.push({ label: 'Plan', value: planFact(subject) })
  const progress = progressFact(state, subject)
  if (progress) facts.push({ label: 'Progress', value: progress })
  const failed = failedFact(state)
  if (failed) facts.push({ label: 'Not well', value: failed })
  const also = [...new Set(subject.patches.flatMap((patch) => patch.also ?? []))]
  if (also.length > 0) facts.push({ label: 'Besides', value: rich(`${also.join('; ')}.`) })
  const assumed = assumptions(subject)
  if (assumed.length > 0 && state.status === 'open')
    facts.push({ label: 'Assumed', value: rich(`${assumed.slice(0, 3).join('; ')}.`) })
  return facts
}

/** A fact each, which may have been taken differently for different patches. */
function assumptions(subject: PatchSubject): readonly string[] {
  const taken = new Map<string, Set<string>>()
  for (const { fact, value } of subject.patches.flatMap((patch) => patch.assumptions))
    taken.set(fact, (taken.get(fact) ?? new Set()).add(String(value)))
  return [...taken].map(([fact, values]) => `${fact} taken as ${[...values].join(' or ')}`)
}

/** A line for each patch, then what happens about reboots. */
function changeFact(state: ProposalState, subject: PatchSubject): RichText {
  const { patches } = subject
  const lines = patches.slice(0, PATCHES_SHOWN).flatMap((patch) => {
    if (subject.rollsBack)
      return [code(patch.source), ` ${patch.version} → ${versions(subject, patch.id, 'to')}`, lineBreak]
    const from = versions(subject, patch.id, 'from')
    const cves = patch.cves.length > CVES_SHOWN ? `${patch.cves.length} CVEs` : patch.cves.join(', ')
    return [code(patch.source), ` ${from && `${from} → `}${patch.version}${cves && ` · ${cves}`}`, lineBreak]
  })
  const more = patches.length > PATCHES_SHOWN ? [`and ${patches.length - PATCHES_SHOWN} more`, lineBreak] : []
  const reboot = state.policy.reboot === 'never' ? 'No reboot.' : 'Reboots where a package asks for it.'
  return rich(...lines, ...more, reboot)
}

/** The version of a patch's packages on one side of its changes; how many where assets differ. */
function versions(subject: PatchSubject, patch: string, side: 'from' | 'to'): string {
  const found = summaryOf(subject).versions.get(patch)?.[side] ?? new Set()
  return found.size > 1 ? `${found.size} older versions` : ([...found][0] ?? '')
}

function affects(subject: PatchSubject): RichText {
  const parts: (string | ReturnType<typeof code>)[] = [`${count(subject.assets.length, 'asset')}: `]
  for (const [index, planned] of subject.assets.slice(0, 4).entries()) {
    if (index > 0) parts.push(', ')
    parts.push(code(planned.asset.name))
  }
  if (subject.assets.length > 4) parts.push(` and ${subject.assets.length - 4} more`)
  return rich(...parts)
}

function previewFact(subject: PatchSubject): RichText | null {
  const { previewed, removed, added, blind } = summaryOf(subject)
  const parts = [`The exact transaction is known for ${previewed} of ${subject.assets.length}`]
  if (removed.size > 0) parts.push(`removes ${[...removed].join(', ')}`)
  if (added.size > 0) parts.push(`newly installs ${[...added].slice(0, 5).join(', ')}`)
  if (blind) parts.push(`${blind.asset.name}: ${blind.previewProblem ?? ''}`)
  return rich(`${parts.join('; ')}.`)
}

/** What the test ring showed, or why it showed nothing yet. */
function testedFact(state: ProposalState, subject: PatchSubject): RichText | null {
  const ring = subject.rings[0]
  if (ring?.beforeVote !== true || !runsTest(state.policy)) return null
  const { test } = state
  const needed = state.policy.testRing === 'required' ? '; approval waits for it' : ''
  if (test === null) return rich(`Not yet on ${count(ring.assets.length, 'test asset')}${needed}.`)
  if (test.result === null) {
    const done = Object.values(test.deployments).filter(({ verification }) => verification !== null).length
    const how = capital(testStop(state)?.how ?? 'running')
    return rich(`${how} on ring ${ring.name}: ${done} of ${count(ring.assets.length, 'asset')} done${needed}.`)
  }
  const { passed, reason } = test.result
  return rich(
    strong(passed ? 'Passed. ' : 'Did not pass. '),
    reason === null ? '' : `${sentence(reason)} `,
    testSummary(state),
  )
}

function planFact(subject: PatchSubject): RichText {
  const rings = subject.rings.map((ring) => `${ring.name} ${ring.assets.length}`)
  const failures = Math.min(...subject.rings.map((ring) => ring.gate.maxFailures))
  const soak = Math.max(...subject.rings.map((ring) => ring.soakSeconds))
  const soaks = soak === 0 ? 'no soak between them' : `each watched for up to ${duration(soak)}`
  const stops = failures === 0 ? 'stops at the first failure' : `stops at more than ${count(failures, 'failure')}`
  const measured = subject.measured?.kind === 'measured' ? `, ${subject.measured.evidence.sentence}` : ''
  return rich(`${rings.join(', then ')}; ${soaks}; ${stops}; window "${subject.window.name}"${measured}.`)
}

export function duration(seconds: number): string {
  if (seconds < 120) return `${seconds} s`
  if (seconds < 7_200) return `${Math.round(seconds / 60)} min`
  return `${Math.round(seconds / 3_600)} h`
}

function progressFact(state: ProposalState, subject: PatchSubject): RichText | null {
  if (state.rollout === null) return null
  const counts = endCounts(state)
  const running = unverified(state.rollout).length
  const parts = [`${counts.good} of ${subject.assets.length - counts.leftOut} done`]
  if (running > 0) parts.push(`${running} running`)
  if (counts.bad > 0) parts.push(`${counts.bad} failed`)
  if (counts.unreachable > 0) parts.push(`${counts.unreachable} never answered`)
  if (counts.untouched - running > 0) parts.push(`${counts.untouched - running} not touched`)
  return rich(`${parts.join(', ')}.`)
}

const FAILED_SHOWN = 3

/** What ended badly, in the words of its verification; its log is in the thread. */
function failedFact(state: ProposalState): RichText | null {
  if (state.rollout === null) return null
  const { deployments } = state.rollout
  const failed = [...endedBadly(state.rollout)]
  if (failed.length === 0) return null
  const lines = failed.slice(0, FAILED_SHOWN).flatMap((asset, index) => {
    const verification = deployments[asset]?.verification
    const why = verification ? ` ${verification.end}: ${sentence(verification.reason)}` : ''
    return [...(index === 0 ? [] : [lineBreak]), code(assetName(state, asset)), why]
  })
  const more = failed.length - FAILED_SHOWN
  return rich(...lines, ...(more > 0 ? [lineBreak, `and ${more} more, in "Assets"`] : []))
}

function ruleFacts(state: ProposalState): Card['facts'] {
  if (state.subject.kind !== 'standing rule') return []
  const { rule, window } = state.subject
  return [
    { label: 'Approves', value: rich(`${rule.types.join(', ')} patches without a further vote`) },
    { label: 'Assets', value: rich(`tagged ${rule.tags.join(' or ')}`) },
    { label: 'Window', value: rich(`"${window.name}"`) },
    { label: 'Until', value: rich(time(rule.expiresAt)) },
  ]
}

/** While people vote, those of the test that runs. */
function cardRings(state: ProposalState, subject: PatchSubject): readonly CardRing[] {
  const run = state.rollout ?? state.test
  const failed = state.rollout === null && state.test?.result?.passed === false
  return subject.rings.map((ring, index) => {
    const counts = { good: 0, bad: 0, running: 0 }
    for (const [end, count] of Object.entries((run && endsByRing(run).get(index)) ?? {})) {
      if (!isEndState(end)) counts.running += count
      else if (countEndState(end) === 'good') counts.good += count
      else counts.bad += count
    }
    return {
      name: ring.name,
      total: ring.assets.length,
      ...counts,
      status: failed && ring.beforeVote === true ? 'failed' : (run?.rings[index]?.status ?? 'waiting'),
    }
  })
}

function cardQuorum(state: ProposalState, members: readonly Member[]): readonly CardQuorum[] {
  const progress = quorumProgress(state, members)
  const name = (id: string) => {
    const vote = state.votes.find(({ person }) => person === id)
    const called = namesIn(members)(id)
    return vote === undefined ? called : nameAsKnown({ ...vote, name: called })
  }
  return (progress?.roles ?? []).map((role) => ({
    role: role.role,
    have: role.filledBy.length,
    need: role.need,
    by: role.filledBy.map(name),
    waitingFor: role.waitingFor.map(name),
  }))
}

/** Approvals that were not given by an account of the person's own, and that nobody confirmed. */
function unconfirmed(state: ProposalState, members: readonly Member[]): string | null {
  const given = state.votes.filter((vote) => vote.choice === 'approve' && !isOwn(vote))
  const list = given.map(
    ({ name, through }) => `${name} (by ${through ? throughWords(through, namesIn(members)) : ''})`,
  )
  if (list.length === 0) return null
  return `Approved in the name of ${list.join(', ')}. What came by one hand counts once, until each confirms it by an account of their own.`
}

function notes(state: ProposalState, members: readonly Member[]): Card['notes'] {
  const list: { tone: Tone; text: RichText }[] = []
  if (state.status === 'open') {
    if (state.noticeEndsAt !== null && state.standingRefused === null) {
      const who = votingRoles(state.policy.approval).join(' or ')
      list.push({
        tone: 'neutral',
        text: rich('Goes ahead ', time(state.noticeEndsAt, 'relative'), ` unless ${who} objects.`),
      })
    }
    if (state.standingRefused !== null)
      list.push({ tone: 'warning', text: rich(`The standing approval does not cover this: ${state.standingRefused}.`) })
    list.push({
      tone: 'neutral',
      text: rich('Expires ', time(state.expiresAt, 'relative'), '; nothing happens then until it is proposed again.'),
    })
    const unsure = unconfirmed(state, members)
    if (unsure !== null) list.push({ tone: 'warning', text: rich(unsure) })
    const needs = quorumNeeds(state)
    if (needs !== null && !satisfiable(needs, members, excludedVoters(state))) {
      list.push({
        tone: 'urgent',
        text: rich(
          'Nobody can satisfy this policy now: too few people hold its roles. Mend teams and roles in patchwarden.yaml.',
        ),
      })
    }
  }
  const current = ringNow(state)
  if (goesOn(state) && current !== null && wantsGo(current))
    list.push({
      tone: 'warning',
      text: rich(
        `Ring ${current.planned.name} waits until somebody who is ${(current.planned.gate.go ?? []).join(' or ')} says go.`,
      ),
    })
  for (const cluster of state.subject.kind === 'patches' ? (state.subject.clusters ?? []) : []) {
    const problem = clusterProblem(cluster)
    if (problem !== null) list.push({ tone: 'urgent', text: rich(sentence(`It will stop there: ${problem}`)) })
  }
  const drifted = Object.keys(state.drifted).length
  if (drifted > 0)
    list.push({ tone: 'urgent', text: rich(`${count(drifted, 'asset')} changed back since; the thread says what.`) })
  const since = sinceSentences(state)
  if (since !== '' && !finalStatuses.includes(state.status)) list.push({ tone: 'neutral', text: rich(since) })
  for (const empty of emptyRings(state))
    list.push({ tone: 'warning', text: rich(`${empty}. The rollout stops there.`) })
  const skipped = Object.keys(state.rollout?.skipped ?? {}).length
  if (skipped > 0) list.push({ tone: 'neutral', text: rich(`${count(skipped, 'asset')} left out by hand.`) })
  if (state.notStarted !== null) list.push({ tone: 'warning', text: rich(`Not started, because ${state.notStarted}.`) })
  if (state.waitsFor && goesOn(state)) list.push({ tone: 'neutral', text: waitingFor(state, state.waitsFor) })
  const test = testStop(state)
  const stopped = state.stopped ?? test
  if (stopped !== null)
    list.push({
      tone: 'urgent',
      text: rich(
        `${test === null ? 'Stopped' : `Test ${test.how}`} by ${stopped.by.name} at `,
        time(stopped.at, 'time'),
        `: ${sentence(stopped.reason)}`,
      ),
    })
  const left = test === null ? null : atWork(state)
  if (left !== null) list.push({ tone: 'neutral', text: left })
  if (waitingForResume(state) !== null) list.push({ tone: 'neutral', text: rich(howToGoOn(state, members)) })
  if (state.deferral !== null)
    list.push({
      tone: 'warning',
      text: rich(
        `Rejected: ${sentence(state.deferral.reason)} ${state.deferral.owner} looks again by `,
        time(state.deferral.until),
        '.',
      ),
    })
  if (state.supersededBy !== null) list.push({ tone: 'neutral', text: rich(`Replaced by ${state.supersededBy}.`) })
  if (state.breakGlass !== null && state.breakGlass.reviewedBy === null)
    list.push({
      tone: 'urgent',
      text: rich('Break-glass was used; a review is due ', time(state.breakGlass.reviewBy, 'relative'), '.'),
    })
  return list
}

/** Rings to come of which nobody is left: nothing passes because nothing was there. */
function emptyRings(state: ProposalState): readonly string[] {
  const { subject } = state
  if (subject.kind !== 'patches' || finalStatuses.includes(state.status)) return []
  const run = state.rollout ?? state.test ?? freshRun(state, state.openedAt)
  const { leftOut } = sinceOf(state)
  return subject.rings.flatMap((planned, index) => {
    const ring = run.rings[index]
    return ring === undefined ? [] : (emptyRing({ index, planned, ring, run, leftOut }) ?? [])
  })
}

/** For whoever is woken by it: what can be done now, and by whom. */
function howToGoOn(state: ProposalState, members: readonly Member[]): string {
  const who = state.policy.resume.map(({ role }) => {
    const people = members.filter((member) => member.roles.includes(role)).map((member) => member.name)
    return `${role} (${people.join(', ') || 'nobody has that role'})`
  })
  const agreed = state.resumeVotes.map(nameAsKnown)
  const so = agreed.length === 0 ? '' : ` Agreed so far: ${agreed.join(', ')}.`
  const failed = state.rollout === null ? 0 : endedBadly(state.rollout).size
  const what =
    failed === 0
      ? ''
      : ` Resumed, it goes on without ${failed === 1 ? 'the one' : `the ${failed}`} not well; "Retry failed" before that has ${failed === 1 ? 'it' : 'them'} tried again.`
  return `${testStop(state) === null ? 'It' : 'The test'} goes on when ${who.join(' and ')} resumes it.${what}${so}`
}
