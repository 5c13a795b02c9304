import { copyFileSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, it } from 'vitest'
import { buildEngines, buildMachineRule, buildSources } from '../../../src/app/build.ts'
import { readEnvironment } from '../../../src/app/environment.ts'
import { describeProblem } from '../../../src/config/problem.ts'
import { machinesOf } from '../../../src/core/identity.ts'
import { loadConfig } from '../../../src/integrations/configuration.ts'
import { temporaryFolder } from '../../support/temporary-folder.ts'
import { looksOf, signal, snapshotIn } from './scene.ts'

const examples = fileURLToPath(new URL('../../../examples/', import.meta.url))

it('the example of Fleet loads without a warning, and Fleet sees what the engine changed', async () => {
  const folder = path.join(temporaryFolder('pw-fleet-example'), 'examples')
  mkdirSync(folder)
  for (const file of ['fleet.yaml', 'fleet-machines.json', 'fleet-only.json', 'catalog.json'])
    copyFileSync(path.join(examples, file), path.join(folder, file))
  const environment = readEnvironment({ variables: {}, cwd: folder })
  if (!environment.ok) throw new Error('There is no environment.')
  const loaded = loadConfig(path.join(folder, 'fleet.yaml'), environment.environment)
  if (!loaded.ok) throw new Error(loaded.problems.map(describeProblem).join('\n'))
  expect(loaded.warnings.map(describeProblem)).toEqual([])
  const { config } = loaded
  const clock = () => new Date()
  const sources = buildSources(config, {}, clock)
  buildEngines(config, {}, clock)

  const looks = (await Promise.all(sources.map((source) => looksOf(source)))).flat()
  const seen = looks.flatMap((look) => (look.kind === 'seen' ? [look.snapshot] : []))
  expect(seen).toHaveLength(15)
  expect(seen.every(({ asset }) => asset.simulated)).toBe(true)
  const listed = seen.map(({ asset: { id, source, name }, identity = {} }) => ({ id, source, name, identity }))
  const { machines, disputes } = machinesOf(listed, buildMachineRule(config))
  expect(disputes).toEqual([])
  expect(machines.filter(({ members }) => members.length === 2)).toHaveLength(6)

  const id = 'witness/app-01.corp.example'
  expect(snapshotIn(looks, id)).toMatchObject({ asset: { team: 'web', engine: null } })
  const state = path.join(folder, '../.patchwarden/fleet/machines.json')
  writeFileSync(state, readFileSync(state, 'utf8').replace('"version": "1.22.1-9+deb12u2"', '"version": "9.9.9-1"'))
  const witness = sources.find(({ name }) => name === 'witness')
  if (witness === undefined) throw new Error('There is no witness.')
  const versions = snapshotIn(await looksOf(witness, [id]), id).packages
  expect(versions.find(({ name }) => name === 'nginx')?.version).toBe('9.9.9-1')
  expect(await witness.report?.(signal)).toMatch(/9 hosts/)
})
