import { nameAsKnown, namesIn } from '../core/hands.ts'
import type { Place } from '../core/permission/place.ts'
import type { Doer } from '../core/permission/row.ts'
import { type Member, runsTest } from '../core/policy.ts'
import { quorumProgress } from '../core/proposal/approval.ts'
import type { BriefPatch, PatchBrief, Values } from '../core/proposal/brief.ts'
import { type Glance, ringWords } from '../core/proposal/glance.ts'
import { isEndState, type TakenBack } from '../core/proposal/proposal.ts'
import { countEndState } from '../core/rollout/gate.ts'
import { engineOfRing, lanesOf, ringTitle } from '../core/rollout/lanes.ts'
import { testStop } from '../core/rollout/run.ts'
import { takenBackNow } from '../core/rollout/taken-back.ts'
import { isBefore } from '../core/time/instant.ts'
import type { Card, CardQuorum, CardRing, Tone } from './card.ts'
import { cardActions } from './card-actions.ts'
import { cardNotes } from './card-notes.ts'
import { cardPictures } from './card-pictures.ts'
import type { Picture } from './picture/picture.ts'
import { aheadSentence, promiseSentences, uncheckedSentence } from './promises.ts'
import { code, lineBreak, type RichText, rich, sentence, strong, time } from './rich-text.ts'
import { owingWords, reachedWords, testSummary } from './story/words.ts'
import { count, duration } from './words.ts'

/**
 * The proposal's card for one reader. `viewer` null: the card for everybody, with every action that somebody could do
 * now. `told`: the pictures of its thread, oldest first.
 */
export function proposalCard(place: Place, viewer: Doer | null, told: readonly Picture[] = []): Card {
  const { glance: state, members } = place
  const { subject } = state
  return {
    proposal: state.id,
    revision: state.revision,
    team: state.team,
    tone: tone(state),
    badge: badge(state),
    context: contextLine(state),
    title: state.title,
    simulated: subject.kind === 'patches' && subject.simulated,
    lead: state.status === 'completed' ? null : rich(strong('Why now: '), state.whyNow),
    facts: subject.kind === 'patches' ? patchFacts(place, subject) : ruleFacts(state),
    pictures: cardPictures(state.status, told),
    rings: subject.kind === 'patches' ? cardRings(state, subject) : [],
    quorum: state.status === 'open' ? cardQuorum(state, members) : [],
    notes: cardNotes(state, members, place.unjudged),
    actions: cardActions(place, viewer),
  }
}

