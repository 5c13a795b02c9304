/** The report reads as Markdown with the words in it as text, whatever they are. */

import fc from 'fast-check'
import { expect, test } from 'vitest'
import { codeSpan, md } from '../../src/chat/markdown.ts'
import { oneLine } from '../../src/chat/visible.ts'
import { hostileName, unseen } from '../support/hostile-text.ts'

/** What a reader of Markdown sees of a line without any markup; throws where something in it is markup. */
function readAsText(line: string): string {
  let text = ''
  for (let at = 0; at < line.length; at++) {
    const sign = line[at] ?? ''
    if (sign === '\\') {
      const next = line[at + 1] ?? ''
      if (!/[!-/:-@[-`{-~]/.test(next)) throw new Error(`${JSON.stringify(line)}: a backslash that escapes nothing`)
      text += next
      at++
      continue
    }
    const begun = /^(?:[`*_{}[\]<>|#&~!$@\n]|:\/\/|www\.)/i.exec(line.slice(at))
    if (begun !== null) throw new Error(`${JSON.stringify(line)}: ${begun[0]} begins something`)
    text += sign
  }
  return text
}

function asRead(name: string): string {
  return oneLine(name).replace(/\s+/g, ' ').trim()
}

test('a value of a line of Markdown is read as the text that it is', () => {
  fc.assert(
    fc.property(hostileName, hostileName, (first, second) => {
      const line = md`Why: ${first}, ${second}.`
      expect(readAsText(line)).toBe(`Why: ${asRead(first)}, ${asRead(second)}.`)
      expect(unseen.test(line)).toBe(false)
    }),
  )
})

test('a row keeps its columns, and a heading is one', () => {
  fc.assert(
    fc.property(fc.tuple(hostileName, hostileName), ([first, second]) => {
      const cells = md`| ${first} | ${second} |`.split(/(?<!(?<!\\)(?:\\\\)*\\)\|/)
      expect(cells.slice(1, -1).map((cell) => readAsText(cell).trim())).toEqual([asRead(first), asRead(second)])
      expect(md`# ${first}`).not.toMatch(/\n/)
    }),
  )
})

test('code ends where the text does', () => {
  fc.assert(
    fc.property(hostileName, (name) => {
      const code = codeSpan(name)
      expect(code).toMatch(/^(?:`[^`\n]*[^`\s]`)?$/)
      expect(unseen.test(code)).toBe(false)
    }),
  )
})

test.each([
  ['<img src=x onerror=alert(1)>', '\\<img src=x onerror=alert(1)\\>'],
  ['[click](https://e.example)', '\\[click\\](https\\://e.example)'],
  ['![p](//e.example)', '\\!\\[p\\](//e.example)'],
  ['www.e.example', 'www\\.e.example'],
  ['&#8238;&lt;', '\\&\\#8238;\\&lt;'],
  ['a | b\n\n# c', 'a \\| b \\# c'],
  ['\u202egnp.exe\u001b[2J', 'gnp.exe\\[2J'],
  ['1:3.0.17-1~deb12u2+example1', '1:3.0.17-1\\~deb12u2+example1'],
])('%j in Markdown', (text, written) => {
  expect(md`${text}`).toBe(written)
})
