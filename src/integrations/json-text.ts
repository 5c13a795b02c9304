import { errorText } from '../core/error-text.ts'
import { inputLimits } from './input-limits.ts'

/**
 * Parses JSON. Throws a sentence with line and column when the text is cut off or malformed, or says that the text is
 * HTML. Refuses JSON that parsers read differently: the same key twice, or nesting beyond the limit. `within`: the
 * depth of this text in a larger document.
 */
export function parseJson(text: string, what: string, within = 0): unknown {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch (error) {
    throw new Error(`${what} is not valid JSON: ${jsonProblem(text, error)}`, { cause: error })
  }
  const odd = oddity(text, within)
  if (odd !== null) throw new Error(`${what}: ${odd}`)
  return value
}

const QUOTE = 34
const BACKSLASH = 92

/** Finds a repeated key or too deep nesting in valid JSON. Returns a sentence; `null`: neither was found. */
function oddity(text: string, within: number): string | null {
  /** The keys of each open object; `null` for a list. */
  const open: (Set<string> | null)[] = []
  for (let at = 0; at < text.length; at++) {
    switch (text.charCodeAt(at)) {
      case 0x7b: // {
      case 0x5b: // [
        open.push(text.charCodeAt(at) === 0x7b ? new Set() : null)
        if (within + open.length > inputLimits.nesting)
          return `it is nested more than ${inputLimits.nesting} deep at ${lineAndColumn(text, at)}`
        break
      case 0x7d: // }
      case 0x5d: // ]
        open.pop()
        break
      case QUOTE: {
        const end = endOfString(text, at)
        const keys = open.at(-1)
        if (keys && isKey(text, end)) {
          const raw = text.slice(at + 1, end)
          const key = raw.includes('\\') ? String(JSON.parse(`"${raw}"`)) : raw
          if (keys.has(key)) return `the key "${key.slice(0, 60)}" is there twice, again at ${lineAndColumn(text, at)}`
          keys.add(key)
        }
        at = end
      }
    }
  }
  return null
}

/** Returns the position of the closing quote. */
function endOfString(text: string, start: number): number {
  let at = start + 1
  for (;;) {
    const code = text.charCodeAt(at)
    if (code === QUOTE || Number.isNaN(code)) return at
    at += code === BACKSLASH ? 2 : 1
  }
}

function isKey(text: string, end: number): boolean {
  let at = end + 1
  while (/\s/.test(text[at] ?? '')) at++
  return text[at] === ':'
}

/** Says it in our words: those of V8 change with its version, and speak of tokens. */
function jsonProblem(text: string, error: unknown): string {
  if (text.trim() === '') return 'it is empty'
  if (looksLikeHtml(text)) return 'it is an HTML page'
  const message = errorText(error)
  const end = text.trimEnd().length
  const offset = /end of JSON|Unterminated string/.test(message) ? end : offsetOf(text, message)
  if (offset === null) return `it begins with ${shownStart(text)}, where { or [ belongs`
  if (offset >= end) return `it is cut off at ${lineAndColumn(text, text.length)}`
  return `${oddSign(text, offset)} at ${lineAndColumn(text, offset)}`
}

function oddSign(text: string, offset: number): string {
  const sign = text.slice(offset).match(/^\P{C}/u)?.[0]
  if (sign === undefined)
    return 'a character that cannot be seen stands where none can: in a text, write it as \\n, \\t or \\u0000'
  if (/,\s*$/.test(text.slice(0, offset)) && /[\]}]/.test(sign)) return `a comma too many before ${sign}`
  if (text[offset - 1] === '\\') return `\\${sign} stands for nothing`
  if (/^['\u2018\u201c\p{L}_]$/u.test(sign))
    return `${sign} cannot stand there: names and texts are in "quotation marks"`
  return `${sign} cannot stand there`
}

function shownStart(text: string): string {
  return JSON.stringify(text.trimStart().slice(0, 20))
}

/**
 * Returns the position of a JSON error. V8 gives either the position, or ten characters before it and some after.
 * `null`: it is not known.
 */
function offsetOf(text: string, message: string): number | null {
  const position = /at position (\d+)/.exec(message)?.[1]
  if (position !== undefined) return Number(position)
  const [, token, dots, snippet] =
    /Unexpected token '(.+?)', (\.\.\.)?"([\s\S]+?)"(?:\.\.\.)? is not/.exec(message) ?? []
  if (token === undefined || snippet === undefined) return null
  const start = text.indexOf(snippet)
  if (start === -1) return null
  if (dots !== undefined) return start + 10
  for (let at = text.indexOf(token); at !== -1; at = text.indexOf(token, at + 1))
    if (mayGoOn(text.slice(0, at)) && !mayGoOn(text.slice(0, at + 1))) return at
  return null
}

/** True for the beginning of a JSON text. */
function mayGoOn(text: string): boolean {
  try {
    JSON.parse(text)
    return true
  } catch (error) {
    const message = errorText(error)
    const position = /at position (\d+)/.exec(message)?.[1]
    return /end of JSON|Unterminated string/.test(message) || Number(position) >= text.length
  }
}

function lineAndColumn(text: string, offset: number): string {
  const before = text.slice(0, offset)
  const line = before.split('\n').length
  return `line ${line}, column ${offset - before.lastIndexOf('\n')}`
}

/** True for a web page. Proxies and "access denied" pages send HTML instead of data, often with status 200. */
export function looksLikeHtml(text: string): boolean {
  return /^\uFEFF?\s*(?:<!--|(?:<\?xml[^>]*>\s*)?<(?:!doctype\s+html|html|head|body))/i.test(text.slice(0, 1_000))
}