function tone(state: Glance): Tone {
  switch (state.status) {
    case 'halted':
      return 'urgent'
    case 'completed':
      return isFlawless(state) ? 'good' : 'warning'
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

function isFlawless({ tally: { ends } }: Glance): boolean {
  return ends.bad + ends.unreachable + (ends.owing ?? 0) === 0
}

function capital(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1).replaceAll('-', ' ')
}

function badge(state: Glance): string {
  if (state.status === 'completed') return isFlawless(state) ? 'Verified' : 'Done, with exceptions'
  if (state.status === 'open' || state.status === 'approved' || state.status === 'scheduled')
    return capital(state.priority)
  return capital(state.status)
}

function contextLine(state: Glance): readonly RichText[] {
  const parts: RichText[] = []
  if (state.status === 'open' && state.dueAt !== null) parts.push(rich('due ', time(state.dueAt, 'relative')))
  if (state.status !== 'open') parts.push(rich(statusText(state)))
  if (state.status === 'scheduled' && state.schedule !== null) parts.push(rich('starts ', time(state.schedule.start)))
  parts.push(rich(`${state.id}${state.revision > 1 ? `, revision ${state.revision}` : ''}`))
  if (state.subject.kind === 'patches') parts.push(rich(state.subject.types.join(', ')))
  else parts.push(rich('standing approval'))
  return parts
}

function statusText(state: Glance): string {
  const ring = ringWords(state)
  if (state.status === 'rolling out' && ring !== null) return `rolling out, ${ring}`
  if (state.status === 'approved' && state.subject.kind === 'standing rule') return 'in force'
  return state.status
}

/** Limits for lists on the card, which is read on a phone. "Plan", "Servers" and "Explain" show the rest. */
const CVES_SHOWN = 2
const NAMES_SHOWN = 4
const ASSUMED_SHOWN = 3

function patchFacts({ glance: state, freezes, now }: Place, subject: PatchBrief): Card['facts'] {
  const facts: { label: string; value: RichText }[] = []
  facts.push({ label: 'Change', value: changeFact(state, subject) })
  facts.push({ label: 'Affects', value: affects(subject) })
  const preview = previewFact(subject)
  if (preview) facts.push({ label: 'Preview', value: preview })
  const tested = testedFact(state, subject)
  if (tested) facts.push({ label: 'Tested', value: tested })
  facts.push({ label: 'Plan', value: planFact(subject) })
  for (const ahead of state.status === 'open' ? (subject.ahead ?? []) : [])
    facts.push({ label: 'When', value: aheadSentence(ahead, state, freezes, now) })
  for (const promised of subject.promised ?? [])
    facts.push({ label: 'Terms', value: rich(promiseSentences(promised).join(' ')) })
  if ((subject.unchecked ?? 0) > 0 && state.status === 'open')
    facts.push({ label: 'Health', value: rich(uncheckedSentence(subject.unchecked ?? 0)) })
  const progress = progressFact(state, subject, now)
  if (progress) facts.push({ label: 'Progress', value: progress })
  const failed = failedFact(state)
  if (failed) facts.push({ label: 'Failed', value: failed })
  if (subject.also.length > 0) facts.push({ label: 'Also required', value: rich(`${subject.also.join('; ')}.`) })
  const assumed = subject.assumed.map(({ fact, values }) => `${fact} taken as ${values.join(' or ')}`)
  if (assumed.length > 0 && state.status === 'open')
    facts.push({ label: 'Assumed', value: rich(`${assumed.slice(0, ASSUMED_SHOWN).join('; ')}.`) })
  return facts
}

/** One line for each patch, then the rule for reboots. */
function changeFact(state: Glance, subject: PatchBrief): RichText {
  const lines = subject.patches.flatMap((patch) => {
    if (subject.rollsBack !== null) return [code(patch.source), ` ${patch.version} → ${versions(patch.to)}`, lineBreak]
    const from = versions(patch.from)
    const cves = cvesOf(patch)
    // An update without a build has no version but its name.
    const to = patch.version === patch.source ? '' : ` ${from && `${from} → `}${patch.version}`
    return [code(patch.source), `${to}${cves && ` · ${cves}`}`, lineBreak]
  })
  const others = subject.patchCount - subject.patches.length
  const more = others > 0 ? [`and ${others} more`, lineBreak] : []
  const reboot = state.policy.reboot === 'never' ? 'No reboot.' : 'Reboots where a patch asks for it.'
  return rich(...lines, ...more, reboot)
}

/** The version before or after the patch; the number of versions if assets differ. */
function versions({ count, first }: Values): string {
  return count > 1 ? `${count} older versions` : (first ?? '')
}

function cvesOf({ cves, cveCount }: BriefPatch): string {
  return cveCount > CVES_SHOWN ? `${cveCount} CVEs` : cves.join(', ')
}

function affects(subject: PatchBrief): RichText {
  const parts: (string | ReturnType<typeof code>)[] = [`${count(subject.assets, 'server')}: `]
  for (const [index, name] of subject.names.slice(0, NAMES_SHOWN).entries()) {
    if (index > 0) parts.push(', ')
    parts.push(code(name))
  }
  if (subject.assets > NAMES_SHOWN) parts.push(` and ${subject.assets - NAMES_SHOWN} more`)
  return rich(...parts)
}

function previewFact(subject: PatchBrief): RichText | null {
  const { previewed, removed, added, blind, assets } = subject
  const parts = [`The exact transaction is known for ${previewed} of ${assets}`]
  if (removed.length > 0) parts.push(`removes ${removed.join(', ')}`)
  if (added.length > 0) parts.push(`newly installs ${added.join(', ')}`)
  if (blind !== null) parts.push(`${blind.name}: ${blind.problem}`)
  return rich(`${parts.join('; ')}.`)
}

/** The result of the test ring, or why there is none yet. */
function testedFact(state: Glance, subject: PatchBrief): RichText | null {
  const ring = subject.rings[0]
  if (ring?.beforeVote !== true || !runsTest(state.policy)) return null
  const { test } = state
  const needed = state.policy.testRing === 'required' ? '; approval waits for it' : ''
  if (test === null) return rich(`Not yet on ${count(ring.assets, 'test server')}${needed}.`)
  if (test.result === null) {
    const done = state.tally.test?.verified ?? 0
    const how = capital(testStop(state)?.how ?? 'running')
    return rich(
      `${how} on ring ${ringTitle(subject, 0) ?? ring.name}: ${done} of ${count(ring.assets, 'server')} done${needed}.`,
    )
  }
  const { passed, reason } = test.result
  return rich(
    strong(passed ? 'Passed. ' : 'Did not pass. '),
    reason === null ? '' : `${sentence(reason)} `,
    testSummary(state.tally.test),
  )
}

function planFact(subject: PatchBrief): RichText {
  const lanes = lanesOf(subject).map((lane) => {
    const rings = subject.rings.flatMap((ring, index) =>
      engineOfRing(subject, index) === lane ? [`${ringTitle(subject, index) ?? ring.name} ${ring.assets}`] : [],
    )
    return rings.join(', then ')
  })
  const failures = Math.min(...subject.rings.map((ring) => ring.gate.maxFailures))
  const soak = Math.max(...subject.rings.map((ring) => ring.soakSeconds))
  const soaks = soak === 0 ? 'no soak between them' : `each watched for up to ${duration(soak)}`
  const stops = failures === 0 ? 'stops at the first failure' : `stops at more than ${count(failures, 'failure')}`
  const measured = subject.measured === null ? '' : `, ${subject.measured}`
  return rich(`${lanes.join('; beside them ')}; ${soaks}; ${stops}; window "${subject.window}"${measured}.`)
}

function progressFact(state: Glance, subject: PatchBrief, now: string): RichText | null {
  if (state.rollout === null) return null
  const counts = state.tally.ends
  const running = state.rollout.rings.reduce((sum, ring) => sum + (ring.counts['at work'] ?? 0), 0)
  const owing = owingWords(counts)
  const parts = [`${counts.good} of ${subject.assets - counts.leftOut} done${owing && ` (${owing})`}`]
  const reporting = state.tally.reporting ?? 0
  const back = takenBackShown(takenBackNow(state.rollout), reporting, now)
  const silent = reporting - back.may - back.atWork
  if (running > reporting) parts.push(`${running - reporting} running`)
  if (silent > 0) parts.push(`${silent} told and not reported yet`)
  if (counts.bad > 0) parts.push(`${counts.bad} failed`)
  if (counts.unreachable > 0) parts.push(`${counts.unreachable} never answered`)
  const untouched = counts.untouched - running - back.stopped - back.untold
  if (untouched > 0) parts.push(`${untouched} not touched`)
  const reached = reachedWords(back, back.untold)
  return rich(parts.join(', '), ...(reached.length === 0 ? [] : ['; ', ...reached]), '.')
}

/** What a stop reached, as far as it still holds. */
function takenBackShown(back: TakenBack | null, reporting: number, now: string): Omit<TakenBack, 'starts'> {
  if (back === null) return { stopped: 0, may: 0, until: null, atWork: 0, untold: 0 }
  const isOver = back.until !== null && !isBefore(now, back.until)
  const may = isOver ? 0 : Math.min(back.may, reporting)
  return { ...back, may, atWork: Math.min(back.atWork, reporting - may) }
}

/** Assets that ended badly, with the words of their verification. The log is in the thread. */
function failedFact(state: Glance): RichText | null {
  const { failed } = state.tally
  if (failed.count === 0) return null
  const lines = failed.first.flatMap(({ name, end, reason }, index) => [
    ...(index === 0 ? [] : [lineBreak]),
    code(name),
    ` ${end}: ${sentence(reason)}`,
  ])
  const more = failed.count - failed.first.length
  return rich(...lines, ...(more > 0 ? [lineBreak, `and ${more} more, in "Servers"`] : []))
}

function ruleFacts(state: Glance): Card['facts'] {
  if (state.subject.kind !== 'standing rule') return []
  const { rule, window } = state.subject
  return [
    { label: 'Approves', value: rich(`${rule.types.join(', ')} patches without a further vote`) },
    { label: 'Servers', value: rich(`tagged ${rule.tags.join(' or ')}`) },
    { label: 'Window', value: rich(`"${window.name}"`) },
    { label: 'Until', value: rich(time(rule.expiresAt)) },
  ]
}

/** The rings of the rollout. During the vote: the rings of the running test. */
function cardRings(state: Glance, subject: PatchBrief): readonly CardRing[] {
  const run = state.rollout ?? state.test
  const failed = state.rollout === null && state.test?.result?.passed === false
  return subject.rings.map((ring, index) => {
    const known = run?.rings[index]?.counts ?? {}
    const counts = { good: 0, bad: 0, running: known['at work'] ?? 0 }
    for (const [end, count] of Object.entries(known))
      if (isEndState(end)) counts[countEndState(end) === 'good' ? 'good' : 'bad'] += count
    return {
      name: ringTitle(subject, index) ?? ring.name,
      total: ring.assets,
      ...counts,
      status: failed && ring.beforeVote === true ? 'failed' : (run?.rings[index]?.status ?? 'waiting'),
    }
  })
}

function cardQuorum(state: Glance, members: readonly Member[]): readonly CardQuorum[] {
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
