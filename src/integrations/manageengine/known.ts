/**
 * What is known of a server between two questions, shared by its catalog, inventory and engine. It lasts as long as the
 * process: a new one reads all once.
 */

import { HOUR_SECONDS } from '../../core/time/instant.ts'
import { remembered } from '../delegating/remembered.ts'
import type { Api, Configuration, Machine, Patch, PatchState, Policy } from './api.ts'

export interface Patches {
  readonly byId: ReadonlyMap<string, Patch>
  /** By number, digits only. */
  readonly byKb: ReadonlyMap<string, readonly Patch[]>
  /** The patch that supersedes this one, if the server's word for it can be found among the others. */
  replacedBy(patch: Patch): Patch | null
}

export interface Machines {
  readonly byId: ReadonlyMap<string, Machine>
  /** Windows machines by the name of their asset; of several the one that was scanned last comes first. */
  readonly byName: ReadonlyMap<string, readonly Machine[]>
  /** Machines of other systems, which are left out. */
  readonly others: number
}

export interface Known {
  patches(signal: AbortSignal): Promise<Patches>
  /** `fresh`: asks in any case. */
  machines(signal: AbortSignal, fresh?: 'fresh'): Promise<Machines>
  /** What machines said of a patch. */
  states(patch: string, signal: AbortSignal, fresh?: 'fresh'): Promise<readonly PatchState[]>
  arranged(signal: AbortSignal, fresh?: 'fresh'): Promise<Arranged>
}

/** What administrators set up. */
export interface Arranged {
  readonly policies: readonly Policy[]
  readonly configurations: readonly Configuration[]
}

/** `hourSeconds`: so many seconds stand for an hour. */
export function createKnown(api: Api, clock: () => Date, hourSeconds = HOUR_SECONDS): Known {
  const read = remembered(clock, hourSeconds)
  return {
    patches: (signal) => read('patches', undefined, async () => patchesOf(await api.patches(null, signal))),
    machines: (signal, fresh) => read('machines', fresh, async () => machinesOf(await api.machines(signal))),
    states: (patch, signal, fresh) => read(`patch ${patch}`, fresh, () => api.statesOfPatch(patch, signal)),
    arranged: (signal, fresh) =>
      read('arranged', fresh, async () => ({
        policies: await api.policies(signal),
        configurations: await api.configurations(signal),
      })),
  }
}

export function patchesOf(read: readonly Patch[]): Patches {
  const byId = new Map<string, Patch>()
  const byKb = new Map<string, Patch[]>()
  for (const patch of read) if (patch.isWindows) byId.set(patch.id, patch)
  for (const patch of byId.values()) {
    if (patch.kb === null) continue
    byKb.set(patch.kb, [...(byKb.get(patch.kb) ?? []), patch])
  }
  return {
    byId,
    byKb,
    replacedBy({ supersededBy }) {
      // The word may be an id, a KB, or a list of them.
      for (const word of supersededBy?.split(/[\s,;]+/) ?? []) {
        const found = byId.get(word) ?? byKb.get(word.replace(/^KB/i, ''))?.[0]
        if (found !== undefined) return found
      }
      return null
    },
  }
}

/** The name of the asset: the full name in small letters, or the short one with the domain where others have it too. */
function machinesOf(read: readonly Machine[]): Machines {
  const windows = read.filter((one) => one.isWindows)
  const domains = new Map<string, Set<string>>()
  for (const { name, domain } of windows) {
    const short = name.toLowerCase()
    domains.set(short, (domains.get(short) ?? new Set()).add(domain?.toLowerCase() ?? ''))
  }
  const byName = new Map<string, Machine[]>()
  for (const machine of windows) {
    const short = machine.name.toLowerCase()
    const isShared = !short.includes('.') && (domains.get(short)?.size ?? 0) > 1 && machine.domain !== null
    const name = isShared ? `${short}.${machine.domain?.toLowerCase()}` : short
    byName.set(name, [...(byName.get(name) ?? []), machine])
  }
  for (const rows of byName.values()) rows.sort((a, b) => ((a.scannedAt ?? '') < (b.scannedAt ?? '') ? 1 : -1))
  return { byId: new Map(windows.map((one) => [one.id, one])), byName, others: read.length - windows.length }
}
