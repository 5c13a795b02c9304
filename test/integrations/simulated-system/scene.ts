/** A simulated system for tests: in memory or in a file, with a clock that the test moves. */

import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Asset } from '../../../src/core/asset.ts'
import { standInAsset } from '../../../src/core/asset.ts'
import type { Change } from '../../../src/core/change.ts'
import type { DeployEngine, InventorySource } from '../../../src/core/ports.ts'
import { HOUR_MS, toIso } from '../../../src/core/time/instant.ts'
import { advance } from '../../../src/integrations/simulated-system/course.ts'
import { createSystemEngine } from '../../../src/integrations/simulated-system/engine.ts'
import { createSystemInventory } from '../../../src/integrations/simulated-system/inventory.ts'
import { paceOf } from '../../../src/integrations/simulated-system/pace.ts'
import { type Machine, type SystemState, systemSchema } from '../../../src/integrations/simulated-system/state.ts'
import { createFileStore, type SystemStore } from '../../../src/integrations/simulated-system/store.ts'
import { temporaryFolder } from '../../support/temporary-folder.ts'

export const SOURCE = 'late'
export const update: Change = { kind: 'update', name: 'KB9000001', build: '10.0.20348.9001' }
const PLATFORM = 'windows:server-2022'
const BUILD = '10.0.20348.9000'
const DAY_SECONDS = 86_400
export const pace = paceOf(DAY_SECONDS)

export interface SystemScene {
  readonly store: SystemStore
  engine(store?: SystemStore, installation?: string): DeployEngine
  readonly source: InventorySource
  sourceNamed(name: string): InventorySource
  now(): Date
  pass(hours: number): void
  /** Everything as it is now. */
  state(): Promise<SystemState>
  machine(name: string): Promise<Machine>
  /** What an administrator does, or what goes wrong, now. */
  change(edit: (state: SystemState) => SystemState): Promise<void>
  changeMachine(name: string, edit: Partial<Machine>): Promise<void>
}

export function machineRecord(name: string): unknown {
  const version = BUILD
  return {
    name,
    platform: PLATFORM,
    team: 'web',
    packages: [{ name: 'Windows', version, architecture: 'all' }],
    bootId: 'b',
  }
}

export function offersRecord(): readonly unknown[] {
  const platforms = [PLATFORM]
  return [
    { kind: 'update', name: 'KB9000001', build: '10.0.20348.9001', platforms, restart: true, removable: false },
    { kind: 'update', name: 'KB9000002', platforms, licence: 'A licence', contentHours: 3 },
    { kind: 'package', name: 'agent', version: '2.0', platforms: ['debian:12'] },
  ]
}

export function fresh(names: readonly string[], more: Record<string, unknown> = {}): SystemState {
  return systemSchema.parse({ machines: names.map(machineRecord), offers: offersRecord(), ...more })
}

export function memoryStore(first: SystemState): SystemStore {
  let state = first
  return {
    read: async () => state,
    async change(work) {
      const [next, result] = work(state)
      state = next
      return result
    },
  }
}

export function fileStore(first: SystemState): SystemStore & { readonly path: string } {
  const path = join(temporaryFolder('pw-late'), 'system.json')
  writeFileSync(path, JSON.stringify(first))
  return { path, ...createFileStore(path, null) }
}

/** A process that dies at its nth change, from 0. All its later calls fail, too. */
export function dyingStore(store: SystemStore, nth: number, when: 'before' | 'after'): SystemStore {
  let count = 0
  const die = () => {
    throw new Error('the process was killed')
  }
  return {
    read: () => (count > nth ? die() : store.read()),
    async change(work) {
      const mine = count++
      if (mine > nth || (mine === nth && when === 'before')) die()
      const result = await store.change(work)
      return mine === nth ? die() : result
    },
  }
}

export function systemScene(store: SystemStore, start = '2026-11-20T12:00:00Z'): SystemScene {
  let now = Date.parse(start)
  const clock = () => new Date(now)
  const own = { leadSeconds: DAY_SECONDS, reportsWithinSeconds: 2 * DAY_SECONDS, licences: [] }
  const terms = { ...own, reboots: ['if required', 'as the system does'] as const }
  const state = async () => advance(await store.read(), pace, clock())
  async function change(edit: (state: SystemState) => SystemState): Promise<void> {
    await store.change((before) => [edit(advance(before, pace, clock())), null])
  }
  const sourceNamed = (name: string) =>
    createSystemInventory({ name, store, pace, defaults: { engine: SOURCE }, clock })
  return {
    store,
    engine: (over = store, installation = 'test') =>
      createSystemEngine({ name: SOURCE, store: over, pace, terms, installation, clock }),
    source: sourceNamed(SOURCE),
    sourceNamed,
    now: clock,
    pass(hours) {
      now += Math.round(hours * HOUR_MS)
    },
    state,
    async machine(name) {
      const found = (await state()).machines.find((one) => one.name === name)
      if (found === undefined) throw new Error(`There is no machine ${name}.`)
      return found
    },
    change,
    changeMachine: (name, edit) =>
      change((before) => ({
        ...before,
        machines: before.machines.map((one) => (one.name === name ? { ...one, ...edit } : one)),
      })),
  }
}

export function assetNamed(name: string): Asset {
  return {
    ...standInAsset(`${SOURCE}/${name}`, name, 'web'),
    platform: PLATFORM,
    source: SOURCE,
    engine: SOURCE,
    simulated: true,
  }
}

export function hoursFrom(at: Date, hours: number): string {
  return toIso(at.getTime() + hours * HOUR_MS)
}
