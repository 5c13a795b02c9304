import fc from 'fast-check'
import { afterEach, describe, expect, it } from 'vitest'
import type { Batch, DeployEngine, DeploymentHandle, DeploymentOutcome } from '../../../src/core/ports.ts'
import { createAwxEngine } from '../../../src/integrations/awx/index.ts'
import { limitOf, portions } from '../../../src/integrations/awx/jobs.ts'
import { answersOf, readOutcome, readPreview, runOfJob } from '../../../src/integrations/awx/playbook.ts'
import { awxAsset, createAwxScene } from './scene.ts'

type Scene = Awaited<ReturnType<typeof createAwxScene>>

const { signal } = new AbortController()
const open: Scene[] = []
let runs = 0

afterEach(async () => {
  for (const scene of open.splice(0)) await scene.awx.close()
})

async function opened(options: Parameters<typeof createAwxScene>[0] = {}): Promise<Scene> {
  const scene = await createAwxScene(options)
  open.push(scene)
  return scene
}

function engineOf(scene: Scene, more: { readonly inventory?: string; readonly token?: string } = {}): DeployEngine {
  return createAwxEngine({ name: 'tower', ...scene.connection, ...more, clock: () => new Date() })
}

async function batchOf(scene: Scene, engine: DeployEngine): Promise<Batch> {
  const deployments = await Promise.all(
    scene.assets.map(async (asset) => {
      const changes = scene.hostOf(asset.name).offers
      return {
        asset,
        changes,
        transaction: await engine.preview(asset, changes, signal),
        reboot: 'never' as const,
        notAfter: null,
      }
    }),
  )
  return { key: `awx.${++runs}`, deployments }
}

async function outcomes(engine: DeployEngine, batch: Batch): Promise<ReadonlyMap<string, DeploymentOutcome>> {
  return endOf(engine, await engine.start(batch, signal))
}

async function endOf(engine: DeployEngine, handle: DeploymentHandle): Promise<ReadonlyMap<string, DeploymentOutcome>> {
  for (let poll = 0; poll < 400; poll++) {
    const reports = await engine.poll(handle, signal)
    if (reports.every((report) => report.outcome !== null))
      return new Map(reports.flatMap(({ asset, outcome }) => (outcome === null ? [] : [[asset, outcome]])))
    await new Promise((resolve) => setTimeout(resolve, 5))
  }
  throw new Error('It came to no end.')
}

function launches(scene: Scene) {
  return scene.awx.calls.filter((call) => call.method === 'POST' && call.path.endsWith('/launch/'))
}

function transactions(scene: Scene): number[] {
  return [...scene.assets.map((asset) => asset.name), 'bystander'].map((name) => scene.hostOf(name).transactions)
}

