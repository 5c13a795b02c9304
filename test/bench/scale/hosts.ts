/** Synthetic hosts: whose they are, what they run, and what their package manager says that can be installed. */

import type { Asset, HeldReason, Observation, PendingUpdate } from '../../../src/core/asset.ts'
import { random } from '../fleet.ts'
import { createDraw, type Drawn, type DrawnSource, indexOfPlatform, type Universe } from './packages.ts'

export const ENGINE = 'bench'
export const INVENTORY = 'bench'

/** So many sets, at most, are in use in one team. */
const SETS_OF_A_TEAM = 100

export interface Scale {
  readonly hosts: number
  readonly teams: readonly string[]
  /** Sets of software that hosts share. */
  readonly sets: number
  /** Each host has a set of its own instead. */
  readonly unique: boolean
}

/** 40 teams and 1,000 sets; fewer where there are too few hosts for them. */
export function scaleOf(hosts: number, unique: boolean): Scale {
  const teams = Math.max(1, Math.min(40, Math.floor(hosts / 25)))
  return {
    hosts,
    teams: Array.from({ length: teams }, (_, index) => `team-${String(index + 1).padStart(2, '0')}`),
    sets: unique ? hosts : Math.min(1_000, Math.ceil(hosts / 2)),
    unique,
  }
}

/** Half of the teams run Debian 12, a quarter 13, a quarter AlmaLinux: each has one platform, so that tiers are its decisions. */
export function platformOf(team: number): string {
  return ['debian:12', 'almalinux:9', 'debian:12', 'debian:13'][team % 4] ?? 'debian:12'
}

/** One look at every host of a platform, `lookedAt` (ISO 8601 UTC), team by team. The same for every run. */
export function* observations(scale: Scale, universe: Universe, lookedAt: string): Generator<Observation> {
  const { hosts, teams, unique } = scale
  const mine = [...teams.keys()].filter((team) => platformOf(team) === universe.platform)
  const seed = 2_000 + indexOfPlatform(universe.platform)
  const draw = createDraw(universe, random(seed))
  const next = random(seed + 1_000)
  const count = unique ? 0 : Math.ceil((scale.sets * mine.length) / teams.length)
  const sets = Array.from({ length: count }, draw)
  for (const [place, team] of mine.entries()) {
    const from = Math.floor((place * sets.length) / mine.length)
    for (let nth = 0; team + nth * teams.length < hosts; nth++) {
      // Teams take theirs from parts of what there is that overlap, so that each set is used.
      const drawn = unique ? draw() : sets[(from + (nth % SETS_OF_A_TEAM)) % sets.length]
      if (drawn === undefined) throw new Error('No software to choose from.')
      const managed = nth % 2 === 1
      const pending = managed ? pendingOf(universe, drawn, next) : []
      const asset = assetOf(team + nth * teams.length, team, nth, teams[team] ?? '')
      yield seen(asset, drawn, pending, managed ? lookedAt : null, lookedAt)
    }
  }
}

function assetOf(index: number, team: number, nth: number, name: string): Asset {
  const exposures = ['small', 'controlled', 'open', null] as const
  const weights = ['low', 'medium', 'high', 'very high', null] as const
  const place = ['fra1', 'ams2', 'iad3'][nth % 3] ?? 'fra1'
  const role = ['web', 'api', 'queue', 'db', 'cache', 'batch'][nth % 6] ?? 'web'
  const host = `${role}-${String(index).padStart(6, '0')}.${place}.example.net`
  return {
    id: `${INVENTORY}/${host}`,
    name: host,
    platform: platformOf(team),
    team: name,
    tags: [nth % 25 === 0 ? 'env:test' : 'env:prod', `dc:${place}`, `role:${role}`, `rack:${index % 40}`],
    exposure: exposures[nth % exposures.length] ?? null,
    criticality: weights[nth % weights.length] ?? null,
    timeZone: place === 'iad3' ? 'America/New_York' : 'Europe/Berlin',
    source: INVENTORY,
    engine: ENGINE,
    address: host,
    simulated: false,
  }
}

function seen(
  asset: Asset,
  { packages }: Drawn,
  pending: readonly PendingUpdate[],
  listsRefreshedAt: string | null,
  observedAt: string,
): Observation {
  const snapshot = {
    asset,
    packages,
    pending,
    runningKernel: asset.platform.startsWith('debian') ? '6.1.0-27-amd64' : '5.14.0-427.el9.x86_64',
    bootId: null,
    rebootRequired: false,
    rebootPackages: [],
    staleServices: [],
    observedAt,
    listsRefreshedAt,
  }
  return { kind: 'seen', snapshot, warnings: [] }
}

/**
 * 80 to 140 updates, no two lists alike: not every host's mirror has all of it already, and some packages are held. Where
 * too little has a newer version for that, packages are built anew.
 */
function pendingOf({ debian, platform }: Universe, { sources }: Drawn, next: () => number): readonly PendingUpdate[] {
  const size = 80 + Math.floor(next() * 61)
  const pending: PendingUpdate[] = []
  const release = platform.split(':')[1] ?? ''
  const add = ({ source, packages }: DrawnSource, candidate: string, security: boolean) => {
    const held = heldBy(next())
    const origins = debian
      ? [
          security
            ? `Debian-Security:${release}/stable-security`
            : `Debian:${release}.${8 + Math.floor(next() * 2)}/stable`,
        ]
      : [next() < 0.5 ? 'baseos' : 'appstream']
    for (const item of packages.slice(0, size - pending.length))
      pending.push({
        name: item.name,
        architecture: item.architecture,
        installed: item.version,
        candidate,
        source: source.name,
        origins,
        security,
        held,
      })
  }
  const shuffled = sources.map((one) => ({ one, key: next() })).sort((a, b) => a.key - b.key)
  for (const { one } of shuffled) {
    const { source, at } = one
    if (pending.length >= size) break
    if (source.fate === 'none' || at === source.versions.length - 1) continue
    // A mirror that is a day behind has the version before. What fixes flaws, or brings features, is on all of them.
    const late = source.fate === 'bugfix' && at < source.versions.length - 2 && next() < 0.2
    const newest = source.versions.length - (late ? 2 : 1)
    add(one, source.versions[newest] ?? '', source.fate !== 'bugfix' && source.fate !== 'feature')
  }
  for (const { one } of shuffled) {
    if (pending.length >= size) break
    const newest = one.source.versions.at(-1) ?? ''
    if (one.source.fate === 'none' && one.at < one.source.versions.length - 1) add(one, newest, false)
  }
  return pending
}

function heldBy(share: number): HeldReason | null {
  if (share < 0.01) return 'hold'
  if (share < 0.02) return 'kept back'
  return share < 0.025 ? 'phased' : null
}
