import { expect, test } from 'vitest'
import { proposalReport } from '../../src/chat/report.ts'
import { proposalCase } from '../support/proposal-case.ts'
import { content } from '../support/proposals.ts'

test('names each change that is missing, or of which nobody knows, beside those that are there', () => {
  const one = proposalCase({ content: content(4) })
  one.vote('noor', 'approve')
  one.vote('tom', 'approve')
  one.give({ type: 'start' })
  one.give({ type: 'start-batch' })
  const outcome = { state: 'failed', reason: 'dpkg ended with 1', log: '' } as const
  one.give({ type: 'record-outcomes', outcomes: [{ asset: 'lab/web1', outcome }] })
  const packages = [{ name: 'openssl', promised: '3.0.22', version: '3.0.20', result: 'missing' as const }]
  const verification = { end: 'still missing', reason: 'it says so', packages, health: [], at: one.now() } as const
  one.give({ type: 'record-verifications', verifications: [{ asset: 'lab/web1', verification }] })
  const report = proposalReport(
    one.state(),
    one.recorded().map((event) => ({ ...event, hash: '' })),
    new Map(),
  )
  expect(report).toContain('3.0.22 (missing) |')
})

test('a server whose work has begun and has not ended is at work, and not untouched', () => {
  const one = proposalCase({ content: content(4) })
  one.vote('noor', 'approve')
  one.vote('tom', 'approve')
  one.give({ type: 'start' })
  one.give({ type: 'start-batch' })
  const events = one.recorded().map((event) => ({ ...event, hash: '' }))
  const report = proposalReport(one.state(), events, new Map())
  expect(report).toContain('| web1 | canary | at work | begun on 2026-11-20 00:00 UTC |')
  expect(report).toContain('0 never answered, 1 at work, 3 not touched')
})
