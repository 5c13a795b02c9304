/** What our starts did is asked of their journals: of each under its own key, and only of the server that it is about. */

import { expect, test } from 'vitest'
import type { DeployEngine, DeploymentOutcome, DeploymentReport } from '../../src/core/ports.ts'
import type { ProposalState } from '../../src/core/proposal/proposal.ts'
import { unfinished } from '../../src/core/rollout/run.ts'
import { saveStage, saveStarted, saveStarting } from '../../src/store/starts.ts'
import { didNothing, journalsOf, ownWork } from '../../src/workflow/rollout/own-work.ts'
import { anAsset } from '../support/asset.ts'
import { begun } from '../support/begun.ts'
import { useDatabase } from '../support/database.ts'
import { person } from '../support/proposal-case.ts'

const database = useDatabase()
const { signal } = new AbortController()
const asset = anAsset('web1')
const log = { info: () => undefined, warn: () => undefined, error: () => undefined }
const lost: DeploymentOutcome = { state: 'unreachable', reason: 'silent', touched: true, log: '' }
const nothingLeft: DeploymentOutcome = { state: 'held back', reason: 'Nothing is left to do.', log: '' }
const done: DeploymentOutcome = { state: 'succeeded', changed: [], rebooted: false, log: '' }

/** A rollout whose first start was lost, and which was tried again. */
function triedAgain(): ProposalState {
  const one = begun(1, () => ({}))
  for (const [index, outcome] of [lost, nothingLeft].entries()) {
    if (index > 0) one.give({ type: 'retry', asset: null }, person('noor'))
    one.give({ type: 'start-batch' })
    for (const id of unfinished(one.state())) {
      one.give({ type: 'record-outcomes', outcomes: [{ asset: id, outcome }] })
      if (index > 0) continue
      const verification = { end: 'unreachable', reason: 'r', packages: [], health: [], at: one.now() } as const
      one.give({ type: 'record-verifications', verifications: [{ asset: id, verification }] })
    }
  }
  return one.state()
}

/** The starts that were kept, and an engine whose journals say this, by the number of the start. */
async function scene(
  said: Readonly<Record<number, Partial<DeploymentReport>>>,
  more: { readonly terms?: true; readonly tidied?: true; readonly noAnswer?: true } = {},
) {
  const { db } = database()
  const state = triedAgain()
  const key = (number: number) => `PW-1.r1.1.${number}.${state.contentHash.slice(0, 8)}`
  const asked: unknown[] = []
  for (const number of [1, 2]) {
    const start = { key: key(number), proposal: 'PW-1', engine: 'ssh', startedAt: '2026-11-20T01:00:00.000Z' }
    await saveStarting(db, start, [{ asset: asset.id, place: 1, before: null }])
    if (more.noAnswer !== true) await saveStarted(db, start, { number })
    if (more.tidied === true) await saveStage(db, start.key, 'tidied')
  }
  const engine = {
    name: 'ssh',
    ...(more.terms === true ? { terms: async () => [] } : {}),
    async poll(handle: { readonly data: Readonly<Record<string, unknown>> }, _: AbortSignal, only: readonly string[]) {
      asked.push([handle.data.number, ...only])
      const report = said[Number(handle.data.number)]
      if (report === undefined) throw new Error('It does not answer.')
      return [{ asset: asset.id, outcome: null, progress: null, ...report }]
    },
  } as unknown as DeployEngine
  const parts = { db, engines: new Map([['ssh', engine]]), log }
  return { state, parts, asked }
}

test('the first start installed it, and its connection was lost', async () => {
  const { state, parts, asked } = await scene({ 1: { outcome: done } })
  expect(await ownWork(parts, state, asset, nothingLeft, signal)).toMatchObject({ kind: 'ours', outcome: done })
  // The start that was held back is not asked: it has said what it did.
  expect(asked).toEqual([[1, asset.id]])
})

test('the first start has not ended', async () => {
  const { state, parts } = await scene({ 1: { progress: 'unpacking 3 of 9' } })
  expect(await ownWork(parts, state, asset, nothingLeft, signal)).toMatchObject({
    kind: 'at work',
    progress: 'unpacking 3 of 9',
  })
})

test.each<[string, Partial<DeploymentReport>, string]>([
  ['that it never began', { outcome: { state: 'not begun', reason: 'r', log: '' } }, 'not ours'],
  ['that it was refused', { outcome: nothingLeft }, 'not ours'],
  ['that it failed half way', { outcome: { state: 'failed', reason: 'r', log: '' } }, 'not known'],
])('the first start says %s', async (_, report, kind) => {
  const { state, parts } = await scene({ 1: report })
  expect(await ownWork(parts, state, asset, nothingLeft, signal)).toEqual({ kind })
})

test.each([
  ['cannot be asked', {}],
  ['was tidied away', { tidied: true as const }],
  ['never answered whether it began', { noAnswer: true as const }],
])('the first start %s: it is not known, and a roll back takes the server', async (_, more) => {
  const { state, parts } = await scene({}, more)
  expect(await ownWork(parts, state, asset, nothingLeft, signal)).toEqual({ kind: 'not known' })
  const answers = await journalsOf(parts, state, asset, signal)
  expect(answers).toHaveLength(1)
  expect(answers.every(({ report }) => didNothing(report))).toBe(false)
})

test('a system that was told has words of its own where nobody knows', async () => {
  const { state, parts } = await scene({}, { terms: true, tidied: true })
  expect(await ownWork(parts, state, asset, nothingLeft, signal)).toEqual({
    kind: 'not known',
    says: 'Nothing is left to do.',
  })
})
