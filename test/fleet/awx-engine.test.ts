import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe } from 'vitest'
import { z } from 'zod'
import type { Asset } from '../../src/core/asset.ts'
import type { DeployEngine } from '../../src/core/ports.ts'
import { createAwxEngine } from '../../src/integrations/awx/index.ts'
import { runBounded } from '../../src/integrations/bounded-process.ts'
import { deployEngineContract } from '../contracts/deploy-engine.ts'
import { createFakeAwx, type FakeAwx, type FakeEvent, type Played } from '../fakes/awx/fake-awx.ts'
import { type AptHosts, aptHosts } from '../support/apt-hosts.ts'
import { anAsset } from '../support/asset.ts'
import { type Fleet, fleetReason, upFleet } from '../support/fleet.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'

const { signal } = new AbortController()
const limits = { input: '', timeoutSeconds: 240, maxBytes: 20_000_000 }
const playbook = fileURLToPath(new URL('../../examples/ansible/awx-patchwarden-apt.yml', import.meta.url))
const reason = (await fleetReason()) ?? (await ansibleReason())
if (reason !== null) console.warn(`skipped the AWX engine on real hosts: ${reason}`)

async function ansibleReason(): Promise<string | null> {
  // Ansible wants a locale of UTF-8.
  const args = ['LC_ALL=C.UTF-8', 'ansible-doc', '-t', 'callback', '-l']
  const asked = await runBounded({ ...limits, command: 'env', args, signal })
  if (asked.status !== 0) return 'ansible-playbook is not installed'
  return asked.stdout.includes('ansible.posix.json') ? null : 'the collection ansible.posix is not installed'
}

const result = z.looseObject({
  unreachable: z.boolean().default(false),
  failed: z.boolean().default(false),
  skipped: z.boolean().default(false),
})
const printed = z.object({
  plays: z.array(
    z.object({
      tasks: z.array(z.object({ task: z.object({ name: z.string() }), hosts: z.record(z.string(), result) })),
    }),
  ),
})

/** AWX is the fake; its jobs run the shipped playbook with ansible-playbook, on real Debian hosts. */
describe.skipIf(reason !== null)('the AWX engine on real Debian hosts', () => {
  let folder: string
  let inventory: string
  let fleet: Fleet
  let awx: FakeAwx
  let assets: readonly Asset[]
  let hosts: AptHosts
  let jobs = 0

  beforeAll(async () => {
    // Not before: where the tests are skipped, nothing would remove it.
    folder = temporaryFolder('pw-awx')
    inventory = join(folder, 'inventory.ini')
    fleet = await upFleet(2, { name: 'pwawx' })
    hosts = aptHosts(fleet)
    const options = `ansible_user=root ansible_ssh_common_args='-F ${fleet.sshConfig}'`
    writeFileSync(inventory, fleet.hosts.map((host) => `${host.name} ${options}\n`).join(''))
    assets = fleet.hosts.map((host) => anAsset(host.name, { source: 'tower', engine: 'tower', address: host.address }))
  })
  afterAll(async () => {
    await awx?.close()
    await fleet?.down()
  })

  async function play({ extraVars, hosts, check, signal }: Played): Promise<readonly FakeEvent[]> {
    const variables = join(folder, `vars-${++jobs}.json`)
    writeFileSync(variables, JSON.stringify(extraVars), { mode: 0o600 })
    const settings = [
      'LC_ALL=C.UTF-8',
      'ANSIBLE_STDOUT_CALLBACK=ansible.posix.json',
      'ANSIBLE_RETRY_FILES_ENABLED=0',
      'ANSIBLE_TIMEOUT=3',
      // Each job of AWX has a container of its own: it finds no connection that the job before left open.
      `ANSIBLE_SSH_CONTROL_PATH_DIR=${join(folder, `cp-${jobs}`)}`,
    ]
    const only = ['-i', inventory, '--limit', hosts.join(','), '-e', `@${variables}`]
    const ended = await runBounded({
      ...limits,
      command: 'env',
      args: [...settings, 'ansible-playbook', ...only, ...(check ? ['--check'] : []), playbook],
      signal,
    })
    if (ended.end !== 'exited' || !ended.stdout.includes('{'))
      throw new Error(
        `ansible-playbook ended (${ended.end}, ${ended.status}): ${ended.stdout}${ended.stderr}`.slice(0, 500),
      )
    const { plays } = printed.parse(JSON.parse(ended.stdout.slice(ended.stdout.indexOf('{'))))
    return plays.flatMap(({ tasks }) =>
      tasks.flatMap(({ task, hosts: results }) =>
        Object.entries(results).flatMap(([host_name, res]): FakeEvent[] => {
          if (res.skipped) return []
          const event = res.unreachable ? 'runner_on_unreachable' : res.failed ? 'runner_on_failed' : 'runner_on_ok'
          return [{ event, host_name, task: task.name, res }]
        }),
      ),
    )
  }

  function createEngine(): DeployEngine {
    const token = 'token-of-the-test'
    const clock = () => new Date()
    return createAwxEngine({ name: 'tower', url: awx.url, token, template: 'Patchwarden', lookSeconds: 0.2, clock })
  }

  deployEngineContract({
    name: 'the AWX engine',
    async scene() {
      await awx?.close()
      awx = await createFakeAwx({ token: 'token-of-the-test', hosts: assets.map((asset) => asset.name), play })
      await hosts.fresh()
      return {
        ...hosts,
        engine: createEngine(),
        restart: createEngine,
        assets,
        pass: () => sleep(250),
      }
    },
  })
})
