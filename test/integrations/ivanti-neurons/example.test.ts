import { copyFileSync, mkdirSync } from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, it } from 'vitest'
import { buildEngines, buildMachineRule, buildSources } from '../../../src/app/build.ts'
import { readEnvironment } from '../../../src/app/environment.ts'
import { describeProblem } from '../../../src/config/problem.ts'
import { machinesOf } from '../../../src/core/identity.ts'
import { loadConfig } from '../../../src/integrations/configuration.ts'
import { temporaryFolder } from '../../support/temporary-folder.ts'
import { looksOf } from '../fleet/scene.ts'

const examples = fileURLToPath(new URL('../../../examples/', import.meta.url))

it('the example of Neurons loads without a warning: each machine is one, which WSUS changes and Neurons sees', async () => {
  const folder = path.join(temporaryFolder('pw-neurons-example'), 'examples')
  mkdirSync(folder)
  for (const file of ['ivanti-neurons.yaml', 'wsus.json', 'wsus-catalog.json'])
    copyFileSync(path.join(examples, file), path.join(folder, file))
  const environment = readEnvironment({ variables: {}, cwd: folder })
  if (!environment.ok) throw new Error('There is no environment.')
  const loaded = loadConfig(path.join(folder, 'ivanti-neurons.yaml'), environment.environment)
  if (!loaded.ok) throw new Error(loaded.problems.map(describeProblem).join('\n'))
  expect(loaded.warnings.map(describeProblem)).toEqual([])
  const { config } = loaded
  const clock = () => new Date()
  const sources = buildSources(config, {}, clock)
  expect([...buildEngines(config, {}, clock).keys()]).toEqual(['wsus'])

  const looks = (await Promise.all(sources.map((source) => looksOf(source)))).flat()
  const listed = looks.flatMap((look) => {
    if (look.kind !== 'seen' && look.kind !== 'unreachable') return []
    const { asset, identity = {} } = look.kind === 'seen' ? look.snapshot : look
    expect(asset.simulated).toBe(true)
    return [{ id: asset.id, source: asset.source, name: asset.name, identity }]
  })
  const { machines, disputes } = machinesOf(listed, buildMachineRule(config))
  expect(disputes).toEqual([])
  expect(machines.map(({ members }) => members.length)).toEqual([2, 2, 2, 2, 2, 2, 2, 2])
})
