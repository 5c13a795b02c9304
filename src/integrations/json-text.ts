import { errorText } from '../core/error-text.ts'
/** Parses JSON. Throws a sentence with line and column where the text is cut off or malformed; HTML is named as such. */
export function parseJson(text: string, what: string): unknown {
  try {
    return JSON.parse(text)
  } catch (error) {
    throw new Error(`${what} is not valid JSON: ${jsonProblem(text, error)}`, { cause: error })
  }
}

function jsonProblem(text: string, error: unknown): string {
  if (text.trim() === '') return 'it is empty'
  if (looksLikeHtml(text)) return 'it is an HTML page'
  const message = errorText(error)
  if (message.includes('end of JSON') || message.includes('Unterminated string')) {
    return `it is cut off at ${lineAndColumn(text, text.length)}`
  }
  const offset = offsetOf(text, message)
  if (offset === null) return message
  if (offset >= text.trimEnd().length) return `it is cut off at ${lineAndColumn(text, text.length)}`
  const reason = message.replace(/ in JSON at position.*| is not valid JSON$/s, '')
  return `${reason} at ${lineAndColumn(text, offset)}`
}

/** V8 names either a position or a few characters around the wrong one. */
function offsetOf(text: string, message: string): number | null {
  const position = /at position (\d+)/.exec(message)?.[1]
  if (position !== undefined) return Number(position)
  const [, token, snippet] = /Unexpected token '(.+?)', (?:\.\.\.)?"([\s\S]+?)"(?:\.\.\.)? is not/.exec(message) ?? []
  if (token === undefined || snippet === undefined) return null
  const start = text.indexOf(snippet)
  if (start === -1) return null
  return Math.min(start + Math.max(snippet.indexOf(token, 10), 0), text.length)
}

function lineAndColumn(text: string, offset: number): string {
  const before = text.slice(0, offset)
  const line = before.split('\n').length
  return `line ${line}, column ${offset - before.lastIndexOf('\n')}`
}

/** True for a web page: what proxies and "access denied" pages send instead of data, often with status 200. */
export function looksLikeHtml(text: string): boolean {
  return /^\uFEFF?\s*<(?:!doctype|html|head|body|!--|\?xml)/i.test(text.slice(0, 1_000))
}
