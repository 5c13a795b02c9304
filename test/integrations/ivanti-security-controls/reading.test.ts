import { copyFileSync, mkdirSync } from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { buildEngines, buildSources } from '../../../src/app/build.ts'
import { readEnvironment } from '../../../src/app/environment.ts'
import { describeProblem } from '../../../src/config/problem.ts'
import { onlyLooks } from '../../../src/core/asset.ts'
import { loadConfig } from '../../../src/integrations/configuration.ts'
import { typeOf } from '../../../src/integrations/ivanti-security-controls/classes.ts'
import { machinesOf } from '../../../src/integrations/ivanti-security-controls/names.ts'
import { consoleReport } from '../../../src/integrations/ivanti-security-controls/probe-report.ts'
import { machine, patchRow, utcOf } from '../../../src/integrations/ivanti-security-controls/schema.ts'
import { temporaryFolder } from '../../support/temporary-folder.ts'
import { consoleScene, fresh, memoryStore, OS, type Scene } from './scene.ts'

const { signal } = new AbortController()

describe('a time', () => {
  it('is UTC whether or not it says so, and none where it stands for none', () => {
    expect(utcOf('2026-11-20T13:34:00Z')).toBe('2026-11-20T13:34:00.000Z')
    expect(utcOf('2026-11-20T13:34:00.1234567')).toBe('2026-11-20T13:34:00.123Z')
    expect(utcOf('2026-11-20T13:34:00+01:00')).toBe('2026-11-20T12:34:00.000Z')
    for (const none of [null, '', '0001-01-01T00:00:00', '20.11.2026', 'soon']) expect(utcOf(none)).toBeNull()
  })

  it('is the same instant with Z and without, with up to seven digits of a second', () => {
    const times = fc.date({ min: new Date('2001-01-01'), max: new Date('2090-01-01'), noInvalidDate: true })
    fc.assert(
      fc.property(times, fc.integer({ min: 3, max: 7 }), (at, digits) => {
        const text = at
          .toISOString()
          .replace('Z', '')
          .padEnd(20 + digits, '0')
        expect(utcOf(text)).toBe(at.toISOString())
        expect(utcOf(`${text}Z`)).toBe(at.toISOString())
      }),
    )
  })
})

describe('a row of a scan', () => {
  const row = (kb: string | null, scanState: string) =>
    patchRow.parse({ patchId: '0000AAAA-0000-4000-8000-000000000001', kb, scanState })

  it('has its number without the Q, and its GUID in small letters', () => {
    expect(row('Q5099999', 'FoundPatch')).toMatchObject({ kb: '5099999', patchId: expect.stringMatching(/^0000aaaa/) })
    expect(row('', 'FoundPatch').kb).toBeNull()
    expect(row('QCHROME142', 'FoundPatch').kb).toBeNull()
  })

  it('is installed or missing only by the two words that are known', () => {
    expect(row(null, 'FoundPatch').state).toBe('installed')
    expect(row(null, 'missingpatch').state).toBe('missing')
    for (const word of ['MissingServicePack', 'InformationalItem', 'FoundProduct', 'NotInstalled', ''])
      expect(row(null, word).state).toBe('unknown')
  })
})

describe('a machine', () => {
  const record = (id: number, name: string, domain: string | null, dnsName: string | null = null) =>
    machine.parse({ id, name, domain, dnsName })

  it('is told by name and domain, whether that is written short or in full', () => {
    const machines = machinesOf([
      record(1, 'APP01', 'CORP', 'app01.corp.example'),
      record(2, 'APP01', 'DMZ', 'app01.dmz.example'),
    ])
    expect(machines.nameOf({ name: 'APP01', domain: 'CORP' })).toBe('app01.corp.example')
    expect(machines.nameOf({ name: 'app01', domain: 'dmz.example' })).toBe('app01.dmz.example')
    expect(machines.nameOf({ name: 'app01.dmz.example', domain: null })).toBe('app01.dmz.example')
    // One of two, and nobody knows which.
    expect(machines.nameOf({ name: 'APP01', domain: null })).toBeNull()
    expect(machines.nameOf({ name: 'APP02', domain: 'CORP' })).toBeNull()
  })

  it('has its domain in its name where only short ones are known and two share one', () => {
    const machines = machinesOf([record(1, 'APP01', 'CORP'), record(2, 'APP01', 'DMZ'), record(3, 'APP02', 'CORP')])
    expect([...machines.byName.keys()]).toEqual(['app01.corp', 'app01.dmz', 'app02'])
  })
})

describe('a class', () => {
  it('is security or bugfix, or is off unless it is named', () => {
    const type = (patchType: string | null, also: readonly string[] = []) => typeOf({ patchType }, also)
    expect([type('SecurityPatch'), type('NonSecurityPatch'), type('Security Patch')]).toEqual([
      'security',
      'bugfix',
      'security',
    ])
    for (const off of ['SoftwareDistribution', 'SecurityTools', 'CustomActions', 'Other', null])
      expect(type(off)).toBeNull()
    expect(type('SecurityTools', ['SecurityTools'])).toBe('bugfix')
  })
})

