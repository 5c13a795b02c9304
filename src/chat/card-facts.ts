/** The facts of a card: what changes, where, in which order, and what is known about it. */

import type { Place } from '../core/permission/place.ts'
import { runsTest } from '../core/policy.ts'
import type { BriefPatch, PatchBrief, Values } from '../core/proposal/brief.ts'
import type { Glance } from '../core/proposal/glance.ts'
import type { StandingRuleSubject } from '../core/proposal/proposal.ts'
import { engineOfRing, lanesOf, ringTitle } from '../core/rollout/lanes.ts'
import { testStop } from '../core/rollout/run.ts'
import type { Card } from './card.ts'
import { approvedBy, whyInShort } from './card-say.ts'
import { aheadSentence, directSentences, promiseSentences, uncheckedSentence } from './promises.ts'
import { code, lineBreak, type RichText, rich, type Span, sentence, strong, time } from './rich-text.ts'
import { testSummary } from './story/words.ts'
import { count, duration } from './words.ts'

type Fact = Card['facts'][number]

/** Limits for lists on the card, which is read on a phone. "Plan", "Servers" and "Explain" show the rest. */
const CVES_SHOWN = 2
const NAMES_SHOWN = 4
const ASSUMED_SHOWN = 3
/** With more patches than this, the card names them without versions. */
const VERSIONS_SHOWN = 2

export function cardFacts(place: Place): Card['facts'] {
  const { glance: state } = place
  return state.subject.kind === 'patches' ? patchFacts(place, state.subject) : ruleFacts(state.subject)
}

function patchFacts(place: Place, subject: PatchBrief): Card['facts'] {
  const { glance: state } = place
  const open = state.status === 'open'
  return [
    ...failedFact(state),
    ...removesFact(subject),
    { label: `Updates ${subject.patchCount}`, value: changeFact(state, subject) },
    { label: `Servers ${subject.assets}`, value: rich(...namesOf(subject), '.') },
    ...testedFact(state, subject),
    { label: 'Order', value: orderFact(subject) },
    ...(open ? beforeVote(place, subject) : whyAndWho(place)),
    ...(subject.promised ?? []).map((promised) => ({
      label: 'Terms',
      value: rich(promiseSentences(promised).join(' ')),
    })),
    ...(subject.also.length > 0 ? [{ label: 'Also required', value: rich(`${subject.also.join('; ')}.`) }] : []),
  ]
}

/** What people should know before they vote. */
function beforeVote({ glance: state, freezes, now, estimates = {} }: Place, subject: PatchBrief): readonly Fact[] {
  const assumed = subject.assumed.slice(0, ASSUMED_SHOWN).map(assumedWords)
  return [
    ...(whyInShort(state.whyNow).length < sentence(state.whyNow).length
      ? [{ label: 'Why', value: rich(sentence(state.whyNow)) }]
      : []),
    ...previewFact(subject),
    ...(subject.ahead ?? []).map((ahead) => ({ label: 'When', value: aheadSentence(ahead, state, freezes, now) })),
    ...(subject.direct ?? []).map((direct) => ({
      label: 'When',
      value: directSentences(direct, { ...state, freezes, now, estimates }, (subject.direct?.length ?? 0) > 1),
    })),
    ...((subject.unchecked ?? 0) > 0
      ? [{ label: 'Health', value: rich(uncheckedSentence(subject.unchecked ?? 0)) }]
      : []),
    ...(assumed.length > 0 ? [{ label: 'We assumed', value: rich(`${assumed.join('; ')}.`) }] : []),
  ]
}

const assumedSentences: Readonly<Record<string, string>> = {
  'Exploitation none': 'no exploit is known',
  'Exploitation public poc': 'exploit code is public',
  'Automatable yes': 'attackers can automate this',
  'Automatable no': 'attackers cannot automate this',
  'Technical Impact total': 'an attacker would control the whole server',
  'Technical Impact partial': 'an attacker would control a part of the server',
  'In KEV no': 'nobody has seen it exploited',
  'System Exposure open': 'the servers face the internet',
  'System Exposure controlled': 'only some networks reach the servers',
  'System Exposure small': 'hardly anybody reaches the servers',
  'Publicly Exposed yes': 'the servers face the internet',
  'Publicly Exposed no': 'the servers do not face the internet',
}

/** A fact that was assumed, in plain words where they are known. */
function assumedWords({ fact, values }: PatchBrief['assumed'][number]): string {
  const said = values.map((value) => assumedSentences[`${fact} ${value}`])
  return said.every((words) => words !== undefined) ? said.join(' or ') : `${fact}: ${values.join(' or ')}`
}

/** After the vote: why it was asked, and who approved it. */
function whyAndWho(place: Place): readonly Fact[] {
  const { glance } = place
  const { status, breakGlass } = glance
  // Then line 2 says it.
  const isSaid = status === 'approved' || status === 'scheduled' || breakGlass?.reviewedBy === null
  const approved = isSaid ? [] : approvedBy(place)
  const votes = glance.votes.map(({ name, choice }) => `${name}: ${choice}`)
  return [
    { label: 'Why', value: rich(sentence(glance.whyNow)) },
    ...(approved.length > 0
      ? [{ label: 'Decided', value: rich(...approved) }]
      : votes.length > 0 && !isSaid
        ? [{ label: 'Votes', value: rich(`${votes.join(', ')}.`) }]
        : []),
  ]
}

