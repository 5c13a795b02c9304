/**
 * Subjects (what proposals ask for), read from content and kept in memory. A subject never changes, and many states
 * share it.
 */

import type { StoredContent } from '../core/content.ts'
import {
  readingVoted,
  type SubjectHashes,
  subjectHashes,
  type Voted,
  withEvidence,
} from '../core/proposal/decision-content.ts'
import type { Subject } from '../core/proposal/proposal.ts'
import type { Queryable } from './connection.ts'
import { readWithNamed } from './content.ts'
import { inSlices } from './in-slices.ts'
import { createRecent } from './recent.ts'

/** Most assets of decisions in memory, in addition to those of the states in memory. */
const ASSETS_KEPT = 200_000

const weightOf = (one: Voted | Subject) => 100 + (one.kind === 'patches' ? one.assets.length : 0)
const decisions = createRecent<Voted>(ASSETS_KEPT, weightOf)
const subjects = createRecent<Subject>(ASSETS_KEPT, weightOf)

const nameOf = ({ decision, evidence }: SubjectHashes) => `${decision} ${evidence}`

/** Keeps a subject that was just made into content, or read. */
export function rememberSubject(subject: Subject): void {
  subjects.keep(nameOf(subjectHashes(subject)), subject)
}

/**
 * Reads subjects by their hashes. The returned function gives a subject, or throws a sentence if that one cannot be
 * read.
 */
export async function readSubjects(
  db: Queryable,
  wanted: readonly SubjectHashes[],
): Promise<(hashes: SubjectHashes) => Subject> {
  const known = new Map<string, Subject>()
  // Held here, because other subjects that are read may push them out of the memory.
  const decided = new Map<string, Voted>()
  const missing = new Set<string>()
  for (const hashes of wanted) {
    const subject = subjects.find(nameOf(hashes))
    if (subject !== undefined) {
      known.set(nameOf(hashes), subject)
      continue
    }
    missing.add(hashes.evidence)
    const voted = decisions.find(hashes.decision)
    if (voted === undefined) missing.add(hashes.decision)
    else decided.set(hashes.decision, voted)
  }
  const contents: ReadonlyMap<string, StoredContent> =
    missing.size === 0 ? new Map() : await readWithNamed(db, [...missing])
  const problems = new Map<string, unknown>()
  for (const hashes of wanted) {
    const name = nameOf(hashes)
    if (known.has(name) || problems.has(name)) continue
    try {
      const voted = decided.get(hashes.decision) ?? (await inSlices(readingVoted(hashes.decision, contents)))
      const subject = withEvidence(voted, hashes, contents)
      decided.set(hashes.decision, voted)
      decisions.keep(hashes.decision, voted)
      subjects.keep(name, subject)
      known.set(name, subject)
    } catch (error) {
      problems.set(name, error)
    }
  }
  return (hashes) => {
    const subject = known.get(nameOf(hashes))
    if (subject === undefined) throw problems.get(nameOf(hashes)) ?? new Error('is not among what was read')
    return subject
  }
}
