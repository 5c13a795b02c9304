/**
 * What scans found on each machine. A scan with a whole template says what a machine has and misses. One with a limited
 * template says so only of what it looked for: it is laid over the last whole one, and never taken for one.
 */

import { isBefore } from '../../core/time/instant.ts'
import type { Api } from './api.ts'
import type { Machines } from './names.ts'
import type { PatchRow, Scan, ScanMachine } from './schema.ts'

export interface Word {
  /** When its last whole scan ended: ISO 8601 UTC. */
  readonly scannedAt: string
  /** When the last scan of any kind ended. */
  readonly lookedAt: string
  /** By number, digits only. A patch that is missing for one product is missing. */
  readonly states: ReadonlyMap<string, State>
  /** Names of the products that were looked at. */
  readonly products: readonly string[]
}

export interface State {
  readonly state: PatchRow['state']
  /** The console's word. */
  readonly word: string
  /** When the scan ended that says it. */
  readonly at: string
}

export interface Words {
  /** By the name of the asset. */
  readonly byName: ReadonlyMap<string, Word>
  /** Why the last scan of a machine found nothing, by the name of the asset. */
  readonly problems: ReadonlyMap<string, { readonly at: string; readonly problem: string }>
}

interface Reader {
  readonly shown: ReadonlyMap<string, PatchRow>
  /** `only`: names of assets; `null`: all. */
  read(machines: Machines, since: string, only: ReadonlySet<string> | null, signal: AbortSignal): Promise<Words>
}

/** A machine in a scan. */
interface Found {
  readonly scan: Scan
  readonly machine: ScanMachine
  readonly at: string
}

/** What one scan found on one machine does not change, so it is read once. */
export function createWords(api: Api): Reader {
  const shown = new Map<string, PatchRow>()
  const finished = new Map<string, readonly ScanMachine[]>()
  const read = new Map<string, { readonly key: string; readonly word: Word }>()

  async function machinesOf(scan: Scan, signal: AbortSignal): Promise<readonly ScanMachine[]> {
    const before = finished.get(scan.id)
    if (before !== undefined) return before
    const found = await api.scanMachines(scan.id, signal)
    if (scan.isComplete) finished.set(scan.id, found)
    return found
  }

  async function wordOf(whole: Found, over: readonly Found[], signal: AbortSignal): Promise<Word> {
    const states = new Map<string, State>()
    const products = new Set<string>()
    for (const { scan, machine, at } of [whole, ...over]) {
      const here = new Map<string, State>()
      for (const row of await api.patchRows(scan.id, machine.id, signal)) {
        if (row.productName !== null) products.add(row.productName)
        if (row.kb === null) continue
        shown.set(`${row.productName} ${row.kb}`, row)
        const { state, word } = row
        if (isWorse(state, here.get(row.kb)?.state)) here.set(row.kb, { state, word, at })
      }
      for (const [kb, state] of here) states.set(kb, state)
    }
    const lookedAt = over.at(-1)?.at ?? whole.at
    return { scannedAt: whole.at, lookedAt, states, products: [...products] }
  }

  return {
    shown,
    async read(machines, since, only, signal) {
      const { whole, limited, problems } = await foundIn(machines, since, only, signal)
      const byName = new Map<string, Word>()
      for (const [name, last] of whole) {
        const over = (limited.get(name) ?? [])
          .filter(({ at }) => isBefore(last.at, at))
          .sort((a, b) => (a.at < b.at ? -1 : 1))
        const key = [last, ...over].map(({ scan, machine, at }) => `${scan.id} ${machine.id} ${at}`).join('\n')
        const before = read.get(name)
        const word = before?.key === key ? before.word : await wordOf(last, over, signal)
        read.set(name, { key, word })
        byName.set(name, word)
      }
      for (const name of read.keys()) if (!machines.byName.has(name)) read.delete(name)
      return { byName, problems }
    },
  }

  async function foundIn(machines: Machines, since: string, only: ReadonlySet<string> | null, signal: AbortSignal) {
    const templates = new Map((await api.scanTemplates(signal)).map((one) => [one.id, one]))
    const scans = await api.scans({ since }, signal)
    for (const id of finished.keys()) if (!scans.some((scan) => scan.id === id)) finished.delete(id)
    const whole = new Map<string, Found>()
    const limited = new Map<string, Found[]>()
    const problems = new Map<string, { at: string; problem: string }>()
    for (const scan of scans) {
      // A template that is gone may have been limited.
      const isWhole = templates.get((await templateOf(scan, signal)) ?? '')?.limited === false
      for (const machine of await machinesOf(scan, signal)) {
        const name = machines.nameOf(machine)
        const at = machine.completedAt
        if (name === null || at === null || (only !== null && !only.has(name))) continue
        const found = { scan, machine, at }
        if (machine.problem !== null) {
          if (isLater(at, problems.get(name)?.at)) problems.set(name, { at, problem: machine.problem })
        } else if (!isWhole) limited.set(name, [...(limited.get(name) ?? []), found])
        else if (isLater(at, whole.get(name)?.at)) whole.set(name, found)
      }
    }
    return { whole, limited, problems }
  }

  /** A list may leave it out. */
  async function templateOf({ id, template }: Scan, signal: AbortSignal): Promise<string | null> {
    return template ?? (await api.scan(id, signal))?.template ?? null
  }
}

function isLater(at: string, than: string | undefined): boolean {
  return than === undefined || isBefore(than, at)
}

const order = { installed: 0, unknown: 1, missing: 2 } as const

function isWorse(state: PatchRow['state'], than: PatchRow['state'] | undefined): boolean {
  return than === undefined || order[state] > order[than]
}
