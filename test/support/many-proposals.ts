/** Some forty proposals in every state that one can be left in, small and large, on assets of their own. No engine is asked. */

import { COMMAND_LINE } from '../../src/core/hands.ts'
import type { Policy } from '../../src/core/policy.ts'
import type { DeploymentOutcome } from '../../src/core/ports.ts'
import type { ProposalCommand } from '../../src/core/proposal/command.ts'
import type { Content, RecordedOutcome, RecordedVerification } from '../../src/core/proposal/event.ts'
import type {
  Actor,
  EndState,
  PatchSubject,
  PlannedRing,
  ProposalState,
  Rollout,
  Subject,
} from '../../src/core/proposal/proposal.ts'
import type { Db } from '../../src/store/connection.ts'
import { findProposal } from '../../src/store/proposals.ts'
import { starts } from '../../src/store/schema.ts'
import type { Workflow } from '../../src/workflow/workflow.ts'
import { jonas, mara, nights, standard, tom } from './example-service.ts'
import { machineFor } from './proposal-case.ts'
import { content } from './proposals.ts'
import { listSeen } from './seen-assets.ts'
import { always } from './windows.ts'

export interface Team {
  readonly db: Db
  readonly workflow: Pick<Workflow, 'open' | 'openRollBack' | 'execute'>
  /** The hash of what is asked for, as the version that is to be played has it. */
  readonly hashOf: (subject: Subject) => string
  readonly hosts: { readonly few: number; readonly many: number }
}

const TEAM = 'others'
const rollout: Actor = { kind: 'system', part: 'rollout' }
const assessment: Actor = { kind: 'system', part: 'assessment' }
interface Named {
  readonly id: string
  readonly name: string
}
const as = ({ id, name }: Named): Actor => ({ kind: 'person', id, name, via: 'console' })
const onCommandLine = ({ id, name }: Named): Actor => ({
  kind: 'person',
  id,
  name,
  via: 'cli',
  through: { kind: 'command line', user: 'root', host: 'bastion' },
})
const byLinkOf = ({ id, name }: Named, maker: Named): Actor => ({
  kind: 'person',
  id,
  name,
  via: 'console',
  through: { kind: 'sign-in link', madeBy: [maker.id, COMMAND_LINE] },
})
const now = () => new Date().toISOString()
const tolerant = { minSuccessPercent: 0, maxFailures: 10_000, unreachable: 'ignored' } as const
const strict = { minSuccessPercent: 100, maxFailures: 0, unreachable: 'as failure' } as const

/** What an engine and a look at the asset say of it. */
type Course = readonly [DeploymentOutcome, EndState]
const log = (asset: string) => `Setting up openssl on ${asset} ...\n`
const well = (asset: string): Course => [
  {
    state: 'succeeded',
    changed: [{ name: 'openssl', architecture: 'amd64', from: '3.0.20', to: '3.0.22' }],
    rebooted: false,
    log: log(asset),
  },
  'installed',
]
const badly = (asset: string): Course => [{ state: 'failed', reason: 'dpkg failed', log: log(asset) }, 'failed']
const notAtAll = (): Course => [{ state: 'not begun', reason: 'its time was over', log: '' }, 'not touched']
const silently = (): Course => [
  { state: 'unreachable', reason: 'it never answered', touched: true, log: '' },
  'unreachable',
]
const mixed = (asset: string, index: number): Course =>
  [well, badly, silently, notAtAll][index % 4]?.(asset) ?? well(asset)

interface Wish {
  readonly hosts: number
  readonly policy?: Partial<Policy>
  readonly nights?: boolean
  readonly tested?: boolean
  readonly change?: (subject: PatchSubject) => Partial<PatchSubject>
}

