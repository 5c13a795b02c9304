/** Reads YAML as plain values, with the place of each value in the text. */

import { LineCounter, type Node, parseDocument } from 'yaml'
import { describeSyntaxError } from '../core/yaml-error.ts'
import type { Finding } from './problem.ts'
import { type Reading, readNode, resolveNode, startReading, textOfKey, tooDeep } from './yaml-values.ts'

export interface Place {
  /** Counts from 1. */
  readonly line: number
  readonly column: number
}

export interface YamlText {
  readonly value: unknown
  /** Repeated keys, aliases to nothing, and similar problems. The rest of the text could be read. */
  readonly findings: readonly (Finding & { readonly place: Place })[]
  /** The place of the value or of its key. For something that is missing, the place where it would belong. */
  locate(path: readonly PropertyKey[], at: 'key' | 'value'): Place
}

export type ReadYaml =
  | { readonly ok: true; readonly yaml: YamlText }
  | { readonly ok: false; readonly place: Place; readonly what: string; readonly mend: string }

const PARSER_DEPTH = 200

/** Reads YAML. Never throws. Reports only the first syntax error, because later ones mostly follow from it. */
export function readYaml(text: string): ReadYaml {
  const lines = new LineCounter()
  const placeOf = (offset: number): Place => {
    const { line, col } = lines.linePos(offset)
    return { line: Math.max(line, 1), column: Math.max(col, 1) }
  }
  if (nestsTooDeep(text)) return { ok: false, place: { line: 1, column: 1 }, ...tooDeep }
  try {
    // Repeated keys are found while reading, because the parser's own search takes quadratic time.
    const document = parseDocument(text, { lineCounter: lines, schema: 'core', uniqueKeys: false, prettyErrors: false })
    const [broken] = [...document.errors, ...document.warnings]
    if (broken !== undefined) {
      if (broken.message.includes('call stack')) throw new RangeError(broken.message)
      return { ok: false, place: placeOf(broken.pos[0]), ...describeSyntaxError(broken.code) }
    }
    const reading = startReading()
    const value = readNode(reading, document.contents, [], 0)
    if (reading.excess !== null) return { ok: false, place: { line: 1, column: 1 }, ...reading.excess }
    const findings = reading.findings.map(({ offset, firstOffset, ...finding }) => ({
      ...finding,
      what: firstOffset === null ? finding.what : `${finding.what} ${placeOf(firstOffset).line}`,
      place: placeOf(offset),
    }))
    const locate: YamlText['locate'] = (path, at) => placeOf(offsetOf(document.contents, reading, path, at))
    return { ok: true, yaml: { value, findings, locate } }
  } catch (error) {
    if (!(error instanceof RangeError)) throw error
    return { ok: false, place: { line: 1, column: 1 }, ...tooDeep }
  }
}

/**
 * Whether the text is nested too deep for the parser. The parser calls itself for each level and needs much memory, so
 * a text of brackets could end the process. Brackets in quotes and comments count too, so this limit is far above
 * `configLimits.depth`.
 */
function nestsTooDeep(text: string): boolean {
  let depth = 0
  for (const sign of text) {
    if (sign === '[' || sign === '{') depth++
    else if ((sign === ']' || sign === '}') && depth > 0) depth--
    if (depth > PARSER_DEPTH) return true
  }
  return /(?:[-?:][ \t]+){200}/.test(text) || /^[ ]{1000}/m.test(text)
}

function offsetOf(root: Node | null, reading: Reading, path: readonly PropertyKey[], at: 'key' | 'value'): number {
  let node = resolveNode(reading, root)
  let offset = 0
  for (const [index, segment] of path.entries()) {
    const last = index === path.length - 1
    if (node?.kind === 'list' && typeof segment === 'number') {
      const item = node.items[segment]
      if (item === undefined) return offset
      offset = item.range?.[0] ?? offset
      node = resolveNode(reading, item)
      continue
    }
    const pair = node?.kind === 'group' ? node.pairs.find(({ key }) => textOfKey(key) === String(segment)) : undefined
    if (pair === undefined) return offset
    offset = pair.key.range?.[0] ?? offset
    const value = resolveNode(reading, pair.value)
    if (last && at === 'value' && value !== null && value.kind !== 'empty') {
      return pair.value?.range?.[0] ?? offset
    }
    node = value
  }
  return offset
}
