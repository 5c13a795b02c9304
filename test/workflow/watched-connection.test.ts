import { expect, test } from 'vitest'
import { watchConnection } from '../../src/workflow/watched-connection.ts'

test('a break is told once, with the newest reason and the first time; so is that it works again', () => {
  let now = new Date('2026-12-01T10:00:00Z')
  const told: string[] = []
  const say = (message: string) => void told.push(message)
  const watch = watchConnection('slack', { clock: () => now, log: { info: say, warn: say } })
  watch.up()
  now = new Date('2026-12-01T10:01:00Z')
  watch.down('It answers 500')
  now = new Date('2026-12-01T10:02:30Z')
  watch.down('It does not answer.')
  expect(watch.state()).toEqual({
    state: { kind: 'down', why: 'It does not answer.' },
    since: '2026-12-01T10:01:00.000Z',
  })
  watch.up()
  watch.up()
  expect(told).toEqual([
    'slack: not connected: It answers 500. It is tried again until it works.',
    'slack: connected again, after 90 s.',
  ])
})
