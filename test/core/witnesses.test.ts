/** What several sources say about one machine, as one asset. */

import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Asset } from '../../src/core/asset.ts'
import {
  assetIds,
  lookingWord,
  type MachineRule,
  mergedAsset,
  noMachineRule,
  type Word,
} from '../../src/core/witnesses.ts'
import { anAsset } from '../support/asset.ts'

const rule: MachineRule = { ...noMachineRule, order: ['ssh', 'late', 'cmdb'] }

function word(source: string, asset: Partial<Asset> = {}, other: Partial<Word> = {}): Word {
  const observedAt = '2026-11-20T12:00:00.000Z'
  return { asset: anAsset('web01', { source, engine: null, ...asset }), observedAt, problem: null, ...other }
}

describe('one asset of several words', () => {
  it('has each fact from the first source that says it, and the tags of all', () => {
    const words = [
      word('cmdb', {
        criticality: 'high',
        exposure: 'small',
        tags: ['prod', 'web'],
        team: 'shop',
        platform: 'unknown',
      }),
      word('late', { exposure: 'open', tags: ['canary'], engine: 'late', address: 'late.example.net' }),
      word('ssh', { platform: 'debian:12' }),
    ]
    expect(mergedAsset('cmdb/web01', words, rule)).toMatchObject({
      ...{ id: 'cmdb/web01', platform: 'debian:12', team: 'web', source: 'ssh', engine: 'late' },
      ...{ criticality: 'high', exposure: 'open', tags: ['canary', 'prod', 'web'], address: 'late.example.net' },
      own: { seen: 'ssh/web01', changed: 'late/web01' },
    })
    expect(mergedAsset('x', words, { ...rule, facts: { team: ['cmdb'], exposure: ['cmdb'] } })).toMatchObject({
      ...{ team: 'shop', exposure: 'small', source: 'ssh' },
    })
  })

  it('is changed by one engine, that of the first source which has one', () => {
    const words = [word('ssh', { engine: 'ssh' }), word('late', { engine: 'late' }), word('cmdb')]
    expect(mergedAsset('x', words, rule)).toMatchObject({ engine: 'ssh', own: { changed: 'ssh/web01' } })
    const late = { ...rule, facts: { change: ['late'] } }
    expect(mergedAsset('x', words, late)).toMatchObject({
      engine: 'late',
      own: { seen: 'ssh/web01', changed: 'late/web01' },
    })
  })

  it('is looked at by another source while the first one cannot, but never by an older look', () => {
    const lost = word('ssh', {}, { problem: 'no answer' })
    const [newer, older] = ['2026-11-20T13:00:00.000Z', '2026-11-20T11:00:00.000Z']
    expect(lookingWord([lost, word('late', {}, { observedAt: newer })], rule).asset.source).toBe('late')
    expect(lookingWord([lost, word('late', {}, { observedAt: older })], rule).asset.source).toBe('ssh')
    const never = word('ssh', {}, { problem: 'no answer', observedAt: null })
    expect(lookingWord([never, word('cmdb', {}, { observedAt: older })], rule).asset.source).toBe('cmdb')
  })

  it('does not depend on the order of the words', () =>
    fc.assert(
      fc.property(
        fc.shuffledSubarray([
          word('ssh', { team: 'a', engine: 'e' }),
          word('late', { team: 'b' }),
          word('cmdb', { exposure: 'open' }),
          word('other', { exposure: 'small' }),
        ]),
        (words) => {
          fc.pre(words.length > 0)
          expect(mergedAsset('x', words.toReversed(), rule)).toEqual(mergedAsset('x', words, rule))
        },
      ),
    ))
})

describe('the id of an asset', () => {
  const rank = (id: string) => rule.order.indexOf(id.split('/')[0] ?? '')
  const since = () => ''
  const idle = { rank, atWork: new Set<string>(), since }
  const members = (...list: readonly (readonly [string, string | null])[]) => ({
    members: list.map(([id, before]) => ({ id, before })),
  })

  it('stays when another source joins, even if that one comes first in the order', () => {
    const joined = [members(['cmdb/a', 'cmdb/a'], ['ssh/a', null])]
    expect(assetIds(joined, idle)).toEqual(['cmdb/a'])
    expect(assetIds([members(['cmdb/a', null], ['ssh/a', null])], idle)).toEqual(['ssh/a'])
  })

  it('is that of the first source where two known assets become one, the one that is known longer, or at work', () => {
    const joined = [members(['cmdb/a', 'cmdb/a'], ['ssh/a', 'ssh/a'])]
    expect(assetIds(joined, idle)).toEqual(['ssh/a'])
    const longer = {
      ...idle,
      since: (id: string) => (id === 'cmdb/a' ? '2026-01-01T00:00:00Z' : '2026-11-20T00:00:00Z'),
    }
    expect(assetIds(joined, longer)).toEqual(['cmdb/a'])
    expect(assetIds(joined, { ...longer, atWork: new Set(['ssh/a']) })).toEqual(['ssh/a'])
  })

  it('stays with the member that is called so where a machine falls apart', () => {
    const apart = [members(['ssh/a', 'cmdb/a']), members(['cmdb/a', 'cmdb/a'])]
    expect(assetIds(apart, idle)).toEqual(['ssh/a', 'cmdb/a'])
    // Its first source is gone: the id stays with the others, until the source lists the asset again.
    expect(assetIds([members(['cmdb/a', 'ssh/a'])], idle)).toEqual(['ssh/a'])
    expect(assetIds([members(['cmdb/a', 'ssh/a']), members(['ssh/a', null])], idle)).toEqual(['cmdb/a', 'ssh/a'])
  })

  it('is never given twice', () => {
    const ids = ['ssh/a', 'late/a', 'cmdb/a', 'ssh/b', 'late/b']
    const claims = fc
      .tuple(
        fc.array(fc.nat(2), { minLength: ids.length, maxLength: ids.length }),
        fc.array(fc.option(fc.constantFrom(...ids, 'gone/a')), { minLength: ids.length, maxLength: ids.length }),
      )
      .map(([homes, befores]) =>
        [0, 1, 2].flatMap((home) => {
          const own = ids.flatMap((id, at) => (homes[at] === home ? [{ id, before: befores[at] ?? null }] : []))
          return own.length === 0 ? [] : [{ members: own }]
        }),
      )
    fc.assert(
      fc.property(claims, (machines) => {
        const given = assetIds(machines, idle)
        expect(new Set(given).size).toBe(machines.length)
        for (const [at, id] of given.entries()) {
          const home = machines.findIndex((machine) => machine.members.some((member) => member.id === id))
          expect([at, -1]).toContain(home)
        }
      }),
    )
  })
})
