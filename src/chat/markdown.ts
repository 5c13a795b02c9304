/**
 * Markdown for files and for auditors' tools (CommonMark with GitHub's tables and links). It is not the markup of a
 * chat platform.
 */

import { oneLine } from './visible.ts'

/** Characters that could start markup inside text: emphasis, code, links, pictures, HTML, entities, cells, formulas. */
const marks = /[\\`*_{}[\]<>|#&~!$@]|:(?=\/\/)|(?<=www)\./gi

/** A line of Markdown. The template is markup. Every value is plain text and is escaped. */
export function md(template: TemplateStringsArray, ...values: readonly (string | number)[]): string {
  return String.raw({ raw: template }, ...values.map((value) => escaped(String(value))))
}

/** Text as code. A backtick would end the code, so it is replaced by a similar character. */
export function codeSpan(text: string): string {
  const shown = oneLine(text).replaceAll('`', 'ˋ').trimEnd()
  // Markdown has no empty code span.
  return shown === '' ? '' : `\`${shown}\``
}

function escaped(text: string): string {
  return oneLine(text).replace(/\s+/g, ' ').trim().replace(marks, '\\$&')
}
