import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { actionNames } from '../../../src/chat/actions.ts'
import type { Card, ThreadEntry, Tone } from '../../../src/chat/card.ts'
import { type RichText, rich, strong, time } from '../../../src/chat/rich-text.ts'
import { answerMessage } from '../../../src/chat/slack/answer.ts'
import { cardMessage, entryMessage } from '../../../src/chat/slack/card-blocks.ts'
import { askModal } from '../../../src/chat/slack/modal.ts'
import { mrkdwn } from '../../../src/chat/slack/mrkdwn.ts'
import { blockProblems, mentions, modalProblems } from '../../fakes/slack/block-kit.ts'

const where = { consoleUrl: 'https://patchwarden.example.net' }

const hostile = fc.oneof(
  { weight: 3, arbitrary: fc.string({ unit: 'binary', maxLength: 200 }) },
  {
    weight: 2,
    arbitrary: fc.constantFrom(
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
const words: fc.Arbitrary<RichText> = fc
  .array(fc.tuple(fc.constantFrom('text', 'strong', 'code'), hostile), { maxLength: 6 })
  .map((parts) => parts.map(([kind, text]) => ({ kind, text }) as RichText[number]))
const tone = fc.constantFrom<Tone>('urgent', 'warning', 'good', 'neutral')

const card: fc.Arbitrary<Card> = fc.record({
  proposal: fc.constant('PW-1'),
  revision: fc.constant(1),
  team: hostile,
  tone,
  badge: hostile,
  context: fc.array(words, { maxLength: 14 }),
  title: hostile,
  simulated: fc.boolean(),
  lead: fc.option(words),
  facts: fc.array(fc.record({ label: hostile, value: words }), { maxLength: 16 }),
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
  quorum: fc.array(
    fc.record({
      role: hostile,
      have: fc.nat(3),
      need: fc.nat(3),
      by: fc.array(hostile, { maxLength: 4 }),
      waitingFor: fc.array(hostile, { maxLength: 9 }),
    }),
    { maxLength: 12 },
  ),
  notes: fc.array(fc.record({ tone, text: words }), { maxLength: 9 }),
  actions: fc.constant(
    actionNames.map((name) => ({ name, label: name, style: 'plain' as const, asks: 'nothing' as const, revision: 1 })),
  ),
})

const entry: fc.Arbitrary<ThreadEntry> = fc.record({
  author: fc.option(fc.record({ id: hostile, name: hostile, via: hostile })),
  tone,
  text: words,
  detail: fc.array(hostile, { maxLength: 60 }),
})

describe('whatever comes from outside, Slack takes it, and nobody is notified by it', () => {
  test('cards', () => {
    fc.assert(
      fc.property(card, (item) => {
        const { text, blocks } = cardMessage(item, where)
        expect(blockProblems(blocks, 'message')).toEqual([])
        expect(mentions([text, blocks])).toEqual([])
        expect(Buffer.byteLength(text)).toBeLessThanOrEqual(4_000)
      }),
    )
  })

  test('thread entries', () => {
    fc.assert(
      fc.property(entry, (item) => {
        const { text, blocks } = entryMessage(item)
        expect(blockProblems(blocks, 'message')).toEqual([])
        expect(mentions([text, blocks])).toEqual([])
      }),
    )
  })

  test('answers', () => {
    fc.assert(
      fc.property(words, fc.array(hostile, { maxLength: 100 }), (message, lines) => {
        const detail = { title: 't', lead: message, tables: [], lines }
        const { text, blocks } = answerMessage({ ok: true, message, detail }, '/p/PW-1', where)
        expect(blockProblems(blocks, 'message')).toEqual([])
        expect(mentions([text, blocks])).toEqual([])
      }),
    )
  })

  test('dialogs', () => {
    const about = { proposal: 'PW-1', action: 'reject' as const, revision: 1, place: 'C0WEB' }
    fc.assert(
      fc.property(hostile, fc.array(hostile, { maxLength: 120 }), (title, names) => {
        const people = names.map((name, index) => ({ id: `p${index}`, name }))
        expect(modalProblems(askModal(about, title, { people, until: '2026-12-20' }))).toEqual([])
      }),
    )
  })
})

test.each<[string, RichText, string]>([
  ['text', rich('a < b & c > d'), 'a &lt; b &amp; c &gt; d'],
  ['a mention that is none', rich('<!here> @channel'), '&lt;!here&gt; @channel'],
  ['strong text', rich(strong('Stopped. '), 'Why'), '*Stopped.*Why'],
  ['code with backticks', [{ kind: 'code', text: 'a`b' }], '`aˋb`'],
  [
    'a time, in the zone of whoever reads it',
    rich(time('2026-11-20T00:00:00.000Z')),
    '<!date^1795132800^{date_short_pretty} {time}|2026-11-20 00:00 UTC>',
  ],
])('%s in Slack’s markup', (_, text, markup) => {
  expect(mrkdwn(text, 1_000)).toBe(markup)
})

test('what is too long is cut between characters, and never inside an escape', () => {
  fc.assert(
    fc.property(words, fc.integer({ min: 0, max: 300 }), (text, limit) => {
      const out = mrkdwn(text, limit)
      expect(out.length).toBeLessThanOrEqual(limit)
      expect(out.replace(/&(amp|lt|gt);/g, '').replace(/<!date\^[^>]*>/g, '')).not.toMatch(/[&<>]/)
      expect(Buffer.from(out).toString()).toBe(out)
    }),
  )
})
