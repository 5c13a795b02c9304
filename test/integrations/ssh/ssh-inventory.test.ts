import { chmodSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { type Observation, observedAsset, onlyLooks } from '../../../src/core/asset.ts'
import { createSshInventory } from '../../../src/integrations/ssh/index.ts'
import { inventorySourceContract } from '../../contracts/inventory-source.ts'
import { anAsset } from '../../support/asset.ts'
import { temporaryFolder } from '../../support/temporary-folder.ts'

/** Stands in for the SSH client: hosts answer as their names say. Keeps a log of who was asked and with what. */
const FAKE_SSH = `#!/bin/sh
folder=$(dirname "$0")
while [ "$1" != -- ]; do shift; done
script=$(cat)
echo "begin $2" >>"$folder/log"
printf '%s' "$script" >"$folder/script-$2"
case $2 in
  web*) sleep 0.05; cat "$FIXTURE" ;;
  cut*) head -c 9000 "$FIXTURE" ;;
  silent*) sleep 20 ;;
  gone*) echo "ssh: connect to host $2 port 22: Connection refused" >&2; exit 255 ;;
  lost*) head -c 9000 "$FIXTURE"; echo "Timeout, server $2 not responding." >&2; exit 255 ;;
esac
echo "end $2" >>"$folder/log"
`

const fixture = fileURLToPath(new URL('../apt/fixtures/debian-12.txt', import.meta.url))
const folder = temporaryFolder('pw-ssh')
const log = join(folder, 'log')
const path = process.env.PATH

beforeAll(() => {
  writeFileSync(join(folder, 'ssh'), FAKE_SSH.replaceAll('$FIXTURE', fixture))
  chmodSync(join(folder, 'ssh'), 0o755)
  process.env.PATH = `${folder}:${path}`
})
afterAll(() => {
  process.env.PATH = path
})
beforeEach(() => writeFileSync(log, ''))

function host(source: string, name: string) {
  const asset = anAsset(name, { platform: '', source, engine: null })
  return { asset, target: { host: name, connectTimeoutSeconds: 1 } }
}

function inventory(
  names: readonly string[],
  options: { concurrency?: number; refresh?: boolean; timeoutSeconds?: number } = {},
) {
  return createSshInventory({
    name: 'prod',
    hosts: names.map((name) => host('prod', name)),
    refresh: options.refresh ?? false,
    concurrency: options.concurrency ?? 4,
    clock: () => new Date('2026-11-20T12:00:00Z'),
    timeoutSeconds: options.timeoutSeconds ?? 1,
  })
}

async function observed(names: readonly string[], options = {}): Promise<Record<string, Observation>> {
  const found: Record<string, Observation> = {}
  for await (const one of onlyLooks(inventory(names, options).observe({ signal: new AbortController().signal }))) {
    found[one.kind === 'seen' ? one.snapshot.asset.name : one.asset.name] = one
  }
  return found
}

inventorySourceContract({
  name: 'Hosts over SSH',
  create: (name) =>
    createSshInventory({
      name,
      hosts: ['web01', 'gone01', 'web02'].map((one) => host(name, one)),
      refresh: true,
      concurrency: 2,
      clock: () => new Date('2026-11-20T12:00:00Z'),
    }),
  seen: ['web01', 'web02'],
  unreachable: ['gone01'],
})

describe('hosts over SSH', () => {
  it('that cannot be reached, fall silent or answer by half cost nobody else', async () => {
    const found = await observed(['gone1', 'web01', 'cut1', 'silent1', 'lost1', 'web02'])
    expect(found).toMatchObject({
      web01: { kind: 'seen' },
      web02: { kind: 'seen' },
      gone1: { kind: 'unreachable', reason: expect.stringContaining('refuses the connection') },
      cut1: { kind: 'unreachable', reason: 'The answer of cut1 was cut off; it is not used.' },
      silent1: { kind: 'unreachable', reason: 'silent1 did not answer within 2 s.' },
      lost1: { kind: 'unreachable', reason: 'lost1 stopped answering: the connection timed out.' },
    })
  })

  it('are asked so many at the same time, and no more', async () => {
    await observed(['web01', 'web02', 'web03', 'web04', 'web05', 'web06'], { concurrency: 2 })
    let asked = 0
    let most = 0
    for (const line of readFileSync(log, 'utf8').trim().split('\n')) {
      asked += line.startsWith('begin') ? 1 : -1
      most = Math.max(most, asked)
    }
    expect(most).toBe(2)
  })

  it('wait aside once they say nothing, so that the others need not wait for them', async () => {
    // One at a time. The silent ones take 5 s each, which is 15 s where each keeps its place.
    const began = performance.now()
    const source = inventory(['silent1', 'silent2', 'silent3', 'web01'], { concurrency: 1, timeoutSeconds: 4 })
    const found: string[] = []
    for await (const one of onlyLooks(source.observe({ signal: new AbortController().signal })))
      found.push(`${one.kind} ${observedAsset(one).name}`)
    expect(found.sort()).toEqual(['seen web01', 'unreachable silent1', 'unreachable silent2', 'unreachable silent3'])
    expect(performance.now() - began).toBeLessThan(14_000)
  })

  it('refresh their lists only where that is wanted', async () => {
    await observed(['web01'], { refresh: false })
    expect(readFileSync(join(folder, 'script-web01'), 'utf8')).not.toContain('PW_REFRESH=1')
    await observed(['web01'], { refresh: true })
    expect(readFileSync(join(folder, 'script-web01'), 'utf8')).toMatch(/^PW_REFRESH=1\n/m)
  })

  it('are left alone once nobody listens', async () => {
    for await (const _ of onlyLooks(
      inventory(['web01', 'silent1', 'web02', 'web03'], { concurrency: 1 }).observe({
        signal: new AbortController().signal,
      }),
    )) {
      break
    }
    await sleep(300)
    expect(readFileSync(log, 'utf8')).not.toContain('web02')
  })

  it('are left alone when the service stops', async () => {
    const stop = new AbortController()
    const source = inventory(['silent1', 'silent2'])
    const all = (async () => {
      for await (const one of onlyLooks(source.observe({ signal: stop.signal }))) expect(one).toBeNull()
    })()
    setTimeout(() => stop.abort(new Error('shutting down')), 100)
    await expect(all).rejects.toThrow('shutting down')
  })
})
