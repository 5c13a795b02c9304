/** A proposal that was rolled back says so itself: on its card, in its thread and in its report. */

import { expect, test } from 'vitest'
import { proposalCard } from '../../src/chat/proposal-card.ts'
import { proposalReport } from '../../src/chat/report.ts'
import { plain } from '../../src/chat/rich-text.ts'
import { storyOf } from '../../src/chat/story/story.ts'
import type { ProposalState } from '../../src/core/proposal/proposal.ts'
import { unfinished } from '../../src/core/rollout/run.ts'
import { begun, idOf } from '../support/begun.ts'
import { placeOf } from '../support/place.ts'
import { members, person } from '../support/proposal-case.ts'

const outcome = { state: 'succeeded', changed: [], rebooted: false, log: '' } as const

/** A completed rollout of two servers, of which another proposal has rolled these back. */
function rolledBack(...names: readonly string[]) {
  const one = begun(2, () => ({}))
  one.give({ type: 'start-batch' })
  const verified = (asset: string) => ({
    asset,
    verification: { end: 'installed', reason: 'it says so', packages: [], health: [], at: one.now() } as const,
  })
  const assets = unfinished(one.state())
  one.give({ type: 'record-outcomes', outcomes: assets.map((asset) => ({ asset, outcome })) })
  one.give({ type: 'record-verifications', verifications: assets.map(verified) })
  one.give({ type: 'record-verifications', verifications: assets.map(verified) })
  one.give({ type: 'complete' })
  expect(one.state().status).toBe('completed')
  one.give({ type: 'open-roll-back', by: 'PW-3' }, person('jonas'))
  const undone = names.map((name) => ({ asset: idOf(name), key: null }))
  one.give({ type: 'end-roll-back', by: 'PW-3', undone })
  return one
}

function cardOf(state: ProposalState) {
  const { state: line, tone, notes } = proposalCard(placeOf(state, members), null)
  return { line: plain(line), tone, notes: notes.map(({ text }) => plain(text)) }
}

test('all of it', () => {
  const one = rolledBack('web1', 'web2')
  expect(cardOf(one.state())).toEqual({
    line: 'Rolled back by PW-3',
    tone: 'warning',
    notes: [],
  })
  const last = one.recorded().at(-1)
  if (last === undefined) throw new Error('nothing was recorded')
  expect(storyOf(last, one.state(), one.state()).map(({ text }) => plain(text))).toEqual([
    'Rolled back by PW-3: 2 servers have the versions from before.',
  ])
  expect(proposalReport(one.state(), [], new Map())).toContain('Rolled back by PW-3: 2 of 2 servers that it changed.')
})

test('a part of it: what is still changed is named', () => {
  const one = rolledBack('web1')
  expect(cardOf(one.state())).toEqual({
    line: 'Partly rolled back by PW-3',
    tone: 'warning',
    notes: ['1 server rolled back, the last by PW-3. What is still changed can be rolled back, too.'],
  })
  const last = one.recorded().at(-1)
  if (last === undefined) throw new Error('nothing was recorded')
  expect(storyOf(last, one.state(), one.state()).map(({ text }) => plain(text))).toEqual([
    'Rolled back by PW-3: 1 server has the versions from before. Still changed: web2. What is still changed can be rolled back, too.',
  ])
})

test('nothing of it', () => {
  expect(cardOf(rolledBack().state())).toMatchObject({
    line: 'Completed · 2 of 2 done',
    notes: ['PW-3 was to roll it back, and has changed nothing back.'],
  })
})
