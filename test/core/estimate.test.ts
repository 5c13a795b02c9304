/** How long an asset takes is guessed from earlier ones in rings of the same name, on the same engine. */

import { expect, test } from 'vitest'
import { estimatesFor, type RingTook } from '../../src/core/estimate.ts'
import { limits } from '../../src/core/limits.ts'
import { content } from '../support/proposals.ts'

const { subject } = content(1)
const [first] = subject.kind === 'patches' ? subject.rings : []
if (first === undefined) throw new Error('The subject has no ring.')
const lanes = {
  engine: 'ssh',
  rings: [
    { ...first, name: 'canary' },
    { ...first, name: 'canary', engine: 'ansible' },
  ],
}

test('each engine by its own samples: nine of ten took no longer', () => {
  const took: readonly RingTook[] = [
    { engine: 'ssh', ring: 'canary', seconds: [10, 11, 12, 13, 14, 15, 16, 17, 18.2, 900] },
    { engine: 'ansible', ring: 'canary', seconds: [200, 210, 220] },
    { engine: 'ssh', ring: 'rest', seconds: [1, 1, 1] },
  ]
  expect(estimatesFor(lanes, took)).toEqual({ canary: 19, 'canary (ansible)': 220 })
})

test('a few samples, or those of another engine, are no estimate', () => {
  const took: readonly RingTook[] = [{ engine: 'ssh', ring: 'canary', seconds: [10, 11] }]
  const guess = limits.unknownDeploymentSeconds
  expect(estimatesFor(lanes, took)).toEqual({ canary: guess, 'canary (ansible)': guess })
})
