import { execFileSync } from 'node:child_process'
import fc from 'fast-check'
import { afterEach, describe, expect, it } from 'vitest'
import type { Batch, DeployEngine, DeploymentOutcome } from '../../../src/core/ports.ts'
import { commandText, unpackAnswer } from '../../../src/integrations/aws-ssm/answer.ts'
import { startComment } from '../../../src/integrations/aws-ssm/comment.ts'
import { createSsmEngine } from '../../../src/integrations/aws-ssm/index.ts'
import { instanceOf } from '../../../src/integrations/aws-ssm/instance.ts'
import { createSsmScene, instanceAsset } from './scene.ts'

type Scene = Awaited<ReturnType<typeof createSsmScene>>

const { signal } = new AbortController()
const open: Scene[] = []
let runs = 0

afterEach(async () => {
  for (const scene of open.splice(0)) await scene.ssm.close()
})

async function opened(options: Parameters<typeof createSsmScene>[0] = {}): Promise<Scene> {
  const scene = await createSsmScene(options)
  open.push(scene)
  return scene
}

function engineOf(scene: Scene): DeployEngine {
  return createSsmEngine({ name: 'cloud', ...scene.connection, lookSeconds: 0.005, clock: () => new Date() })
}

async function batchOf(scene: Scene, engine: DeployEngine): Promise<Batch> {
  const deployments = await Promise.all(
    scene.assets.map(async (asset) => {
      const changes = scene.hostOf(asset).offers
      return {
        asset,
        changes,
        transaction: await engine.preview(asset, changes, signal),
        reboot: 'never' as const,
        notAfter: null,
      }
    }),
  )
  return { key: `ssm.${++runs}`, deployments }
}

async function outcomes(engine: DeployEngine, batch: Batch): Promise<ReadonlyMap<string, DeploymentOutcome>> {
  const handle = await engine.start(batch, signal)
  for (let poll = 0; poll < 400; poll++) {
    const reports = await engine.poll(handle, signal)
    if (reports.every((report) => report.outcome !== null))
      return new Map(reports.flatMap(({ asset, outcome }) => (outcome === null ? [] : [[asset, outcome]])))
    await new Promise((resolve) => setTimeout(resolve, 5))
  }
  throw new Error('It came to no end.')
}

function sends(scene: Scene) {
  return scene.ssm.calls.filter((call) => call.operation === 'SendCommand').map((call) => call.input)
}

describe('The Systems Manager engine', () => {
  it('sends one command for every fifty instances, previews and preflight included', async () => {
    const scene = await opened({ instances: 120 })
    const engine = engineOf(scene)
    const batch = await batchOf(scene, engine)
    expect(sends(scene)).toHaveLength(3)
    const results = await engine.preflight(batch, signal)
    expect(results.filter((result) => result.ready)).toHaveLength(120)
    const ended = await outcomes(engine, batch)
    expect([...ended.values()].filter((outcome) => outcome.state === 'succeeded')).toHaveLength(120)
    expect(sends(scene)).toHaveLength(9)
  })

  it('waits and tries again where Amazon throttles', async () => {
    const scene = await opened()
    const engine = engineOf(scene)
    const batch = await batchOf(scene, engine)
    for (const operation of ['SendCommand', 'ListCommands', 'ListCommandInvocations', 'GetCommandInvocation'])
      scene.ssm.faults.push({ operation, type: 'ThrottlingException', status: 400 })
    for (const outcome of (await outcomes(engine, batch)).values()) expect(outcome.state).toBe('succeeded')
    for (const asset of scene.assets) expect(scene.hostOf(asset).transactions).toBe(1)
  })

  it('is called again later where Amazon is away, and has told nobody no', async () => {
    const scene = await opened()
    const engine = engineOf(scene)
    const batch = await batchOf(scene, engine)
    await scene.ssm.close()
    await expect(engine.preflight(batch, signal)).rejects.toThrow(/does not answer/)
  })

  it('says which permission is missing', async () => {
    const scene = await opened()
    const engine = engineOf(scene)
    const batch = await batchOf(scene, engine)
    const fault = { operation: 'DescribeInstanceInformation', type: 'AccessDeniedException', status: 400 }
    scene.ssm.faults.push(fault, fault)
    const says = { state: 'held back', reason: expect.stringContaining('ssm:DescribeInstanceInformation') }
    for (const result of await engine.preflight(batch, signal)) expect(result).toMatchObject({ outcome: says })
    for (const outcome of (await outcomes(engine, batch)).values()) expect(outcome).toMatchObject(says)
  })

  it('says what AWS does not allow, and that nothing was started', async () => {
    const scene = await opened()
    const engine = engineOf(scene)
    const batch = await batchOf(scene, engine)
    scene.ssm.faults.push({ operation: 'SendCommand', type: 'AccessDeniedException', status: 400 })
    for (const outcome of (await outcomes(engine, batch)).values()) {
      expect(outcome).toMatchObject({ state: 'held back', reason: expect.stringContaining('ssm:SendCommand') })
    }
  })

  it('follows an upgrade that outlasts its command, and says that it runs', async () => {
    const scene = await opened()
    const engine = engineOf(scene)
    const batch = await batchOf(scene, engine)
    for (const asset of scene.assets) scene.hostOf(asset).slow = 3
    for (const outcome of (await outcomes(engine, batch)).values()) expect(outcome.state).toBe('succeeded')
    const follows = sends(scene).filter((input) => String(input.Comment).startsWith('Patchwarden follow'))
    expect(follows.length).toBeGreaterThanOrEqual(3)
    for (const asset of scene.assets) expect(scene.hostOf(asset).transactions).toBe(1)
  })

  it('fetches the rest of an answer of which the list has only the beginning', async () => {
    const scene = await opened()
    const engine = engineOf(scene)
    const batch = await batchOf(scene, engine)
    for (const asset of scene.assets) scene.hostOf(asset).chatter = 2_000
    for (const outcome of (await outcomes(engine, batch)).values()) expect(outcome.state).toBe('succeeded')
    expect(scene.ssm.calls.some((call) => call.operation === 'GetCommandInvocation')).toBe(true)
  })

  it('leaves out the instance that is no longer there, for which the whole command is refused, and upgrades the others', async () => {
    const scene = await opened({ instances: 3 })
    const engine = engineOf(scene)
    const batch = await batchOf(scene, engine)
    const [gone] = scene.assets
    scene.ssm.terminated.add(gone?.address ?? '')
    const again = await outcomes(engine, batch)
    expect(again.get(gone?.id ?? '')).toMatchObject({ state: 'unreachable', touched: false })
    for (const asset of scene.assets.slice(1)) expect(again.get(asset.id)?.state).toBe('succeeded')
  })

  it('upgrades one instance that two assets name once', async () => {
    const scene = await opened()
    const engine = engineOf(scene)
    const batch = await batchOf(scene, engine)
    const [first, second] = batch.deployments
    if (first === undefined || second === undefined) throw new Error('Two are needed.')
    const twin = { ...second, asset: { ...second.asset, address: first.asset.address } }
    const ended = await outcomes(engine, { ...batch, deployments: [first, twin] })
    expect(ended.get(first.asset.id)?.state).toBe('succeeded')
    expect(ended.get(twin.asset.id)).toMatchObject({
      state: 'held back',
      reason: expect.stringContaining('same machine'),
    })
    expect(scene.hostOf(first.asset).transactions).toBe(1)
  })

  it('sends no command to an asset without an instance id, and says where to write it', async () => {
    const scene = await opened()
    const engine = engineOf(scene)
    const asset = { ...instanceAsset(1), address: '10.0.0.1' }
    await expect(engine.preview(asset, [], signal)).rejects.toThrow(/instance id/)
    const batch = {
      key: 'ssm.none',
      deployments: [{ asset, changes: [], transaction: [], reboot: 'never' as const, notAfter: null }],
    }
    expect([...(await outcomes(engine, batch)).values()]).toMatchObject([{ state: 'held back' }])
    expect(sends(scene)).toEqual([])
    expect(instanceOf({ ...asset, tags: ['web', 'i-0abc1234def567890'] })).toBe('i-0abc1234def567890')
  })

  it('lets no text but names and versions of packages into a command', async () => {
    const scene = await opened()
    const engine = engineOf(scene)
    const [asset] = scene.assets
    if (asset === undefined) throw new Error('One is needed.')
    await fc.assert(
      fc.asyncProperty(fc.string({ minLength: 1 }), async (text) => {
        fc.pre(!/^[a-z0-9][a-z0-9+.-]*$/.test(text))
        const change = { name: text, architecture: 'amd64', from: '1', to: '2' }
        await expect(engine.preview(asset, [change], signal)).rejects.toThrow(/is not the name of a Debian package/)
      }),
      { numRuns: 50 },
    )
    expect(sends(scene)).toEqual([])
  })
})

