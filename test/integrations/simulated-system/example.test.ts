import { copyFileSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, it } from 'vitest'
import { buildEngines, buildFeeds, buildSources } from '../../../src/app/build.ts'
import { readEnvironment } from '../../../src/app/environment.ts'
import { describeProblem } from '../../../src/config/problem.ts'
import { onlyLooks } from '../../../src/core/asset.ts'
import { type Change, isApplied } from '../../../src/core/change.ts'
import { loadConfig, parseSettings } from '../../../src/integrations/configuration.ts'
import { small } from '../../config/small.ts'
import { temporaryFolder } from '../../support/temporary-folder.ts'

const examples = fileURLToPath(new URL('../../../examples/', import.meta.url))
const { signal } = new AbortController()

it('the example of a late system loads without a warning, and lacks what its feed names', async () => {
  const folder = path.join(temporaryFolder('pw-late-example'), 'examples')
  mkdirSync(folder)
  for (const file of ['late-system.yaml', 'late-system.json', 'late-system-catalog.json'])
    copyFileSync(path.join(examples, file), path.join(folder, file))
  const environment = readEnvironment({ variables: {}, cwd: folder })
  if (!environment.ok) throw new Error('There is no environment.')
  const loaded = loadConfig(path.join(folder, 'late-system.yaml'), environment.environment)
  if (!loaded.ok) throw new Error(loaded.problems.map(describeProblem).join('\n'))
  expect(loaded.warnings.map(describeProblem)).toEqual([])
  const clock = () => new Date()
  const { config } = loaded

  const [feed] = buildFeeds(config, {}, clock)
  const fetched = await feed?.fetch(null, signal)
  if (fetched?.status !== 'fetched') throw new Error('The feed fetched nothing.')
  expect(fetched.rejected).toEqual([])
  const updates = fetched.content.updates ?? []
  expect(updates.map(({ kb }) => kb)).toEqual(['KB9000000', 'KB9000001', 'KB9000002'])

  const changes = updates
    .slice(1)
    .map(({ kb, fixedBuild }): Change => ({ kind: 'update', name: kb, build: fixedBuild }))
  const engine = buildEngines(config, {}, clock).get('late')
  const [source] = buildSources(config, {}, clock)
  if (source === undefined) throw new Error('There is no source.')
  let seen = 0
  for await (const look of onlyLooks(source.observe({ signal }))) {
    if (look.kind !== 'seen') throw new Error(look.reason)
    const { asset } = look.snapshot
    expect(asset).toMatchObject({ team: 'servers', engine: 'late', simulated: true })
    expect(changes.map((change) => isApplied(change, look.snapshot).applied)).toEqual(['no', 'no'])
    expect(await engine?.preview(asset, changes, signal)).toHaveLength(2)
    const terms = await engine?.terms?.([{ asset, changes }], signal)
    expect(terms).toMatchObject([{ leadSeconds: 120, reportsWithinSeconds: 240, licences: ['Example licence terms'] }])
    seen++
  }
  expect(seen).toBe(8)
  const state = path.join(folder, '../.patchwarden/late-system/state.json')
  expect(existsSync(state)).toBe(true)
  writeFileSync(state, '{"machines": 7}')
  await expect(engine?.check?.(signal)).rejects.toThrow(/is not the state of a simulated system/)
  expect(readFileSync(path.join(folder, 'late-system.json'), 'utf8')).toContain('file-01')
})

it('an engine needs one system that it belongs to', () => {
  const problems = (text: string) => {
    const parsed = parseSettings(text, 'pw.yaml')
    return parsed.ok ? [] : parsed.problems.map(describeProblem)
  }
  const withEngine = small.replace('\nengines:\n', '\nengines:\n  told: { kind: simulated-system }\n')
  expect(problems(withEngine)).toEqual([expect.stringContaining('engines.told is the engine of no system')])
  const source = (name: string) =>
    `  ${name}: { kind: simulated-system, state: ${name}.json, team: web, engine: told }\n`
  const one = withEngine.replace('\nsources:\n', `\nsources:\n${source('first')}`)
  expect(problems(one)).toEqual([])
  const two = one.replace('\nsources:\n', `\nsources:\n${source('second')}`)
  expect(problems(two)).toEqual([expect.stringContaining('engines.told is the engine of several systems')])
  const wrong = small
    .replace(/engine: apt/, 'engine: told')
    .replace('\nengines:\n', '\nengines:\n  told: { kind: simulated-system }\n')
  expect(problems(wrong).join('\n')).toContain('which changes only the machines of its own state file')
})
