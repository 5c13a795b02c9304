/** Which facts of entries are hashes of content. */

import type { ContentKind } from '../content.ts'
import { isHash } from '../proposal/named.ts'
import type { Facts } from './entry.ts'

/** The kind of content by the name of the fact, whatever the event. */
const kinds: Readonly<Record<string, ContentKind>> = {
  content: 'decision',
  evidence: 'evidence',
  policy: 'policy',
  page: 'results',
  configuration: 'configuration',
  assets: 'assets',
}

/** The content that facts name. What was changed in the store may be of any shape. */
export function contentsOfFacts(facts: Facts): readonly { readonly kind: ContentKind; readonly hash: string }[] {
  return Object.entries(kinds).flatMap(([name, kind]) => {
    const hash = facts[name]
    return isHash(hash) ? [{ kind, hash }] : []
  })
}
