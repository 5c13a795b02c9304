/** Reads plain values from YAML nodes, within limits, and notes problems. */

import { isAlias, isMap, isNode, isScalar, isSeq, type Node } from 'yaml'
import { configLimits } from './limits.ts'
import { type Finding, quote } from './problem.ts'

export interface Reading {
  /** `firstOffset`: where the same key stands first; `null`: the finding is not about a repeated key. */
  readonly findings: (Finding & { readonly offset: number; readonly firstOffset: number | null })[]
  readonly anchors: Map<string, Node>
  /** The node that each alias refers to. */
  readonly targets: Map<Node, Node>
  /** Nodes that are being read. An alias to one of them would never end. */
  readonly open: Set<Node>
  values: number
  excess: { readonly what: string; readonly mend: string } | null
}

export const tooDeep = {
  what: `nests lists or groups more than ${configLimits.depth} deep`,
  mend: 'Nothing here needs that: is it the right file?',
}

const tooMany = {
  what: `holds more than ${configLimits.values.toLocaleString('en')} values once its aliases are followed`,
  mend: 'Write large lists of hosts in several sources, without aliases.',
}

export function startReading(): Reading {
  return { findings: [], anchors: new Map(), targets: new Map(), open: new Set(), values: 0, excess: null }
}

/** The value of a node; `undefined` once `reading.excess` says that a limit is exceeded. */
export function readNode(reading: Reading, node: Node | null, path: readonly PropertyKey[], depth: number): unknown {
  if (reading.excess !== null) return undefined
  if (depth > configLimits.depth) reading.excess = tooDeep
  if (++reading.values > configLimits.values) reading.excess = tooMany
  if (reading.excess !== null || node === null) return null
  if (isAlias(node)) return readAlias(reading, node, node.source, path, depth)
  if ('anchor' in node && typeof node.anchor === 'string') reading.anchors.set(node.anchor, node)
  if (isScalar(node)) return readScalar(node.value)
  reading.open.add(node)
  const value = isSeq(node)
    ? node.items.map((item, index) => readNode(reading, isNode(item) ? item : null, [...path, index], depth + 1))
    : readGroup(reading, node, path, depth)
  reading.open.delete(node)
  return value
}

function readScalar(value: unknown): unknown {
  if (typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean') return value
  return value === null || value === undefined ? null : String(value)
}

function readAlias(reading: Reading, alias: Node, name: string, path: readonly PropertyKey[], depth: number): unknown {
  const target = reading.anchors.get(name)
  if (target === undefined || reading.open.has(target)) {
    const what = `refers to ${quote(`*${name}`)}, which ${target === undefined ? 'nothing before it is called' : 'contains it'}`
    const mend = `Write the value itself, or put "&${name}" before an earlier one.`
    note(reading, path, 'value', alias, what, mend)
    return null
  }
  reading.targets.set(alias, target)
  return readNode(reading, target, path, depth + 1)
}

function readGroup(reading: Reading, node: Node, path: readonly PropertyKey[], depth: number): unknown {
  const group: Record<string, unknown> = {}
  const firsts = new Map<string, Node>()
  for (const { key, value } of pairsOf(node)) {
    const name = textOfKey(key)
    if (name === null || name === '__proto__') {
      note(reading, path, 'key', key, 'has a key that is not a plain word', 'Write a word before the colon.')
      continue
    }
    if (name === '<<') {
      const mend = 'Write the keys out, or use an alias for a whole value.'
      note(reading, [...path, name], 'key', key, 'is a merge key, which is not read here', mend)
      continue
    }
    const first = firsts.get(name)
    if (first !== undefined) {
      const firstOffset = first.range?.[0] ?? 0
      const mend = 'Keep one of them.'
      note(reading, [...path, name], 'key', key, 'is written twice, the first time on line', mend, firstOffset)
      continue
    }
    firsts.set(name, key)
    group[name] = readNode(reading, value, [...path, name], depth + 1)
  }
  return group
}

function note(
  reading: Reading,
  path: readonly PropertyKey[],
  at: 'key' | 'value',
  node: Node,
  what: string,
  mend: string,
  firstOffset: number | null = null,
): void {
  reading.findings.push({ path, at, what, mend, offset: node.range?.[0] ?? 0, firstOffset })
}

interface Pair {
  readonly key: Node
  readonly value: Node | null
}

function pairsOf(node: Node): readonly Pair[] {
  if (!isMap(node)) return []
  const pairs: Pair[] = []
  for (const { key, value } of node.items) if (isNode(key)) pairs.push({ key, value: isNode(value) ? value : null })
  return pairs
}

/** The key as text; `null`: the key is empty, a list, a group or an alias. */
export function textOfKey(key: Node): string | null {
  if (!isScalar(key) || key.value === null || key.value === undefined) return null
  return String(key.value)
}

/** A node after its aliases were followed. */
export type ResolvedNode =
  | { readonly kind: 'group'; readonly pairs: readonly Pair[] }
  | { readonly kind: 'list'; readonly items: readonly Node[] }
  | { readonly kind: 'plain' }
  | { readonly kind: 'empty' }

export function resolveNode(reading: Reading, node: Node | null): ResolvedNode | null {
  const target = node === null ? null : (reading.targets.get(node) ?? node)
  if (target === null) return null
  if (isMap(target)) return { kind: 'group', pairs: pairsOf(target) }
  if (isSeq(target)) return { kind: 'list', items: target.items.filter((item) => isNode(item)) }
  return isScalar(target) && target.value === null ? { kind: 'empty' } : { kind: 'plain' }
}
