/** Cards and thread entries full of what comes from outside: for tests that a platform takes whatever it is given. */

import fc from 'fast-check'
import { actionNames, questionsOf } from '../../src/chat/actions.ts'
import type { Card, ThreadEntry, Tone } from '../../src/chat/card.ts'
import type { RichText } from '../../src/chat/rich-text.ts'
import { oneLine, shorten } from '../../src/chat/visible.ts'
import { nasty } from './hostile-text.ts'

export const hostile = fc.oneof(
  { weight: 3, arbitrary: fc.string({ unit: 'binary', maxLength: 200 }) },
  {
    weight: 2,
    arbitrary: fc.constantFrom(
      nasty,
      '<!here>',
      '<!channel|all>',
      '@channel',
      '<@U0MARA>',
      '```',
      '`*_~',
      '<https://evil.example|click>',
      '&amp;',
      '\u202e\u200bweb01',
      'مرحبا',
      '',
      ' ',
      '\ud800',
      '🙂'.repeat(50),
    ),
  },
  {
    weight: 1,
    arbitrary: fc.constantFrom('x'.repeat(10_000), '&'.repeat(10_000), '<'.repeat(5_000), 'a\n'.repeat(3_000)),
  },
)
export const anyWords: fc.Arbitrary<RichText> = fc
  .array(fc.tuple(fc.constantFrom('text', 'strong', 'code'), hostile), { maxLength: 6 })
  .map((parts) => parts.map(([kind, text]) => ({ kind, text }) as RichText[number]))
/** The words of a picture, which are never empty. */
export const anyAlt = hostile.map((words) => shorten(oneLine(`Plan. ${words}`), 950))
const tone = fc.constantFrom<Tone>('urgent', 'warning', 'decided', 'good', 'neutral')

export const anyCard: fc.Arbitrary<Card> = fc.record({
  proposal: fc.constant('PW-1'),
  revision: fc.constant(1),
  team: hostile,
  tone,
  state: anyWords,
  title: hostile,
  simulated: fc.boolean(),
  say: anyWords,
  facts: fc.array(fc.record({ label: hostile, value: anyWords }), { maxLength: 16 }),
  pictures: fc.constant([]),
  rings: fc.array(
    fc.record({
      name: hostile,
      total: fc.nat(9),
      good: fc.nat(9),
      bad: fc.nat(9),
      running: fc.nat(9),
      status: fc.constantFrom('waiting', 'running', 'soaking', 'passed', 'failed'),
    }),
    { maxLength: 20 },
  ),
  notes: fc.array(fc.record({ tone, text: anyWords }), { maxLength: 9 }),
  small: anyWords,
  actions: fc.constant(
    actionNames.map((name, index) => ({
      name,
      label: name,
      style: 'plain' as const,
      questions: questionsOf(name),
      confirm: index % 2 === 0 ? 'x'.repeat(index * 40) || null : null,
      revision: 1,
      rare: index > 3,
    })),
  ),
})

export const anyEntry: fc.Arbitrary<ThreadEntry> = fc.record({
  author: fc.option(fc.record({ id: hostile, name: hostile, via: hostile })),
  tone,
  text: anyWords,
  detail: fc.array(hostile, { maxLength: 60 }),
})
