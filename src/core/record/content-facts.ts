/** Which facts of entries are hashes of content. */

import type { ContentKind } from '../content.ts'
import { isHash } from '../proposal/named.ts'
import type { Facts } from './entry.ts'

/** The kind of content by the name of the fact. It is the same for every event. */
const kinds: Readonly<Record<string, ContentKind>> = {
  content: 'decision',
  evidence: 'evidence',
  policy: 'policy',
  page: 'results',
  configuration: 'configuration',
  assets: 'assets',
  judgements: 'judged',
}

/** The content that facts name. The facts may have been changed in the store, so they may have any shape. */
export function contentsOfFacts(facts: Facts): readonly { readonly kind: ContentKind; readonly hash: string }[] {
  return Object.entries(kinds).flatMap(([name, kind]) => {
    const hash = facts[name]
    return isHash(hash) ? [{ kind, hash }] : []
  })
}
