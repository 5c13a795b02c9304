import { afterAll, beforeAll, expect, test } from 'vitest'
import { createHealthProbe } from '../../src/integrations/health/index.ts'
import { createSshConnections, createSshEngine, createSshInventory } from '../../src/integrations/ssh/index.ts'
import { findProposal, openProposals } from '../../src/store/proposals.ts'
import { createWorkflow } from '../../src/workflow/workflow.ts'
import { anAsset } from '../support/asset.ts'
import { useDatabase } from '../support/database.ts'
import { approveAs, exampleService, mara, plan, tom } from '../support/example-service.ts'
import { fakeSshHosts } from '../support/fake-ssh-hosts.ts'
import { alwaysMine } from '../support/leases.ts'

const HOSTS = 30
const database = useDatabase()
const { signal } = new AbortController()

let asBefore: () => void
beforeAll(() => {
  asBefore = fakeSshHosts()
})
afterAll(() => asBefore())

/** The whole way over the SSH engine: looks, hooks, health, upgrades and verification of all hosts at the same time. */
test('a rollout of thirty hosts at once makes the runtime warn of nothing', { timeout: 120_000 }, async () => {
  const warnings: string[] = []
  const heard = (warning: Error) => warnings.push(String(warning.stack))
  process.on('warning', heard)
  const { db } = database()
  const service = await exampleService(db)
  const connections = createSshConnections()
  const { clock } = service.parts
  const hosts = Array.from({ length: HOSTS }, (_, index) => {
    const name = `web${String(index + 1).padStart(2, '0')}`
    const asset = anAsset(name, { source: 'lab', engine: 'ssh', team: 'web-platform', platform: '' })
    return { asset, target: { host: name }, sudo: true }
  })
  const targets = new Map(hosts.map(({ asset, target }) => [asset.id, target]))
  const engine = createSshEngine({
    name: 'ssh',
    target: ({ id }) => targets.get(id) ?? null,
    concurrency: HOSTS,
    connections,
    clock,
  })
  const source = createSshInventory({ name: 'lab', hosts, refresh: false, concurrency: HOSTS, connections, clock })
  const command = ['true']
  const gate = { minSuccessPercent: 100, maxFailures: 0, unreachable: 'as failure' } as const
  const all = {
    ...plan('web-platform', {
      hooks: [
        { moment: 'drain', command, timeoutSeconds: 60 },
        { moment: 'post-check', command, timeoutSeconds: 60 },
      ],
    }),
    health: [{ kind: 'command', command, timeoutSeconds: 60 } as const],
    rings: [
      { name: 'all', select: { kind: 'rest' }, batch: { kind: 'count', value: HOSTS }, soakSeconds: 0, gate } as const,
    ],
  }
  const parts = {
    ...service.parts,
    teams: { ...service.parts.teams, plans: [all] },
    sources: [source],
    feeds: [],
    engines: new Map([['ssh', engine]]),
    health: createHealthProbe(),
  }
  const workflow = createWorkflow(parts, alwaysMine)
  await workflow.syncInventory(signal)
  await workflow.propose(signal)
  const [open] = await openProposals(db)
  if (open === undefined) throw new Error('Nothing was proposed.')
  for (const person of [mara, tom]) await approveAs(workflow, open.id, person)
  await workflow.advance(open.id, signal)
  const state = await findProposal(db, open.id)
  const ends = Object.values(state?.rollout?.deployments ?? {}).map(({ verification }) => verification?.end)
  expect(ends).toEqual(Array(HOSTS).fill('installed'))
  expect(state?.status).toBe('completed')
  await connections.close()
  await service.remove()
  process.off('warning', heard)
  expect(warnings).toEqual([])
})
