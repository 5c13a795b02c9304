/** The thread of a proposal: what each event says to the people who read along. */

import { assertNever } from '../core/assert-never.ts'
import { countEndState } from '../core/gate.ts'
import { isOwn, nameAsKnown, namesIn, throughWords } from '../core/hands.ts'
import { limits } from '../core/limits.ts'
import { outcomeOf } from '../core/outcome.ts'
import type { Member } from '../core/policy.ts'
import { wantsAcknowledgement } from '../core/proposal/acknowledgement.ts'
import { deploymentOf } from '../core/proposal/deployments.ts'
import { type RecordedEvent, type RecordedVerification, verificationsOf } from '../core/proposal/event.ts'
import {
  type Actor,
  type Deployment,
  type EndState,
  finalStatuses,
  type LeftOut,
  type ProposalState,
  type Verification,
  type WaitsFor,
} from '../core/proposal/proposal.ts'
import { liveRun, unfinished } from '../core/proposal/run.ts'
import { countReasons, leftOutOf, leftOutWords, sinceOf } from '../core/proposal/since.ts'
import { AT_WORK_NAMED, assetName, endCounts, type Tally, type TestTally, tallyOf } from '../core/proposal/tally.ts'
import { whyNotTouched } from '../core/why-not-touched.ts'
import type { ThreadEntry, Tone } from './card.ts'
import { code, paragraphs, type RichText, rich, sentence, strong, time } from './rich-text.ts'
import { count } from './words.ts'

/** A sentence on how it came, where it was not by an account of the person's own. */
function cameBy(actor: Extract<Actor, { kind: 'person' }>, people: readonly Member[]): string | null {
  const { through } = actor
  return through === undefined || isOwn(actor) ? null : `It came by ${throughWords(through, namesIn(people))}.`
}

const noLogs: ReadonlyMap<string, string> = new Map()

/**
 * Thread entries of one event. `state` is the proposal after it, `before` the one it changed. `logs`: by their hash those
 * that `logsTold` names, as far as they are kept.
 */
