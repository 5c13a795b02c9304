import type { Asset } from '../../src/core/asset.ts'
import type { Db } from '../../src/store/connection.ts'
import { assetLooks, assets } from '../../src/store/schema.ts'
import { anAsset } from './asset.ts'

/**
 * Lists assets as if they had been looked at, under the ids that a proposal has for them, and in the inventory of another
 * team: nothing is proposed for them, and the record does not speak of them.
 */
export async function listSeen(
  db: Db,
  planned: readonly { readonly asset: Pick<Asset, 'id' | 'source' | 'name'> }[],
  at: string,
): Promise<void> {
  const look = { team: 'elsewhere', rebootRequired: false, rebootPackages: [], staleServices: [] }
  await db
    .insert(assets)
    .values(
      planned.map(({ asset: { id, source, name } }) => ({ ...look, id, source, asset: { ...anAsset(name), id } })),
    )
  await db.insert(assetLooks).values(planned.map(({ asset: { id } }) => ({ asset: id, observedAt: at, checkedAt: at })))
}
