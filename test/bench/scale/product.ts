/** All that this bench asks of the product, in one place. */

import { setTimeout as sleep } from 'node:timers/promises'
import type { Observation } from '../../../src/core/asset.ts'
import { type PackageChange, packageChanges } from '../../../src/core/change.ts'
import type { DeployEngine } from '../../../src/core/ports.ts'
import { stepsOf } from '../../../src/core/preview.ts'
import type { ProposalCommand } from '../../../src/core/proposal/command.ts'
import { contentHash } from '../../../src/core/proposal/decision-content.ts'
import type { Content, RecordedOutcome, RecordedVerification } from '../../../src/core/proposal/event.ts'
import { nextStep } from '../../../src/core/proposal/next-step.ts'
import type { Actor, Choice, Deployment, ProposalState } from '../../../src/core/proposal/proposal.ts'
import type { TeamPlan } from '../../../src/core/ring-rule.ts'
import { plannedOf } from '../../../src/core/rollout/planned.ts'
import { unfinishedDeployments } from '../../../src/core/rollout/run.ts'
import { createHealthProbe } from '../../../src/integrations/health/index.ts'
import { createHookRunner } from '../../../src/integrations/hooks/index.ts'
import { sourceSucceeded } from '../../../src/store/catalog.ts'
import type { Db } from '../../../src/store/connection.ts'
import type { Database } from '../../../src/store/database.ts'
import { enqueue } from '../../../src/store/enqueue.ts'
import { tellChange } from '../../../src/store/notify.ts'
import { addConsoleMessage } from '../../../src/store/outbox.ts'
import { findProposal } from '../../../src/store/proposals.ts'
import { saveFeed } from '../../../src/store/save-feed.ts'
import { LOOKS_AT_ONCE, saveObservations } from '../../../src/store/save-looks.ts'
import { type Interned, newInterned } from '../../../src/store/sets.ts'
import { createBackend } from '../../../src/web/backend.ts'
import { createConsole } from '../../../src/web/console.ts'
import { createAbsences } from '../../../src/workflow/absences.ts'
import { createLinking } from '../../../src/workflow/accounts.ts'
import type { WorkflowParts } from '../../../src/workflow/ports.ts'
import { createRecording } from '../../../src/workflow/rollout/recording.ts'
import { createWorkflow } from '../../../src/workflow/workflow.ts'
import { judgement } from '../../support/example-service.ts'
import { machineFor } from '../../support/proposal-case.ts'
import { beginSession } from '../../support/session.ts'
import { always } from '../../support/windows.ts'
import { members, policy, QUORUM, VOTERS } from '../voters.ts'
import type { Feed } from './feeds.ts'
import { ENGINE, INVENTORY } from './hosts.ts'

export { LOOKS_AT_ONCE, newInterned }

/** A feed brought all that it says, or only these records. */
export async function storeFeed(
  db: Db,
  { name, content, saidAt, records }: Feed & { readonly records?: readonly string[] },
  now: string,
): Promise<void> {
  const news = {
    content,
    ...(saidAt === undefined ? {} : { saidAt }),
    ...(records === undefined ? {} : { changes: { records } }),
  }
  await saveFeed(db, name, news, { now, cursor: now, rejected: 0 })
}

/** The inventory source looked at hosts; `interned` is of the same sync. */
export async function storeLooks(
  db: Db,
  looks: readonly Observation[],
  now: string,
  interned: Interned,
): Promise<void> {
  await saveObservations(db, looks, now, { interned })
}

/** All hosts were looked at. */
export async function storeLooked(db: Db, now: string): Promise<void> {
  await sourceSucceeded(db, 'inventory', INVENTORY, now, null, 0)
}

const gate = { minSuccessPercent: 98, maxFailures: 5, unreachable: 'as failure' } as const
const SOAK_SECONDS = 600
/** What becomes of hosts comes at once here: longer than this nothing more would come. */
const COLLECTED_SECONDS = 0.05
const batch = { kind: 'percent', value: 25 } as const

