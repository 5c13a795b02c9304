import { execFileSync, spawnSync } from 'node:child_process'
import { afterEach, describe, expect, it } from 'vitest'
import { type Observation, onlyLooks } from '../../../src/core/asset.ts'
import { createLocalInventory } from '../../../src/integrations/local-host/index.ts'
import { anAsset } from '../../support/asset.ts'
import { temporaryFolder } from '../../support/temporary-folder.ts'

const asset = anAsset('me', { platform: '', team: 'ops', source: 'here', engine: null, address: '127.0.0.1' })
const hasApt = spawnSync('apt-get', ['--version']).status === 0
const path = process.env.PATH

afterEach(() => {
  process.env.PATH = path
})

async function look(options: { only?: readonly string[]; timeoutSeconds?: number } = {}): Promise<Observation[]> {
  const { only, timeoutSeconds } = options
  const source = createLocalInventory({
    name: 'here',
    asset,
    clock: () => new Date('2026-11-20T12:00:00Z'),
    ...(timeoutSeconds === undefined ? {} : { timeoutSeconds }),
  })
  const observations: Observation[] = []
  const { signal } = new AbortController()
  for await (const one of onlyLooks(source.observe(only === undefined ? { signal } : { only, signal })))
    observations.push(one)
  return observations
}

describe.skipIf(!hasApt)('this machine', () => {
  it('has the packages that dpkg lists', async () => {
    const [observation] = await look()
    if (observation?.kind !== 'seen') throw new Error(observation?.reason ?? 'nothing was seen')
    const listed = execFileSync('dpkg-query', ['-W', '-f', `\${db:Status-Status} \${Package} \${Version}\n`])
      .toString()
      .split('\n')
      .filter((line) => line.startsWith('installed '))
    const seen = observation.snapshot.packages.map((one) => `installed ${one.name} ${one.version}`)
    expect(seen.sort()).toEqual(listed.sort())
  })

  it('is not looked at when others are asked for', async () => {
    expect(await look({ only: ['other/machine'] })).toEqual([])
  })

  it('that takes too long is unreachable, in a sentence', async () => {
    expect(await look({ timeoutSeconds: 0.001 })).toMatchObject([
      {
        kind: 'unreachable',
        reason: 'This machine (me) cannot be looked at: dpkg and apt did not answer within 0.001 s.',
      },
    ])
  })
})

describe('a machine', () => {
  it('without a shell on the PATH is unreachable, in a sentence', async () => {
    process.env.PATH = temporaryFolder('pw-empty')
    expect(await look()).toMatchObject([{ kind: 'unreachable', reason: expect.stringContaining('no POSIX shell') }])
  })
})
