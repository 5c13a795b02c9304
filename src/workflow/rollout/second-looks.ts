/** Asks the other sources of assets what they see of them. */

import { onlyLooks } from '../../core/asset.ts'
import { errorText } from '../../core/error-text.ts'
import type { SecondLook } from '../../core/second-look.ts'
import { otherWitnesses } from '../../store/machines.ts'
import type { WorkflowParts } from '../ports.ts'

export type SecondLooks = ReadonlyMap<string, readonly SecondLook[]>

/** By asset. A source that cannot look now has said nothing. */
export async function secondLooks(
  { db, sources, log }: Pick<WorkflowParts, 'db' | 'sources' | 'log'>,
  assets: readonly string[],
  signal: AbortSignal,
): Promise<SecondLooks> {
  const found = new Map<string, SecondLook[]>()
  const witnesses = await otherWitnesses(db, assets)
  for (const name of new Set(witnesses.map(({ source }) => source))) {
    const source = sources.find((one) => one.name === name)
    const mine = new Map(witnesses.filter((one) => one.source === name).map(({ id, machine }) => [id, machine]))
    if (source === undefined) continue
    try {
      for await (const look of onlyLooks(source.observe({ only: [...mine.keys()], depth: 'installed', signal }))) {
        if (look.kind !== 'seen') continue
        const { snapshot } = look
        const asset = mine.get(snapshot.asset.id)
        if (asset !== undefined) found.set(asset, [...(found.get(asset) ?? []), { source: name, snapshot }])
      }
    } catch (error) {
      signal.throwIfAborted()
      log.warn(`${name} could not be asked what it sees of ${mine.size} servers: ${errorText(error)}`)
    }
  }
  return found
}
