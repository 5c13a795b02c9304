import { expect, test } from 'vitest'
import { shownFrom } from '../../src/chat/card-pace.ts'
import { unfinished } from '../../src/core/rollout/run.ts'
import { begun, end, ringOf } from '../support/begun.ts'

const now = '2026-11-20T10:00:13.000Z'

test('servers that begin and end well are shown together, at instants that all such changes share', () => {
  const one = begun(4, () => ({ rings: [ringOf('all', ['web1', 'web2', 'web3', 'web4'], { batchSize: 2 })] }))
  const open = one.state()
  one.give({ type: 'start-batch' })
  const started = one.state()
  // The ring is under way now, and was not before.
  expect(shownFrom(open, started, now)).toBeNull()
  end(one, 'web1')
  const first = one.state()
  expect(shownFrom(started, first, now)).toBe('2026-11-20T10:00:20.000Z')
  expect(shownFrom(started, first, '2026-11-20T10:00:20.000Z')).toBe('2026-11-20T10:00:40.000Z')
  end(one, 'web2', 'failed')
  expect(shownFrom(first, one.state(), now)).toBeNull()
})

test('the end of a ring, a stop and a proposal that is new are shown at once', () => {
  const one = begun(2, () => ({ rings: [ringOf('canary', ['web1']), ringOf('rest', ['web2'])] }))
  expect(shownFrom(null, one.state(), now)).toBeNull()
  one.give({ type: 'start-batch' })
  const before = one.state()
  end(one, 'web1')
  expect(unfinished(one.state())).toEqual([])
  expect(shownFrom(before, one.state(), now)).toBeNull()
  const { state } = one
  const running = state()
  expect(shownFrom(running, { ...running, status: 'paused' }, now)).toBeNull()
  const over = { ...running, status: 'completed' } as const
  expect(shownFrom(over, { ...over, rollBack: { proposal: 'PW-3', over: true } }, now)).toBeNull()
})
