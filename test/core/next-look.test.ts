import { expect, test } from 'vitest'
import { isAhead, nextLook, restsUntil } from '../../src/core/next-look.ts'

const now = new Date('2026-11-20T02:00:00.000Z')
const at = (text: string) => `2026-11-${text}.000Z`

test.each<[string, readonly (string | undefined)[], string | null]>([
  ['what is said', [at('20T03:00:00')], at('20T03:00:00')],
  ['the earliest of what is said', [at('20T05:00:00'), at('20T03:00:00'), at('20T04:00:00')], at('20T03:00:00')],
  ['an offset, in UTC', ['2026-11-20T05:00:00+02:00'], at('20T03:00:00')],
  ['a day, where more is said', ['2027-11-20T02:00:00Z', '+275760-09-13T00:00:00Z'], at('21T02:00:00')],
  ['the usual pace where nothing runs', [], null],
  ['the usual pace where one of them says nothing', [at('20T03:00:00'), undefined], null],
  ['the usual pace where one says no instant', [at('20T03:00:00'), 'tomorrow'], null],
  ['the usual pace where one says an empty text', [''], null],
  ['the usual pace where one is over', [at('20T03:00:00'), at('20T01:59:59'), at('20T04:00:00')], null],
  ['the usual pace where it is sooner than that', [at('20T02:00:01')], null],
])('the next look is %s', (_, said, expected) => {
  expect(nextLook(said, now, 1)).toBe(expected)
})

test('an instant is ahead until it comes, and not where the clock was set back', () => {
  expect(isAhead(at('20T02:00:01'), now)).toBe(true)
  expect(isAhead(at('20T02:00:00'), now)).toBe(false)
  expect(isAhead(at('21T02:00:00'), now)).toBe(true)
  expect(isAhead(at('21T02:00:01'), now)).toBe(false)
})

test.each<[string, readonly (string | null)[], string | null]>([
  ['the earliest, where all are a while ahead', [at('20T05:00:00'), at('20T03:00:00')], at('20T03:00:00')],
  ['two minutes are a while', [at('20T02:02:00')], at('20T02:02:00')],
  ['less is not', [at('20T05:00:00'), at('20T02:01:59')], null],
  ['one of them is looked at as usual', [at('20T05:00:00'), null], null],
  ['one of them is over', [at('20T05:00:00'), at('20T01:00:00')], null],
  ['nothing is at work', [], null],
])('nobody waits: %s', (_, looks, expected) => {
  expect(restsUntil(looks, now)).toBe(expected)
})
