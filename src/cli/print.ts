/** All output for people goes through here, so that no text from outside can move the terminal's cursor. */

import { oneLine, shorten, visible, visibleJson } from '../chat/visible.ts'

/** Longer words are cut in error messages, because these quote what was typed. */
const LONGEST_WORD = 300

/** Prints each text on one line, whatever it contains. */
export function print(lines: string | readonly string[]): void {
  process.stdout.write(asLines(lines, oneLine))
}

/** Prints a value as JSON for programs, on one line or indented by `indent`. Reading it gives the same value. */
export function printJson(value: unknown, indent?: number): void {
  process.stdout.write(`${visibleJson(JSON.stringify(value, null, indent))}\n`)
}

/** Prints each value as JSON on a line of its own. */
export function printJsonLines(values: readonly unknown[]): void {
  const lines = values.map((value) => JSON.stringify(value))
  process.stdout.write(asLines(lines, visibleJson))
}

/** Prints a document that has made its outside texts safe already, such as the report. */
export function printDocument(text: string): void {
  process.stdout.write(`${visible(text)}\n`)
}

/** Prints to standard error, each text on one line. */
export function complain(lines: string | readonly string[]): void {
  process.stderr.write(asLines(lines, (line) => shortWords(oneLine(line))))
}

/** Prints commander's message about an unknown option or command, with its own lines. */
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
