import { deployerRule } from './priority-rules.ts'
/** The example fleet behind a real workflow and a real database, for tests that play a whole rollout. */

import { cp, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Desk } from '../../src/chat/desk.ts'
import type { ChatPlatform } from '../../src/chat/platform.ts'
import { withDeputies } from '../../src/core/deputies.ts'
import type { DigestRule } from '../../src/core/digest.ts'
import type { Member, Policy } from '../../src/core/policy.ts'
import type { Hook } from '../../src/core/ports.ts'
import { defaultDueDays } from '../../src/core/priority/due.ts'
import type { ProposalState } from '../../src/core/proposal/proposal.ts'
import type { TeamPlan } from '../../src/core/ring-rule.ts'
import type { WindowPlan } from '../../src/core/window.ts'
import { createFileCatalogFeed } from '../../src/integrations/feeds/file-catalog/index.ts'
import { createFileInventory } from '../../src/integrations/file-inventory/index.ts'
import { createHealthProbe, createSimulatedProbe } from '../../src/integrations/health/index.ts'
import { createHookRunner } from '../../src/integrations/hooks/index.ts'
import { createSimulatedEngine } from '../../src/integrations/simulated/index.ts'
import type { Db } from '../../src/store/connection.ts'
import { addConsoleMessage } from '../../src/store/outbox.ts'
import { openProposals } from '../../src/store/proposals.ts'
import { createAbsences } from '../../src/workflow/absences.ts'
import { createLinking } from '../../src/workflow/accounts.ts'
import type { PersonEntry } from '../../src/workflow/configured-account.ts'
import type { Teams, WorkflowParts } from '../../src/workflow/ports.ts'
import { createWorkflow, type Workflow } from '../../src/workflow/workflow.ts'
import { alwaysMine } from './leases.ts'
import { always, daily } from './windows.ts'

export const mara: Member = { id: 'mara', name: 'Mara', roles: ['owner'] }
export const tom: Member = { id: 'tom', name: 'Tom', roles: ['security'] }
export const jonas: Member = { id: 'jonas', name: 'Jonas', roles: ['on-call'] }

export const standard: Policy = {
  name: 'standard',
  approval: {
    kind: 'quorum',
    needs: [
      { role: 'owner', count: 1 },
      { role: 'security', count: 1 },
    ],
  },
  selfApproval: 'forbidden',
  expiresAfterSeconds: 7 * 86_400,
  remindAfterSeconds: 86_400,
  messageAfterSeconds: null,
  escalateAfterSeconds: null,
  escalateTo: [],
  stop: ['owner', 'on-call'],
  resume: [{ role: 'owner', count: 1 }],
  breakGlass: null,
  reboot: 'if required',
  restartServices: 'never',
  testRing: 'never',
  inventoryMaxAgeSeconds: 86_400,
  acknowledgement: null,
  stepUpRings: [],
}

const gate = { minSuccessPercent: 100, maxFailures: 0, unreachable: 'as failure' } as const

const testRing = {
  name: 'test',
  batch: { kind: 'count', value: 1 },
  beforeVote: true,
  soakSeconds: 0,
  gate,
} as const

/** Open from two to four in the morning, every day. */
export const nights = daily('nights', '02:00', 2)

/** How patches are judged and put together, unless a test says otherwise. */
export const judgement: WorkflowParts['judgement'] = {
  exposure: 'open',
  criticality: 'medium',
  dueDays: defaultDueDays,
  rule: deployerRule,
  types: ['security', 'bugfix', 'feature'],
  minPriority: 'defer',
  grouping: 'team',
}

export function plan(
  team: string,
  { window = always, soakSeconds = 0, hooks = [], tested = 0 }: Partial<PlanOptions> = {},
): TeamPlan {
  return {
    team,
    window,
    hooks,
    health: [],
    rings: [
      ...(tested === 0 ? [] : [{ ...testRing, select: { kind: 'count' as const, count: tested } }]),
      { name: 'canary', select: { kind: 'count', count: 1 }, batch: { kind: 'count', value: 1 }, soakSeconds, gate },
      { name: 'broad', select: { kind: 'rest' }, batch: { kind: 'count', value: 4 }, soakSeconds: 0, gate },
    ],
  }
}

interface PlanOptions {
  readonly window: WindowPlan
  /** Of the canary. */
  readonly soakSeconds: number
  readonly hooks: readonly Hook[]
  /** So many in a test ring, one after the other; the policy says whether it runs. */
  readonly tested: number
}

