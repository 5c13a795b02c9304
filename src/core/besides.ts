import { changeKey } from './change.ts'
import type { PlannedAsset } from './proposal/proposal.ts'

/**
 * What the transaction of an asset does beside the changes that were asked for, in words. People voted on it, too:
 * `removes libfoo`, `newly installs libbar 1.2`, `also moves libbaz 1.0 → 1.1`.
 */
export function besides({ changes, transaction }: Pick<PlannedAsset, 'changes' | 'transaction'>): readonly string[] {
  const asked = new Set(changes.map(changeKey))
  return transaction.flatMap(({ action, name, architecture, from, to }) => {
    if (action === 'remove') return [`removes ${name}`]
    if (asked.has(`${name}:${architecture}`)) return []
    return [from === null ? `newly installs ${name} ${to ?? ''}`.trimEnd() : `also moves ${name} ${from} → ${to ?? ''}`]
  })
}
