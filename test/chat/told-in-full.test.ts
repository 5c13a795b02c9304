/** What was voted on and what came of it stands in the thread and in the report, not on the card alone. */

import { expect, test } from 'vitest'
import { assetsDetail } from '../../src/chat/details.ts'
import { proposalReport } from '../../src/chat/report.ts'
import { plain } from '../../src/chat/rich-text.ts'
import { storyOf } from '../../src/chat/story/story.ts'
import type { TransactionStep } from '../../src/core/ports.ts'
import type { PatchSubject, Verification } from '../../src/core/proposal/proposal.ts'
import { unfinished } from '../../src/core/rollout/run.ts'
import { begun } from '../support/begun.ts'

const beside: readonly TransactionStep[] = [
  { action: 'remove', name: 'libfoo1', architecture: 'amd64', from: '1.0', to: null },
  { action: 'install', name: 'libfoo2', architecture: 'amd64', from: null, to: '2.0' },
  { action: 'upgrade', name: 'libssl3', architecture: 'amd64', from: '3.0.20', to: '3.0.22' },
]

/** Two servers whose transaction does more than upgrade openssl. */
function twoServers() {
  return begun(2, ({ assets }: PatchSubject) => ({
    assets: assets.map((planned) => ({ ...planned, transaction: [...planned.transaction, ...beside] })),
  }))
}

/** All end so, twelve minutes after they began. */
function completed(verification: Partial<Verification>) {
  const one = twoServers()
  one.give({ type: 'start-batch' })
  const assets = unfinished(one.state())
  one.pass(0.2)
  const outcome = { state: 'succeeded', changed: [], rebooted: false, log: '' } as const
  one.give({ type: 'record-outcomes', outcomes: assets.map((asset) => ({ asset, outcome })) })
  for (let look = 0; look < 2; look++) {
    const found = { end: 'installed', reason: 'it says so', packages: [], health: [], at: one.now() } as const
    one.give({
      type: 'record-verifications',
      verifications: assets.map((asset) => ({ asset, verification: { ...found, ...verification } })),
    })
  }
  one.give({ type: 'complete' })
  expect(one.state().status).toBe('completed')
  return one
}

test('what a transaction removes and adds is told when it is proposed, and for each server', () => {
  const one = twoServers()
  const [opened] = one.recorded()
  if (opened === undefined) throw new Error('nothing was opened')
  expect(storyOf(opened, null, one.state()).map(({ text }) => plain(text))).toEqual([
    'Proposed by the assessment: 2 servers miss 1 patch. Priority scheduled. It also removes libfoo1, and newly installs libfoo2.',
  ])
  const { subject } = one.state()
  if (subject.kind !== 'patches') throw new Error('not patches')
  const changes = 'removes libfoo1, newly installs libfoo2 2.0, also moves libssl3 3.0.20 → 3.0.22'
  const rows = assetsDetail(one.state(), subject).tables.flatMap((table) => table.rows)
  expect(rows.map((row) => plain(row[2] ?? []))).toEqual([
    `openssl 3.0.20 → 3.0.22, ${changes}`,
    `openssl 3.0.20 → 3.0.22, ${changes}`,
  ])
  const report = proposalReport(one.state(), [], new Map())
  expect(report).toContain(`openssl 3.0.20 → 3.0.22; ${changes.replaceAll(', ', '; ')}`)
})

test('the report says when work on each server began and ended, and how long it took', () => {
  const report = proposalReport(completed({}).state(), [], new Map())
  expect(report).toContain('| begun (UTC) | ended (UTC) | took |')
  expect(report.match(/\| 2026-11-20 00:00 \| 2026-11-20 00:12 \| 12 min \|/g)).toHaveLength(2)
})

test('the summary says on how many servers a service still runs what was replaced', () => {
  const one = completed({ staleServices: ['sshd'] })
  const last = one.recorded().at(-1)
  if (last === undefined) throw new Error('nothing was recorded')
  const [entry] = storyOf(last, one.state(), one.state())
  expect(plain(entry?.text ?? [])).toContain('on 2 of 2 sshd still runs what was replaced.')
})
