/** What a real Neurons is known to do, or what nobody has excluded, one at a time. */

import { describe, expect, it } from 'vitest'
import { type Change, isApplied } from '../../../src/core/change.ts'
import { looksOf, snapshotIn } from '../fleet/scene.ts'
import { aDevice, neuronsScene, signal } from './scene.ts'

const many = (count: number) => Array.from({ length: count }, (_, index) => aDevice(index + 1))
const cumulative = (build: string | null): Change => ({ kind: 'update', name: 'KB5099999', build })

describe('devices', () => {
  it('are told when they were scanned, by their full name, which recognises them', async () => {
    const { source } = neuronsScene({ devices: [aDevice(1)] })
    expect(snapshotIn(await looksOf(source), 'neurons/app1.corp.example')).toMatchObject({
      observedAt: '2026-11-20T09:00:00.000Z',
      identity: { fqdn: 'app1.corp.example' },
      asset: { platform: 'windows:server-2022', engine: null, address: '10.1.2.1', tags: [] },
      packages: [{ name: 'Windows', version: '10.0.20348.2849' }],
    })
  })

  it('have times without a zone in UTC', async () => {
    const { source } = neuronsScene({ devices: [aDevice(1, { lastScannedDate: '2026-11-20T09:00:00.1234567' })] })
    expect(snapshotIn(await looksOf(source), 'neurons/app1.corp.example').observedAt).toBe('2026-11-20T09:00:00.123Z')
  })

  it('of a domain with a short name are recognised where its full one is written', async () => {
    const devices = [aDevice(1, { domainName: 'CORP' })]
    const without = await looksOf(neuronsScene({ devices }).source)
    expect(snapshotIn(without, 'neurons/app1').identity).toEqual({ fqdn: null })
    const written = await looksOf(neuronsScene({ devices, domains: { corp: 'corp.example' } }).source)
    expect(snapshotIn(written, 'neurons/app1.corp.example').identity).toEqual({ fqdn: 'app1.corp.example' })
  })

  it('under a short and a full domain are one device, as it was scanned last, with a warning', async () => {
    const devices = [
      aDevice(1, { discoveryId: 'old', domainName: 'CORP', lastScannedDate: '2026-10-01T00:00:00Z' }),
      aDevice(1, { discoveryId: 'new' }),
    ]
    const looks = await looksOf(neuronsScene({ devices, domains: { corp: 'corp.example' } }).source)
    expect(looks).toMatchObject([
      { kind: 'seen', warnings: [expect.stringMatching(/lists .* 2 times/)] },
      { kind: 'all' },
    ])
  })

  it('of one name in two domains are two devices', async () => {
    const devices = [aDevice(1, { domainName: 'EAST' }), aDevice(1, { discoveryId: 'w', domainName: 'WEST' })]
    const looks = await looksOf(neuronsScene({ devices }).source)
    expect(looks.map((look) => (look.kind === 'seen' ? look.snapshot.asset.name : look.kind))).toEqual([
      'app1-east',
      'app1-west',
      'all',
    ])
  })

  it('of a patch policy are of a team', async () => {
    const { source } = neuronsScene({ devices: [aDevice(1, { assignedPolicy: 'Weekly' })], teams: { Weekly: 'web' } })
    expect(snapshotIn(await looksOf(source), 'neurons/app1.corp.example').asset).toMatchObject({
      team: 'web',
      tags: ['Weekly'],
    })
  })

  it('that no product of Ivanti manages are marked, so that they are not taken for managed', async () => {
    const { source } = neuronsScene({ devices: [aDevice(1, { managedBy: { managedByPatchCloud: false } })] })
    expect(source.manages).toBe(true)
    expect(snapshotIn(await looksOf(source), 'neurons/app1.corp.example').asset.tags).toEqual(['not managed'])
  })

  it('that nothing here patches are left out; without a list of packages they are known, and not judged', async () => {
    const devices = [
      aDevice(1, { osName: 'macOS', osVersion: '14.5', platform: 'Mac' }),
      aDevice(2, { osName: 'Ubuntu 24.04.1 LTS', osVersion: '24.04', platform: 'Linux' }),
    ]
    const looks = await looksOf(neuronsScene({ devices }).source)
    expect(looks).toHaveLength(2)
    expect(snapshotIn(looks, 'neurons/app2.corp.example')).toMatchObject({
      packages: [],
      asset: { platform: 'ubuntu:24.04' },
    })
  })
})

