/** Thread entries about a rollout and its test. */

import { wantsAcknowledgement } from '../../core/proposal/acknowledgement.ts'
import { notStarted } from '../../core/proposal/ends.ts'
import type { ProposalState } from '../../core/proposal/proposal.ts'
import { sinceOf } from '../../core/proposal/since.ts'
import { engineOfRing, lanesOf } from '../../core/rollout/lanes.ts'
import { unfinishedDeployments } from '../../core/rollout/run.ts'
import { assetName, tallyOf } from '../../core/rollout/tally.ts'
import type { ThreadEntry } from '../card.ts'
import { code, rich, sentence, strong, time } from '../rich-text.ts'
import { count } from '../words.ts'
import { batchStory, beginsWith, passedStory, soakingStory } from './rings.ts'
import { bot, said, type Tellers, untold } from './telling.ts'
import { atWork, names, reachedWords, ringName, sinceSentences, testSummary } from './words.ts'

const test = {
  'test-started': (_, { state }) =>
    bot('neutral', [
      ...rich('The test ring begins in its controlled environment, while you decide.'),
      ...beginsWith(state),
    ]),
  'test-paused': ({ reason }, telling) =>
    said(
      telling,
      'warning',
      rich(`Paused the test: ${sentence(reason)} Nothing more of it begins until it is resumed.`),
    ),
  'test-halted': ({ reason, closing }, telling) => {
    const left = [' ', ...(atWork(telling.state) ?? rich('No server is at work for the test.'))]
    if (telling.recorded.actor.kind === 'person' && !closing)
      return said(telling, 'urgent', rich(`Halted the test: ${sentence(reason)}`, ...left))
    return bot(closing ? 'warning' : 'urgent', rich(`The test ring is halted: ${sentence(reason)}`, ...left))
  },
  'test-resumed': ({ by }) => bot('neutral', rich(`The test was resumed by ${by.join(' and ')}.`)),
  'test-ended': ({ passed, reason }, { state }) => {
    const shown = testSummary(tallyOf(state).test)
    if (passed) return bot('good', rich(strong('Tested. '), shown))
    return bot('urgent', rich(strong('The test did not pass. '), sentence(reason ?? ''), ` ${shown}`))
  },
} satisfies Partial<Tellers>

export const rollout = {
  ...test,
  'rollout-started': (_, { before, state }) => {
    const unheard =
      before !== null && wantsAcknowledgement(before) ? ' Nobody acknowledged it; the policy lets it go on.' : ''
    const since = sinceSentences(tallyOf(state))
    return bot('neutral', [
      ...rich(`Rollout started: ${ringNames(state)}.${unheard}${since && ` ${since}`}`),
      ...beginsWith(state),
    ])
  },
  'batch-started': batchStory,
  // The card shows how many assets are at work.
  'assets-started': untold,
  'batch-queued': untold,
  'outcome-recorded': untold,
  'outcomes-recorded': untold,
  // Many, and told by what came of them. The report names the pages of the record that hold them.
  'calls-recorded': untold,
  'asset-skipped': ({ asset, reason }, telling) =>
    said(telling, 'warning', rich('Left ', code(assetName(telling.state, asset)), ` out: ${sentence(reason)}`)),
  agreed: ({ to, reason }, telling) => {
    const what =
      to.act === 'leave-out'
        ? rich('Agreed to leave ', code(assetName(telling.state, to.asset)), ' out')
        : rich('Agreed that it may run on until ', time(to.until))
    return said(telling, 'neutral', [...what, ...rich(`: ${sentence(reason)} It takes somebody else, too.`)])
  },
  'retry-asked': ({ assets }, telling) =>
    said(telling, 'neutral', rich('Tries again: ', ...names(telling.state, assets))),
  'go-given': ({ ring }, telling) =>
    said(telling, 'good', rich('Go: ring ', strong(ringName(telling.state, ring)), ' may begin.')),
  'gate-checked': ({ healthy, results, ring }, { state }) => {
    if (healthy) return []
    const lines = results.map((result) => `${result.healthy ? 'ok  ' : 'FAIL'} ${result.check}: ${result.detail}`)
    return bot('urgent', rich('The checks of ring ', strong(ringName(state, ring)), ' failed.'), lines)
  },
  'gate-failed': untold,
  'assets-compared': (_, { before, state }) => sinceStory(before, state),
  noted: ({ text }) => bot('warning', rich(text)),
  'taken-back': ({ why, untold: never, ...reached }) =>
    bot('warning', [...rich(`${why}: `), ...reachedWords(reached, never), ...rich('.')]),
  'ring-soaking': soakingStory,
  'ring-passed': passedStory,
  paused: ({ reason }, telling) =>
    said(telling, 'warning', rich(`Paused: ${sentence(reason)} No further batch starts until it is resumed.`)),
  halted: ({ reason }, telling) => {
    if (telling.recorded.actor.kind === 'person')
      return said(telling, 'urgent', rich(`Halted: ${sentence(reason)} ${afterHalt(telling.state)}`))
    return bot('urgent', rich(strong('Stopped. '), `${sentence(reason)} ${untouched(telling.state)}`))
  },
  'waiting-ended': ({ reason }, telling) =>
    said(
      telling,
      'urgent',
      rich(`Ended the waiting: ${sentence(reason)} Servers that have not reported count as silent.`),
    ),
  'resume-agreed': (_, telling) => said(telling, 'neutral', rich('Agreed to resume.')),
  resumed: ({ by }) => bot('neutral', rich(`Resumed by ${by.join(' and ')}.`)),
} satisfies Partial<Tellers>

/** Told once a day at most. The card always shows the present state. */
function sinceStory(before: ProposalState | null, state: ProposalState): readonly ThreadEntry[] {
  if (before === null || sinceOf(before).toldAt === sinceOf(state).toldAt) return []
  const text = sinceSentences(tallyOf(state)) || 'Every server needs what was voted on again.'
  return [{ author: null, tone: 'neutral', text: rich(`${text} The votes hold.`), detail: [] }]
}

/** The rings still to come, in the order of each lane. */
function ringNames(state: ProposalState): string {
  const { subject, rollout: run } = state
  if (subject.kind !== 'patches') return ''
  const lanes = lanesOf(subject).map((lane) =>
    subject.rings.flatMap((ring, index) =>
      run?.rings[index]?.status !== 'passed' && engineOfRing(subject, index) === lane
        ? [`${ringName(state, index)} (${ring.assets.length === 0 ? 'no server' : ring.assets.length})`]
        : [],
    ),
  )
  return lanes
    .filter((rings) => rings.length > 0)
    .map((rings) => rings.join(', then '))
    .join('; beside them ')
}

/** What was told ahead is taken back within a minute, and the thread says then how far that came. */
function afterHalt(state: ProposalState): string {
  const isTold = unfinishedDeployments(state).some(({ notBefore }) => notBefore !== undefined)
  return isTold
    ? 'Nothing more is told. What was told is taken back from servers that have not begun.'
    : 'Nothing after it is touched.'
}

function untouched(state: ProposalState): string {
  const left = notStarted(state)
  if (left === null) return ''
  if (left.assets > 0) return `${count(left.assets, 'server')} not touched.`
  return left.nothingStarted ? 'No server was touched.' : 'No server was left to start.'
}
