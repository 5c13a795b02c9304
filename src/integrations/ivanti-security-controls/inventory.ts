/** Machines as the console of Security Controls last scanned them. */

import type { Asset, Listing, Observation } from '../../core/asset.ts'
import { fullName } from '../../core/identity.ts'
import type { InventorySource } from '../../core/ports.ts'
import { DAY_SECONDS, isBefore, minuteOf, plusSeconds } from '../../core/time/instant.ts'
import { equalSoftware } from '../windows/machine.ts'
import type { Known } from './known.ts'
import { assetOfMachine, type MachineFacts, platformOf, softwareOf, waitingFrom } from './machine.ts'
import type { Machine } from './schema.ts'
import type { Word, Words } from './words.ts'

export interface InventoryOptions extends MachineFacts {
  readonly name: string
  readonly describe: string
  readonly known: Known
  readonly clock: () => Date
  report(signal: AbortSignal): Promise<string>
}

/** A whole scan that is older than a limited one by so many seconds is named. */
const OLD_SECONDS = DAY_SECONDS

export function createInventory(options: InventoryOptions): InventorySource {
  const { name, known, report } = options
  const shared = equalSoftware()
  return {
    name,
    // Its console, and the policies of its agents, install what they say, whatever is decided here.
    manages: true,
    describe: `Machines as last scanned by ${options.describe}`,
    report,
    async *observe({ only, signal }): AsyncGenerator<Observation | Listing> {
      signal.throwIfAborted()
      if (only?.length === 0) return
      const machines = await known.machines(signal, 'fresh')
      const ids = only?.filter((id) => machines.byName.has(id.slice(name.length + 1)))
      const wanted = ids === undefined ? undefined : new Set(ids.map((id) => id.slice(name.length + 1)))
      const words = await known.words(signal, wanted, 'fresh')
      const waiting = waitingFrom(await known.deployments(signal, 'fresh'), machines)
      for (const [asset, rows] of machines.byName) {
        const [machine] = rows
        if (machine === undefined || wanted?.has(asset) === false) continue
        const look = observationOf(options, asset, rows, words, waiting.get(asset) ?? new Map())
        if (look.kind !== 'seen') yield look
        else {
          const { packages, rebootPackages } = shared(look.snapshot)
          yield { ...look, snapshot: { ...look.snapshot, packages, rebootPackages } }
        }
      }
      if (wanted === undefined) yield { kind: 'all' }
      // The console lists every machine that it manages, so one that it does not list is gone.
      for (const id of only ?? []) if (ids?.includes(id) !== true) yield { kind: 'gone', asset: id }
    },
  }
}

function observationOf(
  options: InventoryOptions,
  named: string,
  rows: readonly Machine[],
  { byName, problems }: Words,
  waiting: ReadonlyMap<string, string>,
): Observation {
  const [machine] = rows
  if (machine === undefined) throw new Error(`There is no machine ${named}.`)
  const word = byName.get(named)
  const { asset, missing } = assetOfMachine(options.name, named, machine, word, options)
  const failed = problems.get(named)
  if (word === undefined || missing.length > 0) {
    const reason = unreadable(asset, word, missing, failed?.problem ?? null)
    return { kind: 'unreachable', asset, reason, at: options.clock().toISOString() }
  }
  const { packages, rebootPackages } = softwareOf(word, waiting)
  const snapshot = {
    ...{ asset, packages, rebootPackages, rebootRequired: rebootPackages.length > 0 },
    ...{ pending: [], staleServices: [], runningKernel: null, bootId: null, listsRefreshedAt: null },
    observedAt: word.lookedAt,
    identity: { hardware: null, cloud: null, fqdn: fullName(named) },
  }
  return { kind: 'seen', snapshot, warnings: warningsOf(named, rows, word, failed) }
}

function warningsOf(
  name: string,
  rows: readonly Machine[],
  { scannedAt, lookedAt }: Word,
  failed: { readonly at: string; readonly problem: string } | undefined,
): readonly string[] {
  return [
    ...(rows.length === 1
      ? []
      : [`Security Controls lists ${name} ${rows.length} times: remove the rows that are gone`]),
    ...(failed === undefined || isBefore(failed.at, lookedAt)
      ? []
      : [`The scan of ${name} on ${minuteOf(failed.at)} UTC failed (${failed.problem}): what is said here is older`]),
    ...(isBefore(plusSeconds(scannedAt, OLD_SECONDS), lookedAt)
      ? [
          `The last whole scan of ${name} was on ${minuteOf(scannedAt)} UTC: since then only some patches were looked for, last on ${minuteOf(lookedAt)} UTC`,
        ]
      : []),
  ]
}

function unreadable(asset: Asset, word: Word | undefined, missing: readonly string[], failed: string | null): string {
  if (word === undefined) return neverScanned(asset.name, failed)
  if (platformOf(word) === null)
    return `No product in the last scan of ${asset.name} is a Windows that is known here: ${word.products.slice(0, 5).join(', ') || 'it names none'}`
  return `${asset.name} has no ${missing.join(' and no ')}: write it for the whole source, or the team of its machine group under teams`
}

/** `failed`: why its last scan found nothing; `null`: there was none. */
export function neverScanned(name: string, failed: string | null): string {
  const why = failed === null ? 'no scan of it is known' : `its last scan failed: ${failed}`
  return `${name} has no whole scan that is recent enough; ${why}`
}