function planOf(team: string): TeamPlan {
  return {
    team,
    window: always,
    health: [],
    failureBudget: { kind: 'percent', value: 2 },
    rings: [
      { name: 'test', select: { kind: 'tag', tag: 'env:test' }, batch, soakSeconds: SOAK_SECONDS, gate },
      { name: 'canary', select: { kind: 'percent', percent: 1 }, batch, soakSeconds: SOAK_SECONDS, gate },
      { name: 'early', select: { kind: 'percent', percent: 10 }, batch, soakSeconds: SOAK_SECONDS, gate },
      { name: 'rest', select: { kind: 'rest' }, batch, soakSeconds: 0, gate },
    ],
  }
}

/** Previews at once: what is asked for is what happens. It is never started. */
const engine: DeployEngine = {
  name: ENGINE,
  describe: 'a stand-in that previews at once',
  simulated: false,
  preview: async (_asset, changes) => stepsOf(changes),
  preflight: never,
  start: never,
  poll: never,
  cancel: never,
}

async function never(): Promise<never> {
  throw new Error('The stand-in starts nothing.')
}

const assessment: Actor = { kind: 'system', part: 'assessment' }

/** The service as it is configured here, without its jobs: one channel for each team, and nobody elsewhere. */
export function createProduct({ db, alone }: Pick<Database, 'db' | 'alone'>, teams: readonly string[]) {
  /** By so much the clock is ahead, in milliseconds: nobody waits for a soak. */
  let ahead = 0
  const clock = () => new Date(Date.now() + ahead)
  const log = { info: () => {}, warn: (message: string) => console.error(message) }
  const platforms: WorkflowParts['platforms'] = [
    {
      name: 'console',
      async deliver({ id, channel, proposal, at, entry }) {
        if (entry !== null && proposal !== null) await addConsoleMessage(db, { id, channel, proposal, at, entry })
        await tellChange(db, { channel, proposal })
        return null
      },
    },
  ]
  const parts: WorkflowParts = {
    db,
    clock,
    teams: {
      ids: teams,
      plans: teams.map(planOf),
      membersOf: () => members,
      policyOf: () => policy,
      channelOf: (team) => team,
      digestOf: () => null,
      freezes: [],
      standingRules: [],
    },
    sources: [],
    feeds: [],
    engines: new Map([[ENGINE, engine]]),
    health: createHealthProbe(),
    hooks: createHookRunner(),
    metrics: new Map(),
    silences: new Map(),
    platforms,
    linking: createLinking({ db, clock, people: [], platforms, log }),
    absences: createAbsences({ db, clock, platforms, people: new Map(), written: [] }),
    log,
    wake: (tx, proposal, at) => enqueue(tx, 'wake', { proposal }, at),
    judgement: { ...judgement, grouping: 'tier' },
    pollSeconds: 1,
  }
  const workflow = createWorkflow(parts, alone)
  const { signal } = new AbortController()
  const voting = new Map<string, { turn: number; readonly choices: Map<string, Choice | null> }>()

  async function must(proposal: string, command: ProposalCommand, actor: Actor): Promise<void> {
    const done = await workflow.execute(proposal, command, actor)
    if (!done.ok) throw new Error(`${command.type} of ${proposal}: ${done.refusal.sentence}`)
  }

  async function found(proposal: string): Promise<ProposalState> {
    const state = await findProposal(db, proposal)
    if (state === null) throw new Error(`There is no proposal ${proposal}.`)
    return state
  }

  async function choicesOn(proposal: string): Promise<Map<string, Choice | null>> {
    return new Map((await found(proposal)).votes.map(({ person, choice }) => [person, choice]))
  }

  /** As many approve as the quorum asks for. */
  async function approve(proposal: string): Promise<void> {
    for (let turn = 0; turn < QUORUM; turn++) await must(proposal, approval, personOf(turn))
  }

  /**
   * Takes an approved proposal to its end: every host is started, ends and is verified, as the rollout's own driver would
   * have it without an engine.
   */
  async function rollOut(
    proposal: string,
    { recorded = () => {}, stop, pauseMs = 0, collected = true }: RollOutOptions = {},
  ): Promise<void> {
    const timing: typeof workflow.execute = async (...given) => {
      const began = performance.now()
      const done = await workflow.execute(...given)
      recorded(performance.now() - began)
      return done
    }
    const recording = createRecording(
      { pollSeconds: collected ? COLLECTED_SECONDS : 0 },
      timing,
      proposal,
      () => {},
      signal,
    )
    try {
      while (stop?.aborted !== true) {
        const state = await found(proposal)
        const now = clock().toISOString()
        const step = nextStep(state, now)
        if (step.do === 'nothing' && state.closedAt === null) throw new Error(`${proposal} is stuck: ${state.status}.`)
        if (step.do === 'nothing') return
        if (step.do === 'wait') ahead += Math.max(0, Date.parse(step.until) - Date.parse(now))
        else if (step.do === 'deploy') await recordEnds(state, unfinishedDeployments(state), recording)
        else if (step.do === 'look again')
          await Promise.all(
            step.assets.map((asset) => recording.verifications([verificationOf(state, asset, clock())])),
          )
        else await must(proposal, commandOf(step.do), machineFor(commandOf(step.do)))
        if (pauseMs > 0) await sleep(pauseMs)
      }
    } finally {
      ahead = 0
    }
  }

  async function recordEnds(
    state: ProposalState,
    mine: readonly Deployment[],
    recording: ReturnType<typeof createRecording>,
  ): Promise<void> {
    const open = mine.filter(({ outcome }) => outcome === null)
    await Promise.all(open.map(({ asset }) => recording.outcomes([outcomeOf(state, asset)])))
    await Promise.all(mine.map(({ asset }) => recording.verifications([verificationOf(state, asset, clock())])))
  }

  return {
    /** Brings all proposals, or those of one team, to what is missing now. */
    async propose(team?: string): Promise<void> {
      await workflow.propose(signal, { later: 'findings', ...(team === undefined ? {} : { team }) })
    },
    /** Writes into the record what was found, which a job of its own does afterwards. */
    recordFindings: () => workflow.recordFindings(signal),
    /** Shows people what waits for them. */
    deliver: () => workflow.deliver(),
    /** The next vote on a proposal, of people who never get together what it takes. */
    async vote(proposal: string): Promise<void> {
      const known = voting.get(proposal) ?? { turn: 0, choices: await choicesOn(proposal) }
      voting.set(proposal, known)
      const person = personOf(known.turn++ % VOTERS)
      const choice = next(known.choices.get(person.id) ?? null)
      await must(proposal, choice === null ? { type: 'withdraw-vote' } : { ...approval, choice }, person)
      known.choices.set(person.id, choice)
    },
    approve,
    rollOut,
    /** Opens a proposal like one of another database, of some of its assets, each ring of which is one batch. Its id. */
    async openLike(other: ProposalState, some: { readonly from: number; readonly most: number }): Promise<string> {
      const done = await workflow.open(other.team, contentLike(other, some), policy, assessment)
      if (!done.ok) throw new Error(done.refusal.sentence)
      return done.state.id
    },
    /** Somebody says no for 20 days. */
    reject: (proposal: string) => {
      const until = new Date(clock().getTime() + 20 * 86_400_000).toISOString()
      const choice = { choice: 'reject', reason: 'not this month', owner: members[0]?.id ?? null, until } as const
      return must(proposal, { ...approval, ...choice }, personOf(0))
    },
    supersede: (proposal: string, by: string) => must(proposal, { type: 'supersede', by }, assessment),
    state: found,
    /** Asks the console for a page as somebody who is signed in; the status of the answer and its text. */
    async browser(): Promise<(path: string) => Promise<{ readonly status: number; readonly text: string }>> {
      const port = createBackend({
        db,
        parts,
        workflow,
        people: {
          all: members.map(({ id, name }) => ({ id, name, timeZone: null })),
          timeZone: 'UTC',
          operators: () => ['person0'],
          example: false,
        },
        channels: teams.map((team) => ({ id: team, title: team, teams: [team] })),
        sources: [{ name: INVENTORY, kind: 'inventory', describe: 'synthetic hosts' }],
        subscribe: () => () => {},
      })
      const health = { writing: async () => 'ok' as const, platforms: [] }
      const app = createConsole({ port, health, log, allowedHosts: ['localhost'] })
      const headers = { host: 'localhost', cookie: 'patchwarden=person0' }
      const get = async (path: string) => {
        const answer = await app.request(`http://localhost${path}`, { headers })
        return { status: answer.status, text: await answer.text() }
      }
      if ((await get('/people')).status === 401) await beginSession(db, 'person0', new Date(), { example: false })
      return get
    },
  }
}

