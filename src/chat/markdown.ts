/**
 * Markdown as files and auditors' tools read it (CommonMark with GitHub's tables and links), not the markup of a chat
 * platform.
 */

import { oneLine } from './visible.ts'

/** Whatever stands between other words could begin: emphasis, code, links, pictures, HTML, entities, cells, formulas. */
const marks = /[\\`*_{}[\]<>|#&~!$@]|:(?=\/\/)|(?<=www)\./gi

/** A line of Markdown: the template is markup, every value is text and is shown as it is. */
export function md(template: TemplateStringsArray, ...values: readonly (string | number)[]): string {
  return String.raw({ raw: template }, ...values.map((value) => escaped(String(value))))
}

/** Text as code. A backtick, which would end it, becomes a sign that looks like one. */
export function codeSpan(text: string): string {
  const shown = oneLine(text).replaceAll('`', 'ˋ').trimEnd()
  // Markdown has no empty code.
  return shown === '' ? '' : `\`${shown}\``
}

function escaped(text: string): string {
  return oneLine(text).replace(/\s+/g, ' ').trim().replace(marks, '\\$&')
}
