import { parseJson } from './json-text.ts'
import { createTurns, type Turns } from './turns.ts'

/**
 * Parses a large JSON document like `parseJson`, but lets other work run in between. For this it parses the items of
 * the document's lists one by one. Throws the same sentences as `parseJson`.
 */
export async function parseJsonDocument(bytes: Buffer, what: string): Promise<unknown> {
  try {
    const read = await inParts(bytes, what)
    if (read !== NOT_IN_PARTS) return read
  } catch (error) {
    // For any other error, `parseJson` below finds the place and names it.
    if (error instanceof CutOff && bytes.length > LARGE_BYTES)
      throw new Error(`${what} is not valid JSON: it is cut off at ${await endOf(bytes)}`)
  }
  return parseJson(bytes.toString('utf8'), what)
}

/** A file that is still being written is cut off. A cut-off document above this size is not parsed a second time. */
const LARGE_BYTES = 1_000_000
const NOT_IN_PARTS = Symbol('not in parts')

class CutOff extends Error {}

const [QUOTE, BACKSLASH, COMMA, COLON] = [0x22, 0x5c, 0x2c, 0x3a]
const [OPEN_BRACE, CLOSE_BRACE, OPEN_BRACKET, CLOSE_BRACKET] = [0x7b, 0x7d, 0x5b, 0x5d]

/**
 * Parses the lists at the second level item by item. Parses the rest of the document at once, with those lists empty.
 */
async function inParts(bytes: Buffer, what: string): Promise<unknown> {
  const turns = createTurns()
  let at = afterBlanks(bytes, 0)
  if (bytes[at] !== OPEN_BRACE) return NOT_IN_PARTS
  const lists = new Map<string, unknown[]>()
  /** The document without the items of its lists, in pieces. */
  const rest: string[] = []
  let from = 0
  let key: string | null = null
  for (at = afterBlanks(bytes, at + 1); ; at = afterBlanks(bytes, at)) {
    const code = bytes[at]
    if (code === undefined) throw new CutOff()
    if (code === CLOSE_BRACE) break
    if (code === QUOTE) {
      const end = endOfString(bytes, at)
      key = String(JSON.parse(bytes.toString('utf8', at, end)))
      at = afterBlanks(bytes, end)
      if (bytes[at] !== COLON) continue
      at = afterBlanks(bytes, at + 1)
      if (bytes[at] !== OPEN_BRACKET) at = await endOfValue(bytes, at, turns)
      else {
        rest.push(bytes.toString('utf8', from, at + 1))
        const read = await itemsOf(bytes, at, what, turns)
        if (lists.has(key)) return NOT_IN_PARTS
        lists.set(key, read.items)
        from = read.end - 1
        at = read.end
      }
    } else at++
  }
  rest.push(bytes.toString('utf8', from))
  const document = parseJson(rest.join(''), what)
  if (typeof document !== 'object' || document === null) return NOT_IN_PARTS
  for (const [name, value] of lists)
    Object.defineProperty(document, name, { value, enumerable: true, configurable: true, writable: true })
  return document
}

/** Returns the items of the list that begins at `open`, and the position after the list. */
async function itemsOf(
  bytes: Buffer,
  open: number,
  what: string,
  turns: Turns,
): Promise<{ readonly items: unknown[]; readonly end: number }> {
  const items: unknown[] = []
  let from = open + 1
  let at = afterBlanks(bytes, from)
  if (bytes[at] === CLOSE_BRACKET) return { items, end: at + 1 }
  for (;;) {
    at = await endOfValue(bytes, at, turns)
    const code = bytes[at]
    if (code === undefined) throw new CutOff()
    if (code === CLOSE_BRACE) throw new Error('A list ends with another bracket.')
    items.push(parseJson(bytes.toString('utf8', from, at), what, 2))
    if (turns.over()) await turns.next()
    if (code === CLOSE_BRACKET) return { items, end: at + 1 }
    from = at + 1
    at = from
  }
}

/** Returns the position of the comma or bracket after a value. Does not check the value itself; `parseJson` does. */
async function endOfValue(bytes: Buffer, start: number, turns: Turns): Promise<number> {
  let depth = 0
  for (let at = start, steps = 0; ; at++, steps++) {
    if (steps % 65_536 === 65_535 && turns.over()) await turns.next()
    switch (bytes[at]) {
      case undefined:
        throw new CutOff()
      case QUOTE:
        at = endOfString(bytes, at) - 1
        break
      case OPEN_BRACE:
      case OPEN_BRACKET:
        depth++
        break
      case CLOSE_BRACE:
      case CLOSE_BRACKET:
        if (depth === 0) return at
        depth--
        break
      case COMMA:
        if (depth === 0) return at
    }
  }
}

/** Returns the position after the closing quote. */
function endOfString(bytes: Buffer, start: number): number {
  for (let end = bytes.indexOf(QUOTE, start + 1); end !== -1; end = bytes.indexOf(QUOTE, end + 1)) {
    let before = end - 1
    while (bytes[before] === BACKSLASH) before--
    if ((end - before) % 2 === 1) return end + 1
  }
  throw new CutOff()
}

function afterBlanks(bytes: Buffer, start: number): number {
  let at = start
  while (bytes[at] === 0x20 || bytes[at] === 0x0a || bytes[at] === 0x0d || bytes[at] === 0x09) at++
  return at
}

/** Returns the line and column of the end, counted as in `parseJson`. */
async function endOf(bytes: Buffer): Promise<string> {
  const turns = createTurns()
  let lines = 1
  let last = -1
  for (let at = bytes.indexOf(0x0a); at !== -1; at = bytes.indexOf(0x0a, at + 1)) {
    lines++
    last = at
    if (turns.over()) await turns.next()
  }
  return `line ${lines}, column ${bytes.toString('utf8', last + 1).length + 1}`
}
