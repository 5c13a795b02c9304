/**
 * One proposal of a team whose servers are behind a system that is told ahead and reports late: opened in a real database,
 * followed hour by hour, and read as people read it.
 */

import { logsInReport, proposalReport } from '../../src/chat/report.ts'
import type { ProposalState } from '../../src/core/proposal/proposal.ts'
import type { RingRule } from '../../src/core/ring-rule.ts'
import type { WindowPlan } from '../../src/core/window.ts'
import type { Db } from '../../src/store/connection.ts'
import { readLogs } from '../../src/store/content.ts'
import { readStream } from '../../src/store/events.ts'
import type { Leases } from '../../src/store/leases.ts'
import { consoleThread } from '../../src/store/outbox.ts'
import { findProposal, openProposals } from '../../src/store/proposals.ts'
import { verifyRecord } from '../../src/workflow/audit.ts'
import type { WorkflowParts } from '../../src/workflow/ports.ts'
import { createWorkflow } from '../../src/workflow/workflow.ts'
import { type exampleService, jonas, mara, plan, proposeAll, standard, tom } from './example-service.ts'

const { signal } = new AbortController()

/** The simulated system, with a clock of its own. */
interface System {
  pass(hours: number): void
  changeMachine(name: string, change: { readonly fault: Fault }): Promise<unknown>
}

type Fault = 'install fails' | 'no restart' | 'silent after learning'

interface Given<Dies> {
  readonly database: { readonly db: Db; readonly url: string }
  readonly service: Awaited<ReturnType<typeof exampleService>>
  readonly leases: Leases
  readonly clock: () => Date
  readonly system: System
  /** How many hours of the system pass in 20 ms while a process works. */
  readonly tickHours: number
  readonly window: WindowPlan
  readonly first: RingRule['select']
  /** Of each ring. */
  readonly batchSize: number
  parts(dies: Dies | null): Pick<WorkflowParts, 'sources' | 'feeds' | 'engines' | 'machines'>
}

export async function openLateProposal<Dies>(given: Given<Dies>) {
  const { service, leases, clock, system, tickHours, window } = given
  const { db, url } = given.database
  const teams = {
    ...service.parts.teams,
    plans: [{ ...plan('web', { window }), rings: twoRings(given) }],
    policyOf: () => ({ ...standard, inventoryMaxAgeSeconds: 90 * 86_400 }),
  }
  const processThat = (dies: Dies | null) =>
    createWorkflow({ ...service.parts, teams, ...given.parts(dies) }, leases.alone)
  const workflow = processThat(null)
  await proposeAll(workflow)
  const [opened, ...others] = await openProposals(db)
  if (opened === undefined || others.length > 0) throw new Error(`${others.length + 1} proposals were opened.`)
  const { id } = opened
  const state = async (): Promise<ProposalState> => {
    const found = await findProposal(db, id)
    if (found === null) throw new Error('It is gone.')
    return found
  }
  return {
    ...{ id, workflow, processThat, state },
    /** Goes on for so many hours, an hour at a time. */
    async pass(hours: number, by = () => workflow) {
      for (let hour = 0; hour < hours; hour++) {
        system.pass(1)
        const ticking = setInterval(() => system.pass(tickHours), 20)
        const process = by()
        await process.sweep(signal).finally(() => clearInterval(ticking))
        await process.tidy(signal)
      }
    },
    async thread(): Promise<string> {
      await workflow.deliver()
      return JSON.stringify((await consoleThread(db, id)).map(({ entry }) => entry))
    },
    async report(): Promise<string> {
      const events = await readStream(db, id)
      return proposalReport(await state(), events, await readLogs(db, logsInReport(events)))
    },
    /** What the record says that the system was asked. */
    async calls(): Promise<readonly string[]> {
      const events = await readStream(db, id)
      return events.flatMap(({ event }) => (event.type === 'calls-recorded' ? event.calls.map(({ what }) => what) : []))
    },
    /** Chooses four machines of the last ring of `source`, and gives them faults. */
    async withFaults(source: string) {
      const { subject } = await state()
      if (subject.kind !== 'patches') throw new Error('It is about no patches.')
      const last = subject.rings.filter(({ assets }) => assets.some((one) => one.startsWith(`${source}/`))).at(-1)
      const [a = '', b = '', restart = '', silent = ''] = (last?.assets ?? []).map((one) =>
        one.slice(source.length + 1),
      )
      for (const name of [a, b]) await system.changeMachine(name, { fault: 'install fails' })
      await system.changeMachine(restart, { fault: 'no restart' })
      await system.changeMachine(silent, { fault: 'silent after learning' })
      return { failing: [a, b], restart, silent }
    },
    verify: () => verifyRecord(url, { rebuild: true, membersOf: () => [mara, tom, jonas], now: clock().toISOString() }),
    async close() {
      await leases.end()
      await service.remove()
    },
  }
}

function twoRings({ window, first, batchSize }: Pick<Given<unknown>, 'window' | 'first' | 'batchSize'>) {
  const gate = {
    minSuccessPercent: 50,
    maxFailures: 9,
    unreachable: 'ignored',
    waitingForReboot: 'as success',
  } as const
  return plan('web', { window }).rings.map((ring, index) => {
    const select = index === 0 ? first : ({ kind: 'rest' } as const)
    return { ...ring, select, batch: { kind: 'count' as const, value: batchSize }, gate, soakSeconds: 0 }
  })
}

/** How each machine ended, by its name. */
export function ends({ rollout }: ProposalState): Record<string, string> {
  const all = Object.values(rollout?.deployments ?? {})
  return Object.fromEntries(
    all.map(({ asset, verification }) => [asset.split('/')[1] ?? '', verification?.end ?? 'none']),
  )
}

export function counted(found: Record<string, string>): Record<string, number> {
  const counts: Record<string, number> = {}
  for (const end of Object.values(found)) counts[end] = (counts[end] ?? 0) + 1
  return counts
}
