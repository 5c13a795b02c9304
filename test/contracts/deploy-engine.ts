import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeEach, describe, expect, it } from 'vitest'
import type { Asset } from '../../src/core/asset.ts'
import {
  architectureOf,
  changeTarget,
  type PackageChange,
  packageChanges,
  versionBefore,
} from '../../src/core/change.ts'
import type {
  Batch,
  DeployEngine,
  DeploymentHandle,
  DeploymentOutcome,
  DeploymentRequest,
} from '../../src/core/ports.ts'

/** Assets in their first state, and the authorities that judge what an engine did to them. */
export interface DeployScene {
  readonly engine: DeployEngine
  /** Another engine over the same assets, as after a restart of the process. */
  restart(): DeployEngine
  /** Two or more that answer, with an update pending. */
  readonly assets: readonly Asset[]
  /** An update that works, with all that it pulls in. */
  changesFor(asset: Asset): Promise<readonly PackageChange[]>
  /** Lets time go by, so that a started batch gets on. Called between two polls. */
  pass(): Promise<void>
  /** What the asset itself says is installed; `null`: it is not. */
  installed(asset: Asset, name: string): Promise<string | null>
  /** How many transactions the asset itself has on record since the scene began. */
  transactions(asset: Asset): Promise<number>
  /** Everything about the asset that a look must not change, as text. */
  fingerprint(asset: Asset): Promise<string>
  /** From now on, installing fails on this asset. */
  breakInstallation(asset: Asset): Promise<void>
  /** From now on, the asset does not answer. */
  disconnect(asset: Asset): Promise<void>
}

export interface DeployEngineSubject {
  readonly name: string
  /** A new scene for each test. */
  scene(): Promise<DeployScene>
  /** When all is done. */
  close?(): Promise<void>
}

/** A run that has not ended after so many polls never will. */
const MAX_POLLS = 400

