import fc from 'fast-check'
import { expect, test } from 'vitest'
import { oneLine, visible } from '../../src/chat/visible.ts'
import { html, raw } from '../../src/web/html.ts'
import { richText } from '../../src/web/rich-text.ts'
import { hostileName, unseen } from '../support/hostile-text.ts'

const entities: Readonly<Record<string, string>> = { amp: '&', lt: '<', gt: '>', quot: '"', '#39': "'" }

function read(text: string): string {
  return text.replace(/&(amp|lt|gt|quot|#39);/g, (_, name: string) => entities[name] ?? '')
}

test('whatever a name is, a page shows it as text, in elements, lists and attributes', () => {
  fc.assert(
    fc.property(hostileName, hostileName, hostileName, (first, second, third) => {
      const page = String(html`<p title="${first}">${[html`<b>${second}</b>`, third]}</p>`)
      const [, title, bold, rest] = /^<p title="([^"<>]*)"><b>([^"<>]*)<\/b>([^"<>]*)<\/p>$/.exec(page) ?? []
      expect([title, bold, rest].map((part) => read(part ?? '-'))).toEqual([first, second, third].map(visible))
      expect(unseen.test(page)).toBe(false)
    }),
  )
})

test('rich text of every kind, too', () => {
  fc.assert(
    fc.property(hostileName, (name) => {
      const spans = [
        { kind: 'text', text: name },
        { kind: 'strong', text: name },
        { kind: 'code', text: name },
        { kind: 'person', id: name, name },
        { kind: 'time', at: name, style: 'relative' },
      ] as const
      for (const span of spans) {
        const shown = String(richText([span], 'UTC')).replace(/^<(\w+)(?: class="person")?>([^<>]*)<\/\1>$/, '$2')
        if (span.kind === 'time' && shown.startsWith('<time')) continue
        expect(read(shown)).toBe(span.kind === 'time' ? visible(name) : oneLine(name))
      }
    }),
  )
})

test('what was made as HTML stays HTML', () => {
  expect(String(html`<p>${raw('<b>')}${html`<i>${'<'}</i>`}${null}${false}${3}</p>`)).toBe('<p><b><i>&lt;</i>3</p>')
})