export function storyOf(
  recorded: RecordedEvent,
  before: ProposalState | null,
  state: ProposalState,
  people: readonly Member[] = [],
  logs: ReadonlyMap<string, string> = noLogs,
): readonly ThreadEntry[] {
  const { event } = recorded
  const named = (ids: readonly string[], nobody: string) =>
    ids.length === 0 ? nobody : ids.map((id) => people.find((person) => person.id === id)?.name ?? id).join(', ')
  const bot = (tone: Tone, text: RichText, detail: readonly string[] = []): ThreadEntry[] => [
    { author: null, tone, text, detail },
  ]
  const said = (tone: Tone, text: RichText): ThreadEntry[] => {
    const { actor } = recorded
    if (actor.kind !== 'person') return bot(tone, text)
    const came = cameBy(actor, people)
    const author = { id: actor.id, name: actor.name, via: actor.via }
    // What people write stays word for word.
    if (event.type === 'commented') return [{ author, tone, text, detail: came === null ? [] : [came] }]
    return [{ author, tone, text: came === null ? text : [...text, ...rich(` ${came}`)], detail: [] }]
  }

  switch (event.type) {
    case 'opened':
      return openedStory(recorded, state)
    case 'revised':
      if (event.votesKept)
        return event.reason === '' ? [] : bot(event.raised ? 'urgent' : 'warning', rich(event.reason))
      return bot(
        event.raised ? 'urgent' : 'warning',
        rich(
          `Revision ${event.revision} replaces the plan: ${sentence(event.reason)} `,
          before && before.votes.length > 0 ? 'Votes for the revision before no longer count.' : '',
        ),
      )
    case 'content-kept':
      return []
    case 'vote-cast': {
      const { vote } = event
      if (vote.choice === 'reject') return []
      const why = vote.reason ? `: ${vote.reason}` : '.'
      return said(
        vote.choice === 'approve' ? 'good' : 'neutral',
        rich(vote.choice === 'approve' ? `Approved${why}` : `Abstained${why}`),
      )
    }
    case 'vote-withdrawn':
      return said('neutral', rich('Withdrew the vote.'))
    case 'act-confirmed':
      return said('good', rich(`Confirmed that the ${event.act} is their own.`))
    case 'commented':
      return said('neutral', paragraphs(event.text))
    case 'reminded':
      return bot(
        'warning',
        rich(
          event.step === 'escalation'
            ? `Nobody has decided, so ${named(event.waitingFor, 'nobody who could see to it')} is told. It expires `
            : `Still waiting for ${named(event.waitingFor, 'somebody who may vote')}. It expires `,
          time(state.expiresAt),
          '.',
        ),
      )
    case 'acknowledgement-asked': {
      const who = named(event.people, 'nobody: no one is on call')
      const late =
        event.escalated && event.people.length > 0 ? ' Nobody on call has answered, so others are asked, too.' : ''
      return bot('warning', rich(`Asked to acknowledge before it starts: ${who}.${late}`))
    }
    case 'postponed': {
      const { start, end } = event.window
      const why = event.reason === null ? '.' : `: ${sentence(event.reason)}`
      return said('warning', rich('Postponed to ', time(start), ' until ', time(end, 'time'), why))
    }
    case 'frozen':
      return said(
        'urgent',
        rich('Froze the team until ', time(event.until), `: ${sentence(event.reason)} Nothing starts before.`),
      )
    case 'unfrozen':
      return said('neutral', rich('Lifted the freeze of the team.'))
    case 'standing-refused':
      return bot(
        'warning',
        rich(`The standing approval does not cover this: ${sentence(event.reason)} The usual approvals are asked for.`),
      )
    case 'approved':
      return bot('good', approvedText(state, event.by))
    case 'approval-lapsed':
      return bot('warning', rich(`No longer approved: ${sentence(event.reason)} Votes are open again.`))
    case 'rejected':
      return said(
        'warning',
        rich(
          `Rejected: ${sentence(event.deferral.reason)} ${event.deferral.owner} looks at it again; the rejection holds until `,
          time(event.deferral.until),
          '.',
        ),
      )
    case 'expired':
      return bot(
        'warning',
        rich('Expired: it was not decided in time. The next assessment proposes what is still missing.'),
      )
    case 'withdrawn':
      return said('warning', rich(`Withdrawn: ${sentence(event.reason)}`))
    case 'followed-up':
      return [
        {
          author: null,
          tone: 'urgent',
          text: rich(
            `${event.advisory} mends what ${event.mends}, which this proposal carried, broke. ${event.proposal} asks for it.`,
          ),
          detail: [],
          link: `/p/${event.proposal}`,
        },
      ]
    case 'superseded':
      return bot('neutral', rich(`Replaced by ${event.by}; the vote goes on there.`))
    case 'scheduled': {
      const why = event.reason === null ? '' : ` (${event.reason})`
      const { start, end } = event.window
      if (Date.parse(start) <= Date.parse(recorded.at)) return bot('neutral', rich(`Its window is open now${why}.`))
      return bot('neutral', rich('Scheduled for ', time(start), ' to ', time(end, 'time'), `${why}.`))
    }
    case 'start-refused':
      return bot('warning', rich(`Not started, because ${sentence(event.reason)}`))
    case 'asset-awaited':
      return bot('neutral', waitingFor(assetName(state, event.asset), event))
    case 'acknowledged':
      return said('good', rich('Acknowledged: I am watching this rollout.'))
    case 'rollout-started': {
      const unheard =
        before !== null && wantsAcknowledgement(before) ? ' Nobody acknowledged it; the policy lets it go on.' : ''
      const since = sinceSentences(tallyOf(state))
      return bot(
        'neutral',
        rich(`Rollout started: ${ringNames(state).join(', then ')}.${unheard}${since && ` ${since}`}`),
      )
    }
    case 'test-started':
      return bot('neutral', rich('The test ring begins in its controlled environment, while you decide.'))
    case 'test-paused':
      return said(
        'warning',
        rich(`Paused the test: ${sentence(event.reason)} Nothing more of it begins until it is resumed.`),
      )
    case 'test-halted': {
      const left = [' ', ...(atWork(state) ?? rich('Nothing of it is at work.'))]
      if (recorded.actor.kind === 'person' && !event.closing)
        return said('urgent', rich(`Halted the test: ${sentence(event.reason)}`, ...left))
      return bot(
        event.closing ? 'warning' : 'urgent',
        rich(`The test ring is halted: ${sentence(event.reason)}`, ...left),
      )
    }
    case 'test-resumed':
      return bot('neutral', rich(`The test was resumed by ${event.by.join(' and ')}.`))
    case 'test-ended':
      if (event.passed) return bot('good', rich(strong('Tested. '), testSummary(tallyOf(state).test)))
      return bot(
        'urgent',
        rich(strong('The test did not pass. '), sentence(event.reason ?? ''), ` ${testSummary(tallyOf(state).test)}`),
      )
    case 'batch-started': {
      const later = (event.waiting?.length ?? 0) + (event.queued ?? 0)
      return bot(
        'neutral',
        rich(
          `Ring `,
          strong(ringName(state, event.ring)),
          `, batch ${event.batch + 1}: patching `,
          ...names(state, event.assets),
          later === 0 ? '' : ` ${count(later, 'more asset')} of the batch as these are done.`,
        ),
      )
    }
    // The card says how many are being worked on.
    case 'assets-started':
    case 'batch-queued':
    case 'outcome-recorded':
    case 'outcomes-recorded':
      return []
    case 'verification-recorded':
    case 'verifications-recorded':
      return [
        ...verificationStory(
          verificationsOf(event).map(({ asset }) => asset),
          before,
          state,
          logs,
        ),
        ...notBegunStory(verificationsOf(event), state),
      ]
    case 'asset-skipped':
      return said('warning', rich('Left ', code(assetName(state, event.asset)), ` out: ${sentence(event.reason)}`))
    case 'agreed': {
      const what =
        event.to.act === 'leave-out'
          ? rich('Agreed to leave ', code(assetName(state, event.to.asset)), ' out')
          : rich('Agreed that it may run on until ', time(event.to.until))
      return said('neutral', [...what, ...rich(`: ${sentence(event.reason)} It takes somebody else, too.`)])
    }
    case 'retry-asked':
      return said('neutral', rich('Tries again: ', ...names(state, event.assets)))
    case 'window-extended':
      return said('urgent', rich('May run on until ', time(event.until), `: ${sentence(event.reason)}`))
    case 'go-given':
      return said('good', rich('Go: ring ', strong(ringName(state, event.ring)), ' may begin.'))
    case 'gate-checked': {
      if (event.healthy) return []
      const lines = event.results.map(
        ({ check, healthy, detail }) => `${healthy ? 'ok  ' : 'FAIL'} ${check}: ${detail}`,
      )
      return bot('urgent', rich('The checks of ring ', strong(ringName(state, event.ring)), ' failed.'), lines)
    }
    case 'window-announced': {
      const { start, end } = event.window
      return bot('warning', rich('Coming up: this runs from ', time(start), ' to ', time(end, 'time'), '.'))
    }
    case 'assets-compared':
      return sinceStory(before, state)
    case 'noted':
      return bot('warning', rich(event.text))
    case 'drifted':
      return bot(
        'urgent',
        rich(code(assetName(state, event.asset)), ` is not as it was verified any more: ${sentence(event.what)}`),
      )
    case 'ring-soaking':
      return bot(
        'good',
        rich(
          `Ring `,
          strong(ringName(state, event.ring)),
          ` is patched and verified. Soaking until `,
          time(event.until, 'time'),
          '.',
        ),
      )
    case 'ring-passed':
      return bot('good', rich(`Ring `, strong(ringName(state, event.ring)), ' passed.'))
    case 'gate-failed':
      return []
    case 'paused':
      return said('warning', rich(`Paused: ${sentence(event.reason)} No further batch starts until it is resumed.`))
    case 'halted':
      if (recorded.actor.kind === 'person')
        return said('urgent', rich(`Halted: ${sentence(event.reason)} Nothing after it is touched.`))
      return bot('urgent', rich(strong('Stopped. '), `${sentence(event.reason)} ${untouched(state)}`))
    case 'resume-agreed':
      return said('neutral', rich('Agreed to resume.'))
    case 'resumed':
      return bot('neutral', rich(`Resumed by ${event.by.join(' and ')}.`))
    case 'verifying-started':
      return bot('neutral', rich('Every ring has passed. Looking at each host once more.'))
    case 'completed':
      return [
        {
          author: null,
          tone: allGood(state) ? 'good' : 'warning',
          text: summary(state),
          detail: exceptions(state),
          picture: { kind: 'outcome', outcome: outcomeOf(state) },
        },
      ]
    case 'break-glass-used':
      return said(
        'urgent',
        rich(
          strong('Break-glass: '),
          `${sentence(event.reason)} Approved without the usual votes, outside the window; to be reviewed by `,
          time(event.reviewBy),
          '.',
        ),
      )
    case 'break-glass-reviewed':
      return said('neutral', rich('Reviewed the break-glass.'))
    default:
      return assertNever(event)
  }
}

