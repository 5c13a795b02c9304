import { expect, test } from 'vitest'
import { type Observation, onlyLooks } from '../../src/core/asset.ts'
import type { DeployEngine, InventorySource, ObserveOptions } from '../../src/core/ports.ts'
import { findProposal, openProposals } from '../../src/store/proposals.ts'
import { createWorkflow } from '../../src/workflow/workflow.ts'
import { useDatabase } from '../support/database.ts'
import { approveAs, exampleService, mara, proposeAll, tom } from '../support/example-service.ts'
import { alwaysMine } from '../support/leases.ts'

const database = useDatabase()
const { signal } = new AbortController()

/** A rollout by an engine whose assets say in their last answer what is installed, as `said` makes it of what is there. */
async function rolledOut(said: (look: Observation) => Observation | null) {
  const { db } = database()
  const service = await exampleService(db)
  const [real] = service.parts.sources
  const simulated = service.parts.engines.get('simulated')
  if (real === undefined || simulated === undefined) throw new Error('The example has another source or engine.')
  const asked = { quick: 0, again: 0 }
  const source: InventorySource = {
    ...real,
    observe(options: ObserveOptions) {
      if (options.depth === 'installed') asked.quick += options.only?.length ?? 0
      else if (options.only?.length === 1) asked.again++
      return real.observe(options)
    },
  }
  const engine: DeployEngine = {
    ...simulated,
    async poll(handle, stop) {
      const reports = await simulated.poll(handle, stop)
      const only = reports.flatMap(({ asset, outcome }) => (outcome === null ? [] : [asset]))
      const looks = new Map<string, Observation>()
      for await (const look of onlyLooks(real.observe({ only, depth: 'installed', signal: stop }))) {
        const told = said(look)
        if (told !== null) looks.set(told.kind === 'seen' ? told.snapshot.asset.id : told.asset.id, told)
      }
      return reports.map((report) => {
        const look = looks.get(report.asset)
        return look === undefined ? report : { ...report, look }
      })
    },
  }
  const parts = { ...service.parts, sources: [source], engines: new Map([['simulated', engine]]) }
  const workflow = createWorkflow(parts, alwaysMine)
  await proposeAll(workflow)
  const open = (await openProposals(db)).find(({ team }) => team === 'web-platform')
  if (open === undefined) throw new Error('Nothing was proposed.')
  for (const who of [mara, tom]) await approveAs(workflow, open.id, who)
  await workflow.advance(open.id, signal)
  const state = await findProposal(db, open.id)
  await service.remove()
  const ends = Object.values(state?.rollout?.deployments ?? {}).map(({ verification }) => verification?.end)
  return { status: state?.status, ends, asked }
}

const INSTALLED = /^(installed|rebooted and re-scanned)$/

test('what an asset says of itself with its end verifies it, and its source is not asked for it', async () => {
  const { status, ends, asked } = await rolledOut((look) => look)
  expect(status).toBe('completed')
  expect(ends).toEqual(Array(8).fill(expect.stringMatching(INSTALLED)))
  expect(asked).toEqual({ quick: 0, again: 0 })
})

test.each<[string, (look: Observation) => Observation | null]>([
  ['says nothing of itself', () => null],
  [
    'says nothing that can be used',
    (look) =>
      look.kind === 'seen'
        ? { kind: 'unreachable', asset: look.snapshot.asset, reason: 'cut off', at: look.snapshot.observedAt }
        : look,
  ],
])('one that %s is looked at', async (_, said) => {
  const { status, ends, asked } = await rolledOut(said)
  expect(status).toBe('completed')
  expect(ends).toEqual(Array(8).fill(expect.stringMatching(INSTALLED)))
  expect(asked).toEqual({ quick: 8, again: 0 })
})

test('one whose own words do not have what was promised is not taken as done without a whole look', async () => {
  const { ends, asked } = await rolledOut((look) =>
    look.kind === 'seen' ? { ...look, snapshot: { ...look.snapshot, packages: [] } } : look,
  )
  expect(asked.quick).toBe(0)
  expect(asked.again).toBe(ends.length)
  expect(ends.length).toBeGreaterThan(0)
})
