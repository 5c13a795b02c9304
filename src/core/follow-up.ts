/** Facts about proposed patches that change while the proposal waits or after the patches were installed. */

import type { Patch } from './catalog.ts'
import { memoizeByIdentity } from './memoize-by-identity.ts'
import type { ProposalState } from './proposal/proposal.ts'

/** CVEs in the evidence of the patches that CISA lists as exploited. */
export function exploitedCves(patches: readonly Patch[]): readonly string[] {
  const found = new Set<string>()
  for (const { evidence } of patches) {
    for (const { source, value } of evidence) {
      const cve = source === 'CISA KEV' ? /CVE-\d{4}-\d+/.exec(value)?.[0] : undefined
      if (cve !== undefined) found.add(cve)
    }
  }
  return [...found]
}

/** Does it ask for the fix of something that is known to be exploited? */
export function isExploited({ subject }: Pick<ProposalState, 'subject'>): boolean {
  return subject.kind === 'patches' && anyExploited(subject.patches)
}

const anyExploited = memoizeByIdentity((patches: readonly Patch[]) => exploitedCves(patches).length > 0)

/** An advisory that fixes what an earlier edition of it broke: `DSA-5356-2` after `DSA-5356-1`. */
export interface Regression {
  readonly advisory: string
  readonly mends: string
}

/** An edition of an advisory: `DSA-5356-2` is the second of the family `DSA-5356`. */
export interface Edition {
  readonly family: string
  readonly edition: number
  readonly advisory: string
}

/** The newest edition of each family of advisories of these patches. Only Debian and Ubuntu number editions so. */
export function editionsOf(patches: readonly Pick<Patch, 'advisories'>[]): readonly Edition[] {
  const newest = new Map<string, Edition>()
  for (const id of patches.flatMap((patch) => patch.advisories)) {
    const named = editionOf(id)
    if (named !== null && (newest.get(named.family)?.edition ?? 0) < named.edition) newest.set(named.family, named)
  }
  return [...newest.values()]
}

/** Advisories of `now` that are later editions of advisories in `before`. */
export function regressionsOf(now: readonly Patch[], before: readonly Patch[]): readonly Regression[] {
  const carried = new Map(editionsOf(before).map((one) => [one.family, one]))
  const found = new Map<string, Regression>()
  for (const id of now.flatMap((patch) => patch.advisories)) {
    const named = editionOf(id)
    const first = named === null ? undefined : carried.get(named.family)
    if (named !== null && first !== undefined && named.edition > first.edition)
      found.set(id, { advisory: id, mends: first.advisory })
  }
  return [...found.values()]
}

function editionOf(advisory: string): Edition | null {
  const [, family, edition] = /^((?:DSA|DLA|USN)-\d+)-(\d+)$/.exec(advisory) ?? []
  return family === undefined ? null : { family, edition: Number(edition), advisory }
}
