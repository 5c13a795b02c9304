import type { Asset, AssetSnapshot } from '../../src/core/asset.ts'

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

/** A good look at an asset that found nothing installed, and nothing wrong. */
export function aSnapshot(asset: Asset, other: Partial<AssetSnapshot> = {}): AssetSnapshot {
  return {
    asset,
    packages: [],
    pending: [],
    runningKernel: null,
    bootId: null,
    rebootRequired: false,
    rebootPackages: [],
    staleServices: [],
    observedAt: '2026-11-20T12:00:00.000Z',
    listsRefreshedAt: null,
    ...other,
  }
}
