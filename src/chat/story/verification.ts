/** Thread entries about how assets ended. */

import { limits } from '../../core/limits.ts'
import { changedEnds } from '../../core/proposal/ends.ts'
import { type RecordedEvent, type RecordedVerification, verificationsOf } from '../../core/proposal/event.ts'
import {
  type Deployment,
  finalStatuses,
  isEndState,
  type ProposalState,
  type Rollout,
} from '../../core/proposal/proposal.ts'
import { deploymentOf, endsByRing, failedDeployments } from '../../core/rollout/deployments.ts'
import { countEndState, endsBadly } from '../../core/rollout/gate.ts'
import { liveRun } from '../../core/rollout/run.ts'
import { assetName } from '../../core/rollout/tally.ts'
import type { ThreadEntry } from '../card.ts'
import { code, lineBreak, type RichText, rich, sentence, strong, time } from '../rich-text.ts'
import { type Cause, causesOf, causesText, type Ended, ended } from './causes.ts'
import { bot, type Events, type Tellers, type Telling, untold } from './telling.ts'
import { names, ringName } from './words.ts'

export const verification = {
  'verification-recorded': endStory,
  'verifications-recorded': endStory,
  drifted: ({ asset, what }, { state }) =>
    bot('urgent', rich(code(assetName(state, asset)), ` is not as it was verified any more: ${sentence(what)}`)),
  'heard-late': ({ asset, word }, { state }) =>
    bot(word.applied ? 'good' : 'urgent', [
      ...rich(code(assetName(state, asset)), ' was heard again: it said on ', time(word.saidAt)),
      ...rich(` that ${sentence(word.what)}`),
    ]),
  // The end of the last ring and what the last look found stand in the summary.
  'verifying-started': untold,
} satisfies Partial<Tellers>

/** A rollout tells of each look with servers that did not end well until so many have. Later ones are counted. */
const FEW = 5
/** Where they are counted, all are told of again when there are so many, and whenever there are twice as many. */
const MANY = 10
/** A ring of so many servers says when a quarter, a half and three quarters of it have ended. */
const BIG_RING = 200

interface Ends {
  /** Those that did not end well. */
  readonly bad: readonly Ended[]
  /** True: `bad` are all of the rollout so far, not only those of this look. */
  readonly soFar: boolean
  /** When there are so many, they are told of again; `null`: with the next look that has one. */
  readonly next: number | null
  /** Those that had not ended well before, or were tried again. Others that end well are told with their ring. */
  readonly recovered: readonly Ended[]
}

function endsOf(assets: readonly string[], before: ProposalState | null, state: ProposalState): Ends {
  const run = liveRun(state)
  const earlier = before === null ? null : liveRun(before)
  const changed = changedEnds(assets, before, state)
  const isRetried = ({ asset }: Ended) => run?.retried[asset] !== undefined
  const bad = changed.filter(({ good }) => !good)
  const recovered = changed.filter(
    (one) => one.good && (isRetried(one) || (one.was !== null && endsBadly(one.was.end))),
  )
  const all = run === null ? [] : failedDeployments(run)
  const known = earlier === null ? 0 : failedDeployments(earlier).length
  const ends = { bad, soFar: false, next: all.length < FEW ? null : nextCount(all.length), recovered }
  if (bad.length === 0 || known < FEW || bad.some(isRetried)) return ends
  return nextCount(known) <= all.length ? { ...ends, bad: all.flatMap(ended), soFar: true } : { ...ends, bad: [] }
}

/** The next of 10, 20, 40 and so on. */
function nextCount(known: number): number {
  let next = MANY
  while (next <= known) next *= 2
  return next
}

/** Hashes of the logs that the entries of an event quote. */
export function logsTold(
  { event }: RecordedEvent,
  before: ProposalState | null,
  state: ProposalState,
): readonly string[] {
  const assets = verificationsOf(event).map(({ asset }) => asset)
  if (assets.length === 0) return []
  const [first] = causesOf(state, endsOf(assets, before, state).bad)
  return first?.[0].deployment.log === undefined ? [] : [first[0].deployment.log]
}

