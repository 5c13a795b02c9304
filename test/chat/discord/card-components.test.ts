import { readFileSync } from 'node:fs'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { cardMessage, entryContent, noMentions } from '../../../src/chat/discord/card-components.ts'
import { discordCommands, helpHere } from '../../../src/chat/discord/commands.ts'
import { headBlock, markdown } from '../../../src/chat/discord/markdown.ts'
import { askModal } from '../../../src/chat/discord/modal.ts'
import { lineBreak, type RichText, rich, strong, time } from '../../../src/chat/rich-text.ts'
import { slashHelp } from '../../../src/chat/slash.ts'
import { checkCommandList } from '../../fakes/discord/commands.ts'
import { form, formErrors } from '../../fakes/discord/form.ts'
import { readMessage } from '../../fakes/discord/message-body.ts'
import { checkModal } from '../../fakes/discord/modals.ts'
import { anyAlt, anyCard, anyEntry, anyWords } from '../../support/any-card.ts'
import { unseenIn } from '../../support/hostile-text.ts'

/** Throws what Discord would answer. */
function taken(body: object, images: readonly string[] = []) {
  const files = images.map((name, index) => ({
    field: `files[${index}]`,
    name,
    type: 'image/png',
    content: Buffer.alloc(1),
  }))
  return readMessage({ ...body }, { path: [], files, current: null, interaction: false, id: () => '1' })
}

describe('whatever comes from outside, Discord takes it, and nobody is notified by it', () => {
  const nobody = { parse: [], users: [], roles: [], repliedUser: false }

  test('cards', () => {
    fc.assert(
      fc.property(anyCard, fc.array(anyAlt, { maxLength: 2 }), (card, alts) => {
        const images = alts.map((alt, index) => ({ name: `${index}.png`, alt }))
        const message = cardMessage(card, 'https://patchwarden.example.net', images)
        expect(taken(message, ['0.png', '1.png']).allowed).toEqual(nobody)
        expect(unseenIn(message)).toEqual([])
      }),
    )
  })

  test('thread entries', () => {
    fc.assert(
      fc.property(anyEntry, (entry) => {
        const message = { content: entryContent(entry), allowed_mentions: noMentions }
        expect(taken(message).allowed).toEqual(nobody)
        expect(unseenIn(message)).toEqual([])
      }),
    )
  })

  test('dialogs', () => {
    for (const action of ['reject', 'halt', 'withdraw', 'break-glass'] as const) {
      const errors = formErrors()
      checkModal(
        form({ ...askModal({ action, proposal: 'PW-123456', revision: 12, until: '2026-12-31' }) }, [], errors),
      )
      expect(() => errors.check()).not.toThrow()
    }
  })
})

test('only a break begins a line', () => {
  fc.assert(
    fc.property(anyWords, anyWords, (first, second) => {
      expect(markdown([...first, lineBreak, ...second], 20_000).split('\n').length).toBeLessThanOrEqual(2)
    }),
  )
})

test('manifests/discord-commands.json is what Discord takes', () => {
  const written = JSON.parse(readFileSync(new URL('../../../manifests/discord-commands.json', import.meta.url), 'utf8'))
  expect(checkCommandList(written)).toHaveLength(2)
})

test('the help fits into one message: every command that can be typed, as its fields are', () => {
  const help = helpHere(slashHelp)
  const shown = headBlock(help, 1_800)
  const typed = discordCommands().flatMap(({ name, options = [] }) => options.map((sub) => `/${name} ${sub.name}: `))
  for (const start of typed) expect(shown).toContain(`\n${start}`)
  expect(shown.split('\n')).toHaveLength(typed.length + 2)
})

test('an answer that is too long keeps its beginning, and says how much is left', () => {
  const lines = Array.from({ length: 200 }, (_, index) => `line ${index + 1}`)
  const shown = headBlock(lines, 600)
  expect(shown.length).toBeLessThanOrEqual(600)
  const rows = shown.split('\n')
  expect(rows.slice(0, 3)).toEqual(['```', 'line 1', 'line 2'])
  expect(rows.at(-1)).toBe(`${200 - (rows.length - 3)} more lines are in the console.`)
  expect(headBlock(lines.slice(0, 3), 600)).toBe('```\nline 1\nline 2\nline 3\n```')
  expect(headBlock([], 600)).toBe('')
})

test.each<[string, RichText, string]>([
  [
    'text',
    rich('*a* _b_ ~c~ `d` [e](f) > g # h @i <j>'),
    '\\*a\\* \\_b\\_ \\~c\\~ \\`d\\` \\[e\\](f) \\> g \\# h \\@i \\<j\\>',
  ],
  ['strong text', rich(strong('Stopped. '), 'Why'), '**Stopped.** Why'],
  ['code with backticks', [{ kind: 'code', text: 'a`b' }], '`aˋb`'],
  ['a time, in the zone of whoever reads it', rich(time('2026-11-20T00:00:00.000Z', 'relative')), '<t:1795132800:R>'],
])('%s in Discord’s markdown', (_, text, written) => {
  expect(markdown(text, 1_000)).toBe(written)
})

test('what is too long is cut within the limit', () => {
  fc.assert(
    fc.property(anyWords, fc.integer({ min: 0, max: 300 }), (text, limit) => {
      const out = markdown(text, limit)
      expect(out.length).toBeLessThanOrEqual(limit)
      expect(Buffer.from(out).toString()).toBe(out)
    }),
  )
})
