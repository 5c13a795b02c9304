/**
 * Thread entries about the turns of a ring: one when it begins, and one when it ends. Between them the card shows how
 * far it is, because a thread that tells of each server is read by nobody.
 */

import { isUnremarkable } from '../../core/proposal/ends.ts'
import type { Deployment, ProposalState } from '../../core/proposal/proposal.ts'
import { deploymentsOf } from '../../core/rollout/deployments.ts'
import { endsBadly } from '../../core/rollout/gate.ts'
import { plannedOf } from '../../core/rollout/planned.ts'
import { remaining } from '../../core/rollout/remaining.ts'
import { ringResult } from '../../core/rollout/ring-result.ts'
import { lanesLeft, liveRun, ringsNow, unfinishedDeployments } from '../../core/rollout/run.ts'
import { wantsGo } from '../../core/rollout/turn.ts'
import type { ThreadEntry } from '../card.ts'
import { type RichText, rich, type Span, strong, time } from '../rich-text.ts'
import { count, hasEnd } from '../words.ts'
import { causeLines, causesOf, ended } from './causes.ts'
import { bot, type Events, named, type Telling } from './telling.ts'
import { names, ringName } from './words.ts'

/** Which servers come first; empty: none begins at once, or their system is told ahead, which is told by itself. */
export function beginsWith(state: ProposalState): RichText {
  const lanes = ringsNow(state).map((current) => ({ ...current, next: remaining(current) }))
  const some = lanes.filter(({ next }) => next.length > 0)
  const first = some.filter((lane) => !wantsGo(lane) && !isToldAhead(state, lane.next)).flatMap(({ next }) => next)
  return [
    ...(first.length === 0 ? [] : [...rich(' It begins with '), ...names(state, first)]),
    ...some.filter(wantsGo).flatMap(({ title }) => waitsForGo(strong(title))),
  ]
}

function waitsForGo(...ring: readonly (string | Span)[]): RichText {
  return rich(' Ring ', ...ring, ' waits until somebody says go.')
}

/** Is the system of these servers told ahead? Then people have to know when it was told, and from when they install. */
function isToldAhead({ subject }: ProposalState, [first = '']: readonly string[]): boolean {
  return subject.kind === 'patches' && plannedOf(subject, first)?.terms !== undefined
}

/** Told where the beginning of the ring was not told yet, where it was waited for, and where a system is told ahead. */
export function batchStory(event: Events['batch-started'], { before, state }: Telling): readonly ThreadEntry[] {
  const { ring, batch, assets, waiting, queued, notBefore, notAfter } = event
  if (notBefore !== undefined && notAfter !== undefined) {
    const known = before === null ? [] : unfinishedDeployments(before)
    if (known.some((one) => one.ring === ring && one.notBefore === notBefore && one.notAfter === notAfter)) return []
    return bot('neutral', [
      ...rich(`Ring `, strong(ringName(state, ring)), `, batch ${batch + 1}: told now: `, ...names(state, assets)),
      ...rich(' They install from ', time(notBefore)),
      ...(hasEnd(notAfter, notBefore) ? rich('; nothing begins after ', time(notAfter), '.') : rich('.')),
      ...rich(' Halt takes it back from those that have not begun.'),
    ])
  }
  const waited = before?.waitsFor != null
  const isFirst = batch === 0 && (isToldAhead(state, assets) || wasBound(state, ring))
  if (!waited && !isFirst) return []
  const later = (waiting?.length ?? 0) + (queued ?? 0)
  return bot('neutral', [
    ...rich('Ring ', strong(ringName(state, ring)), `, batch ${batch + 1}: patching `, ...names(state, assets)),
    ...rich(later === 0 ? '' : ` ${count(later, 'more server')} of the batch as these are done.`),
  ])
}

/** Did the lane that begins with this ring wait for another lane? What was told at the start did not name its servers. */
function wasBound({ subject }: ProposalState, ring: number): boolean {
  return subject.kind === 'patches' && subject.rings[ring]?.after !== undefined
}

