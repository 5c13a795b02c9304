import { chmod, mkdtemp, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { DeployEngine, DeploymentHandle, DeploymentReport } from '../../../src/core/ports.ts'
import { createAnsibleModuleEngine } from '../../../src/integrations/ansible/index.ts'
import { anAsset } from '../../support/asset.ts'

/**
 * In the place of ansible-playbook, for ends that a real one reaches only by accident: it answers each host of the limit,
 * and does $APPLY when it is not a look. test/fleet/ansible-engine.test.ts runs the real one.
 */
function standIn(apply: string, strangers: readonly string[] = []): string {
  return `#!${process.execPath}
const args = process.argv.slice(2)
const hosts = args[args.indexOf('--limit') + 1].split(',').concat(${JSON.stringify(strangers)})
const recap = { failures: 0, unreachable: 0, changed: 1 }
const stats = Object.fromEntries(hosts.map((host) => [host, recap]))
const results = Object.fromEntries(hosts.map((host) => [host, { changed: true, stdout: '' }]))
if (!args.includes('--check')) { ${apply} }
console.log(JSON.stringify({ plays: [{ tasks: [{ task: { name: 'upgrade' }, hosts: results }] }], stats }, null, 4))
`
}

const asset = anAsset('web01', { engine: 'play' })
const changes = [{ name: 'openssl', architecture: 'amd64', from: '3.0.20', to: '3.0.22' }]

describe('a playbook that upgrades by itself', () => {
  const { signal } = new AbortController()
  let folder: string
  let now: number

  beforeEach(async () => {
    now = Date.parse('2026-11-20T03:00:00Z')
    folder = await mkdtemp(join(tmpdir(), 'pw-module-'))
  })
  afterEach(() => rm(folder, { recursive: true, force: true }))

  async function engineWith(program: string, transactionSeconds = 60): Promise<DeployEngine> {
    const command = join(folder, 'ansible-playbook')
    await writeFile(command, program)
    await chmod(command, 0o755)
    const settings = { playbook: 'patch.yml', inventory: 'hosts.ini', forks: 2, command }
    return createAnsibleModuleEngine({
      ...settings,
      name: 'play',
      stateFolder: join(folder, 'runs'),
      transactionSeconds,
      clock: () => new Date(now),
    })
  }

  async function begin(
    engine: DeployEngine,
    wanted = changes,
    notAfter: string | null = null,
  ): Promise<DeploymentHandle> {
    const transaction = await engine.preview(asset, changes, signal)
    return engine.start(
      { key: 'k', deployments: [{ asset, changes: wanted, transaction, reboot: 'never', notAfter }] },
      signal,
    )
  }

  async function end(engine: DeployEngine, handle: DeploymentHandle): Promise<DeploymentReport | undefined> {
    for (let poll = 0; poll < 100; poll++) {
      const [report] = await engine.poll(handle, signal)
      if (report === undefined || report.outcome !== null) return report
      await sleep(50)
    }
    throw new Error('It came to no end.')
  }

  it('is taken to do what was named, where its modules do not say what they would do', async () => {
    const engine = await engineWith(standIn(''))
    expect(await engine.preview(asset, changes, signal)).toEqual([{ action: 'upgrade', ...changes[0] }])
    expect((await end(engine, await begin(engine)))?.outcome).toMatchObject({ state: 'succeeded', changed: changes })
  })

  it('is not begun when its time is over, and never is under this key', async () => {
    const began = join(folder, 'began')
    const engine = await engineWith(standIn(`require('node:fs').writeFileSync(${JSON.stringify(began)}, '')`))
    const outcome = { state: 'not begun', reason: 'Its time was over before it could begin.' }
    expect((await end(engine, await begin(engine, changes, '2026-11-20T03:00:00Z')))?.outcome).toMatchObject(outcome)
    expect((await end(engine, await begin(engine, changes, null)))?.outcome).toMatchObject(outcome)
    await expect(stat(began)).rejects.toThrow()
  })

  it('is not begun when its time passes while it is looked at', async () => {
    const began = join(folder, 'began')
    const engine = await engineWith(standIn(`require('node:fs').writeFileSync(${JSON.stringify(began)}, '')`))
    const transaction = await engine.preview(asset, changes, signal)
    const deployments = [{ asset, changes, transaction, reboot: 'never' as const, notAfter: '2026-11-20T03:05:00Z' }]
    const starting = engine.start({ key: 'k', deployments }, signal)
    now += 600_000
    expect((await end(engine, await starting))?.outcome).toMatchObject({ state: 'not begun' })
    await expect(stat(began)).rejects.toThrow()
  })

  it('that comes to a host when its time is over skips it, which is told as not begun', async () => {
    const skipped = `for (const host of hosts) results[host] = { skipped: true, changed: false }; for (const host of hosts) stats[host] = { ...recap, changed: 0 }`
    const engine = await engineWith(standIn(skipped))
    const handle = await begin(engine, changes, '2026-11-20T03:05:00Z')
    now += 600_000
    expect((await end(engine, handle))?.outcome).toMatchObject({
      state: 'not begun',
      reason: 'Its time was over before the playbook came to it.',
    })
  })

  it('that is killed leaves a host of which nobody knows how far it is, and is not run again', async () => {
    const engine = await engineWith(standIn("process.kill(process.pid, 'SIGKILL')"))
    const handle = await begin(engine)
    const outcome = { state: 'unreachable', touched: true, reason: expect.stringContaining('not known') }
    expect((await end(engine, handle))?.outcome).toMatchObject(outcome)
    const again = await engineWith(standIn(''))
    expect((await end(again, await begin(again)))?.outcome).toMatchObject(outcome)
  })

  it('that takes too long counts as failed, and says that it still runs', async () => {
    const engine = await engineWith(standIn('Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 3000)'), 1)
    expect((await end(engine, await begin(engine)))?.outcome).toMatchObject({
      state: 'failed',
      reason: expect.stringContaining('was not stopped'),
    })
  })

  it('is not begun when it would also work on other hosts', async () => {
    const engine = await engineWith(standIn('', ['web02']))
    await expect(engine.preview(asset, changes, signal)).rejects.toThrow('would also work on web02')
    const handle = await engine.start(
      { key: 'k', deployments: [{ asset, changes, transaction: [], reboot: 'never', notAfter: null }] },
      signal,
    )
    expect((await end(engine, handle))?.outcome).toMatchObject({ state: 'held back' })
  })

  it.each(['{{ lookup("pipe", "id") }}', '-y', 'a b', "x'", ''])('never hears of a package named %j', async (name) => {
    const engine = await engineWith(standIn(''))
    const odd = [{ name, architecture: 'amd64', from: '1', to: '2' }]
    await expect(engine.preview(asset, odd, signal)).rejects.toThrow(/is not the name or version of a package/)
    expect((await end(engine, await begin(engine, odd)))?.outcome).toMatchObject({ state: 'held back' })
  })
})
