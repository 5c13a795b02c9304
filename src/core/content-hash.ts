import { createHash } from 'node:crypto'
import { canonicalJson } from './canonical-json.ts'
import type { Subject } from './proposal/proposal.ts'

/**
 * Identifies what people vote on: patches, assets with their exact transactions, rings, window, health checks, engine.
 * Evidence, priority and the age of the inventory are facts about it and not part of it.
 */
export function contentHash(subject: Subject): string {
  return createHash('sha256')
    .update(canonicalJson(voted(subject)))
    .digest('hex')
}

function voted(subject: Subject): unknown {
  if (subject.kind === 'standing rule') return subject
  const { patches, assets, rings, window, health, engine, rollsBack } = subject
  const { failureBudget, clusters, hooks } = subject
  return {
    ...(rollsBack === undefined ? {} : { rollsBack: rollsBack.proposal }),
    ...(failureBudget === undefined ? {} : { failureBudget }),
    ...(clusters === undefined ? {} : { clusters }),
    ...(hooks === undefined ? {} : { hooks }),
    // In an order of their own: that one has become more urgent than another changes nothing of what is voted on.
    patches: patches.map(({ id, packages }) => ({ id, packages })).sort((a, b) => (a.id < b.id ? -1 : 1)),
    assets: assets.map(({ asset, changes, transaction, window: own }) => ({
      id: asset.id,
      changes,
      transaction,
      ...(own === undefined ? {} : { window: own }),
    })),
    rings,
    window,
    health,
    engine,
  }
}