/** With few patches one line for each, with versions; else their names. Then the rule for reboots. */
function changeFact(state: Glance, subject: PatchBrief): RichText {
  const { patches, patchCount, rollsBack, added } = subject
  const reboot = state.policy.reboot === 'never' ? 'No reboot.' : 'Reboots where a patch asks for it.'
  const adds = added.length === 0 ? '' : ` Newly installs ${added.join(', ')}.`
  if (patchCount > VERSIONS_SHOWN) {
    const more = patchCount - patches.length
    const cves = new Set(patches.flatMap((patch) => patch.cves)).size
    const names = patches.flatMap(({ source }, index): (string | Span)[] => [index > 0 ? ', ' : '', code(source)])
    const known =
      cves === 0 || more > 0 || patches.some((one) => one.cveCount > one.cves.length) ? '' : `; ${count(cves, 'CVE')}`
    return rich(...names, more > 0 ? ` and ${more} more` : '', `${known}.${adds} ${reboot}`)
  }
  const lines = patches.flatMap((patch) => {
    if (rollsBack !== null) return [code(patch.source), ` ${patch.version} → ${versions(patch.to)}`, lineBreak]
    const from = versions(patch.from)
    const cves = cvesOf(patch)
    // An update without a build has no version but its name.
    const to = patch.version === patch.source ? '' : ` ${from && `${from} → `}${patch.version}`
    return [code(patch.source), `${to}${cves && ` · ${cves}`}`, lineBreak]
  })
  return rich(...lines, `${reboot}${adds}`)
}

/** The version before or after the patch; the number of versions if assets differ. */
function versions({ count, first }: Values): string {
  return count > 1 ? `${count} older versions` : (first ?? '')
}

function cvesOf({ cves, cveCount }: BriefPatch): string {
  return cveCount > CVES_SHOWN ? `${cveCount} CVEs` : cves.join(', ')
}

function namesOf(subject: PatchBrief): readonly (string | Span)[] {
  const parts = subject.names.slice(0, NAMES_SHOWN).flatMap((name, index) => [index > 0 ? ', ' : '', code(name)])
  return subject.assets > NAMES_SHOWN ? [...parts, ` and ${subject.assets - NAMES_SHOWN} more`] : parts
}

function removesFact({ removed }: PatchBrief): readonly Fact[] {
  return removed.length === 0 ? [] : [{ label: `Removes ${removed.length}`, value: rich(`${removed.join(', ')}.`) }]
}

/** Said only where the exact transaction is not known for all servers. */
function previewFact({ previewed, blind, assets }: PatchBrief): readonly Fact[] {
  if (previewed === assets) return []
  const problem = blind === null ? '' : `; ${blind.name}: ${blind.problem}`
  return [{ label: 'Preview', value: rich(`The exact transaction is known for ${previewed} of ${assets}${problem}.`) }]
}

/** The result of the test ring, or why there is none yet. */
function testedFact(state: Glance, subject: PatchBrief): readonly Fact[] {
  const ring = subject.rings[0]
  if (ring?.beforeVote !== true || !runsTest(state.policy)) return []
  const value = testedWords(state, subject, ring.assets)
  return [{ label: 'Tested', value }]
}

function testedWords(state: Glance, subject: PatchBrief, servers: number): RichText {
  const { test } = state
  const needed = state.policy.testRing === 'required' ? '; approval waits for it' : ''
  if (test === null) return rich(`Not yet on ${count(servers, 'test server')}${needed}.`)
  if (test.result === null) {
    const done = state.tally.test?.verified ?? 0
    const how = testStop(state)?.how ?? 'running'
    const title = ringTitle(subject, 0) ?? subject.rings[0]?.name ?? ''
    return rich(`The test on ring ${title} is ${how}: ${done} of ${count(servers, 'server')} done${needed}.`)
  }
  const { passed, reason } = test.result
  return rich(
    strong(passed ? 'Passed. ' : 'Did not pass. '),
    reason === null ? '' : `${sentence(reason)} `,
    testSummary(state.tally.test),
  )
}

function orderFact(subject: PatchBrief): RichText {
  const lanes = lanesOf(subject).map((lane) => {
    const rings = subject.rings.flatMap((ring, index) =>
      engineOfRing(subject, index) === lane ? [`${ringTitle(subject, index) ?? ring.name} ${ring.assets}`] : [],
    )
    return rings.join(', then ')
  })
  const failures = Math.min(...subject.rings.map((ring) => ring.gate.maxFailures))
  const watched = Math.max(...subject.rings.map((ring) => ring.soakSeconds))
  const watch = watched === 0 ? 'no wait between them' : `each watched for up to ${duration(watched)}`
  const stops = failures === 0 ? 'stops at the first failure' : `stops at more than ${count(failures, 'failure')}`
  const measured = subject.measured === null ? '' : `, ${subject.measured}`
  return rich(`${lanes.join('; beside them ')}; ${watch}; ${stops}; window "${subject.window}"${measured}.`)
}

/** Assets that ended badly, with the words of their verification. The log is in the thread. */
function failedFact(state: Glance): readonly Fact[] {
  const { failed } = state.tally
  if (failed.count === 0) return []
  const lines = failed.first.flatMap(({ name, end, reason }, index) => [
    ...(index === 0 ? [] : [lineBreak]),
    code(name),
    ` ${end}: ${sentence(reason)}`,
  ])
  const more = failed.count - failed.first.length
  const rest = more > 0 ? [lineBreak, `and ${more} more, in "Servers"`] : []
  const held = failed.first.every(({ end }) => end === 'held back')
  return [{ label: `${held ? 'Held back' : 'Failed'} ${failed.count}`, value: rich(...lines, ...rest) }]
}

function ruleFacts({ rule, window }: StandingRuleSubject): Card['facts'] {
  return [
    { label: 'Approves', value: rich(`${rule.types.join(', ')} patches without a further vote`) },
    { label: 'Servers', value: rich(`tagged ${rule.tags.join(' or ')}`) },
    { label: 'Window', value: rich(`"${window.name}"`) },
    { label: 'Until', value: rich(time(rule.expiresAt)) },
  ]
}