export type Product = ReturnType<typeof createProduct>

export interface RollOutOptions {
  /** Hears how long each commit took that records what became of hosts, in milliseconds. */
  readonly recorded?: (ms: number) => void
  /** Ends it where it is. */
  readonly stop?: AbortSignal
  /** False: what becomes of hosts is recorded at once, and not collected for a moment as the service does. */
  readonly collected?: boolean
  /** After each step. */
  readonly pauseMs?: number
}

function contentLike(
  { subject, title, priority, whyNow, dueAt }: ProposalState,
  { from, most }: { readonly from: number; readonly most: number },
): Content {
  if (subject.kind !== 'patches') throw new Error('It asks for no patches.')
  const begin = Math.max(0, Math.min(from, subject.assets.length - most))
  const assets = subject.assets.slice(begin, begin + most)
  const ids = new Set(assets.map(({ asset }) => asset.id))
  const missed = new Set(assets.flatMap(({ patches }) => patches))
  const rings = subject.rings.flatMap((ring) => {
    const mine = ring.assets.filter((id) => ids.has(id))
    return mine.length === 0 ? [] : [{ ...ring, assets: mine, batchSize: mine.length }]
  })
  const some = { ...subject, assets, rings, patches: subject.patches.filter(({ id }) => missed.has(id)) }
  return { title, subject: some, contentHash: contentHash(some), priority, whyNow, dueAt }
}

