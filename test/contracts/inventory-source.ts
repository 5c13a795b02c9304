import { describe, expect, it } from 'vitest'
import { type Observation, onlyLooks } from '../../src/core/asset.ts'
import type { InventorySource } from '../../src/core/ports.ts'

/** What an inventory source gives the suite to try it with. */
export interface InventorySourceSubject {
  readonly name: string
  /** A source named `source` over assets that stay as they are while the suite runs. */
  create(source: string): Promise<InventorySource> | InventorySource
  /** Short names of the assets that can be looked at. At least one. */
  readonly seen: readonly string[]
  /** Short names of the assets that cannot be looked at. */
  readonly unreachable: readonly string[]
}

/** What every InventorySource must do, whatever it reads. */
export function inventorySourceContract(subject: InventorySourceSubject): void {
  const { name, seen, unreachable } = subject
  const SOURCE = 'contract'

  async function observe(
    options: { only?: readonly string[]; signal?: AbortSignal } = {},
  ): Promise<Map<string, Observation>> {
    const source = await subject.create(SOURCE)
    const signal = options.signal ?? new AbortController().signal
    const found = new Map<string, Observation>()
    for await (const observation of onlyLooks(source.observe({ ...options, signal }))) {
      const { asset } = observation.kind === 'seen' ? observation.snapshot : observation
      expect(found.has(asset.id), `${asset.id} came twice`).toBe(false)
      found.set(asset.id, observation)
    }
    return found
  }

  const idsOf = (names: readonly string[]) => names.map((one) => `${SOURCE}/${one}`).sort()

  describe(`${name} keeps the contract of an inventory source:`, () => {
    it('is named as it was told, and says what it watches', async () => {
      const source = await subject.create(SOURCE)
      expect(source.name).toBe(SOURCE)
      expect(source.describe).toMatch(/^\S.{5,}$/)
    })

    it('yields every asset once: a snapshot, or why there is none', async () => {
      const found = await observe()
      expect([...found.keys()].sort()).toEqual(idsOf([...seen, ...unreachable]))
      const kinds = [...found].filter(([, one]) => one.kind === 'seen').map(([id]) => id)
      expect(kinds.sort()).toEqual(idsOf(seen))
    })

    it('says of an asset that it cannot look at why, in a sentence, and when', async () => {
      for (const observation of (await observe()).values()) {
        if (observation.kind === 'seen') continue
        expect(observation.reason).toMatch(/^\S.{10,}/)
        expect(observation.asset.source).toBe(SOURCE)
        expect(observation.at).toBe(new Date(observation.at).toISOString())
      }
    })

    it('gives whole snapshots', async () => {
      for (const observation of (await observe()).values()) {
        if (observation.kind !== 'seen') continue
        const { snapshot } = observation
        expect(snapshot.asset.platform).toMatch(/^[a-z0-9-]+:\S+$/)
        expect(snapshot.asset.source).toBe(SOURCE)
        expect(snapshot.observedAt).toBe(new Date(snapshot.observedAt).toISOString())
        expect(snapshot.packages.length).toBeGreaterThan(0)
        for (const one of snapshot.packages) {
          for (const field of [one.name, one.version, one.architecture, one.source, one.sourceVersion]) {
            expect(field).toMatch(/^\S+$/)
          }
        }
        const keys = snapshot.packages.map((one) => `${one.name}:${one.architecture}`)
        expect(new Set(keys).size).toBe(keys.length)
        for (const one of snapshot.pending) {
          expect(one.candidate).not.toBe(one.installed)
          if (one.installed === null) continue
          const installed = snapshot.packages.filter((item) => item.name === one.name).map((item) => item.version)
          expect(installed).toContain(one.installed)
        }
      }
    })

    it('looks only at the assets it is asked for', async () => {
      const [one = ''] = seen
      expect([...(await observe({ only: [`${SOURCE}/${one}`] })).keys()]).toEqual([`${SOURCE}/${one}`])
      expect((await observe({ only: [`${SOURCE}/nobody`] })).size).toBe(0)
      expect((await observe({ only: [] })).size).toBe(0)
    })

    it('says at its end that this was all, and never where it was asked for some', async () => {
      const source = await subject.create(SOURCE)
      async function kinds(only?: readonly string[]): Promise<readonly string[]> {
        const found: string[] = []
        const signal = new AbortController().signal
        for await (const one of source.observe(only === undefined ? { signal } : { only, signal })) found.push(one.kind)
        return found
      }
      const whole = await kinds()
      expect(whole.at(-1)).toBe('all')
      expect(whole.filter((kind) => kind === 'all')).toHaveLength(1)
      expect(await kinds([`${SOURCE}/${seen[0]}`])).not.toContain('all')
    })

    it('sees the same at a second look', async () => {
      const stable = (found: Map<string, Observation>) =>
        [...found.values()].map((one) =>
          one.kind === 'seen' ? { ...one.snapshot, observedAt: '', listsRefreshedAt: '' } : one.reason,
        )
      const sorted = (found: Map<string, Observation>) => new Map([...found].sort(([a], [b]) => (a < b ? -1 : 1)))
      expect(stable(sorted(await observe()))).toEqual(stable(sorted(await observe())))
    })

    it('lets whoever listens stop at any time', async () => {
      const source = await subject.create(SOURCE)
      for await (const _ of onlyLooks(source.observe({ signal: new AbortController().signal }))) break
    })

    it('does not begin once it was told to stop', async () => {
      await expect(observe({ signal: AbortSignal.abort(new Error('shutting down')) })).rejects.toThrow('shutting down')
    })
  })
}
