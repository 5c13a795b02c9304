import { expect, test } from 'vitest'
import { mayWakeAt, restEnd, waitEnd } from '../../../src/core/proposal/next-step.ts'
import { plusSeconds } from '../../../src/core/time/instant.ts'
import type { WindowPlan } from '../../../src/core/window.ts'
import { proposalCase } from '../../support/proposal-case.ts'
import { content } from '../../support/proposals.ts'

/** Every day of the week from 00:00 to 02:00 UTC. */
const nights: WindowPlan = {
  name: 'nights',
  rules: [
    {
      days: [1, 2, 3, 4, 5, 6, 7],
      start: '00:00',
      durationSeconds: 7_200,
      timeZone: 'UTC',
      everyWeeks: 1,
      anchor: null,
    },
  ],
}

/** The canary of four is at work, in the first night. */
function atWork() {
  const one = proposalCase({ content: content(4, nights) })
  one.vote('noor', 'approve')
  one.vote('tom', 'approve')
  const { schedule } = one.state()
  if (schedule === null) throw new Error('It has no window.')
  one.pass((Date.parse(schedule.start) - Date.parse(one.now())) / 3_600_000)
  one.give({ type: 'start' })
  one.give({ type: 'start-batch' })
  return { one, end: schedule.end }
}

test('what is at work for a day is left alone until the window of the others is over', () => {
  const { one, end } = atWork()
  expect(one.state().status).toBe('rolling out')
  expect(restEnd(one.state(), plusSeconds(one.now(), 86_400), one.now())).toBe(end)
})

test('it is left alone until it is looked at, where that comes first, or where the window is over', () => {
  const { one, end } = atWork()
  const soon = plusSeconds(one.now(), 600)
  expect(restEnd(one.state(), soon, one.now())).toBe(soon)
  const later = plusSeconds(end, 3_600)
  expect(Date.parse(restEnd(one.state(), plusSeconds(later, 600), later))).toBeLessThanOrEqual(
    Date.parse(plusSeconds(later, 600)),
  )
})

test('a record of it is not called wrong because its time to go on is a day ahead', () => {
  const { one } = atWork()
  const [state, now] = [one.state(), one.now()]
  expect(mayWakeAt(state, plusSeconds(now, 86_400), now, now)).toBe(true)
  expect(mayWakeAt(state, plusSeconds(now, 86_401), now, now)).toBe(false)
})

test('what waits for others is left alone for some minutes, and not beyond the end of its window', () => {
  const { one, end } = atWork()
  expect(waitEnd(one.state(), one.now())).toBeNull()
  const waiting = { ...one.state(), waitsFor: { asset: 'lab/web9', proposal: 'PW-7', until: null } }
  const later = plusSeconds(one.now(), 300)
  expect(waitEnd(waiting, one.now())).toBe(later)
  expect(mayWakeAt(waiting, later, one.now(), one.now())).toBe(true)
  expect(waitEnd(waiting, plusSeconds(end, -60))).toBe(end)
})
