/** What hosts have: as Fleet listed it, completed by what hosts said themselves. */

import type { Asset, InstalledPackage } from '../../core/asset.ts'
import { packagingOf } from '../../core/platform/families.ts'
import { ApiProblem } from '../http/json-api.ts'
import type { Fleet } from './client.ts'
import { type ListedHost, softwareOf } from './hosts.ts'
import type { Named } from './machine.ts'
import { askHost, softwareQuestion, type Told, toldBy } from './question.ts'
import { createLore, type PackageList, windowsPackages } from './software.ts'

/** Hosts that one look asks for what Fleet's lists leave out. What one says holds for all with the same packages. */
const ASKED_TO_LEARN = 20

/** A host, and the asset that it is. */
export interface Row extends Named {
  readonly asset: Asset
  /** What neither Fleet nor the configuration says of it. */
  readonly missing: readonly string[]
}

/** The packages of a host as Fleet last listed them. `null`: it listed none. */
interface Read {
  readonly at: string | null
  readonly list: PackageList | null
}

export interface HostSoftware {
  /** Reads the packages of these hosts, of those that have told something since. `all`: every host, by id. */
  read(all: readonly ListedHost[], rows: readonly Row[], signal: AbortSignal): Promise<void>
  /** Asks some of these hosts for what Fleet's lists leave out, until the packages of all are known exactly. */
  learn(rows: readonly Row[], signal: AbortSignal): Promise<void>
  /** What a host says now. `null`: it does not answer. `refused`: Fleet lets nobody ask, so no other one need be asked. */
  ask(row: Row, signal: AbortSignal): Promise<Told | null | 'refused'>
  /** What was read of a host. `exact`: without packages that are not known exactly; otherwise those are marked. */
  listed(row: Row, exact: boolean): readonly InstalledPackage[]
  /** Forgets all other hosts. */
  only(hosts: readonly ListedHost[]): void
}

export function createHostSoftware(fleet: Fleet): HostSoftware {
  const lore = createLore()
  const known = new Map<number, Read>()

  async function ask({ asset, host }: Row, signal: AbortSignal): Promise<Told | null | 'refused'> {
    const question = softwareQuestion(asset.platform)
    if (question === null) return null
    try {
      const answer = await askHost(fleet, host.id, question, signal)
      const told = answer.kind === 'told' ? toldBy(asset.platform, answer.rows) : null
      if (told !== null && hasPackages(asset)) lore.learn(asset.platform, told.packages)
      return told
    } catch (error) {
      signal.throwIfAborted()
      if (!(error instanceof ApiProblem)) throw error
      return error.status === 403 || error.status === 404 ? 'refused' : null
    }
  }

  return {
    ask,
    async read(all, rows, signal) {
      const stale = new Map(
        rows
          .filter(({ asset, host }) => hasPackages(asset) && known.get(host.id)?.at !== host.software_updated_at)
          .map(({ asset, host }) => [host.id, asset]),
      )
      for await (const { id, software, software_updated_at } of softwareOf(fleet, all, new Set(stale.keys()), signal)) {
        const rows = software?.rows ?? []
        const list = rows.length === 0 ? null : lore.listOf(stale.get(id)?.platform ?? '', rows)
        known.set(id, { at: software_updated_at, list })
      }
    },
    async learn(rows, signal) {
      let asked = 0
      for (const row of rows) {
        const list = known.get(row.host.id)?.list ?? null
        if (list === null || row.host.status !== 'online' || lore.unknown(list) === 0) continue
        if (asked++ === ASKED_TO_LEARN || (await ask(row, signal)) === 'refused') return
      }
    },
    listed({ asset, host }, exact) {
      if (!hasPackages(asset)) return windowsPackages(host.os_version)
      const list = known.get(host.id)?.list ?? null
      return list === null ? [] : lore.packagesOf(list, exact)
    },
    only(hosts) {
      const there = new Set(hosts.map(({ id }) => id))
      for (const id of known.keys()) if (!there.has(id)) known.delete(id)
    },
  }
}

/** Windows is told by its build alone: Fleet lists no updates, and the table of osquery lacks many. */
function hasPackages({ platform }: Pick<Asset, 'platform'>): boolean {
  return packagingOf(platform) !== 'windows'
}