describe('what a device has', () => {
  const id = 'neurons/app1.corp.example'
  const applied = async (device: Parameters<typeof aDevice>[1], build: string | null) =>
    isApplied(
      cumulative(build),
      snapshotIn(await looksOf(neuronsScene({ devices: [aDevice(1, device)] }).source, [id]), id),
    ).applied

  it('is told by all four numbers of its build', async () => {
    expect(await applied({}, '10.0.20348.2849')).toBe('yes')
    expect(await applied({}, '10.0.20348.2900')).toBe('no')
    expect(await applied({}, null)).toBe('not known')
  })

  it.each(['KB5099999', 'Q5099999', '5099999'])(
    'is told by %s, where Neurons says that it is installed',
    async (kbNumber) => {
      const patches = [{ kbNumber, patchStatus: 'Installed' }]
      expect(await applied({ osVersion: '10.0.20348', patches }, '10.0.20348.2849')).toBe('yes')
    },
  )

  it.each(['Missing', 'missing', 'Superseded', 3, ''])('is not known where the word is %j', async (patchStatus) => {
    const patches = [{ kbNumber: 'KB5099999', patchStatus }]
    expect(await applied({ osVersion: '10.0.20348', patches }, '10.0.20348.2849')).toBe('not known')
  })

  it('is not missing because another update is listed', async () => {
    const patches = [{ kbNumber: 'KB5000001', patchStatus: 'Installed' }]
    expect(await applied({ osVersion: '10.0.20348', patches }, '10.0.20348.2849')).toBe('not known')
  })
})

describe('lists', () => {
  it('are read 150 a page, each device once', async () => {
    const { source, server } = neuronsScene({ devices: many(310) })
    expect((await looksOf(source)).filter(({ kind }) => kind === 'seen')).toHaveLength(310)
    expect(server.requests).toEqual([
      'POST /tenant-of-the-test/connect/token',
      ...Array.from({ length: 3 }, () => 'GET /api/patch/content/v1/endpoint-vulnerability'),
    ])
  })

  it('are whole where pages are smaller than asked for', async () => {
    const { source } = neuronsScene({ devices: many(23), faults: { mostRows: 10 } })
    const looks = await looksOf(source)
    expect(looks).toHaveLength(24)
    expect(looks.at(-1)).toEqual({ kind: 'all' })
  })

  it.each([
    ['come in another order on each page', { mostRows: 4, unordered: true }, /has 9 devices and listed \d/],
    ['have rows that cannot be read', { odd: [{ machineName: 7 }] }, /1 devices in the list of .* cannot be read/],
    ['do not say how many there are', { uncounted: true }, /does not say how many/],
  ])('that %s make no device gone', async (_, faults, sentence) => {
    const looks = await looksOf(neuronsScene({ devices: many(9), faults }).source)
    expect(looks.some(({ kind }) => kind === 'all')).toBe(false)
    expect(looks[0]).toMatchObject({ warnings: [expect.stringMatching(sentence)] })
  })

  it('whose page number is ignored are refused', async () => {
    const { source } = neuronsScene({ devices: many(9), faults: { mostRows: 3, ignores: ['PageNumber'] } })
    await expect(looksOf(source)).rejects.toThrow(/the same devices on every page/)
  })

  it('say that a device is gone by leaving it out', async () => {
    const { source, devices } = neuronsScene({ devices: many(2) })
    await looksOf(source)
    devices.shift()
    expect((await looksOf(source)).map(({ kind }) => kind)).toEqual(['seen', 'all'])
  })
})

