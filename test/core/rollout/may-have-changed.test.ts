import { expect, test } from 'vitest'
import { offersTo } from '../../../src/core/permission/answer.ts'
import type { DeploymentOutcome } from '../../../src/core/ports.ts'
import { unfinished } from '../../../src/core/rollout/run.ts'
import { placeOf } from '../../support/place.ts'
import { members, proposalCase } from '../../support/proposal-case.ts'
import { content } from '../../support/proposals.ts'

/** Is a roll back offered after a rollout whose servers all ended in this way, and which somebody ended early? */
function offered(outcome: DeploymentOutcome): boolean {
  const one = proposalCase({ content: content(6) })
  one.vote('noor', 'approve')
  one.vote('tom', 'approve')
  one.give({ type: 'start' })
  one.give({ type: 'start-batch' })
  const at = one.now()
  for (const asset of unfinished(one.state())) {
    const verification = { end: 'failed', reason: 'it says so', packages: [], health: [], at } as const
    one.give({ type: 'record-outcomes', outcomes: [{ asset, outcome }] })
    one.give({ type: 'record-verifications', verifications: [{ asset, verification }] })
  }
  expect(one.state().status).toBe('halted')
  const jonas = { kind: 'person', id: 'jonas', name: 'Jonas', via: 'console' } as const
  return offersTo(jonas, placeOf(one.state(), members)).has('roll-back')
}

const added = { name: 'openssl-provider', architecture: 'amd64', from: null, to: '3.0.16' }
const upgraded = { name: 'openssl', architecture: 'amd64', from: '3.0.15', to: '3.0.16' }

test.each<[string, DeploymentOutcome, boolean]>([
  ['what was upgraded is rolled back', succeeded([upgraded]), true],
  ['what failed may have changed something, and is rolled back', { state: 'failed', reason: 'dpkg', log: '' }, true],
  ['what newly installed packages alone has nothing older', succeeded([added]), false],
  ['what was held back was not changed', { state: 'held back', reason: 'no room', log: '' }, false],
])('%s', (_, outcome, expected) => {
  expect(offered(outcome)).toBe(expected)
})

function succeeded(changed: readonly (typeof added | typeof upgraded)[]): DeploymentOutcome {
  return { state: 'succeeded', changed, rebooted: false, log: '' }
}
