/** Facts about what is already proposed that change while it waits, or after it was installed. */

import type { Patch } from './catalog.ts'

/** CVEs of the patches that CISA lists as exploited, as far as they decided a priority. */
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

/** An advisory that mends what an earlier edition of it broke: `DSA-5356-2` after `DSA-5356-1`. */
export interface Regression {
  readonly advisory: string
  readonly mends: string
}

/** Follow-ups among `now` of advisories among `before`, which carried them. Debian and Ubuntu number editions so. */
export function regressionsOf(now: readonly Patch[], before: readonly Patch[]): readonly Regression[] {
  const carried = new Map<string, { readonly id: string; readonly edition: number }>()
  for (const id of before.flatMap((patch) => patch.advisories)) {
    const named = editionOf(id)
    const known = named === null ? undefined : carried.get(named.base)
    if (named !== null && (known === undefined || known.edition < named.edition))
      carried.set(named.base, { id, edition: named.edition })
  }
  const found = new Map<string, Regression>()
  for (const id of now.flatMap((patch) => patch.advisories)) {
    const named = editionOf(id)
    const first = named === null ? undefined : carried.get(named.base)
    if (named !== null && first !== undefined && named.edition > first.edition)
      found.set(id, { advisory: id, mends: first.id })
  }
  return [...found.values()]
}

function editionOf(id: string): { readonly base: string; readonly edition: number } | null {
  const [, base, edition] = /^((?:DSA|DLA|USN)-\d+)-(\d+)$/.exec(id) ?? []
  return base === undefined ? null : { base, edition: Number(edition) }
}
