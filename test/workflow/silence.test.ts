import { setTimeout as sleep } from 'node:timers/promises'
import { beforeEach, describe, expect, it } from 'vitest'
import type { MonitoringSilence, SilenceLease } from '../../src/core/ports.ts'
import { createSilences } from '../../src/workflow/silence.ts'
import { anAsset } from '../support/asset.ts'
import { until } from '../support/until.ts'

const web = anAsset('web01')
const { signal } = new AbortController()
let calls: string[]
let leases: SilenceLease[]
let trouble: Error | null
let warnings: string[]
beforeEach(() => {
  calls = []
  leases = []
  trouble = null
  warnings = []
})

const pager: MonitoringSilence = {
  name: 'pager',
  describe: 'writes down what it is asked',
  hold: async (lease) => {
    calls.push('hold')
    leases.push(lease)
    if (trouble !== null) throw trouble
  },
  release: async () => {
    calls.push('release')
    if (trouble !== null) throw trouble
  },
}

const reached = (so: () => boolean) => until('the silence was asked for', 10, so, 5)

function silences(leaseSeconds: number, given: MonitoringSilence = pager) {
  return createSilences({
    silences: new Map([['pager', given]]),
    clock: () => new Date(),
    log: { info: () => undefined, warn: (message) => void warnings.push(message) },
    leaseSeconds,
  })
}

describe('work under a silence', () => {
  it('begins when it is silent, and ends with a release', async () => {
    const before = Date.now()
    const done = await silences(300).during('pager', 'PW-1', [web], 'openssl', signal, async () => {
      calls.push('work')
      return 7
    })
    expect(done).toEqual({ value: 7, problem: null })
    expect(calls).toEqual(['hold', 'work', 'release'])
    expect(leases[0]).toMatchObject({ key: 'PW-1', assets: [web], reason: 'openssl' })
    const lasts = Date.parse(leases[0]?.until ?? '') - before
    expect(lasts).toBeGreaterThanOrEqual(300_000)
    expect(lasts).toBeLessThan(310_000)
  })

  it('is renewed every half lease, each time until a later end, and no more after the release', async () => {
    const begun = Date.now()
    await silences(0.4).during('pager', 'PW-1', [web], 'openssl', signal, () => reached(() => leases.length >= 5))
    expect(Date.now() - begun).toBeGreaterThanOrEqual(4 * 200 - 20)
    const ends = leases.map((lease) => Date.parse(lease.until))
    expect(ends).toEqual([...new Set(ends)].sort((a, b) => a - b))
    const held = leases.length
    await sleep(250) // nothing comes in the time in which one more renewal would have
    expect(leases).toHaveLength(held)
    expect(calls.at(-1)).toBe('release')
  })

  it('that cannot be had goes on, told in the result and once in the log, and is tried again', async () => {
    trouble = new Error('Alertmanager does not answer: connection refused.')
    const problem = 'The monitoring was not silenced: Alertmanager does not answer: connection refused.'
    const done = await silences(1).during('pager', 'PW-1', [web], 'openssl', signal, async () => {
      await reached(() => leases.length >= 3)
      return 'done'
    })
    expect(done).toEqual({ value: 'done', problem })
    expect(warnings[0]).toBe(`PW-1: ${problem}`)
    expect(warnings).toHaveLength(2) // the release, too
  })

  it('that came late is still told of', async () => {
    trouble = new Error('busy.')
    const done = await silences(0.5).during('pager', 'PW-1', [web], 'openssl', signal, async () => {
      trouble = null
      await reached(() => leases.length >= 2)
    })
    expect(done.problem).toBe('The monitoring was not silenced: busy.')
    expect(calls).toContain('release')
  })

  it('throws what the work throws, and is released', async () => {
    const failing = silences(300).during('pager', 'PW-1', [web], 'openssl', signal, () =>
      Promise.reject(new Error('no')),
    )
    await expect(failing).rejects.toThrow('no')
    expect(calls).toEqual(['hold', 'release'])
  })

  it('that is interrupted leaves the lease to run out', async () => {
    const stop = new AbortController()
    await silences(300).during('pager', 'PW-1', [web], 'openssl', stop.signal, async () => stop.abort())
    expect(calls).toEqual(['hold'])
  })

  it('is not released before a renewal on its way has arrived', async () => {
    let renewing = false
    const slow: MonitoringSilence = {
      ...pager,
      hold: async (lease) => {
        renewing = leases.length > 0
        if (renewing) await sleep(50) // the work has ended by then, and a release that did not wait would come first
        await pager.hold(lease, signal)
      },
    }
    await silences(0.2, slow).during('pager', 'PW-1', [web], 'openssl', signal, () => reached(() => renewing))
    expect(calls).toEqual(['hold', 'hold', 'release'])
  })

  it('of no name, of simulated assets, of one that is gone', async () => {
    const { during } = silences(300)
    const work = async () => 'done'
    expect(await during(null, 'PW-1', [web], '', signal, work)).toEqual({ value: 'done', problem: null })
    expect(await during('pager', 'PW-1', [{ ...web, simulated: true }], '', signal, work)).toEqual({
      value: 'done',
      problem: null,
    })
    expect(calls).toEqual([])
    expect(await during('gone', 'PW-1', [web], '', signal, work)).toEqual({
      value: 'done',
      problem: 'The monitoring was not silenced: the silence "gone" is not configured any more.',
    })
    expect(warnings).toHaveLength(1)
  })
})