/** Told once a day at most; the card always says how it stands. */
function sinceStory(before: ProposalState | null, state: ProposalState): readonly ThreadEntry[] {
  if (before === null || sinceOf(before).toldAt === sinceOf(state).toldAt) return []
  const text = sinceSentences(tallyOf(state)) || 'Every server needs what was voted on, again.'
  return [{ author: null, tone: 'neutral', text: rich(`${text} The votes hold.`), detail: [] }]
}

/** What became of the servers since the vote, in a few words; empty where nothing did. */
export function sinceSentences({ leftOut, inPart, waiting }: Pick<Tally, 'leftOut' | 'inPart' | 'waiting'>): string {
  const out = Object.values(leftOut).reduce((sum, some) => sum + some, 0)
  return [
    out === 0 ? '' : `${out} left out since: ${leftOutWords(leftOut)}.`,
    inPart === 0 ? '' : `${inPart} ${inPart === 1 ? 'needs' : 'need'} only a part of it by now.`,
    waiting === 0
      ? ''
      : `${count(waiting, 'more server')} since: ${waiting === 1 ? 'it waits' : 'they wait'} for the next proposal.`,
  ]
    .filter((part) => part !== '')
    .join(' ')
}

function openedStory(recorded: RecordedEvent, state: ProposalState): readonly ThreadEntry[] {
  const text: (string | ReturnType<typeof strong>)[] = []
  if (state.subject.kind === 'standing rule') {
    const { rule } = state.subject
    text.push(
      `Asks for a standing approval: ${rule.types.join(', ')} patches on assets tagged ${rule.tags.join(' or ')}, until ${rule.expiresAt.slice(0, 10)}.`,
    )
  } else if (state.subject.rollsBack) {
    const { proposal } = state.subject.rollsBack
    text.push(`Rolls ${proposal} back: ${count(state.subject.assets.length, 'asset')} get the versions from before.`)
  } else {
    const by = recorded.actor.kind === 'person' ? 'Proposed' : 'Proposed by the assessment'
    text.push(
      `${by}: ${count(state.subject.assets.length, 'asset')} miss ${count(state.subject.patches.length, 'patch', 'patches')}. Priority `,
      strong(state.priority),
      '.',
    )
  }
  const author = recorded.actor.kind === 'person' ? recorded.actor : null
  return [{ author, tone: 'neutral', text: rich(...text), detail: [] }]
}