describe('What goes through Systems Manager', () => {
  it('is never longer than it takes, and never has what it would fill in', () => {
    fc.assert(
      fc.property(fc.string(), fc.nat({ max: 90_000 }), (text, length) => {
        const command = commandText({
          begin: text.repeat(3),
          look: `${text}{{ssm:x}}${'a '.repeat(length / 2)}`,
          attendSeconds: 1,
        })
        expect(command.length).toBeLessThan(60_001)
        expect(command).not.toContain('{{')
      }),
    )
  })

  it('comes back whole through a real shell, however long the log, and is cut to what fits', () => {
    const log = `i=0; while [ $i -lt 9000 ]; do echo "Get:$i http://example.test/pool/$i $((i * i * 7919 % 1000003))"; i=$((i + 1)); done`
    const look = `printf '@@ patchwarden-follow 1\\n@@ plan\\nI a amd64 1\\n@@ log\\n'; ${log}; printf '\\n@@ come\\na amd64 1 installed\\n@@ end\\n'`
    const output = execFileSync('sh', ['-s'], { input: commandText({ look, attendSeconds: 0 }), encoding: 'utf8' })
    expect(output.length).toBeLessThan(24_000)
    const answer = unpackAnswer(output)
    const text = answer.kind === 'text' ? answer.text : ''
    expect(text).toMatch(/^\n?@@ patchwarden-follow 1\n@@ plan\nI a amd64 1\n@@ log\n/)
    expect(text).toContain('Get:8999 ')
    expect(text.trimEnd()).toMatch(/@@ come\na amd64 1 installed\n@@ end$/)
    expect(unpackAnswer(output.slice(0, 2_500))).toEqual({ kind: 'cut off' })
  })

  it('is not believed when it is no answer', () => {
    fc.assert(
      fc.property(fc.string(), (text) => {
        expect(['none', 'cut off', 'text']).toContain(unpackAnswer(`patchwarden-answer ${text} end`).kind)
        expect(unpackAnswer(text).kind).toBe('none')
      }),
    )
  })

  it('has a comment of at most a hundred characters for every key, and another for another', () => {
    const keys = fc.stringMatching(/^[A-Za-z0-9_-][A-Za-z0-9._-]{0,199}$/)
    fc.assert(
      fc.property(keys, keys, (one, other) => {
        expect(startComment(one).length).toBeLessThanOrEqual(100)
        if (one !== other) expect(startComment(one)).not.toBe(startComment(other))
      }),
    )
  })
})
