import { copyFileSync, mkdirSync } from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, it } from 'vitest'
import { buildEngines, buildFeeds, buildSources } from '../../../src/app/build.ts'
import { readEnvironment } from '../../../src/app/environment.ts'
import { describeProblem } from '../../../src/config/problem.ts'
import { onlyLooks } from '../../../src/core/asset.ts'
import type { Change } from '../../../src/core/change.ts'
import { loadConfig, parseSettings } from '../../../src/integrations/configuration.ts'
import { small } from '../../config/small.ts'
import { temporaryFolder } from '../../support/temporary-folder.ts'

const examples = fileURLToPath(new URL('../../../examples/', import.meta.url))
const { signal } = new AbortController()

it('the example of a WSUS loads without a warning: one entry is a source, an engine and a feed', async () => {
  const folder = path.join(temporaryFolder('pw-wsus-example'), 'examples')
  mkdirSync(folder)
  for (const file of ['wsus.yaml', 'wsus.json', 'wsus-catalog.json'])
    copyFileSync(path.join(examples, file), path.join(folder, file))
  const environment = readEnvironment({ variables: {}, cwd: folder })
  if (!environment.ok) throw new Error('There is no environment.')
  const loaded = loadConfig(path.join(folder, 'wsus.yaml'), environment.environment)
  if (!loaded.ok) throw new Error(loaded.problems.map(describeProblem).join('\n'))
  expect(loaded.warnings.map(describeProblem)).toEqual([])
  const clock = () => new Date()
  const { config } = loaded

  const feeds = buildFeeds(config, {}, clock)
  expect(feeds.map(({ name }) => name)).toEqual(['cves', 'wsus'])
  const fetched = await feeds.find(({ name }) => name === 'wsus')?.fetch(null, signal)
  if (fetched?.status !== 'fetched') throw new Error('The feed fetched nothing.')
  // Neither the preview nor the driver.
  expect(fetched.content.updates?.map(({ kb }) => kb)).toEqual(['KB9000000', 'KB9000001', 'KB9000002'])

  const changes: readonly Change[] = [
    { kind: 'update', name: 'KB9000001', build: '10.0.20348.9001' },
    { kind: 'update', name: 'KB9000002', build: null },
  ]
  const engine = buildEngines(config, {}, clock).get('wsus')
  expect(engine?.simulated).toBe(true)
  expect(await engine?.check?.(signal)).toMatch(/simulated.*8 machines, 5 updates/)
  const [source] = buildSources(config, {}, clock)
  if (source === undefined) throw new Error('There is no source.')
  const tags: (readonly string[])[] = []
  for await (const look of onlyLooks(source.observe({ signal }))) {
    if (look.kind !== 'seen') throw new Error(look.reason)
    const { asset } = look.snapshot
    expect(asset).toMatchObject({ team: 'servers', engine: 'wsus', simulated: true, platform: 'windows:server-2022' })
    expect(await engine?.preview(asset, changes, signal)).toHaveLength(2)
    const terms = await engine?.terms?.([{ asset, changes }], signal)
    expect(terms).toMatchObject([{ leadSeconds: 120, reportsWithinSeconds: 240, licences: ['Example licence terms'] }])
    tags.push(asset.tags)
  }
  expect(tags.filter((own) => own.includes('Pilot'))).toHaveLength(3)
  expect(tags).toHaveLength(8)
})

it('a system that may only be read has no engine, and teams follow from groups', async () => {
  const folder = temporaryFolder('pw-wsus-read')
  copyFileSync(path.join(examples, 'wsus.json'), path.join(folder, 'wsus.json'))
  const text = `${small}systems:
  updates:
    kind: simulated-wsus
    state: ${path.join(folder, 'wsus.json')}
    inventory: { teams: { Pilot: web } }
    engine: {}
`
  const parsed = parseSettings(text, 'pw.yaml')
  if (!parsed.ok) throw new Error(parsed.problems.map(describeProblem).join('\n'))
  const config = { ...parsed.settings, example: false } as unknown as Parameters<typeof buildSources>[0]
  const source = buildSources(config, {}, () => new Date()).find(({ name }) => name === 'updates')
  if (source === undefined) throw new Error('There is no source.')
  const found: string[] = []
  for await (const look of onlyLooks(source.observe({ signal }))) {
    const { asset } = look.kind === 'seen' ? look.snapshot : look
    expect(asset.engine).toBeNull()
    found.push(look.kind === 'seen' ? `${asset.name} ${asset.team}` : look.reason)
  }
  expect(found.filter((line) => line.endsWith(' web'))).toHaveLength(3)
  expect(found.filter((line) => line.includes('has no team'))).toHaveLength(5)
  const wrong = parseSettings(text.replace('Pilot: web', 'Pilot: nobody'), 'pw.yaml')
  expect(wrong.ok ? [] : wrong.problems.map(describeProblem)).toEqual([expect.stringContaining('nobody')])
})

it.each([
  ['targeting: client', /systems\.updates\.targeting is client, and no group is named.*groups: \[Wave 1, Wave 2\]/],
  ['groups: [Wave 1]', /systems\.updates\.groups are named, and targeting is server.*Write targeting: client/],
  ['targeting: policy', /Write server or client/],
  ['targeting: client\n    groups: [Wave 1]', null],
])('%j is checked: targeting and groups belong together', (lines, sentence) => {
  const text = `${small}systems:
  updates:
    kind: simulated-wsus
    state: wsus.json
    mode: deploy
    ${lines}
    inventory: { team: web }
    engine: {}
`
  const parsed = parseSettings(text, 'pw.yaml')
  const found = parsed.ok ? [] : parsed.problems.map(describeProblem)
  expect(found).toEqual(sentence === null ? [] : [expect.stringMatching(sentence)])
})