function approvedText(state: ProposalState, by: NonNullable<ProposalState['approvedBy']>): RichText {
  switch (by.how) {
    case 'quorum': {
      const parts = by.fills.map((fill) => `${nameOf(state, fill.person)} as ${fill.role}`)
      return rich(`Approved: ${parts.join(', ')}.`)
    }
    case 'lazy consensus':
      return rich('Approved: the notice has passed and nobody objected.')
    case 'standing approval':
      return rich(
        `Approved under the standing approval "${by.rule}" (voted in ${by.proposal}, in force until ${by.expiresAt.slice(0, 10)}).`,
      )
    case 'break-glass':
      return rich('Approved by break-glass.')
    case 'roll back':
      return rich(`Decided by whoever asked for it: it rolls ${by.proposal} back. ${sentence(by.reason)}`)
  }
}

function nameOf(state: ProposalState, id: string): string {
  const vote = state.votes.find(({ person }) => person === id)
  return vote === undefined ? id : nameAsKnown(vote)
}

function ringNames(state: ProposalState): readonly string[] {
  return state.subject.kind === 'patches'
    ? state.subject.rings
        .filter((_, index) => state.rollout?.rings[index]?.status !== 'passed')
        .map((ring) => `${ring.name} (${ring.assets.length})`)
    : []
}

function ringName(state: ProposalState, index: number): string {
  return (state.subject.kind === 'patches' ? state.subject.rings[index]?.name : undefined) ?? String(index + 1)
}

const LIST = AT_WORK_NAMED

function names(state: ProposalState, assets: readonly string[], end = '.'): RichText {
  return rich(...listed(state, assets), end)
}

function listed(state: ProposalState, assets: readonly string[]): RichText {
  const first = assets.slice(0, LIST).map((asset) => assetName(state, asset))
  return listedNames(first, assets.length)
}

/** The first names of so many. */
function listedNames(first: readonly string[], total: number): RichText {
  const out: (string | ReturnType<typeof code>)[] = []
  for (const [index, name] of first.entries()) {
    if (index > 0) out.push(', ')
    out.push(code(name))
  }
  if (total > first.length) out.push(` and ${total - first.length} more`)
  return rich(...out)
}

