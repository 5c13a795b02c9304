import { describe, expect, it } from 'vitest'
import type { Asset } from '../../src/core/asset.ts'
import type { MonitoringSilence } from '../../src/core/ports.ts'
import { anAsset } from '../support/asset.ts'

/** What a silence gives the suite to try it with. */
export interface MonitoringSilenceSubject {
  readonly name: string
  /** Another instance at every call, as after a restart, over the same monitoring. */
  create(name: string): MonitoringSilence
  /** Of each silence that keeps alerts about the asset back now: its end (ISO 8601), as the monitoring itself has it. */
  silencedUntil(asset: Asset): Promise<readonly string[]>
}

let scenes = 0

/** What every MonitoringSilence must do, whatever it speaks to. */
export function monitoringSilenceContract(subject: MonitoringSilenceSubject): void {
  const { signal } = new AbortController()
  const reason = 'PW-12 "openssl" {name} $(reboot)\n--force'

  /** Assets and a key that no other test has. */
  function scene() {
    scenes++
    const own = (name: string) => anAsset(`s${scenes}-${name}`)
    return { key: `PW-${scenes}.r1_a-b`, web: own('web.1'), near: own('webx1'), db: own('db1') }
  }
  const inMinutes = (count: number) => new Date(Math.floor(Date.now() / 1_000) * 1_000 + count * 60_000).toISOString()
  const same = (ends: readonly string[]) => ends.map((end) => new Date(end).toISOString())

  describe(`${subject.name} keeps the contract of a silence:`, () => {
    it('is named as it was told, and says what it silences', () => {
      const silence = subject.create('contract')
      expect(silence.name).toBe('contract')
      expect(silence.describe).toMatch(/^\S.{5,}$/)
    })

    it('keeps alerts about its assets back, and about no others', async () => {
      const { key, web, near, db } = scene()
      const until = inMinutes(5)
      await subject.create('one').hold({ key, assets: [web, db], until, reason }, signal)
      expect(same(await subject.silencedUntil(web))).toEqual([until])
      expect(same(await subject.silencedUntil(db))).toEqual([until])
      expect(await subject.silencedUntil(near)).toEqual([])
    })

    it('is renewed, and stays one', async () => {
      const { key, web } = scene()
      const silence = subject.create('one')
      for (const minutes of [5, 7, 9]) {
        const until = inMinutes(minutes)
        await silence.hold({ key, assets: [web], until, reason }, signal)
        expect(same(await subject.silencedUntil(web))).toEqual([until])
      }
    })

    it('finds its own after a restart', async () => {
      const { key, web } = scene()
      await subject.create('one').hold({ key, assets: [web], until: inMinutes(5), reason }, signal)
      const until = inMinutes(8)
      await subject.create('one').hold({ key, assets: [web], until, reason: 'another' }, signal)
      expect(same(await subject.silencedUntil(web))).toEqual([until])
      await subject.create('one').release({ key, assets: [web] }, signal)
      expect(await subject.silencedUntil(web)).toEqual([])
    })

    it('ends at once for the assets that are released, and only under their key', async () => {
      const { key, web, db } = scene()
      const silence = subject.create('one')
      const until = inMinutes(5)
      await silence.hold({ key, assets: [web, db], until, reason }, signal)
      await silence.hold({ key: `${key}.2`, assets: [db], until, reason }, signal)
      await silence.release({ key, assets: [web, db] }, signal)
      expect(await subject.silencedUntil(web)).toEqual([])
      expect(same(await subject.silencedUntil(db))).toEqual([until])
    })

    it('that is over or was never there is released without an error', async () => {
      const { key, web } = scene()
      const silence = subject.create('one')
      await silence.release({ key, assets: [web] }, signal)
      await silence.hold({ key, assets: [web], until: inMinutes(5), reason }, signal)
      await silence.release({ key, assets: [web] }, signal)
      await silence.release({ key, assets: [web] }, signal)
      expect(await subject.silencedUntil(web)).toEqual([])
    })

    it('begins again after its end', async () => {
      const { key, web } = scene()
      const silence = subject.create('one')
      await silence.hold({ key, assets: [web], until: inMinutes(5), reason }, signal)
      await silence.release({ key, assets: [web] }, signal)
      const until = inMinutes(6)
      await silence.hold({ key, assets: [web], until, reason }, signal)
      expect(same(await subject.silencedUntil(web))).toEqual([until])
    })

    it('does not begin once it was told to stop', async () => {
      const { key, web } = scene()
      const stopped = AbortSignal.abort(new Error('shutting down'))
      const silence = subject.create('one')
      await expect(silence.hold({ key, assets: [web], until: inMinutes(5), reason }, stopped)).rejects.toThrow(
        'shutting down',
      )
      await expect(silence.release({ key, assets: [web] }, stopped)).rejects.toThrow('shutting down')
      expect(await subject.silencedUntil(web)).toEqual([])
    })

    it('says in a sentence which asset it cannot be asked about, and silences the others', async () => {
      const { key, web } = scene()
      const nameless: Asset = { ...web, id: 'lab/nameless', name: ' ', address: ' ' }
      const until = inMinutes(5)
      const holding = subject.create('one').hold({ key, assets: [nameless, web], until, reason }, signal)
      await expect(holding).rejects.toThrow(/lab\/nameless.*\.$/)
      expect(same(await subject.silencedUntil(web))).toEqual([until])
    })
  })
}
