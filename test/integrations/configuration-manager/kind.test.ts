import { copyFileSync, mkdirSync } from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, it } from 'vitest'
import { buildEngines, buildFeeds, buildSources } from '../../../src/app/build.ts'
import { readEnvironment } from '../../../src/app/environment.ts'
import { describeProblem } from '../../../src/config/problem.ts'
import { onlyLooks } from '../../../src/core/asset.ts'
import { loadConfig, parseSettings } from '../../../src/integrations/configuration.ts'
import { small } from '../../config/small.ts'
import { temporaryFolder } from '../../support/temporary-folder.ts'

const { signal } = new AbortController()
const clock = () => new Date()
const examples = fileURLToPath(new URL('../../../examples/', import.meta.url))

it('what cannot be meant is refused: no way to deploy, no code of the site, an address without https, wildcards in a name', () => {
  const wrong = (lines: string) => {
    const head = `${small}systems:\n  site:\n    kind: configuration-manager\n    inventory: { team: web }\n`
    const parsed = parseSettings(`${head}${lines}`, 'pw.yaml')
    return parsed.ok ? '' : parsed.problems.map(describeProblem).join('\n')
  }
  const url = '    url: https://cm01.corp.example\n'
  expect(wrong(url)).toBe('')
  expect(wrong(`${url}    mode: deploy\n`)).toContain('nothing says how the site is changed')
  expect(wrong(`${url}    mode: deploy\n    host: cm01\n`)).toContain('the code of the site is not named')
  expect(wrong('    url: http://cm01.corp.example\n')).toContain('Write an address such as https://cm01.corp.example')
  expect(wrong(`${url}    engine: { installation: "Example *" }\n`)).toContain('Write a name without brackets, * and ?')
})

it('the example loads without a warning: one entry is a source, an engine and a feed', async () => {
  const folder = path.join(temporaryFolder('pw-site-example'), 'examples')
  mkdirSync(folder)
  for (const file of ['configuration-manager.yaml', 'configuration-manager.json', 'wsus-catalog.json'])
    copyFileSync(path.join(examples, file), path.join(folder, file))
  const environment = readEnvironment({ variables: {}, cwd: folder })
  if (!environment.ok) throw new Error('There is no environment.')
  const loaded = loadConfig(path.join(folder, 'configuration-manager.yaml'), environment.environment)
  if (!loaded.ok) throw new Error(loaded.problems.map(describeProblem).join('\n'))
  expect(loaded.warnings.map(describeProblem)).toEqual([])
  const { config } = loaded
  const feed = buildFeeds(config, {}, clock).find(({ name }) => name === 'site')
  const fetched = await feed?.fetch(null, signal)
  if (fetched?.status !== 'fetched') throw new Error('The feed fetched nothing.')
  // Neither the preview nor the driver.
  expect(fetched.content.updates?.map(({ kb }) => kb)).toEqual(['KB9000000', 'KB9000001', 'KB9000002'])
  const engine = buildEngines(config, {}, clock).get('site')
  expect(engine?.simulated).toBe(true)
  const [source] = buildSources(config, {}, clock)
  if (source === undefined) throw new Error('There is no source.')
  const tags: (readonly string[])[] = []
  for await (const look of onlyLooks(source.observe({ signal }))) {
    if (look.kind !== 'seen') throw new Error(look.reason)
    const { asset } = look.snapshot
    expect(asset).toMatchObject({ team: 'servers', engine: 'site', simulated: true, platform: 'windows:server-2022' })
    const change = { kind: 'update', name: 'KB9000001', build: '10.0.20348.9001' } as const
    expect(await engine?.preview(asset, [change], signal)).toHaveLength(1)
    tags.push(asset.tags)
  }
  expect(tags.filter((own) => own.includes('Pilot'))).toHaveLength(2)
})