/** What a stop, or the end of a proposal, leaves to be finished; `null`: nothing is at work. */
export function atWork(state: ProposalState): RichText | null {
  const assets = unfinished(state)
  if (assets.length === 0) return null
  return atWorkWords(
    assets.slice(0, LIST).map((asset) => assetName(state, asset)),
    assets.length,
  )
}

/** The same by the first names of so many. */
export function atWorkWords(first: readonly string[], total: number): RichText {
  const what = total === 1 ? 'is at work and is brought to its end first' : 'are at work and end first'
  return rich(...listedNames(first, total), ` ${what}.`)
}

/** Which asset a proposal waits for, by its name, for whom that is at work, and until when at the latest. */
export function waitingFor(name: string, { proposal, until }: Pick<WaitsFor, 'proposal' | 'until'>): RichText {
  const when = until === null ? [] : rich(', until ', time(until), ' at the latest')
  return [...rich('Waits: ', code(name), ` is at work for ${proposal}`), ...when, ...rich('.')]
}

/** Ends that are told each on its own; the rest of many is told as one. */
const TOLD_APART = 5

interface ChangedEnd {
  readonly asset: string
  readonly deployment: Deployment
  readonly verification: Verification
  readonly was: Verification | null
  readonly good: boolean
}

/** Assets that end otherwise than they did before, and those of them that are told each on its own. */
function changedEnds(
  assets: readonly string[],
  before: ProposalState | null,
  state: ProposalState,
): {
  readonly good: readonly ChangedEnd[]
  readonly bad: readonly ChangedEnd[]
  readonly apart: readonly ChangedEnd[]
} {
  const run = liveRun(state)
  const earlier = before === null ? null : liveRun(before)
  const changed = assets.flatMap((asset): ChangedEnd[] => {
    const deployment = run === null ? undefined : deploymentOf(run, asset)
    const verification = deployment?.verification
    const was = earlier === null ? null : (deploymentOf(earlier, asset)?.verification ?? null)
    if (!deployment || !verification || was?.end === verification.end) return []
    return [{ asset, deployment, verification, was, good: countEndState(verification.end) === 'good' }]
  })
  const [good, bad] = [changed.filter((item) => item.good), changed.filter((item) => !item.good)]
  return { good, bad, apart: [...bad.slice(0, TOLD_APART), ...(good.length <= TOLD_APART ? good : [])] }
}

/** Hashes of the logs that the story of an event quotes. */
export function logsTold(
  { event }: RecordedEvent,
  before: ProposalState | null,
  state: ProposalState,
): readonly string[] {
  const assets = verificationsOf(event).map(({ asset }) => asset)
  if (assets.length === 0) return []
  return changedEnds(assets, before, state).apart.flatMap(({ deployment, good }) =>
    good ? [] : (deployment.log ?? []),
  )
}

function logOf({ outcome, log }: Deployment, logs: ReadonlyMap<string, string>): string {
  if (log !== undefined) return logs.get(log) ?? 'Its log is not kept any more.'
  return outcome?.log ?? ''
}

function verificationStory(
  assets: readonly string[],
  before: ProposalState | null,
  state: ProposalState,
  logs: ReadonlyMap<string, string>,
): readonly ThreadEntry[] {
  const { good, bad, apart } = changedEnds(assets, before, state)
  const entries: ThreadEntry[] = apart.map(({ asset, deployment, verification, was, good: well }) => ({
    author: null,
    tone: well ? 'good' : 'urgent',
    text: rich(
      code(assetName(state, asset)),
      was ? ` was ${was.end}, is now ` : ' ',
      strong(verification.end),
      `. ${sentence(verification.reason)}`,
    ),
    detail: (well ? '' : logOf(deployment, logs))
      .split('\n')
      .filter((line) => line.trim() !== '')
      .slice(-limits.logLines),
  }))
  const together = (ids: readonly string[], tone: Tone, what: string): ThreadEntry => ({
    author: null,
    tone,
    text: rich(...listed(state, ids), `. ${what}`),
    detail: [],
  })
  if (bad.length > TOLD_APART)
    entries.push(
      together(
        bad.slice(TOLD_APART).map(({ asset }) => asset),
        'urgent',
        'These did not end well either; "Assets" says why.',
      ),
    )
  if (good.length > TOLD_APART)
    entries.push(
      together(
        good.map(({ asset }) => asset),
        'good',
        'These report the promised versions.',
      ),
    )
  return entries
}

