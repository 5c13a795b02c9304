/** Thread entries about how assets ended. */

import { limits } from '../../core/limits.ts'
import { type ChangedEnd, changedEnds } from '../../core/proposal/ends.ts'
import { type RecordedEvent, type RecordedVerification, verificationsOf } from '../../core/proposal/event.ts'
import { type Deployment, finalStatuses, type ProposalState } from '../../core/proposal/proposal.ts'
import { assetName } from '../../core/rollout/tally.ts'
import type { ThreadEntry, Tone } from '../card.ts'
import { code, rich, sentence, strong, time } from '../rich-text.ts'
import { bot, type Events, type Tellers, type Telling } from './telling.ts'
import { listed, names } from './words.ts'

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
  'verifying-started': () => bot('neutral', rich('Every ring has passed. Looking at each server once more.')),
} satisfies Partial<Tellers>

/** How many ends get an entry of their own. The others are told together. */
const TOLD_APART = 5

interface Ends {
  readonly good: readonly ChangedEnd[]
  readonly bad: readonly ChangedEnd[]
  /** Ends that get an entry of their own. */
  readonly apart: readonly ChangedEnd[]
}

function endsOf(assets: readonly string[], before: ProposalState | null, state: ProposalState): Ends {
  const changed = changedEnds(assets, before, state)
  const [good, bad] = [changed.filter((item) => item.good), changed.filter((item) => !item.good)]
  return { good, bad, apart: [...bad.slice(0, TOLD_APART), ...(good.length <= TOLD_APART ? good : [])] }
}

/** Hashes of the logs that the entries of an event quote. */
export function logsTold(
  { event }: RecordedEvent,
  before: ProposalState | null,
  state: ProposalState,
): readonly string[] {
  const assets = verificationsOf(event).map(({ asset }) => asset)
  if (assets.length === 0) return []
  return endsOf(assets, before, state).apart.flatMap(({ deployment, good }) => (good ? [] : (deployment.log ?? [])))
}

function endStory(
  event: Events['verification-recorded' | 'verifications-recorded'],
  telling: Telling,
): readonly ThreadEntry[] {
  const verifications = verificationsOf(event)
  const assets = verifications.map(({ asset }) => asset)
  return [...changedStory(assets, telling), ...notBegunStory(verifications, telling.state)]
}

function changedStory(assets: readonly string[], { before, state, logs }: Telling): readonly ThreadEntry[] {
  const { good, bad, apart } = endsOf(assets, before, state)
  const entries = apart.map((end) => oneStory(end, state, logs))
  const together = (ends: readonly ChangedEnd[], tone: Tone, what: string): ThreadEntry => {
    const ids = ends.map(({ asset }) => asset)
    return { author: null, tone, text: rich(...listed(state, ids), `. ${what}`), detail: [] }
  }
  if (bad.length > TOLD_APART) {
    const rest = bad.slice(TOLD_APART)
    entries.push(together(rest, 'urgent', 'These did not end well either; "Servers" says why.'))
  }
  if (good.length > TOLD_APART) entries.push(together(good, 'good', 'These report the promised versions.'))
  return entries
}

function oneStory(
  { asset, deployment, verification: { end, reason }, was, good }: ChangedEnd,
  state: ProposalState,
  logs: Telling['logs'],
): ThreadEntry {
  const before = was ? ` was ${was.end}, is now ` : ' '
  return {
    author: null,
    tone: good ? 'good' : 'urgent',
    text: rich(code(assetName(state, asset)), before, strong(end), `. ${sentence(reason)}`),
    detail: (good ? '' : logOf(deployment, logs))
      .split('\n')
      .filter((line) => line.trim() !== '')
      .slice(-limits.logLines),
  }
}

function logOf({ outcome, log }: Deployment, logs: ReadonlyMap<string, string>): string {
  if (log !== undefined) return logs.get(log) ?? 'Its log is not kept any more.'
  return outcome?.log ?? ''
}

/** Assets that were started but did not begin. Assets with the same reason are told together. */
function notBegunStory(verifications: readonly RecordedVerification[], state: ProposalState): readonly ThreadEntry[] {
  const byReason = new Map<string, string[]>()
  for (const { asset, verification } of verifications) {
    if (verification.end !== 'not touched') continue
    byReason.set(verification.reason, [...(byReason.get(verification.reason) ?? []), asset])
  }
  const groups = [...byReason]
  // If there are many different reasons, the last ones are told without their reason.
  const rest = groups.splice(TOLD_APART).flatMap(([, assets]) => assets)
  if (rest.length > 0) groups.push(['"Servers" says why', rest])
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
