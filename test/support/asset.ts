import type { Asset } from '../../src/core/asset.ts'

/** A Debian host of the team web, of the source lab unless said otherwise, whose id is "source/name". */
export function anAsset(name: string, other: Partial<Asset> = {}): Asset {
  return {
    id: `${other.source ?? 'lab'}/${name}`,
    name,
    platform: 'debian:12',
    team: 'web',
    tags: [],
    exposure: null,
    criticality: null,
    timeZone: 'UTC',
    source: 'lab',
    engine: 'ssh',
    address: name,
    simulated: false,
    ...other,
  }
}