function endStory(
  event: Events['verification-recorded' | 'verifications-recorded'],
  telling: Telling,
): readonly ThreadEntry[] {
  const { before, state, logs } = telling
  const verifications = verificationsOf(event)
  const assets = verifications.map(({ asset }) => asset)
  const { bad, soFar, next, recovered } = endsOf(assets, before, state)
  const [causes, better] = [causesOf(state, bad), causesOf(state, recovered)]
  const text = [
    ...rich(soFar ? 'So far: ' : ''),
    ...causesText(state, causes, 'did not end well'),
    ...rich(next === null ? '' : ` Further ones are told when there are ${next}; the card counts each.`),
  ]
  return [
    ...(better.length === 0 ? [] : bot('good', causesText(state, better, 'ended well now'))),
    ...(causes.length === 0 ? [] : bot('urgent', text, logLines(causes, logs))),
    ...notBegunStory(verifications, state),
    ...progressStory(assets, telling),
  ]
}

/** The end of the log of the first server with the most frequent cause. */
function logLines([first]: readonly Cause[], logs: Telling['logs']): readonly string[] {
  if (first === undefined) return []
  return logOf(first[0].deployment, logs)
    .split('\n')
    .filter((line) => line.trim() !== '')
    .slice(-limits.logLines)
}

function logOf({ outcome, log }: Deployment, logs: ReadonlyMap<string, string>): string {
  if (log !== undefined) return logs.get(log) ?? 'Its log is not kept any more.'
  return outcome?.log ?? ''
}

/** How many reasons are named in one entry. */
const REASONS = 5

/** Assets that were started but did not begin, by reason. */
function notBegunStory(verifications: readonly RecordedVerification[], state: ProposalState): readonly ThreadEntry[] {
  const byReason = new Map<string, string[]>()
  for (const { asset, verification } of verifications) {
    if (verification.end !== 'not touched') continue
    byReason.set(verification.reason, [...(byReason.get(verification.reason) ?? []), asset])
  }
  if (byReason.size === 0) return []
  const all = [...byReason]
  const lines = all.slice(0, REASONS).map(([reason, assets]) => notBegunWords(state, assets, reason))
  // If there are many different reasons, the last ones are told without their reason.
  const others = all.slice(REASONS).flatMap(([, assets]) => assets)
  if (others.length > 0) lines.push(notBegunWords(state, others, '"Servers" says why'))
  const isOne = all.flatMap(([, assets]) => assets).length === 1
  const text = lines.flatMap((line, index) => (index === 0 ? line : [lineBreak, ...line]))
  return bot('warning', [...text, ...rich(comesAgain(state, isOne ? 'It comes' : 'They come'))])
}

function notBegunWords(state: ProposalState, assets: readonly string[], reason: string): RichText {
  const were = assets.length === 1 ? ' was ' : ' were '
  return rich(...names(state, assets, ''), were, strong('not begun'), `: ${sentence(reason)}`)
}

function comesAgain(state: ProposalState, they: string): string {
  if (finalStatuses.includes(state.status)) return ''
  return state.stopped === null ? ` ${they} next time.` : ` ${they} when the rollout is resumed.`
}

/** How far a big ring is, when another quarter of it has ended. Its end has an entry of its own. */
function progressStory(assets: readonly string[], { before, state }: Telling): readonly ThreadEntry[] {
  const [run, earlier] = [liveRun(state), before === null ? null : liveRun(before)]
  const { subject } = state
  if (run === null || earlier === null || subject.kind !== 'patches') return []
  const rings = new Set(assets.flatMap((asset) => deploymentOf(run, asset)?.ring ?? []))
  return [...rings].flatMap((ring) => {
    const total = subject.rings[ring]?.assets.length ?? 0
    const [was, now] = [endedIn(earlier, ring), endedIn(run, ring)]
    const quarter = Math.floor((4 * now.all) / total)
    if (total < BIG_RING || quarter > 3 || quarter <= Math.floor((4 * was.all) / total)) return []
    const name = strong(ringName(state, ring))
    return bot('neutral', rich('Ring ', name, `: ${now.all} of ${total} have ended, ${now.good} of them well.`))
  })
}

function endedIn(run: Rollout, ring: number): { readonly all: number; readonly good: number } {
  let [all, good] = [0, 0]
  for (const [end, count] of Object.entries(endsByRing(run).get(ring) ?? {})) {
    if (!isEndState(end)) continue
    all += count
    if (countEndState(end) === 'good') good += count
  }
  return { all, good }
}
