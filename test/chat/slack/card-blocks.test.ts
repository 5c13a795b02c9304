import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { lineBreak, type RichText, rich, strong, time } from '../../../src/chat/rich-text.ts'
import { answerMessage } from '../../../src/chat/slack/answer.ts'
import { cardMessage, entryMessage } from '../../../src/chat/slack/card-blocks.ts'
import { askModal } from '../../../src/chat/slack/modal.ts'
import { mrkdwn } from '../../../src/chat/slack/mrkdwn.ts'
import { blockProblems, mentions, modalProblems } from '../../fakes/slack/block-kit.ts'
import { anyAlt, anyCard, anyEntry, anyWords, hostile } from '../../support/any-card.ts'
import { unseenIn } from '../../support/hostile-text.ts'

const where = { consoleUrl: 'https://patchwarden.example.net' }

describe('whatever comes from outside, Slack takes it, and nobody is notified by it', () => {
  test('cards', () => {
    fc.assert(
      fc.property(anyCard, fc.array(anyAlt, { maxLength: 2 }), (item, alts) => {
        const files = alts.map((alt, index) => ({ id: `F${index}`, alt }))
        const { text, blocks } = cardMessage(item, where, files)
        expect(blockProblems(blocks, 'message', () => true)).toEqual([])
        expect(mentions([text, blocks])).toEqual([])
        expect(unseenIn([text, blocks])).toEqual([])
        expect(Buffer.byteLength(text)).toBeLessThanOrEqual(4_000)
      }),
    )
  })

  test('thread entries', () => {
    fc.assert(
      fc.property(anyEntry, (item) => {
        const { text, blocks } = entryMessage(item, where)
        expect(blockProblems(blocks, 'message')).toEqual([])
        expect(unseenIn([text, blocks])).toEqual([])
        expect(mentions([text, blocks])).toEqual([])
      }),
    )
  })

  test('answers', () => {
    fc.assert(
      fc.property(anyWords, fc.array(hostile, { maxLength: 100 }), (message, lines) => {
        const detail = { title: 't', lead: message, tables: [], lines }
        const { text, blocks } = answerMessage({ ok: true, message, detail }, '/p/PW-1', where)
        expect(unseenIn([text, blocks])).toEqual([])
        expect(blockProblems(blocks, 'message')).toEqual([])
        expect(mentions([text, blocks])).toEqual([])
      }),
    )
  })

  test('dialogs', () => {
    const about = { proposal: 'PW-1', action: 'reject' as const, revision: 1, place: 'C0WEB' }
    fc.assert(
      fc.property(hostile, fc.array(hostile, { maxLength: 120 }), (title, names) => {
        const owners = names.map((name, index) => ({ id: `p${index}`, name }))
        const modal = askModal(about, { title, owners, until: '2026-12-20' })
        expect(modalProblems(modal)).toEqual([])
        expect(unseenIn(modal)).toEqual([])
      }),
    )
  })
})

test('only a break begins a line', () => {
  fc.assert(
    fc.property(anyWords, anyWords, (first, second) => {
      expect(mrkdwn([...first, lineBreak, ...second], 20_000).split('\n').length).toBeLessThanOrEqual(2)
    }),
  )
})

test.each<[string, RichText, string]>([
  ['text', rich('a < b & c > d'), 'a &lt; b &amp; c &gt; d'],
  ['a mention that is none', rich('<!here> @channel'), '&lt;!here&gt; @channel'],
  ['marks that begin nothing', rich('*a* _b_ ~c~ `d` 1.0~rc1 lib_x a*b*'), '∗a* ˍb_ ∼c~ ˋdˋ 1.0~rc1 lib_x a*b*'],
  ['a quotation that is none', rich('> x > y'), '› x &gt; y'],
  ['marks in code, which mean nothing there', [{ kind: 'code', text: '*a* _b_' }], '`*a* _b_`'],
  ['strong text', rich(strong('Stopped. '), 'Why'), '*Stopped.* Why'],
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
    fc.property(anyWords, fc.integer({ min: 0, max: 300 }), (text, limit) => {
      const out = mrkdwn(text, limit)
      expect(out.length).toBeLessThanOrEqual(limit)
      expect(out.replace(/&(amp|lt|gt);/g, '').replace(/<!date\^[^>]*>/g, '')).not.toMatch(/[&<>]/)
      expect(Buffer.from(out).toString()).toBe(out)
    }),
  )
})
