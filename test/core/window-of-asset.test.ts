import { expect, it } from 'vitest'
import type { WindowPlan } from '../../src/core/window.ts'
import { windowFor } from '../../src/core/window-of-asset.ts'
import { anAsset } from '../support/asset.ts'

const rule = { days: [1], start: '01:00', durationSeconds: 3_600, everyWeeks: 1, anchor: null } as const
const named = (name: string, timeZone: string): WindowPlan => ({ name, rules: [{ ...rule, timeZone }] })

const asset = anAsset('web01', { tags: ['db', 'prod'], timeZone: 'Asia/Tokyo', engine: null })

it('an asset has the first of the windows that fits it, else that of its team, on its own clock', () => {
  const plan = {
    window: named('team', 'UTC'),
    assetWindows: [
      { of: { asset: 'lab/web02' }, window: named('other', 'UTC') },
      { of: { tag: 'db' }, window: named('late', 'asset') },
      { of: { asset: 'web01' }, window: named('early', 'UTC') },
    ],
  }
  expect(windowFor(plan, asset)).toEqual(named('late', 'Asia/Tokyo'))
  expect(windowFor(plan, { ...asset, tags: [] }).name).toBe('early')
  expect(windowFor(plan, { ...asset, tags: [], name: 'x', id: 'lab/web02' }).name).toBe('other')
  expect(windowFor(plan, { ...asset, tags: [], name: 'x', id: 'x' }).name).toBe('team')
  expect(windowFor({ window: named('team', 'UTC') }, asset).name).toBe('team')
})