/** Opens them all; what is closed and what lives come in turn. */
export async function manyProposals({ db, workflow, hashOf, hosts: { few, many } }: Team): Promise<void> {
  let made = 0

  async function stateOf(id: string): Promise<ProposalState> {
    const state = await findProposal(db, id)
    if (state === null) throw new Error(`${id} is gone.`)
    return state
  }

  async function must(id: string, command: ProposalCommand, actor: Actor = machineFor(command)): Promise<void> {
    const done = await workflow.execute(id, command, actor)
    if (!done.ok) throw new Error(`${id} ${command.type}: ${done.refusal.sentence}`)
  }

  const vote = (id: string, who: Named, reason: string | null = null, by = as(who)) =>
    must(id, { type: 'vote', choice: 'approve', revision: null, reason, owner: null, until: null }, by)

  async function approve(id: string): Promise<void> {
    await vote(id, mara, `${id} is good "as it is" {\\}`)
    await vote(id, tom)
  }

  function subjectOf({ hosts, tested = false, change, ...wish }: Wish): PatchSubject {
    const number = ++made
    const { subject } = content(hosts, wish.nights === true ? nights : always)
    if (subject.kind !== 'patches') throw new Error('not patches')
    const assets = subject.assets.map((planned, index) => {
      const name = `p${number}-${planned.asset.name}`
      const changes = planned.changes.map((item) => ({ ...item, from: `3.0.${index % 3}` }))
      const transaction = index % 5 === 0 ? [] : planned.transaction
      const previewProblem = index % 5 === 0 ? `${name} did not answer` : null
      return { ...planned, changes, transaction, previewProblem, asset: { ...planned.asset, id: `lab/${name}`, name } }
    })
    const ids = assets.map(({ asset }) => asset.id)
    const ring = (name: string, from: number, to: number, other: Partial<PlannedRing> = {}): PlannedRing => ({
      name: `${name} of ${number}`,
      assets: ids.slice(from, to),
      batchSize: Math.ceil(hosts / 3),
      concurrency: Math.ceil(hosts / 4),
      soakSeconds: 0,
      gate: tolerant,
      ...other,
    })
    const whole: PatchSubject = {
      ...subject,
      assets,
      rings: [
        ring('first', 0, 4, { batchSize: 4, concurrency: 4, ...(tested ? { beforeVote: true } : {}) }),
        ring('wide', 4, hosts),
      ],
      inventoryAt: now(),
    }
    return { ...whole, ...change?.(whole) }
  }

  async function contentOf(wish: Wish): Promise<Content> {
    const subject = subjectOf(wish)
    await listSeen(db, subject.assets, now())
    return { ...content(1), title: `number ${made}`, subject, contentHash: hashOf(subject) }
  }

  async function open(wish: Wish, by: Actor = assessment): Promise<string> {
    const policy = { ...standard, cli: 'recorded', ...wish.policy } as const
    const done = await workflow.open(TEAM, await contentOf(wish), policy, by)
    if (!done.ok) throw new Error(done.refusal.sentence)
    return done.state.id
  }

  const runOf = (state: ProposalState): Rollout | null => state.rollout ?? state.test

  /** Starts as many as may be at work. */
  async function begin(id: string): Promise<void> {
    for (;;) {
      const done = await workflow.execute(id, { type: 'start-batch' }, rollout)
      if (!done.ok) break
    }
    const known = new Set((await db.select({ key: starts.key }).from(starts)).map(({ key }) => key))
    const deployments = Object.values(runOf(await stateOf(id))?.deployments ?? {})
    const keys = [...new Set(deployments.map(({ key }) => key))].filter((key) => !known.has(key))
    if (keys.length > 0)
      await db
        .insert(starts)
        .values(keys.map((key) => ({ key, proposal: id, engine: 'ssh', stage: 'starting', startedAt: now() }) as const))
  }

  /** Lets so many of those at work end. */
  async function end(id: string, most: number, course: (asset: string, index: number) => Course): Promise<number> {
    const atWork = Object.values(runOf(await stateOf(id))?.deployments ?? {})
      .filter(({ verification }) => verification === null)
      .slice(0, most)
    if (atWork.length === 0) return 0
    const ends = atWork.map(({ asset }, index) => [asset, course(asset, index)] as const)
    const outcomes = ends.map(([asset, [outcome]]): RecordedOutcome => ({ asset, outcome }))
    await must(id, { type: 'record-outcomes', outcomes })
    const verifications = ends.map(([asset, [, end]]): RecordedVerification => verified(asset, end))
    await must(id, { type: 'record-verifications', verifications })
    return atWork.length
  }

  const verified = (asset: string, end: EndState): RecordedVerification => ({
    asset,
    verification: { end, reason: `it is ${end}`, packages: [], health: [], at: now() },
  })

  async function started(wish: Wish): Promise<string> {
    const id = await open(wish)
    await approve(id)
    await must(id, { type: 'start' })
    await begin(id)
    return id
  }

  /** The first ring done, the next at work; some ended in every way. */
  async function running(wish: Wish): Promise<string> {
    const id = await started(wish)
    await end(id, 4, well)
    await begin(id)
    await end(id, Math.ceil(wish.hosts / 8), mixed)
    await begin(id)
    return id
  }

  /** Stopped at the gate, resumed, tried again, left out, and stopped again with some at work. */
  async function halted(hosts: number): Promise<string> {
    const gates = ({ rings }: PatchSubject) => ({ rings: rings.map((ring) => ({ ...ring, gate: strict })) })
    const id = await started({ hosts, change: gates })
    await end(id, 4, well)
    await begin(id)
    await end(id, 3, badly)
    await must(id, { type: 'resume' }, as(mara))
    const failed = Object.values((await stateOf(id)).rollout?.deployments ?? {}).filter(
      ({ verification }) => verification?.end === 'failed',
    )
    await must(id, { type: 'retry', asset: failed[0]?.asset ?? '' }, as(mara))
    await must(id, { type: 'skip', asset: failed[1]?.asset ?? '', reason: 'it is replaced soon' }, as(mara))
    await begin(id)
    await must(id, { type: 'comment', text: 'we look at it' }, as(tom))
    await must(id, { type: 'halt', reason: 'too many failed' }, as(mara))
    return id
  }

  async function completed(hosts: number): Promise<string> {
    const id = await started({ hosts })
    while ((await stateOf(id)).status === 'rolling out') {
      if ((await end(id, 1_000, (asset, index) => (index % 7 === 6 ? badly(asset) : well(asset)))) === 0)
        await begin(id)
    }
    const ends = Object.values((await stateOf(id)).rollout?.deployments ?? {})
    const again = ends.map(({ asset, verification }) => verified(asset, verification?.end ?? 'installed'))
    await must(id, { type: 'record-verifications', verifications: again })
    await must(id, { type: 'complete' })
    await must(id, { type: 'note-drift', asset: ends[0]?.asset ?? '', what: 'openssl is 3.0.1 again' })
    return id
  }

  async function rule(name: string): Promise<string> {
    const expiresAt = new Date(Date.now() + 90 * 86_400_000).toISOString()
    const subject: Subject = {
      kind: 'standing rule',
      rule: { name, team: TEAM, tags: ['dev'], types: ['security'], expiresAt },
      window: always,
    }
    const asked = { ...content(1), title: name, subject, contentHash: hashOf(subject) }
    const done = await workflow.open(TEAM, asked, standard, assessment)
    if (!done.ok) throw new Error(done.refusal.sentence)
    return done.state.id
  }

  async function compared(id: string): Promise<void> {
    const { subject } = await stateOf(id)
    const [gone, part] = subject.kind === 'patches' ? subject.assets.slice(-2) : []
    if (gone === undefined || part === undefined) throw new Error('too few')
    await must(
      id,
      {
        type: 'compare-assets',
        departures: [
          { asset: gone.asset.id, leftOut: { reason: 'gone' } },
          { asset: part.asset.id, done: ['openssl:amd64'] },
        ],
        newcomers: [{ asset: `lab/new-of-${id}`, name: 'new' }],
      },
      assessment,
    )
  }

  async function undone(): Promise<void> {
    const first = await completed(few)
    const state = await stateOf(first)
    const keys = Object.values(state.rollout?.deployments ?? {}).map(({ key }) => key)
    const undoing = await contentOf({
      hosts: few,
      change: ({ assets }) => ({
        rollsBack: {
          proposal: first,
          keys: Object.fromEntries(assets.map(({ asset }, index) => [asset.id, keys[index] ?? ''])),
        },
      }),
    })
    const back = await workflow.openRollBack(state, undoing, as(mara), { end: false, reason: 'it broke the shop' })
    if (!back.ok) throw new Error(back.refusal.sentence)
    await must(back.state.id, { type: 'start' })
    await begin(back.state.id)
  }

  /** Nobody waited for votes: looked at afterwards, or not yet. */
  async function brokenGlass(hosts: number): Promise<string> {
    const breakGlass = { roles: ['owner'], reviewWithinSeconds: 86_400 }
    const id = await open({ hosts, policy: { breakGlass } })
    await must(id, { type: 'break-glass', reason: 'it is exploited here' }, onCommandLine(mara))
    await must(id, { type: 'start' })
    await begin(id)
    return id
  }

  /** Its test ring has begun. */
  async function onTest(hosts: number): Promise<string> {
    const id = await open({ hosts, tested: true, policy: { testRing: 'required' } })
    await must(id, { type: 'start-test' })
    await begin(id)
    return id
  }

  /** Halted, and one of the two who must agree says that it may go on; whose ring somebody let begin. */
  async function halfResumed(hosts: number): Promise<string> {
    const id = await started({
      hosts,
      policy: {
        resume: [
          { role: 'owner', count: 1 },
          { role: 'security', count: 1 },
        ],
      },
      change: ({ rings }) => ({
        rings: rings.map((ring, index) => (index === 0 ? ring : { ...ring, gate: { ...tolerant, go: ['owner'] } })),
      }),
    })
    await end(id, 4, well)
    await must(id, { type: 'go' }, as(mara))
    await begin(id)
    await must(id, { type: 'halt', reason: null }, as(jonas))
    await must(id, { type: 'resume' }, onCommandLine(tom))
    return id
  }

  const reject = (id: string) =>
    must(
      id,
      {
        type: 'vote',
        choice: 'reject',
        revision: null,
        reason: 'not this month',
        owner: tom.id,
        until: new Date(Date.now() + 20 * 86_400_000).toISOString(),
      },
      as(mara),
    )

  for (const hosts of [few, many, few]) {
    await vote(await open({ hosts }), tom, 'looks good')
    await completed(hosts)
    const approved = await open({ hosts, nights: true })
    await approve(approved)
    await compared(approved)
    await halted(hosts)
    await running({ hosts })
    await reject(await open({ hosts }))
    await must(await open({ hosts }), { type: 'withdraw', reason: 'not now' }, as(mara))
    const old = await open({ hosts })
    await vote(old, mara)
    await must(old, { type: 'supersede', by: 'PW-1' }, assessment)
    const tested = await open({ hosts, tested: true, policy: { testRing: 'required' } })
    await must(tested, { type: 'start-test' })
    await begin(tested)
    await end(tested, 2, mixed)
    await vote(tested, tom)
  }
  for (const name of ['dev hosts', 'dev hosts, too', 'all else']) {
    const id = await rule(name)
    await vote(id, mara)
    if (name !== 'all else') await vote(id, tom)
  }
  await undone()
  const reviewed = await brokenGlass(few)
  await must(reviewed, { type: 'review-break-glass' }, as(tom))
  await brokenGlass(few)
  await must(await onTest(few), { type: 'pause', reason: 'the test hosts are needed' }, as(mara))
  await must(await onTest(few), { type: 'halt', reason: 'wrong hosts' }, as(jonas))
  await halfResumed(few)
  const byOthers = await open({ hosts: few, nights: true })
  await vote(byOthers, mara, 'from the train', onCommandLine(mara))
  await vote(byOthers, tom, null, byLinkOf(tom, jonas))
  const paused = await running({
    hosts: few,
    change: ({ assets }) => ({
      clusters: [
        { name: 'c', assets: [...assets.map(({ asset }) => asset.id), 'lab/foreign'], atOnce: few, minHealthy: 0 },
      ],
    }),
  })
  await must(paused, { type: 'pause', reason: 'a moment' }, as(mara))
  const revised = await open({ hosts: few })
  const subject = subjectOf({ hosts: few + 1 })
  const asked = { ...content(1), title: 'more', subject, contentHash: hashOf(subject) }
  await must(revised, { type: 'revise', content: asked, reason: 'what is missing has changed since' }, assessment)
  await vote(revised, tom, 'again')
}