const approval = {
  type: 'vote',
  choice: 'approve',
  revision: null,
  reason: null,
  owner: null,
  until: null,
} as const

/** Each of them is an event: a person approves, changes that, takes it back (`null`), and begins again. */
function next(choice: Choice | null): Choice | null {
  if (choice === null) return 'approve'
  return choice === 'approve' ? 'abstain' : null
}

function personOf(turn: number): Extract<Actor, { kind: 'person' }> {
  const { id, name } = members[turn] ?? { id: '', name: '' }
  return { kind: 'person', id, name, via: 'console' }
}

type Commanded = Exclude<ReturnType<typeof nextStep>['do'], 'nothing' | 'wait' | 'deploy' | 'look again'>

function commandOf(step: Commanded): ProposalCommand {
  switch (step) {
    case 'start':
      return { type: 'start' }
    case 'start batch':
      return { type: 'start-batch' }
    case 'end soak':
      return { type: 'end-soak' }
    case 'complete':
      return { type: 'complete' }
    case 'announce':
      return { type: 'announce-window' }
    case 'reschedule':
      return { type: 'reschedule' }
    default:
      throw new Error(`No rollout here comes to "${step}".`)
  }
}

function changesOf({ subject }: ProposalState, asset: string): readonly PackageChange[] {
  return packageChanges(subject.kind === 'patches' ? (plannedOf(subject, asset)?.changes ?? []) : [], ENGINE)
}

/** Of a hundred hosts of the last ring one fails: none where that would stop a small one at its gate. */
function fails({ subject }: ProposalState, asset: string): boolean {
  const last = subject.kind === 'patches' ? subject.rings.at(-1) : undefined
  if (last === undefined || last.assets.length < 100) return false
  const known = failing.get(last) ?? new Set(last.assets.filter((_, index) => index % 100 === 99))
  failing.set(last, known)
  return known.has(asset)
}

/** By ring. */
const failing = new WeakMap<object, ReadonlySet<string>>()

function outcomeOf(state: ProposalState, asset: string): RecordedOutcome {
  const changes = changesOf(state, asset)
  const log = changes.map(({ name, to }) => `Setting up ${name} (${to}) ...\n`).join('')
  if (fails(state, asset)) return { asset, outcome: { state: 'failed', reason: 'dpkg failed', log } }
  return { asset, outcome: { state: 'succeeded', changed: changes, rebooted: false, log } }
}

function verificationOf(state: ProposalState, asset: string, at: Date): RecordedVerification {
  const well = !fails(state, asset)
  const packages = changesOf(state, asset).map(({ name, from, to }) => ({
    name,
    promised: to,
    version: well ? to : from,
  }))
  const reason = well ? 'it reports every promised version' : 'it reports what it had before'
  const end = well ? 'installed' : 'failed'
  return { asset, verification: { end, reason, packages, health: [], at: at.toISOString() } }
}