export interface ExampleOptions extends Partial<PlanOptions> {
  readonly policy?: Partial<Policy>
  readonly clock?: () => Date
  readonly digest?: DigestRule
  /** Whose accounts the configuration names. */
  readonly people?: readonly PersonEntry[]
  /** By team; left out: all three are in both. */
  readonly members?: (team: string) => readonly Member[]
  readonly edit?: (fleet: string) => string
  /** Further chat platforms. */
  readonly connect?: (desk: Desk) => readonly ChatPlatform[]
}

export async function exampleService(db: Db, options: ExampleOptions = {}) {
  const folder = await mkdtemp(path.join(tmpdir(), 'patchwarden example '))
  const fleet = path.join(folder, 'fleet.json')
  const shipped = (name: string) => fileURLToPath(new URL(`../../examples/${name}`, import.meta.url))
  await cp(shipped('fleet.json'), fleet)
  if (options.edit) {
    const { readFile, writeFile } = await import('node:fs/promises')
    await writeFile(fleet, options.edit(await readFile(fleet, 'utf8')))
  }
  const clock = options.clock ?? (() => new Date())
  const warnings: string[] = []
  const platforms: ChatPlatform[] = []
  const known = [mara, tom, jonas, ...(options.people ?? [])]
  const absences = createAbsences({
    db,
    clock,
    people: new Map(known.map(({ id, name }) => [id, { name, timeZone: 'UTC' }])),
    written: [],
    platforms,
  })
  const teams: Teams = {
    ids: ['web-platform', 'payments'],
    plans: [plan('web-platform', options), plan('payments', options)],
    membersOf: (team) =>
      withDeputies(
        options.members?.(team) ?? [mara, tom, jonas],
        absences.within(team),
        clock().toISOString(),
        absences.nameOf,
      ),
    policyOf: () => ({ ...standard, ...options.policy }),
    channelOf: (team) => team,
    digestOf: () => options.digest ?? null,
    freezes: [],
    standingRules: [],
  }
  platforms.push({
    name: 'console',
    deliver: async (message) => {
      const { entry, proposal } = message
      if (entry !== null && proposal !== null) await addConsoleMessage(db, { ...message, entry, proposal })
      return null
    },
  })
  const parts: WorkflowParts = {
    db,
    clock,
    teams,
    sources: [
      createFileInventory({ name: 'example', path: fleet, format: 'json', defaults: { engine: 'simulated' }, clock }),
    ],
    feeds: [createFileCatalogFeed({ name: 'catalog', location: shipped('catalog.json'), clock })],
    engines: new Map([['simulated', createSimulatedEngine({ name: 'simulated', stateFile: fleet, pace: 0, clock })]]),
    health: createSimulatedProbe({ stateFile: fleet, otherwise: createHealthProbe() }),
    hooks: createHookRunner(),
    metrics: new Map(),
    silences: new Map(),
    platforms,
    linking: createLinking({ db, clock, people: options.people ?? [], platforms, log: { info: () => {} } }),
    absences,
    log: { info: () => {}, warn: (message) => warnings.push(message) },
    wake: async () => {},
    judgement,
    pollSeconds: 0.02,
  }
  const workflow = createWorkflow(parts, alwaysMine)
  platforms.push(...(options.connect?.(workflow.desk) ?? []))
  return { parts, workflow, warnings, fleet, remove: () => rm(folder, { recursive: true, force: true }) }
}

/** Reads feeds and inventory, and proposes what is missing. */
export async function proposeAll(workflow: Pick<Workflow, 'syncFeeds' | 'syncInventory' | 'propose'>): Promise<void> {
  const { signal } = new AbortController()
  await workflow.syncFeeds(signal)
  await workflow.syncInventory(signal)
  await workflow.propose(signal)
}

/** The open proposal of the web team. */
export async function webProposal(db: Db): Promise<ProposalState> {
  const web = (await openProposals(db)).find(({ team }) => team === 'web-platform')
  if (web === undefined) throw new Error('The example has no proposal.')
  return web
}

const approve = { type: 'vote', choice: 'approve', revision: null, reason: null, owner: null, until: null } as const

/** The same, with the proposal of the web team approved by the two who must. */
export async function approvedExample(db: Db, options: ExampleOptions = {}) {
  const service = await exampleService(db, options)
  await proposeAll(service.workflow)
  const web = await webProposal(db)
  for (const member of [mara, tom]) await approveAs(service.workflow, web.id, member)
  return { db, service, id: web.id }
}

export async function approveAs({ execute }: Pick<Workflow, 'execute'>, proposal: string, { id, name }: Member) {
  return execute(proposal, approve, { kind: 'person', id, name, via: 'console' })
}