describe('the login', () => {
  it.each([
    ['as newer descriptions have it', {}, 'POST /tenant-of-the-test/connect/token'],
    ['as older ones have it', { login: 'authentication' as const }, 'GET /api/patch/content/v1/authentication'],
  ])('works %s', async (_, own, first) => {
    const { source, server } = neuronsScene({ devices: many(1), ...own })
    expect(await looksOf(source)).toHaveLength(2)
    expect(server.requests[0]).toBe(first)
  })

  it('takes a token that is a bare text', async () => {
    expect(await looksOf(neuronsScene({ devices: many(1), faults: { bareToken: true } }).source)).toHaveLength(2)
  })

  it('asks for another token where one is over before its time, once', async () => {
    const { source, server } = neuronsScene({ devices: many(9), faults: { mostRows: 3, tokenCalls: 2 } })
    expect(await looksOf(source)).toHaveLength(10)
    expect(server.requests.filter((one) => one.startsWith('POST'))).toHaveLength(2)
    const never = neuronsScene({ devices: many(1), faults: { tokenCalls: 0 } })
    await expect(looksOf(never.source)).rejects.toThrow(/answers 401/)
    expect(never.server.requests).toHaveLength(4)
  })

  it('asks for another token when its time is over', async () => {
    const { source, server, at } = neuronsScene({ devices: many(1) })
    await looksOf(source)
    at.now = '2026-11-20T10:59:30.000Z'
    await looksOf(source)
    expect(server.requests.filter((one) => one.startsWith('POST'))).toHaveLength(2)
  })

  it('says in a sentence what is missing or wrong', async () => {
    await expect(looksOf(neuronsScene({ devices: [], secret: null }).source)).rejects.toThrow(
      /IVANTI_NEURONS_SECRET is not set/,
    )
    await expect(looksOf(neuronsScene({ devices: [], secret: 'wrong-secret' }).source)).rejects.toThrow(
      /does not take the client/,
    )
    const moved = neuronsScene({ devices: [], faults: { prefix: '/api/v1' } })
    await expect(looksOf(moved.source)).rejects.toThrow(/look at url and prefix/)
    expect(
      await looksOf(neuronsScene({ devices: many(1), faults: { prefix: '/api/v1' }, prefix: '/api/v1' }).source),
    ).toHaveLength(2)
  })
})

describe('its limit of 150 calls a minute', () => {
  it('is kept: of 100 calls in a minute the next one waits for its end', async () => {
    const { source, waits } = neuronsScene({ devices: many(101), faults: { mostRows: 1 } })
    await looksOf(source)
    expect(waits).toEqual([60_000])
  })

  it('is waited for where it was reached, and left alone for as long as it wants', async () => {
    const soon = neuronsScene({ devices: many(1), faults: { busy: 2 } })
    expect(await looksOf(soon.source)).toHaveLength(2)
    const late = neuronsScene({ devices: many(1), faults: { busy: 1, retryAfter: 300 } })
    await expect(looksOf(late.source)).rejects.toThrow(/asked too often.*300 s/)
    const before = late.server.requests.length
    await expect(looksOf(late.source)).rejects.toThrow(/left alone for another 300 s/)
    expect(late.server.requests).toHaveLength(before)
  })

  it('is far: a look at 1,000 machines takes 7 calls, and one more for a token', async () => {
    const { source, server } = neuronsScene({ devices: many(1_000) })
    await looksOf(source)
    expect(server.requests).toHaveLength(8)
  })
})

describe('the report on a Neurons', () => {
  const devices = () => [
    aDevice(1, { machineName: 'SECRET-1', domainName: 'SECRET', assignedPolicy: 'SECRET policy' }),
    aDevice(2, { osVersion: '10.0.20348', patches: [{ kbNumber: 'KB5099999', patchStatus: 'Missing' }] }),
    aDevice(3, { managedBy: { managedByEpm: false }, lastScannedDate: '2026-11-20T12:00:00' }),
  ]

  it('says every open fact, and names nothing', async () => {
    const report = (await neuronsScene({ devices: devices() }).source.report?.(signal)) ?? ''
    expect(report).not.toMatch(/SECRET|corp\.example|10\.1\.2/)
    expect(report.split('\n').slice(1)).toEqual([
      'The login works, and a token was given.',
      'Its clock agrees with the one here.',
      '3 devices on 1 pages: as many as it counts.',
      'Scanned in the last day: 3 of 3; never: 0 of 3; later than now, so their times are not in UTC: 1 of 3.',
      'With a domain in full: 2 of 3; with a short one only: 1 of 3.',
      'Windows with all four numbers of its build: 2, with three: 1, of 3.',
      'Of a system that is not known here: 0 of 3; left out (macOS, iOS, Android, ChromeOS): 0 of 3.',
      'Managed by: managedByPatchCloud (2); by nothing: 1 of 3; not said: 0 of 3.',
      'Words for a patch of a device: Missing (1); with a KB number: 1 of 1.',
      'Words for the end of a deployment: NotStarted (1), 3 (1).',
    ])
  })

  it('says what cannot be read', async () => {
    const { source, server } = neuronsScene({ devices: devices(), faults: { noHistory: true } })
    expect(await source.report?.(signal)).toMatch(/history of deployments cannot be read \(status 404\)/)
    expect(server.requests.filter((one) => !one.startsWith('GET'))).toEqual(['POST /tenant-of-the-test/connect/token'])
  })
})