/** Assets that were started and not begun, told together where the reason is the same. */
function notBegunStory(verifications: readonly RecordedVerification[], state: ProposalState): readonly ThreadEntry[] {
  const byReason = new Map<string, string[]>()
  for (const { asset, verification } of verifications) {
    if (verification.end !== 'not touched') continue
    byReason.set(verification.reason, [...(byReason.get(verification.reason) ?? []), asset])
  }
  const groups = [...byReason]
  // Where hosts have many reasons, the last ones are told without them.
  const rest = groups.splice(TOLD_APART).flatMap(([, assets]) => assets)
  if (rest.length > 0) groups.push(['"Assets" says why', rest])
  return groups.map(([reason, assets]) => ({
    author: null,
    tone: 'warning',
    text: rich(
      ...names(state, assets, ''),
      assets.length === 1 ? ' was ' : ' were ',
      strong('not begun'),
      `: ${sentence(reason)}`,
      comesAgain(state, assets.length === 1 ? 'It comes' : 'They come'),
    ),
    detail: [],
  }))
}

function comesAgain(state: ProposalState, they: string): string {
  if (finalStatuses.includes(state.status)) return ''
  return state.stopped === null ? ` ${they} next time.` : ` ${they} when the rollout is resumed.`
}

/** What the test ring showed, for those who vote. */
export function testSummary(test: TestTally | null): string {
  if (test === null || test.started === 0) return 'It touched nothing.'
  const parts = [`${test.good} of ${count(test.started, 'test asset')} took it and ended well`]
  if (test.rebooted > 0) parts.push(`${test.rebooted} rebooted and came back`)
  for (const { name, end, reason } of test.others) parts.push(`${name} ${end}: ${reason}`)
  return sentence(parts.join('; '))
}

function untouched(state: ProposalState): string {
  if (state.subject.kind !== 'patches') return ''
  const { leftOut } = sinceOf(state)
  const deployed = state.rollout?.deployments ?? {}
  const left = state.subject.assets.filter(
    ({ asset }) => deployed[asset.id] === undefined && leftOut[asset.id] === undefined,
  ).length
  if (left === 0 && Object.keys(deployed).length === 0) return 'No asset was touched.'
  return left === 0 ? 'Every asset had been started.' : `${count(left, 'asset')} not touched.`
}

function allGood(state: ProposalState): boolean {
  const counts = endCounts(state)
  return counts.bad + counts.unreachable + counts.untouched === 0
}

function summary(state: ProposalState): RichText {
  const counts = endCounts(state)
  const total = counts.good + counts.bad + counts.unreachable + counts.untouched
  const rest = [
    counts.bad > 0 ? `${counts.bad} not` : '',
    counts.unreachable > 0 ? `${counts.unreachable} never answered` : '',
    counts.untouched > 0 ? `${counts.untouched} not touched` : '',
    counts.leftOut > 0 ? `${counts.leftOut} left out: ${leftOutWords(countReasons(leftOutAt(state)))}` : '',
  ].filter((part) => part !== '')
  return rich(
    strong('Done. '),
    `${counts.good} of ${total} report the promised versions${rest.length === 0 ? ' and are healthy' : `; ${rest.join(', ')}`}.`,
  )
}

/** Why assets that were not touched were left out. */
function leftOutAt(state: ProposalState): readonly LeftOut[] {
  const { leftOut } = sinceOf(state)
  return Object.entries(leftOut).flatMap(([asset, why]) =>
    state.rollout?.deployments[asset]?.verification ? [] : [why],
  )
}

const unremarkable: readonly EndState[] = ['installed', 'rebooted and re-scanned', 'rolled back']

function exceptions(state: ProposalState): readonly string[] {
  const lines: string[] = []
  for (const deployment of Object.values(state.rollout?.deployments ?? {})) {
    const verification = deployment.verification
    if (!verification || unremarkable.includes(verification.end)) continue
    lines.push(`${assetName(state, deployment.asset)}: ${verification.end}. ${sentence(verification.reason)}`)
  }
  for (const { asset } of state.subject.kind === 'patches' ? state.subject.assets : []) {
    if (leftOutOf(state, asset.id)?.reason === 'up to date') continue
    if (state.rollout?.deployments[asset.id] === undefined)
      lines.push(`${asset.name}: not touched. ${sentence(whyNotTouched(state, asset.id))}`)
  }
  return lines
}