describe('the catalog', () => {
  it('names what scans have shown by its KB, for which Windows, and what it replaces', async () => {
    const scene = await consoleScene(memoryStore(fresh(['a.corp.example'])))
    const got = await scene.catalog().fetch(null, signal)
    if (got.status !== 'fetched') throw new Error('Nothing was fetched.')
    expect(got.content.updates).toMatchObject([
      { kb: 'KB9000000', platform: 'windows:server-2022', supersedes: [], fixedBuild: null },
      { kb: 'KB9000001', supersedes: ['KB9000000'], type: 'security', severity: 'Critical', cves: ['CVE-2026-1111'] },
      { kb: 'KB9000002', supersedes: [] },
    ])
    expect(await scene.catalog().fetch(got.cursor, signal)).toEqual({ status: 'unchanged' })
  })
})

describe('the inventory', () => {
  const installed = async ({ source }: Scene): Promise<readonly string[]> => {
    for await (const look of onlyLooks(source.observe({ signal })))
      if (look.kind === 'seen') return look.snapshot.packages.map(({ name }) => name)
    return []
  }

  /** An administrator scans for one patch only. */
  async function scanFor(scene: Scene, member: number): Promise<void> {
    const group = await scene.api.makeGroup('Only one', signal)
    await scene.api.addToGroup(group, [member], signal)
    const template = await scene.api.makeScanTemplate('Only one', group, signal)
    await scene.api.openSession(signal)
    await scene.api.startScan({ name: 'Only one', template, machines: ['a.corp.example'] }, signal)
    scene.pass(0.2)
  }

  it('takes no limited scan for a whole one, and lays it over the last whole one', async () => {
    const scene = await consoleScene(memoryStore(fresh(['a.corp.example'])))
    expect(await installed(scene)).toEqual(['KB9000000'])
    await scene.changeMachine('a.corp.example', { installed: [40_000, 40_001, 40_002] })
    await scanFor(scene, 40_002)
    expect(await installed(scene)).toEqual(['KB9000000', 'KB9000002'])
    // Its template is gone, and may have been limited.
    await scene.change((state) => ({ ...state, scanTemplates: state.scanTemplates.slice(0, 1) }))
    expect(await installed(scene)).toEqual(['KB9000000', 'KB9000002'])
    scene.pass(7)
    expect(await installed(scene)).toEqual(['KB9000000', 'KB9000001', 'KB9000002'])
  })

  it('keeps what an earlier scan found where the last one could not look, and says so', async () => {
    const scene = await consoleScene(memoryStore(fresh(['a.corp.example'])))
    await scene.changeMachine('a.corp.example', { fault: 'silent' })
    scene.pass(7)
    for await (const look of onlyLooks(scene.source.observe({ signal }))) {
      if (look.kind !== 'seen') throw new Error(look.reason)
      expect(look.warnings?.join()).toMatch(/failed \(The machine could not be reached\)/)
      expect(Date.parse(look.snapshot.observedAt)).toBeLessThan(Date.parse('2026-11-20T12:00:00Z'))
    }
  })
})

describe('the report of check', () => {
  it('names no server, machine, template or policy, and asks nothing that changes anything', async () => {
    const policies = [{ id: 'p-1', name: 'Secret policy', tasks: ['Secret task'] }]
    const scene = await consoleScene(memoryStore(fresh(['secret.corp.example'], { policies })))
    await scene.changeMachine('secret.corp.example', { policy: 'p-1' })
    const text = await consoleReport(scene.api, scene.known, scene.now, signal)
    expect(text).toMatch(
      /1 machines[\s\S]*FoundPatch \(1\)[\s\S]*ImmediateIfRequired \(1\)[\s\S]*1 policies with 1 tasks/,
    )
    expect(text).not.toMatch(/secret|Restart if needed|invalid|CORP/i)
    expect(scene.requests.every(({ method }) => method === 'GET')).toBe(true)
    await scene.traps({ signInRefused: true })
    expect(await consoleReport(scene.api, scene.known, scene.now, signal)).not.toMatch(/secret|\.invalid/i)
  })
})

const examples = fileURLToPath(new URL('../../../examples/', import.meta.url))

it('the example loads without a warning, and lists eight machines that miss two updates', async () => {
  const folder = path.join(temporaryFolder('pw-isc-example'), 'examples')
  mkdirSync(folder)
  for (const file of ['ivanti-security-controls.yaml', 'ivanti-security-controls.json', 'wsus-catalog.json'])
    copyFileSync(path.join(examples, file), path.join(folder, file))
  const environment = readEnvironment({ variables: {}, cwd: folder })
  if (!environment.ok) throw new Error('There is no environment.')
  const loaded = loadConfig(path.join(folder, 'ivanti-security-controls.yaml'), environment.environment)
  if (!loaded.ok) throw new Error(loaded.problems.map(describeProblem).join('\n'))
  expect(loaded.warnings.map(describeProblem)).toEqual([])
  const clock = () => new Date()
  const [source] = buildSources(loaded.config, {}, clock)
  if (source === undefined) throw new Error('There is no source.')
  const seen = []
  for await (const look of onlyLooks(source.observe({ signal }))) if (look.kind === 'seen') seen.push(look.snapshot)
  expect(seen.map(({ asset }) => [asset.simulated, asset.platform])).toEqual(
    seen.map(() => [true, 'windows:server-2022']),
  )
  expect(seen).toHaveLength(8)
  const engine = buildEngines(loaded.config, {}, clock).get('console')
  const asset = seen[0]?.asset
  if (asset === undefined || engine === undefined) throw new Error('There is no engine.')
  expect(await engine.preview(asset, [{ kind: 'update', name: 'KB9000001', build: null }], signal)).toHaveLength(1)
  expect(OS).toBe('Windows Server 2022')
})
