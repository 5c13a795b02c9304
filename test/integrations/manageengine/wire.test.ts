/** The kind as it is configured, over a real socket with a certificate that nobody knows. */

import { spawnSync } from 'node:child_process'
import { copyFileSync, mkdirSync, readFileSync } from 'node:fs'
import { createServer } from 'node:https'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { buildEngines, buildFeeds, buildSources } from '../../../src/app/build.ts'
import { readEnvironment } from '../../../src/app/environment.ts'
import { describeProblem } from '../../../src/config/problem.ts'
import type { Config } from '../../../src/config/schema.ts'
import { onlyLooks } from '../../../src/core/asset.ts'
import { loadConfig, parseSettings } from '../../../src/integrations/configuration.ts'
import {
  createSimulatedServer,
  SIMULATED_TOKEN,
  SIMULATED_URL,
} from '../../../src/integrations/simulated-manageengine/server.ts'
import { small } from '../../config/small.ts'
import { temporaryFolder } from '../../support/temporary-folder.ts'
import { fresh, memoryStore, pace } from './scene.ts'

const { signal } = new AbortController()
const clock = () => new Date()
const examples = fileURLToPath(new URL('../../../examples/', import.meta.url))
const hasOpenssl = spawnSync('openssl', ['version']).status === 0
if (!hasOpenssl) console.info('skipped: there is no openssl here')

function configured(lines: string): Config {
  const parsed = parseSettings(`${small}systems:\n  patches:\n    kind: manageengine\n${lines}`, 'pw.yaml')
  if (!parsed.ok) throw new Error(parsed.problems.map(describeProblem).join('\n'))
  return { ...parsed.settings, example: false } as unknown as Config
}

const inventory = '    inventory: { team: web }\n    engine: {}\n    feed: {}\n'

describe.skipIf(!hasOpenssl)('a server with a certificate of its own', () => {
  const folder = temporaryFolder('pw-manageengine')
  const handle = createSimulatedServer(memoryStore(fresh(['a.corp.example', 'b.corp.example'])), pace, clock)
  let url = ''
  let close = () => {}

  beforeAll(async () => {
    const key = [
      '-newkey',
      'ec',
      '-pkeyopt',
      'ec_paramgen_curve:P-256',
      '-nodes',
      '-keyout',
      'key.pem',
      '-out',
      'cert.pem',
    ]
    spawnSync('openssl', ['req', '-x509', ...key, '-days', '2', '-subj', '/CN=patch'], { cwd: folder })
    const [key_, cert] = ['key.pem', 'cert.pem'].map((name) => readFileSync(path.join(folder, name)))
    const server = createServer({ key: key_, cert }, (asked, answer) => {
      const headers = { authorization: asked.headers.authorization ?? '' }
      void handle(new URL(asked.url ?? '/', SIMULATED_URL), { headers }).then(async (got) => {
        answer.writeHead(got.status, Object.fromEntries(got.headers))
        answer.end(await got.text())
      })
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const address = server.address()
    url = `https://127.0.0.1:${typeof address === 'object' && address ? address.port : 0}`
    close = () => server.close()
  })
  afterAll(() => close())

  const values = { MANAGEENGINE_TOKEN: SIMULATED_TOKEN }
  const at = (more = '') => configured(`    url: ${url}\n    requestsPerSecond: 20\n${more}${inventory}`)

  async function names(config: Config, own = values): Promise<readonly string[]> {
    const [source] = buildSources(config, own, clock).filter(({ name }) => name === 'patches')
    if (source === undefined) throw new Error('There is no source.')
    const found: string[] = []
    for await (const look of onlyLooks(source.observe({ signal })))
      found.push((look.kind === 'seen' ? look.snapshot : look).asset.name)
    return found
  }

  it('is refused unless its authority is known', async () => {
    await expect(names(at())).rejects.toThrow(/did not answer: .*(certificate|authority)/)
  })

  it('is asked where that is written in as many words, and is called so everywhere', async () => {
    const config = at('    certificate: not verified\n')
    expect(await names(config)).toEqual(['a.corp.example', 'b.corp.example'])
    const engine = buildEngines(config, values, clock).get('patches')
    expect(engine?.describe).toContain('NOT VERIFIED')
    const [feed] = buildFeeds(config, values, clock).filter(({ name }) => name === 'patches')
    expect(await feed?.fetch(null, signal)).toMatchObject({ status: 'fetched' })
    // No engine is named for what is only read.
    expect(await engine?.check?.(signal)).toContain('mode: read')
  })

  it('names the variable that is not set', async () => {
    const config = at('    certificate: not verified\n    secrets: MANAGEENGINE_BERLIN\n')
    await expect(names(config)).rejects.toThrow(/MANAGEENGINE_BERLIN_TOKEN is not set/)
  })
})

it('a policy for a window that is not there, and an address with a password, are refused', () => {
  const wrong = (lines: string) => {
    const parsed = parseSettings(`${small}systems:\n  patches:\n    kind: manageengine\n${lines}`, 'pw.yaml')
    return parsed.ok ? '' : parsed.problems.map(describeProblem).join('\n')
  }
  const policies = '    engine: { policies: { never: { name: x, reboot: never } } }\n    inventory: { team: web }\n'
  expect(wrong(`    url: https://p.example\n${policies}`)).toContain('is the name of no window')
  expect(wrong(`    url: https://me:secret@p.example\n${inventory}`)).toContain('holds a user name or a password')
  expect(wrong(`    url: http://p.example\n${inventory}`)).toContain('a token goes over http only to this machine')
})

it('the example loads without a warning: one entry is a source, an engine and a feed', async () => {
  const folder = path.join(temporaryFolder('pw-manageengine-example'), 'examples')
  mkdirSync(folder)
  for (const file of ['manageengine.yaml', 'manageengine.json', 'wsus-catalog.json'])
    copyFileSync(path.join(examples, file), path.join(folder, file))
  const environment = readEnvironment({ variables: {}, cwd: folder })
  if (!environment.ok) throw new Error('There is no environment.')
  const loaded = loadConfig(path.join(folder, 'manageengine.yaml'), environment.environment)
  if (!loaded.ok) throw new Error(loaded.problems.map(describeProblem).join('\n'))
  expect(loaded.warnings.map(describeProblem)).toEqual([])
  const { config } = loaded
  const feed = buildFeeds(config, {}, clock).find(({ name }) => name === 'patches')
  const fetched = await feed?.fetch(null, signal)
  if (fetched?.status !== 'fetched') throw new Error('The feed fetched nothing.')
  // Neither the preview nor the driver.
  expect(fetched.content.updates?.map(({ kb }) => kb)).toEqual(['KB9000000', 'KB9000001', 'KB9000002'])
  const engine = buildEngines(config, {}, clock).get('patches')
  expect(engine?.simulated).toBe(true)
  const [source] = buildSources(config, {}, clock)
  const tags: (readonly string[])[] = []
  if (source === undefined) throw new Error('There is no source.')
  for await (const look of onlyLooks(source.observe({ signal }))) {
    if (look.kind !== 'seen') throw new Error(look.reason)
    const { asset } = look.snapshot
    expect(asset).toMatchObject({
      team: 'servers',
      engine: 'patches',
      simulated: true,
      platform: 'windows:server-2022',
    })
    const change = { kind: 'update', name: 'KB9000001', build: '10.0.20348.9001' } as const
    expect(await engine?.preview(asset, [change], signal)).toHaveLength(1)
    tags.push(asset.tags)
  }
  expect(tags.filter((own) => own.includes('Pilot'))).toHaveLength(3)
})
