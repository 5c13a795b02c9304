import { namedIn } from '../../src/core/audit-content.ts'
import type { StoredContent } from '../../src/core/content.ts'
import { votedOf, withEvidence } from '../../src/core/proposal/decision-content.ts'
import type { Named } from '../../src/core/proposal/written.ts'

/** What events name, read from these contents. */
export function readFrom(contents: readonly StoredContent[]): Named {
  const pages = new Map(contents.map((one) => [one.hash, one]))
  return { ...namedIn(pages), subject: (hashes) => withEvidence(votedOf(hashes.decision, pages), hashes, pages) }
}
