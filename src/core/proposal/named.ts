/** Which content is named by other content. */

import type { StoredContent } from '../content.ts'

/** The hashes that content names, so that the content behind them is read, too. Forged content may have any shape. */
export function hashesNamed({ kind, text }: StoredContent): readonly string[] {
  if (!(kind in naming)) return []
  const found = naming[kind as keyof typeof naming](parsed(text)).flat(3).filter(isHash)
  return [...new Set(found)]
}

/** Lists whose items are hashes. Lists of judgements have pairs with a hash instead. */
const listsOfHashes: readonly unknown[] = ['changes', 'patches']

const naming = {
  results: (text: unknown): unknown[] => items(member(text, 'outcomes')).map((one) => member(one, 'log')),
  'change set': (text: unknown) => [named(member(text, 'changes'))],
  transaction: (text: unknown) => [member(member(text, 'steps'), 'parts')],
  classes: (text: unknown) =>
    items(member(text, 'classes')).map((one) => [member(one, 'changes'), member(one, 'transaction')]),
  decision: (text: unknown) => [
    member(text, 'assets'),
    member(text, 'classes'),
    member(member(text, 'changes'), 'parts'),
    named(member(text, 'patches')),
    ...items(member(text, 'clusters')).map((cluster) => member(member(cluster, 'assets'), 'parts')),
  ],
  evidence: (text: unknown) => {
    const judgements = member(text, 'judgements')
    return [seconds(judgements), member(judgements, 'parts'), member(member(text, 'notPreviewed'), 'parts')]
  },
  assets: (text: unknown) => [member(text, 'parts')],
  judged: (text: unknown) => [member(text, 'grounds')],
  list: (text: unknown) => {
    const of = member(text, 'of')
    if (of === 'judgements') return [seconds(member(text, 'items'))]
    return listsOfHashes.includes(of) ? [member(text, 'items')] : []
  },
} as const

/** A list of hashes, or the hashes of its parts. */
function named(listed: unknown): unknown {
  return Array.isArray(listed) ? listed : member(listed, 'parts')
}

function seconds(pairs: unknown): unknown[] {
  return items(pairs).map((pair) => member(pair, '1'))
}

function items(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : []
}

function member(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null ? Reflect.get(value, name) : undefined
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return null
  }
}

const HASH = /^[0-9a-f]{64}$/

export function isHash(value: unknown): value is string {
  return typeof value === 'string' && HASH.test(value)
}