/** What every DeployEngine must do, whatever it works on. */
export function deployEngineContract(subject: DeployEngineSubject): void {
  const { signal } = new AbortController()
  let scene: DeployScene
  let runs = 0

  beforeEach(async () => {
    scene = await subject.scene()
  })
  afterAll(() => subject.close?.())

  async function request(asset: Asset): Promise<DeploymentRequest> {
    const changes = await scene.changesFor(asset)
    return {
      asset,
      changes,
      transaction: await scene.engine.preview(asset, changes, signal),
      reboot: 'never',
      notAfter: null,
    }
  }

  /** The same batch, when the time is over in which it may begin. */
  function over({ key, deployments }: Batch): Batch {
    return { key, deployments: deployments.map((one) => ({ ...one, notAfter: '2020-01-01T00:00:00Z' })) }
  }

  async function batchOf(assets: readonly Asset[]): Promise<Batch> {
    const deployments = await Promise.all(assets.map(request))
    return { key: `contract.${process.pid}.${++runs}`, deployments }
  }

  async function outcomes(
    handle: DeploymentHandle,
    engine: DeployEngine = scene.engine,
  ): Promise<ReadonlyMap<string, DeploymentOutcome>> {
    const ended = new Map<string, DeploymentOutcome>()
    for (let poll = 0; poll < MAX_POLLS; poll++) {
      const reports = await engine.poll(handle, signal)
      for (const { asset, outcome, progress, lookAgainAt } of reports) {
        if (outcome !== null) ended.set(asset, outcome)
        else expect(progress === null || progress.length > 0).toBe(true)
        if (lookAgainAt !== undefined) expect(new Date(lookAgainAt).toISOString()).toBe(lookAgainAt)
      }
      if (reports.every((report) => report.outcome !== null)) return ended
      await scene.pass()
    }
    throw new Error(`The run ${handle.key} came to no end.`)
  }

  function stored(handle: DeploymentHandle): DeploymentHandle {
    return JSON.parse(JSON.stringify(handle))
  }

  function first(): Asset {
    const [asset] = scene.assets
    if (asset === undefined) throw new Error('The scene has no assets.')
    return asset
  }

  async function expectInstalled(request: DeploymentRequest | undefined): Promise<void> {
    expect(request?.changes.length).toBeGreaterThan(0)
    for (const change of request?.changes ?? []) {
      if (request) expect(await scene.installed(request.asset, change.name)).toBe(changeTarget(change))
    }
  }

  async function expectUntouched(request: DeploymentRequest | undefined): Promise<void> {
    for (const change of request?.changes ?? []) {
      if (request) expect(await scene.installed(request.asset, change.name)).toBe(versionBefore(change))
    }
    if (request) expect(await scene.transactions(request.asset)).toBe(0)
  }

  describe(`${subject.name} keeps the contract of a deploy engine:`, () => {
    it('previews each change with the version the asset has, and changes nothing by it', async () => {
      const asset = first()
      const before = await scene.fingerprint(asset)
      const { changes, transaction } = await request(asset)
      for (const change of changes) {
        expect(transaction.find((step) => step.name === change.name)).toMatchObject({
          architecture: architectureOf(change),
          from: versionBefore(change),
          to: changeTarget(change),
        })
      }
      expect(await scene.engine.preview(asset, changes, signal)).toEqual(transaction)
      expect(await scene.fingerprint(asset)).toBe(before)
    })

    it('refuses to preview a version that is not on offer, in a sentence', async () => {
      const asset = first()
      const changes = (await scene.changesFor(asset)).map((change) => ({ ...change, to: '999:9.9-nowhere1' }))
      await expect(scene.engine.preview(asset, changes, signal)).rejects.toThrow(/999:9\.9-nowhere1/)
    })

    it('is ready where the transaction is the approved one, and changes nothing by looking', async () => {
      const batch = await batchOf(scene.assets)
      const before = await Promise.all(scene.assets.map((asset) => scene.fingerprint(asset)))
      const results = await scene.engine.preflight(batch, signal)
      expect(results.map((result) => [result.asset, result.ready])).toEqual(
        scene.assets.map((asset) => [asset.id, true]),
      )
      expect(await Promise.all(scene.assets.map((asset) => scene.fingerprint(asset)))).toEqual(before)
    })

    it('holds an asset back whose transaction is not the approved one: in the preflight, and when started anyway', async () => {
      const batch = await batchOf([first()])
      const [deployment] = batch.deployments
      if (deployment === undefined) throw new Error('The batch is empty.')
      const [step] = deployment.transaction
      if (step === undefined) throw new Error('The transaction is empty.')
      const approved = [...deployment.transaction.slice(1), { ...step, to: '0.0.1-older' }]
      const other = { ...batch, deployments: [{ ...deployment, transaction: approved }] }
      const [result] = await scene.engine.preflight(other, signal)
      expect(result).toMatchObject({ ready: false, outcome: { state: 'held back' } })
      const ended = await outcomes(await scene.engine.start(other, signal))
      expect(ended.get(deployment.asset.id)).toMatchObject({
        state: 'held back',
        reason: expect.stringContaining(step.name),
      })
      await expectUntouched(deployment)
    })

    it('goes ahead with a part of the approved transaction where the asset would do that part and nothing else', async () => {
      const batch = await batchOf([first()])
      const [deployment] = batch.deployments
      const [step] = deployment?.transaction ?? []
      if (deployment === undefined || step === undefined) throw new Error('The batch is empty.')
      const done = { ...step, action: 'upgrade', name: `${step.name}-extras`, from: '1.0-1', to: '1.0-2' } as const
      const part = { ...batch, deployments: [{ ...deployment, transaction: [...deployment.transaction, done] }] }
      expect(await scene.engine.preflight(part, signal)).toMatchObject([{ asset: deployment.asset.id, ready: true }])
      const ended = await outcomes(await scene.engine.start(part, signal))
      const outcome = ended.get(deployment.asset.id)
      expect(outcome).toMatchObject({ state: 'succeeded' })
      const changed = outcome?.state === 'succeeded' ? outcome.changed.map((one) => one.name) : []
      expect(changed.sort()).toEqual(deployment.transaction.map((one) => one.name).sort())
      await expectInstalled(deployment)
      expect(await scene.installed(deployment.asset, done.name)).toBeNull()
      expect(await scene.transactions(deployment.asset)).toBe(1)
    })

    it('holds an asset back that would do more than was approved', async () => {
      const batch = await batchOf([first()])
      const [deployment] = batch.deployments
      if (deployment === undefined) throw new Error('The batch is empty.')
      const less = { ...batch, deployments: [{ ...deployment, transaction: deployment.transaction.slice(1) }] }
      const [result] = await scene.engine.preflight(less, signal)
      expect(result).toMatchObject({ ready: false, outcome: { state: 'held back' } })
      const ended = await outcomes(await scene.engine.start(less, signal))
      expect(ended.get(deployment.asset.id)).toMatchObject({ state: 'held back' })
      await expectUntouched(deployment)
    })

    it('installs exactly what was approved, in one transaction an asset', async () => {
      const batch = await batchOf(scene.assets)
      const ended = await outcomes(await scene.engine.start(batch, signal))
      expect([...ended.keys()].sort()).toEqual(scene.assets.map((asset) => asset.id).sort())
      for (const deployment of batch.deployments) {
        const outcome = ended.get(deployment.asset.id)
        expect(outcome).toMatchObject({ state: 'succeeded', rebooted: false })
        const changed = outcome?.state === 'succeeded' ? outcome.changed : []
        const named = (one: PackageChange) => `${one.name}:${one.architecture} ${one.from} ${one.to}`
        expect(packageChanges(changed, 'of the suite').map(named).sort()).toEqual(
          deployment.transaction.map((step) => named({ ...step, to: step.to ?? '' })).sort(),
        )
        await expectInstalled(deployment)
        expect(await scene.transactions(deployment.asset)).toBe(1)
      }
    })

    it('started twice with one key runs once', async () => {
      const batch = await batchOf(scene.assets)
      const handle = await scene.engine.start(batch, signal)
      const again = await scene.engine.start(batch, signal)
      expect(again.key).toBe(handle.key)
      const ended = await outcomes(again)
      expect(await outcomes(handle)).toEqual(ended)
      const late = await outcomes(await scene.engine.start(batch, signal))
      expect(late).toEqual(ended)
      for (const asset of scene.assets) expect(await scene.transactions(asset)).toBe(1)
    })

    it('started by several processes at the same moment runs once', async () => {
      const batch = await batchOf(scene.assets)
      const engines = [scene.engine, scene.restart(), scene.restart(), scene.restart()]
      const handles = await Promise.all(engines.map((engine) => engine.start(batch, signal)))
      for (const handle of handles) {
        for (const outcome of (await outcomes(handle)).values()) expect(outcome.state).toBe('succeeded')
      }
      for (const asset of scene.assets) expect(await scene.transactions(asset)).toBe(1)
    })

    it('re-attaches after a restart between start and poll, from the stored handle alone', async () => {
      const batch = await batchOf(scene.assets)
      const handle = stored(await scene.engine.start(batch, signal))
      const ended = await outcomes(handle, scene.restart())
      for (const deployment of batch.deployments) {
        expect(ended.get(deployment.asset.id)?.state).toBe('succeeded')
        await expectInstalled(deployment)
        expect(await scene.transactions(deployment.asset)).toBe(1)
      }
    })

    it('re-attaches after a restart in the middle of start: the same batch with the same key', async () => {
      const batch = await batchOf(scene.assets)
      const stop = new AbortController()
      const dying = scene.engine.start(batch, stop.signal).catch(() => null)
      await sleep(20)
      stop.abort(new Error('the process dies'))
      await dying
      const engine = scene.restart()
      const ended = await outcomes(await engine.start(batch, signal), engine)
      for (const asset of scene.assets) {
        expect(ended.get(asset.id)?.state).toBe('succeeded')
        expect(await scene.transactions(asset)).toBe(1)
      }
    })

    it('keeps the outcome for whoever polls later', async () => {
      const batch = await batchOf([first()])
      const handle = stored(await scene.engine.start(batch, signal))
      const ended = await outcomes(handle)
      const before = await scene.fingerprint(first())
      expect(await outcomes(handle, scene.restart())).toEqual(ended)
      expect(await scene.fingerprint(first())).toBe(before)
    })

    it('reports an installation that fails, with a reason and the lines that matter', async () => {
      const batch = await batchOf(scene.assets)
      await scene.breakInstallation(first())
      const ended = await outcomes(await scene.engine.start(batch, signal))
      const outcome = ended.get(first().id)
      expect(outcome).toMatchObject({ state: 'failed', reason: expect.stringMatching(/^\S.{15,}/) })
      expect(outcome?.log).toMatch(/\berror\b|E: /)
      expect(outcome?.log.split('\n').length).toBeLessThan(60)
      for (const asset of scene.assets.slice(1)) expect(ended.get(asset.id)?.state).toBe('succeeded')
    })

    it('says of an asset that does not answer that it was not touched, and gets on with the others', async () => {
      const batch = await batchOf(scene.assets)
      const [lost, ...others] = scene.assets
      if (lost === undefined) throw new Error('The scene has no assets.')
      await scene.engine.preflight(batch, signal)
      await scene.disconnect(lost)
      const ended = await outcomes(await scene.engine.start(batch, signal))
      expect(ended.get(lost.id)).toMatchObject({ state: 'unreachable', touched: false })
      for (const asset of others) expect(ended.get(asset.id)?.state).toBe('succeeded')
      const results = await scene.engine.preflight(batch, signal)
      expect(results.find((result) => result.asset === lost.id)).toMatchObject({
        ready: false,
        outcome: { state: 'unreachable', touched: false },
      })
    })

    it('cancelled leaves each asset either done or untouched, and says which', async () => {
      const batch = await batchOf(scene.assets)
      const handle = await scene.engine.start(batch, signal)
      await scene.engine.cancel(handle, signal)
      const ended = await outcomes(handle)
      for (const deployment of batch.deployments) {
        const outcome = ended.get(deployment.asset.id)
        if (outcome?.state === 'succeeded') await expectInstalled(deployment)
        else {
          expect(outcome?.state).toBe('not begun')
          await expectUntouched(deployment)
        }
      }
    })

    it('begins nothing when its time is over, and says so however often it is asked', async () => {
      const batch = over(await batchOf(scene.assets))
      const handle = stored(await scene.engine.start(batch, signal))
      const ended = await outcomes(handle)
      expect([...ended.keys()].sort()).toEqual(scene.assets.map((asset) => asset.id).sort())
      for (const deployment of batch.deployments) {
        expect(ended.get(deployment.asset.id)).toMatchObject({
          state: 'not begun',
          reason: expect.stringMatching(/^\S.{15,}/),
        })
        await expectUntouched(deployment)
      }
      const engine = scene.restart()
      expect(await outcomes(handle, engine)).toEqual(ended)
      expect(await outcomes(await engine.start(batch, signal), engine)).toEqual(ended)
      for (const deployment of batch.deployments) await expectUntouched(deployment)
    })

    it('attaches to what had begun under the key although the time is over by now', async () => {
      const batch = await batchOf(scene.assets)
      const ended = await outcomes(await scene.engine.start(batch, signal))
      const engine = scene.restart()
      expect(await outcomes(await engine.start(over(batch), signal), engine)).toEqual(ended)
      for (const deployment of batch.deployments) {
        await expectInstalled(deployment)
        expect(await scene.transactions(deployment.asset)).toBe(1)
      }
    })

    it('started again when the time is over, leaves each asset either done or not begun', async () => {
      const batch = await batchOf(scene.assets)
      await scene.engine.start(batch, signal)
      const engine = scene.restart()
      const ended = await outcomes(await engine.start(over(batch), signal), engine)
      for (const deployment of batch.deployments) {
        const outcome = ended.get(deployment.asset.id)
        if (outcome?.state === 'succeeded') await expectInstalled(deployment)
        else {
          expect(outcome?.state).toBe('not begun')
          await expectUntouched(deployment)
        }
      }
    })

    it('begins what still has time, as if there were no end', async () => {
      const { key, deployments } = await batchOf([first()])
      const batch = { key, deployments: deployments.map((one) => ({ ...one, notAfter: '2099-01-01T00:00:00Z' })) }
      const ended = await outcomes(await scene.engine.start(batch, signal))
      expect(ended.get(first().id)?.state).toBe('succeeded')
      await expectInstalled(deployments[0])
    })

    it('cancelled after the end changes nothing, however often', async () => {
      const batch = await batchOf([first()])
      const handle = await scene.engine.start(batch, signal)
      const ended = await outcomes(handle)
      await scene.engine.cancel(handle, signal)
      await scene.restart().cancel(handle, signal)
      expect(await outcomes(handle)).toEqual(ended)
      await expectInstalled(batch.deployments[0])
    })

    it('starts and reports nothing for an empty batch', async () => {
      const handle = await scene.engine.start({ key: `contract.empty.${++runs}`, deployments: [] }, signal)
      expect(await scene.engine.poll(handle, signal)).toEqual([])
    })

    it.each(['../escape', '', 'a/b', 'a b', '$(reboot)', 'x'.repeat(300)])('refuses the key %j', async (key) => {
      await expect(scene.engine.start({ key, deployments: [] }, signal)).rejects.toThrow(/key/)
    })

    it('does not know a run that nobody started, and says so', async () => {
      await expect(scene.engine.poll({ key: 'nobody.started.this', data: {} }, signal)).rejects.toThrow(/^\S.{10,}/)
    })

    it('does nothing once it was told to stop', async () => {
      const stopped = AbortSignal.abort(new Error('shutting down'))
      const batch = await batchOf([first()])
      await expect(scene.engine.preflight(batch, stopped)).rejects.toThrow('shutting down')
      await expect(scene.engine.start(batch, stopped)).rejects.toThrow('shutting down')
      await expectUntouched(batch.deployments[0])
    })
  })
}
