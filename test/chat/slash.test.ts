import { expect, test } from 'vitest'
import { parseSlash } from '../../src/chat/slash.ts'

const until = '2026-12-04'

test.each([
  ['away until 2026-12-04', { person: null, deputy: null, until }],
  ['away until 2026-12-04 deputy sam', { person: null, deputy: 'sam', until }],
  ['away eva until 2026-12-04 deputy sam', { person: 'eva', deputy: 'sam', until }],
  ['Away for eva until 2026-12-04', { person: 'eva', deputy: null, until }],
  // Discord puts the fields in its own order.
  [' away  eva  until 2026-12-04  deputy  sam ', { person: 'eva', deputy: 'sam', until }],
])('"%s" says who is away', (text, said) => {
  expect(parseSlash(text, 'PW-1')).toEqual({ kind: 'away', ...said })
})

test.each(['away', 'away deputy sam', 'away until', 'away eva sam until 2026-12-04', 'away until 2026-12-04 sam'])(
  '"%s" is answered with how it is written',
  (text) => {
    expect(parseSlash(text, 'PW-1')).toEqual({ kind: 'help', problem: expect.stringContaining('/patch away until') })
  },
)
