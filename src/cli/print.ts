/** All that the command line prints for people goes through here, so that no name or answer from outside moves the cursor. */

import { oneLine, shorten, visible, visibleJson } from '../chat/visible.ts'

/** A longer word is cut in error messages, because they quote what was typed. */
const LONGEST_WORD = 300

/** Each text is one line, whatever is in it. */
export function print(lines: string | readonly string[]): void {
  process.stdout.write(asLines(lines, oneLine))
}

/** For programs: a value on one line, or indented by `indent`. It is read back exactly as it is. */
export function printJson(value: unknown, indent?: number): void {
  process.stdout.write(`${visibleJson(JSON.stringify(value, null, indent))}\n`)
}

/** Many at once, a line each. */
export function printJsonLines(values: readonly unknown[]): void {
  const lines = values.map((value) => JSON.stringify(value))
  process.stdout.write(asLines(lines, visibleJson))
}

/** A document whose lines are made with care for what comes from outside: the report. */
export function printDocument(text: string): void {
  process.stdout.write(`${visible(text)}\n`)
}

/** On standard error, a line each. */
export function complain(lines: string | readonly string[]): void {
  process.stderr.write(asLines(lines, (line) => shortWords(oneLine(line))))
}

/** What commander says about an option or command that it does not know, in its own lines. */
export function complainAsIs(text: string): void {
  process.stderr.write(shortWords(visible(text)))
}

function asLines(lines: string | readonly string[], shown: (line: string) => string): string {
  return [lines]
    .flat()
    .map((line) => `${shown(line)}\n`)
    .join('')
}

function shortWords(text: string): string {
  return text.replace(/\S{300,}/g, (word) => shorten(word, LONGEST_WORD))
}