describe('The AWX engine', () => {
  it('asks of two batches in jobs of their own, so that each looks for its own key', async () => {
    const scene = await opened()
    const engine = engineOf(scene)
    const { deployments } = await batchOf(scene, engine)
    const batches = deployments.map((one, index) => ({ key: `awx.apart.${index}`, deployments: [one] }))
    const before = launches(scene).length
    await Promise.all(batches.map((batch) => engine.preflight(batch, signal)))
    const keys = launches(scene)
      .slice(before)
      .map(({ body }) => /awx\.apart\.\d/.exec(JSON.stringify(body))?.[0])
    expect(keys.toSorted()).toEqual(['awx.apart.0', 'awx.apart.1'])
  })

  it.each(['limit', 'variables', 'job_type'] as const)(
    'launches nothing where the prompt for %s is off',
    async (prompt) => {
      const scene = await opened()
      const engine = engineOf(scene)
      const batch = await batchOf(scene, engine)
      const before = launches(scene).length
      scene.awx.prompts[prompt] = false
      for (const outcome of (await outcomes(engine, batch)).values()) {
        expect(outcome).toMatchObject({
          state: 'held back',
          reason: expect.stringMatching(/run on every host: switch on "Prompt on launch"/),
        })
      }
      expect(launches(scene)).toHaveLength(before)
      expect(transactions(scene)).toEqual([0, 0, 0])
    },
  )

  it('cancels what AWX launched with an ignored limit, before it runs on every host, and says so', async () => {
    const scene = await opened({ queueMs: 200 })
    const engine = engineOf(scene)
    const batch = await batchOf(scene, engine)
    // The prompt is switched off between the look at it and the launch.
    const { prompts } = scene.awx
    let looks = 0
    scene.awx.prompts.limit = true
    Object.defineProperty(prompts, 'limit', { get: () => looks++ === 0 })
    const ended = await outcomes(engine, batch)
    for (const asset of scene.assets) {
      expect(ended.get(asset.id)).toMatchObject({
        state: 'failed',
        reason: expect.stringMatching(/ignored limit.*cancelled/),
      })
    }
    expect(scene.awx.jobs.at(-1)?.status).toBe('canceled')
    expect(transactions(scene)).toEqual([0, 0, 0])
  })

  it.each([
    ['debian', /group of the inventory/],
    ['gone', /has no host gone/],
    ['all', /not a name that Ansible takes for one host/],
    ['app1:!app2', /not a name that Ansible takes for one host/],
    ['~app.*', /not a name that Ansible takes for one host/],
    ['@/etc/passwd', /not a name that Ansible takes for one host/],
    ['', /not a name that Ansible takes for one host/],
  ])('launches nothing for an asset called %j', async (name, says) => {
    const scene = await opened()
    const engine = engineOf(scene)
    const asset = awxAsset(name)
    const deployment = { asset, changes: [], transaction: [], reboot: 'never' as const, notAfter: null }
    await expect(engine.preview(asset, [], signal)).rejects.toThrow(says)
    const ended = await outcomes(engine, { key: 'awx.names', deployments: [deployment] })
    expect(ended.get(asset.id)).toMatchObject({ state: 'held back', reason: expect.stringMatching(says) })
    expect(launches(scene)).toEqual([])
  })

  it('leaves out a host that is disabled in AWX, and upgrades the others', async () => {
    const scene = await opened()
    const engine = engineOf(scene)
    const batch = await batchOf(scene, engine)
    const host = scene.awx.hosts.get('app1')
    if (host !== undefined) host.enabled = false
    const ended = await outcomes(engine, batch)
    expect(ended.get('tower/app1')).toMatchObject({ state: 'held back', reason: expect.stringContaining('disabled') })
    expect(ended.get('tower/app2')?.state).toBe('succeeded')
  })

  it('works on hundreds of hosts with a job for each hundred', async () => {
    const scene = await opened({ count: 250 })
    const engine = engineOf(scene)
    const batch = await batchOf(scene, engine)
    expect(launches(scene)).toHaveLength(3)
    const ended = await outcomes(engine, batch)
    expect([...ended.values()].filter((outcome) => outcome.state === 'succeeded')).toHaveLength(250)
    expect(launches(scene)).toHaveLength(6)
  })

  it('finds the job whose launch was never answered, and launches no second', async () => {
    const scene = await opened()
    const engine = engineOf(scene)
    const batch = await batchOf(scene, engine)
    const before = launches(scene).length
    const stop = new AbortController()
    const path = /^GET \/api\/v2\/jobs\/\d+\/$/
    scene.awx.faults.push(...Array.from({ length: 5 }, () => ({ path, status: 500 })))
    const handle = await engine.start(batch, stop.signal)
    scene.awx.faults.splice(0)
    expect(handle.data).toMatchObject({ jobs: [{ job: null }] })
    for (const outcome of (await outcomes(engine, batch)).values()) expect(outcome.state).toBe('succeeded')
    expect(launches(scene)).toHaveLength(before + 1)
  })

  it('asks the hosts what became of a job that was cancelled in AWX while it ran', async () => {
    const scene = await opened()
    const engine = engineOf(scene)
    const batch = await batchOf(scene, engine)
    const handle = await engine.start(batch, signal)
    await new Promise((resolve) => setTimeout(resolve, 7))
    await engine.cancel(handle, signal)
    const ended = await outcomes(engine, batch)
    for (const asset of scene.assets) {
      const done = scene.hostOf(asset.name).transactions === 1
      expect(ended.get(asset.id)?.state).toBe(done ? 'succeeded' : 'not begun')
    }
  })

  it('takes a job out of the queue that still waits there when the time of its hosts is over', async () => {
    const scene = await opened({ queueMs: 200 })
    let ahead = 0
    const clock = () => new Date(Date.now() + ahead)
    const engine = createAwxEngine({ name: 'tower', ...scene.connection, clock })
    const { key, deployments } = await batchOf(scene, engine)
    const notAfter = new Date(Date.now() + 3_600_000).toISOString()
    const handle = await engine.start({ key, deployments: deployments.map((one) => ({ ...one, notAfter })) }, signal)
    ahead = 3_600_000
    const ended = await endOf(engine, handle)
    expect([...ended.values()].map(({ state }) => state)).toEqual(['not begun', 'not begun'])
    expect(transactions(scene)).toEqual([0, 0, 0])
  })

  it('says why AWX could not run a job', async () => {
    const scene = await opened()
    const engine = engineOf(scene)
    const batch = await batchOf(scene, engine)
    scene.awx.state.broken = 'Previous Task Failed: project update'
    for (const outcome of (await outcomes(engine, batch)).values()) {
      expect(outcome).toMatchObject({ state: 'held back', reason: expect.stringContaining('project update') })
    }
  })

  it('waits as long as it is told to where there are too many requests', async () => {
    const scene = await opened()
    const engine = engineOf(scene)
    const batch = await batchOf(scene, engine)
    scene.awx.faults.push({ path: /POST .*launch/, status: 429, retryAfter: '1' }, { path: /GET .*jobs/, status: 503 })
    const before = Date.now()
    for (const outcome of (await outcomes(engine, batch)).values()) expect(outcome.state).toBe('succeeded')
    expect(Date.now() - before).toBeGreaterThan(900)
  })

  it('is called again later where AWX is away, and has told nobody no', async () => {
    const scene = await opened()
    const engine = engineOf(scene)
    const batch = await batchOf(scene, engine)
    await scene.awx.close()
    await expect(engine.preflight(batch, signal)).rejects.toThrow(/does not answer.*refused/)
    await expect(engine.start(batch, signal)).rejects.toThrow(/does not answer.*refused/)
  })

  it('says which token is wrong, and never the token', async () => {
    const scene = await opened()
    const [asset] = scene.assets
    if (asset === undefined) throw new Error('One is needed.')
    const wrong = engineOf(scene, { token: 'not-the-token' }).preview(asset, [], signal)
    await expect(wrong).rejects.toThrow(/AWX_TOKEN/)
    await expect(wrong).rejects.not.toThrow(/not-the-token/)
  })

  it('names another inventory only where the template asks for it', async () => {
    const scene = await opened()
    const [asset] = scene.assets
    if (asset === undefined) throw new Error('One is needed.')
    await expect(engineOf(scene, { inventory: 'Nowhere' }).preview(asset, [], signal)).rejects.toThrow(/"Nowhere"/)
    expect(await engineOf(scene, { inventory: 'Servers' }).preview(asset, [], signal)).toEqual([])
  })
})

describe('A limit', () => {
  it('is never empty, and fits into what AWX keeps', () => {
    expect(() => limitOf([])).toThrow(/no hosts/)
    const names = fc.array(fc.stringMatching(/^[a-z0-9_][A-Za-z0-9._-]{0,60}$/), { maxLength: 400 })
    fc.assert(
      fc.property(names, (given) => {
        const parts = portions(given)
        expect(parts.flat()).toEqual(given)
        for (const part of parts) expect(part.join(',').length).toBeLessThanOrEqual(1_000)
      }),
    )
  })
})

describe('What a playbook gives back', () => {
  it('is read or refused, whatever it is', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (answer) => {
        expect(readOutcome(answer, 'app1').state).toMatch(/^(succeeded|failed|held back)$/)
        const events = [
          { event: 'runner_on_ok', host_name: 'app1', task: 'patchwarden', event_data: { res: { x: answer } } },
        ]
        expect(answersOf(events).size).toBe(0)
        expect(runOfJob(JSON.stringify(answer))?.key).toBeUndefined()
      }),
    )
    expect(() => readPreview({ steps: 'all' }, 'app1')).toThrow(/no transaction for app1/)
  })
})
