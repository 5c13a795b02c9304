/** Parts of sentences that the thread and the card share. */

import { leftOutWords } from '../../core/proposal/left-out.ts'
import type { ProposalState, Reached, Waiting } from '../../core/proposal/proposal.ts'
import { ringTitle } from '../../core/rollout/lanes.ts'
import { unfinished } from '../../core/rollout/run.ts'
import { AT_WORK_NAMED, assetName, type EndCounts, type Tally, type TestTally } from '../../core/rollout/tally.ts'
import { code, type RichText, rich, sentence, time } from '../rich-text.ts'
import { count } from '../words.ts'

export function ringName(state: ProposalState, index: number): string {
  return (state.subject.kind === 'patches' ? ringTitle(state.subject, index) : undefined) ?? String(index + 1)
}

/** The names of the first assets, how many more there are, and the end of the sentence. */
export function names(state: ProposalState, assets: readonly string[], end = '.'): RichText {
  return rich(...listed(state, assets), end)
}

export function listed(state: ProposalState, assets: readonly string[], most = AT_WORK_NAMED): RichText {
  const first = assets.slice(0, most).map((asset) => assetName(state, asset))
  return listedNames(first, assets.length)
}

/** These names, and how many more there are of `total`. */
function listedNames(first: readonly string[], total: number): RichText {
  const out: (string | ReturnType<typeof code>)[] = []
  for (const [index, name] of first.entries()) {
    if (index > 0) out.push(', ')
    out.push(code(name))
  }
  if (total > first.length) out.push(` and ${total - first.length} more`)
  return rich(...out)
}

/** The assets that are still at work after a stop or the end of a proposal; `null`: none. */
export function atWork(state: ProposalState): RichText | null {
  const assets = unfinished(state)
  if (assets.length === 0) return null
  return atWorkWords(
    assets.slice(0, AT_WORK_NAMED).map((asset) => assetName(state, asset)),
    assets.length,
  )
}

/** The same, from the first names and the total. */
export function atWorkWords(first: readonly string[], total: number): RichText {
  const what = total === 1 ? 'is at work and is brought to its end first' : 'are at work and end first'
  return rich(...listedNames(first, total), ` ${what}.`)
}

/** Says which asset the proposal waits for, which proposal works on it, and the latest end. */
export function waitingFor(
  name: string,
  { proposal, until, full, yields }: Pick<Waiting, 'proposal' | 'until' | 'full' | 'yields'>,
): RichText {
  if (yields === true)
    return rich('Waits: ', code(name), ` is being taken back from ${proposal}, which is less urgent.`)
  // Who takes the places changes, and is not told again.
  if (full !== undefined)
    return rich(`Waits: ${full} is full; when the wait began, `, code(name), ` was at work for ${proposal}.`)
  const when = until === null ? [] : rich(', until ', time(until), ' at the latest')
  return [...rich('Waits: ', code(name), ` is at work for ${proposal}`), ...when, ...rich('.')]
}

/** Of servers that are done: those that are not fixed before they have restarted; empty: none. */
export function owingWords({ owing = 0 }: Pick<EndCounts, 'owing'>): string {
  if (owing === 0) return ''
  return owing === 1
    ? '1 of them waits for a restart and is not fixed before'
    : `${owing} of them wait for a restart and are not fixed before`
}

/** What a stop reached, as clauses. `untold`: servers whose system was never told. */
export function reachedWords({ stopped, may, until, atWork }: Reached, untold: number): RichText {
  const parts: RichText[] = []
  if (stopped > 0) parts.push(rich(`taken back from ${count(stopped, 'server')}`))
  if (may > 0) {
    const end = until === null ? rich(', and nobody knows until when') : rich(' until ', time(until))
    parts.push([...rich(`${may} may still install`), ...end])
  }
  if (atWork > 0) parts.push(rich(`${atWork} ${atWork === 1 ? 'has' : 'have'} begun, or may have`))
  if (untold > 0) parts.push(rich(`${untold} never told`))
  return parts.flatMap((part, index) => (index === 0 ? part : [...rich('; '), ...part]))
}

/** What happened to the servers since the vote, in short; empty: nothing. */
export function sinceSentences({ leftOut, inPart, waiting }: Pick<Tally, 'leftOut' | 'inPart' | 'waiting'>): string {
  const out = Object.values(leftOut).reduce((sum, some) => sum + some, 0)
  return [
    out === 0 ? '' : `${out} left out since: ${leftOutWords(leftOut)}.`,
    inPart === 0 ? '' : `${inPart} ${inPart === 1 ? 'needs' : 'need'} only a part of it now.`,
    waiting === 0
      ? ''
      : `${count(waiting, 'more server')} since: ${waiting === 1 ? 'it waits' : 'they wait'} for the next proposal.`,
  ]
    .filter((part) => part !== '')
    .join(' ')
}

/** The result of the test ring, for the voters. */
export function testSummary(test: TestTally | null): string {
  if (test === null || test.started === 0) return 'It touched nothing.'
  const parts = [`${test.good} of ${count(test.started, 'test server')} took it and ended well`]
  if (test.rebooted > 0) parts.push(`${test.rebooted} rebooted and came back`)
  for (const { name, end, reason } of test.others) parts.push(`${name} ${end}: ${reason}`)
  return sentence(parts.join('; '))
}
