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

test.each([
  ['ask dora PW-3 can you judge nginx?', 'PW-3', 'dora', 'can you judge nginx?'],
  ['ask @dora pw-3', 'PW-3', 'dora', null],
  ['ASK PW-3 dora  is PW-4 the same?', 'PW-3', 'dora', 'is PW-4 the same?'],
  // In the thread of PW-1.
  ['ask dora can you judge it?\nI cannot.', 'PW-1', 'dora', 'can you judge it?\nI cannot.'],
  // As Discord puts it together.
  ['ask dora PW-3 because can you judge it?', 'PW-3', 'dora', 'can you judge it?'],
  ['ask', 'PW-1', null, null],
  ['ask PW-3', 'PW-3', null, null],
])('"%s" asks somebody', (text, proposal, person, reason) => {
  const asked = { kind: 'act', action: 'ask', owner: null, until: null, asset: null }
  expect(parseSlash(text, 'PW-1')).toEqual({ ...asked, proposal, person, reason })
})

test('a question outside of a thread names its proposal', () => {
  const problem = 'Name the proposal: /patch ask mara PW-1 and, after it, your question.'
  expect(parseSlash('ask dora can you?', null)).toEqual({ kind: 'help', problem })
})
