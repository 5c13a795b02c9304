import { SaxesParser } from 'saxes'
import { errorText } from '../core/error-text.ts'
import { inputLimits } from './input-limits.ts'

export interface XmlElement {
  /** The name without its namespace prefix. */
  readonly name: string
  readonly attributes: Readonly<Record<string, string>>
  readonly parent: XmlElement | null
}

/**
 * Walks an XML text. Calls `leave` at the end of each element, with the text directly in that element. Refuses entities
 * that the document defines itself; limits nesting. Throws a sentence when the XML is malformed.
 */
export function walkXml(
  text: string,
  what: string,
  enter: (element: XmlElement) => void,
  leave: (element: XmlElement, text: string) => void,
): void {
  const parser = new SaxesParser({ xmlns: false })
  let current: XmlElement | null = null
  const texts: string[] = []
  parser.on('error', ({ message }) => {
    throw new Error(xmlProblem(message))
  })
  parser.on('doctype', () => {
    throw new Error('it has a document type of its own, which no feed needs')
  })
  parser.on('opentag', ({ name, attributes }) => {
    if (texts.length >= inputLimits.nesting) throw new Error(`it is nested more than ${inputLimits.nesting} deep`)
    current = { name: localName(name), attributes, parent: current }
    texts.push('')
    enter(current)
  })
  const add = (part: string) => {
    const last = texts.length - 1
    if (last >= 0) texts[last] += part
  }
  parser.on('text', add)
  parser.on('cdata', add)
  parser.on('closetag', () => {
    const own = texts.pop() ?? ''
    if (current === null) return
    leave(current, own.trim())
    current = current.parent
  })
  try {
    parser.write(text).close()
  } catch (error) {
    throw new Error(`${what} is not valid XML: ${errorText(error)}`, { cause: error })
  }
}

/** Of the words of the parser, only the place is told. */
function xmlProblem(message: string): string {
  const [, line, column] = /^(\d+):(\d+): /.exec(message) ?? []
  const place = line === undefined ? '' : ` at line ${line}, column ${column}`
  if (/unclosed tag|unexpected end/.test(message)) return `it is cut off, or a tag or an & is not closed${place}`
  return `tags, quotation marks or signs such as & are not as they must be${place}`
}

function localName(name: string): string {
  return name.slice(name.indexOf(':') + 1)
}
