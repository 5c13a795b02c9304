import { spawnSync } from 'node:child_process'
import { copyFileSync, existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { type Asset, type AssetSnapshot, onlyLooks } from '../../../src/core/asset.ts'
import type { PackageChange } from '../../../src/core/change.ts'
import type { Batch, DeploymentRequest, RebootRule } from '../../../src/core/ports.ts'
import { createFileInventory } from '../../../src/integrations/file-inventory/index.ts'
import { createSimulatedEngine, prepareExample } from '../../../src/integrations/simulated/index.ts'
import { temporaryFolder } from '../../support/temporary-folder.ts'

const shipped = fileURLToPath(new URL('../../../examples/fleet.json', import.meta.url))
const { signal } = new AbortController()

interface Scene {
  readonly stateFile: string
  readonly engine: ReturnType<typeof createSimulatedEngine>
  /** Moves the clock. */
  pass(seconds: number): void
  /** A second engine over the same files, as after a restart. */
  restart(): ReturnType<typeof createSimulatedEngine>
  snapshot(name: string): Promise<AssetSnapshot>
  edit(name: string, change: Record<string, unknown>): void
}

function scene(pace = 10): Scene {
  const stateFile = join(temporaryFolder('pw-simulated'), 'fleet.json')
  copyFileSync(shipped, stateFile)
  let now = Date.parse('2026-11-20T12:00:00Z')
  const clock = () => new Date(now)
  const build = () => createSimulatedEngine({ name: 'example', stateFile, pace, clock })
  return {
    stateFile,
    engine: build(),
    restart: build,
    pass(seconds) {
      now += seconds * 1_000
    },
    async snapshot(name) {
      const source = createFileInventory({ name: 'example', path: stateFile, format: 'json', defaults: {}, clock })
      for await (const seen of onlyLooks(source.observe({ only: [`example/${name}`], signal }))) {
        if (seen.kind === 'seen') return seen.snapshot
        throw new Error(seen.reason)
      }
      throw new Error(`${name} is not in the inventory`)
    },
    edit(name, change) {
      const file = JSON.parse(readFileSync(stateFile, 'utf8'))
      file.assets = file.assets.map((asset: { name: string }) =>
        asset.name === name ? { ...asset, ...change } : asset,
      )
      writeFileSync(stateFile, JSON.stringify(file))
    },
  }
}

function changesOf(snapshot: AssetSnapshot, source: string): readonly PackageChange[] {
  const updates = snapshot.pending.filter((update) => update.source === source)
  return updates.map(({ name, architecture, installed, candidate }) => ({
    name,
    architecture,
    from: installed,
    to: candidate,
  }))
}

async function request(
  stage: Scene,
  name: string,
  source: string,
  reboot: RebootRule = 'never',
): Promise<DeploymentRequest> {
  const snapshot = await stage.snapshot(name)
  const changes = changesOf(snapshot, source)
  return {
    asset: snapshot.asset,
    changes,
    transaction: await stage.engine.preview(snapshot.asset, changes, signal),
    reboot,
    notAfter: null,
  }
}

async function batchOf(
  stage: Scene,
  names: readonly string[],
  source: string,
  key = 'PW-1.r1.canary.1',
): Promise<Batch> {
  return { key, deployments: await Promise.all(names.map((name) => request(stage, name, source))) }
}

function versionOf(snapshot: AssetSnapshot, name: string): string | undefined {
  return snapshot.packages.find((one) => one.name === name)?.version
}

describe('the preview', () => {
  it('names each package of the patch with the version it has and will have', async () => {
    const stage = scene()
    const { transaction } = await request(stage, 'web-02', 'openssl')
    const [from, to] = ['3.0.17-1~deb12u2', '3.0.17-1~deb12u2+example1']
    expect(transaction).toEqual([
      { action: 'upgrade', name: 'openssl', architecture: 'amd64', from, to },
      { action: 'upgrade', name: 'libssl3', architecture: 'amd64', from, to },
    ])
  })

  it('names a package that the update newly pulls in', async () => {
    const { transaction } = await request(scene(), 'pay-01', 'linux')
    expect(transaction.map((step) => [step.action, step.from])).toEqual([
      ['upgrade', '6.1.147-1'],
      ['install', null],
    ])
  })

  it.each([
    ['a version that is not on offer', 'web-02', 'openssl', '9.9', 'not 9.9'],
    ['a package that is on hold', 'web-04', 'redis-server', '5:7.0.15-1~deb12u5+example1', 'is on hold'],
    ['a package nobody offers', 'web-02', 'vim', '9', 'is offered no vim'],
  ])('refuses %s with a sentence', async (_, asset, name, to, sentence) => {
    const stage = scene()
    const snapshot = await stage.snapshot(asset)
    const changes = [{ name, architecture: 'amd64', from: null, to }]
    await expect(stage.engine.preview(snapshot.asset, changes, signal)).rejects.toThrow(sentence)
  })
})

describe('a run', () => {
  it('takes its time, tells its progress, and leaves the new versions in the inventory', async () => {
    const stage = scene()
    const handle = await stage.engine.start(await batchOf(stage, ['web-02', 'web-03'], 'nginx'), signal)
    const told = new Set<string>()
    for (let second = 0; second < 20; second++) {
      for (const report of await stage.engine.poll(handle, signal))
        told.add(report.progress ?? report.outcome?.state ?? '')
      stage.pass(1)
    }
    expect([...told]).toEqual(
      expect.arrayContaining(['downloading 2 packages', 'unpacking 1 of 2', 'setting up 2 of 2', 'succeeded']),
    )
    const after = await stage.snapshot('web-02')
    expect(versionOf(after, 'nginx')).toBe('1.22.1-9+deb12u2+example1')
    expect(after.pending.map((update) => update.source)).not.toContain('nginx')
    expect(versionOf(after, 'openssl')).toBe('3.0.17-1~deb12u2')
    expect(versionOf(await stage.snapshot('web-05'), 'nginx')).toBe('1.22.1-9+deb12u2')
  })

  it('started again with the same key, after a restart too, is the same run', async () => {
    const stage = scene()
    const batch = await batchOf(stage, ['web-02'], 'nginx')
    const first = await stage.engine.start(batch, signal)
    stage.pass(5)
    expect(await stage.restart().start(batch, signal)).toEqual(first)
    stage.pass(9)
    const [report] = await stage.restart().poll(first, signal)
    expect(report?.outcome?.state).toBe('succeeded')
  })

  it('started twice at the same moment by two engines is one run', async () => {
    const stage = scene()
    const batch = await batchOf(stage, ['web-02'], 'nginx')
    const engines = Array.from({ length: 8 }, () => stage.restart())
    const handles = await Promise.all(engines.map((engine) => engine.start(batch, signal)))
    expect(new Set(handles.map((handle) => JSON.stringify(handle))).size).toBe(1)
  })

  it('keeps its outcome when somebody polls much later', async () => {
    const stage = scene()
    const handle = await stage.engine.start(await batchOf(stage, ['web-02'], 'nginx'), signal)
    stage.pass(100)
    const first = await stage.engine.poll(handle, signal)
    const before = readFileSync(stage.stateFile, 'utf8')
    stage.pass(100_000)
    expect(await stage.restart().poll(handle, signal)).toEqual(first)
    expect(readFileSync(stage.stateFile, 'utf8')).toBe(before)
  })

  it('cancelled at once leaves the assets that had not begun untouched', async () => {
    const stage = scene()
    const handle = await stage.engine.start(await batchOf(stage, ['web-02', 'web-03'], 'nginx'), signal)
    await stage.engine.cancel(handle, signal)
    stage.pass(1_000)
    const reports = await stage.engine.poll(handle, signal)
    expect(reports.map((report) => report.outcome?.state)).toEqual(['not begun', 'not begun'])
    expect(versionOf(await stage.snapshot('web-02'), 'nginx')).toBe('1.22.1-9+deb12u2')
  })

  it('cancelled while it runs finishes what has begun', async () => {
    const stage = scene()
    const handle = await stage.engine.start(await batchOf(stage, ['web-02'], 'nginx'), signal)
    stage.pass(5)
    await stage.engine.cancel(handle, signal)
    stage.pass(1_000)
    const [report] = await stage.engine.poll(handle, signal)
    expect(report?.outcome?.state).toBe('succeeded')
  })

  it('holds an asset back whose transaction is no longer the approved one', async () => {
    const stage = scene()
    const batch = await batchOf(stage, ['web-02'], 'nginx')
    const [deployment] = batch.deployments
    if (deployment === undefined) throw new Error('the batch is empty')
    const [step] = deployment.transaction
    const changed = { ...deployment, transaction: step === undefined ? [] : [step] }
    const handle = await stage.engine.start({ key: 'PW-2', deployments: [changed] }, signal)
    stage.pass(100)
    const [report] = await stage.engine.poll(handle, signal)
    expect(report?.outcome).toMatchObject({
      state: 'held back',
      reason: expect.stringContaining('also upgrade nginx-common'),
    })
  })

  it.each(['../escape', '', 'a/b', 'long'.repeat(51)])('is refused under the key %j', async (key) => {
    const stage = scene()
    await expect(stage.engine.start({ key, deployments: [] }, signal)).rejects.toThrow('cannot be the key')
  })

  it('nobody started is unknown, in a sentence', async () => {
    await expect(scene().engine.poll({ key: 'PW-9', data: {} }, signal)).rejects.toThrow('there is no such file')
  })
})

describe('a reboot', () => {
  it('happens where the rule allows it and a package asks for it, and starts the new kernel', async () => {
    const stage = scene()
    const before = await stage.snapshot('pay-01')
    const deployments = [await request(stage, 'pay-01', 'linux', 'if required')]
    const handle = await stage.engine.start({ key: 'PW-3', deployments }, signal)
    stage.pass(25)
    const [report] = await stage.engine.poll(handle, signal)
    expect(report?.outcome).toMatchObject({ state: 'succeeded', rebooted: true })
    const after = await stage.snapshot('pay-01')
    expect(after).toMatchObject({ runningKernel: '6.1.0-39-amd64', rebootRequired: false })
    expect(after.bootId).not.toBe(before.bootId)
  })

  it('is left to people where the rule is never', async () => {
    const stage = scene()
    const before = await stage.snapshot('pay-01')
    const handle = await stage.engine.start(await batchOf(stage, ['pay-01'], 'linux'), signal)
    stage.pass(15)
    await stage.engine.poll(handle, signal)
    const after = await stage.snapshot('pay-01')
    expect(after).toMatchObject({
      runningKernel: '6.1.0-38-amd64',
      rebootRequired: true,
      rebootPackages: ['linux-image-amd64'],
    })
    expect(after.bootId).toBe(before.bootId)
  })
})

describe('a scripted fault', () => {
  it('makes the installation fail and leaves the old versions', async () => {
    const stage = scene()
    const handle = await stage.engine.start(await batchOf(stage, ['pay-02'], 'openssl'), signal)
    stage.pass(100)
    const [report] = await stage.engine.poll(handle, signal)
    expect(report?.outcome).toMatchObject({ state: 'failed', log: expect.stringContaining('dpkg: error processing') })
    expect(versionOf(await stage.snapshot('pay-02'), 'openssl')).toBe('3.0.17-1~deb12u2')
  })

  it('makes an asset slow', async () => {
    const stage = scene()
    const handle = await stage.engine.start(await batchOf(stage, ['web-07', 'web-08'], 'nginx'), signal)
    stage.pass(20)
    const reports = await stage.engine.poll(handle, signal)
    expect(reports.map((report) => report.outcome?.state ?? null)).toEqual([null, 'succeeded'])
  })

  it('makes an asset unreachable, in the inventory and for the engine', async () => {
    const stage = scene()
    const batch = await batchOf(stage, ['web-02'], 'nginx')
    stage.edit('web-02', { fault: 'unreachable' })
    expect(await stage.engine.preflight(batch, signal)).toMatchObject([
      { ready: false, outcome: { state: 'unreachable', touched: false } },
    ])
    await expect(stage.snapshot('web-02')).rejects.toThrow('does not answer')
  })
})

describe('the preflight', () => {
  it('is ready where the transaction is the approved one', async () => {
    const stage = scene()
    const results = await stage.engine.preflight(await batchOf(stage, ['web-02', 'pay-02'], 'openssl'), signal)
    expect(results.map((result) => result.ready)).toEqual([true, true])
  })

  it('reports an asset that is not in the file as unreachable and untouched', async () => {
    const stage = scene()
    const batch = await batchOf(stage, ['web-02'], 'nginx')
    const [deployment] = batch.deployments
    if (deployment === undefined) throw new Error('the batch is empty')
    const asset: Asset = { ...deployment.asset, id: 'example/web-99', name: 'web-99' }
    const [result] = await stage.engine.preflight({ key: 'k', deployments: [{ ...deployment, asset }] }, signal)
    expect(result).toMatchObject({
      asset: 'example/web-99',
      ready: false,
      outcome: { state: 'unreachable', touched: false },
    })
  })
})

describe('kill -9', () => {
  it('at any moment leaves whole files, and the run goes on to its one outcome', { timeout: 60_000 }, async () => {
    const stage = scene()
    const batch = await batchOf(stage, ['web-02', 'web-03'], 'nginx')
    const batchFile = `${stage.stateFile}.batch`
    writeFileSync(batchFile, JSON.stringify(batch))
    const script = fileURLToPath(new URL('./start-and-die.ts', import.meta.url))
    for (const milliseconds of [2, 12, 30]) {
      const child = spawnSync(process.execPath, [
        '--import',
        'tsx',
        script,
        stage.stateFile,
        batchFile,
        String(milliseconds),
      ])
      expect(child.signal).toBe('SIGKILL')
    }
    const engine = createSimulatedEngine({
      name: 'example',
      stateFile: stage.stateFile,
      pace: 0.02,
      clock: () => new Date(),
    })
    const handle = await engine.start(batch, signal)
    const outcomes = async () => (await engine.poll(handle, signal)).map((report) => report.outcome?.state)
    await expect.poll(outcomes).toEqual(['succeeded', 'succeeded'])
    expect(existsSync(`${stage.stateFile}.runs/${batch.key}.json`)).toBe(true)
    const after = await stage.snapshot('web-02')
    expect(after.packages.filter((one) => one.name === 'nginx')).toHaveLength(1)
    expect(versionOf(after, 'nginx')).toBe('1.22.1-9+deb12u2+example1')
  })
})

describe('preparing the example', () => {
  it('copies the shipped file once and never over what happened since', async () => {
    const to = join(temporaryFolder('pw-example'), 'data', 'fleet.json')
    expect(await prepareExample({ from: shipped, to })).toBe(true)
    expect(readFileSync(to)).toEqual(readFileSync(shipped))
    writeFileSync(to, '{"assets": []}')
    expect(await prepareExample({ from: shipped, to })).toBe(false)
    expect(readFileSync(to, 'utf8')).toBe('{"assets": []}')
  })
})