export function soakingStory({ ring, until }: Events['ring-soaking'], telling: Telling): readonly ThreadEntry[] {
  const soaking = rich(' Soaking until ', time(until, 'time'), '.')
  if (ringResult(telling.state, ring).good === 0) return shownNothing(ring, telling, soaking)
  return ringEnd(telling.state, ring, '', soaking)
}

/**
 * How the ring ended and what comes next. What soaked was told when the soak began. How the last ring ended stands in
 * the summary of the rollout or of the test, which follows.
 */
export function passedStory({ ring }: Events['ring-passed'], telling: Telling): readonly ThreadEntry[] {
  const { before, state } = telling
  const next = nextWords(state, ring)
  if (ringResult(state, ring).good === 0) return shownNothing(ring, telling, next)
  if (before !== null && liveRun(before)?.rings[ring]?.status === 'soaking')
    return next.length === 0 ? [] : bot('good', [...rich('Ring ', strong(ringName(state, ring)), ' passed.'), ...next])
  return lanesLeft(state).length === 0 ? [] : ringEnd(state, ring, ' passed', next)
}

/** What was reached on the servers of a ring, and what people have to see to on them. */
function ringEnd(state: ProposalState, ring: number, passed: string, then: RichText): readonly ThreadEntry[] {
  const run = liveRun(state)
  const mine = run === null ? [] : deploymentsOf(run).filter((one) => one.ring === ring)
  const { good, total } = ringResult(state, ring)
  const well = mine.filter(({ verification }) => verification !== null && !endsBadly(verification.end))
  const reached = good === total ? wellWords(state, mine) : rich(`: ${good} of ${total} succeeded.`)
  const rebooted = mine.filter(({ outcome }) => outcome?.state === 'succeeded' && outcome.rebooted).length
  const reboots = rebooted === 0 ? '' : ` ${count(rebooted, 'server')} rebooted.`
  const remarkable = causesOf(state, well.filter((one) => !isUnremarkable(one)).flatMap(ended))
  const text = [...rich('Ring ', strong(ringName(state, ring)), passed), ...reached, ...rich(reboots), ...then]
  return bot('good', text, causeLines(state, remarkable))
}

function wellWords(state: ProposalState, deployments: readonly Deployment[]): RichText {
  const assets = deployments.map(({ asset }) => asset)
  const isBack = state.subject.kind === 'patches' && state.subject.rollsBack !== undefined
  const healthy = deployments.every(({ verification }) => (verification?.health.length ?? 0) > 0)
  const what = `${isBack ? 'rolled back' : 'installed'}${healthy ? ', verified and healthy' : ' and verified'}`
  return [...rich(`: ${what} on `), ...names(state, assets)]
}

/** The next ring of the same lane; empty: the lane is through, or the rollout is stopped. */
function nextWords(state: ProposalState, ring: number): RichText {
  const { subject } = state
  if (subject.kind !== 'patches' || state.status !== 'rolling out') return []
  const lane = subject.rings[ring]?.engine
  const next = ringsNow(state).find(({ planned }) => planned.engine === lane)
  if (next === undefined) return []
  const left = remaining(next)
  if (left.length === 0) return []
  const which = [strong(next.title), ` (${left.length})`] as const
  if (wantsGo(next)) return waitsForGo(...which)
  return rich(' Next is ring ', ...which, ': ', ...names(state, left))
}

/** A ring of which nothing succeeded has not passed: somebody, or its gate, let the rollout go on. */
function shownNothing(ring: number, telling: Telling, then: RichText): readonly ThreadEntry[] {
  const { state } = telling
  const { good, total, decidedBy } = ringResult(state, ring)
  const shown = total === 0 ? 'has no server' : `has shown nothing: ${good} of ${total} succeeded`
  const by =
    decidedBy.length === 0
      ? ' Its gate allows that, as it was voted on, so the rollout goes on.'
      : ` The rollout went on by decision of ${named(telling, decidedBy, 'nobody')}.`
  return bot('warning', [...rich('Ring ', strong(ringName(state, ring)), ` ${shown}.${by}`), ...then])
}
