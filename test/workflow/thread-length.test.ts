/** How many messages people get in Slack and in Discord while a rollout runs. */

import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, describe, expect, test } from 'vitest'
import type { ChatConnection } from '../../src/chat/platform.ts'
import { contentHash } from '../../src/core/proposal/decision-content.ts'
import type { RecordedOutcome, RecordedVerification } from '../../src/core/proposal/event.ts'
import type { PlannedRing } from '../../src/core/proposal/proposal.ts'
import { unfinished } from '../../src/core/rollout/run.ts'
import { createSimulatedEngine } from '../../src/integrations/simulated/index.ts'
import { findProposal } from '../../src/store/proposals.ts'
import { createWorkflow, type Workflow } from '../../src/workflow/workflow.ts'
import { discordStage } from '../scenarios/discord-stage.ts'
import { slackStage } from '../scenarios/slack-stage.ts'
import { useDatabase } from '../support/database.ts'
import {
  approveAs,
  exampleService,
  mara,
  plan,
  proposeAll,
  standard,
  tom,
  webProposal,
} from '../support/example-service.ts'
import { alwaysMine } from '../support/leases.ts'
import { machineFor } from '../support/proposal-case.ts'
import { content } from '../support/proposals.ts'
import { listSeen } from '../support/seen-assets.ts'

const database = useDatabase()
const { signal } = new AbortController()
const closing: (() => Promise<unknown>)[] = []
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close()
})

/** The service, connected to Slack and to Discord; each says the texts of a thread, and how often cards were edited. */
async function connected(clock: () => Date) {
  const { db } = database()
  const warned: string[] = []
  const log = { warn: (message: string) => void warned.push(message) }
  const [slack, discord] = [await slackStage('http', log), await discordStage('http', log)]
  const connections: ChatConnection[] = []
  const service = await exampleService(db, {
    clock,
    connect: (desk) => {
      for (const stage of [slack, discord]) {
        const connection = stage.connect(desk, db, stage.accounts)
        if (connection !== null) connections.push(connection)
      }
      return connections.map(({ platform }) => platform)
    },
  })
  for (const connection of connections) await connection.start()
  closing.push(
    service.remove,
    () => slack.close(),
    () => discord.close(),
    ...connections.map((one) => () => one.stop()),
  )
  const edits = {
    slack: () => slack.slack.messages.reduce((sum, message) => sum + message.edits, 0),
    discord: () =>
      discord.discord.requests.filter(({ method, path }) => method === 'PATCH' && path.includes('/messages/')).length,
  }
  return { db, service, edits, warned, threads: { slack: slack.thread, discord: discord.thread } }
}

test('eight servers in three rings: twelve messages in Slack, with its pictures, and ten in Discord', async () => {
  // A second of the test is a minute of the rollout.
  const begin = Date.now()
  const clock = () => new Date(begin + (Date.now() - begin) * 60)
  const { db, service, edits, warned, threads } = await connected(clock)
  const gate = { minSuccessPercent: 100, maxFailures: 0, unreachable: 'as failure' } as const
  const one = { kind: 'count', value: 1 } as const
  const rings = [
    { name: 'canary', select: { kind: 'tag', tag: 'canary' }, batch: one, soakSeconds: 120, gate },
    { name: 'early', select: { kind: 'count', count: 2 }, batch: one, soakSeconds: 120, gate },
    { name: 'broad', select: { kind: 'rest' }, batch: { kind: 'count', value: 2 }, soakSeconds: 0, gate },
  ] as const
  const engine = createSimulatedEngine({ name: 'simulated', stateFile: service.fleet, pace: 60, clock })
  const parts = {
    ...service.parts,
    teams: { ...service.parts.teams, plans: [{ ...plan('web-platform'), rings }] },
    engines: new Map([['simulated', engine]]),
  }
  const workflow = createWorkflow(parts, alwaysMine)
  await proposeAll(workflow)
  const web = await webProposal(db)
  await workflow.deliver()
  for (const who of [mara, tom]) await approveAs(workflow, web.id, who)
  while ((await findProposal(db, web.id))?.status !== 'completed') {
    await workflow.advance(web.id, signal)
    await sleep(20)
  }
  await workflow.deliver()
  const told = await threads.discord(web.id)
  expect(
    told.map((text) =>
      text
        .split(/[.:]/)[0]
        ?.replace(/^\W+/, '')
        .replaceAll(/\*| \(console\)/g, ''),
    ),
  ).toEqual([
    'Proposed by the assessment',
    'Mara',
    'Tom',
    'Approved',
    'Rollout started',
    'Ring canary',
    'Ring canary passed',
    'Ring early',
    'Ring early passed',
    'Done',
  ])
  // The plan and the outcome are pictures, which are messages of their own in Slack.
  expect(await threads.slack(web.id)).toHaveLength(12)
  // One for each server that begins, ends or is verified would be more than thirty.
  for (const platform of [edits.slack, edits.discord]) expect(platform()).toBeLessThanOrEqual(26)
  expect(warned).toEqual([])
})

/** What becomes of each of many servers is said here; the commands, the record and the delivery are the real ones. */
async function large(hosts: number, ringsOf: (assets: readonly string[]) => readonly PlannedRing[]) {
  const { db, service, edits, warned, threads } = await connected(() => new Date())
  const { workflow } = service
  const base = content(hosts)
  if (base.subject.kind !== 'patches') throw new Error('not patches')
  const assets = base.subject.assets.map(({ asset }) => asset.id)
  const now = new Date().toISOString()
  const subject = { ...base.subject, rings: ringsOf(assets), inventoryAt: now }
  await listSeen(db, subject.assets, now)
  const must = async (what: Parameters<Workflow['execute']>[1]) => {
    const done = await workflow.execute('PW-1', what, machineFor(what))
    if (!done.ok) throw new Error(`${what.type}: ${done.refusal.sentence}`)
    return done.state
  }
  const opened = { ...base, subject, contentHash: contentHash(subject) }
  await must({ type: 'open', id: 'PW-1', number: 1, team: 'web-platform', content: opened, policy: standard })
  for (const who of [mara, tom]) await approveAs(workflow, 'PW-1', who)
  await must({ type: 'start' })
  /** One look at servers that are at work, of which some fail. */
  const look = async (some: readonly string[], failed: (asset: string) => boolean) => {
    const outcomes = some.map((asset): RecordedOutcome => ({ asset, outcome: outcome(failed(asset)) }))
    await must({ type: 'record-outcomes', outcomes })
    const verifications = some.map((asset): RecordedVerification => ({ asset, verification: ending(failed(asset)) }))
    return must({ type: 'record-verifications', verifications })
  }
  const told = async () => {
    await workflow.deliver()
    return { slack: await threads.slack('PW-1'), discord: await threads.discord('PW-1') }
  }
  return { must, look, told, edits, warned }
}

function outcome(isFailed: boolean): RecordedOutcome['outcome'] {
  if (isFailed) return { state: 'failed', reason: 'No space left on /var.', log: 'dpkg: error: no space left\n' }
  return { state: 'succeeded', changed: [], rebooted: false, log: '' }
}

function ending(isFailed: boolean): RecordedVerification['verification'] {
  const at = new Date().toISOString()
  return isFailed
    ? { end: 'failed', reason: 'No space left on /var.', packages: [], health: [], at }
    : { end: 'installed', reason: 'It reports the promised versions.', packages: [], health: [], at }
}

const lenient = { minSuccessPercent: 0, maxFailures: 2_000, unreachable: 'ignored' } as const

describe('on two thousand servers', () => {
  test('a thread stays short, although every fiftieth fails by itself', async () => {
    const { must, look, told, warned } = await large(2_000, (assets) => [
      { name: 'canary', assets: assets.slice(0, 20), batchSize: 20, soakSeconds: 0, gate: lenient },
      { name: 'early', assets: assets.slice(20, 200), batchSize: 60, soakSeconds: 0, gate: lenient },
      { name: 'broad', assets: assets.slice(200), batchSize: 100, soakSeconds: 0, gate: lenient },
    ])
    for (let state = await must({ type: 'start-batch' }); state.status === 'rolling out'; ) {
      const atWork = unfinished(state)
      if (atWork.length === 0) state = await must({ type: 'start-batch' })
      else state = await look(atWork.slice(0, 50), (asset) => /[05]0$/.test(asset))
    }
    const { slack, discord } = await told()
    for (const thread of [slack, discord]) expect(thread.length).toBeLessThanOrEqual(25)
    expect(slack.join('\n')).toMatch(/web150 failed\. No space left on \/var\./)
    expect(slack.join('\n')).toContain('Further ones are told when there are 10; the card counts each.')
    expect(slack.join('\n')).toContain(
      'So far: 20 servers failed. No space left on /var. web50, web100, web150 and 17 more.',
    )
    expect(slack.filter((text) => text.startsWith('Ring broad: '))).toHaveLength(3)
    expect(warned).toEqual([])
  })

  test('three hundred failures of one look are one message', async () => {
    const { must, look, told, warned } = await large(2_000, (assets) => [
      { name: 'all', assets, batchSize: 2_000, soakSeconds: 0, gate: lenient },
    ])
    let state = await must({ type: 'start-batch' })
    while (unfinished(state).length < 2_000) state = await must({ type: 'start-batch' })
    const before = await told()
    await look(unfinished(state).slice(0, 300), () => true)
    const after = await told()
    for (const platform of ['slack', 'discord'] as const) {
      const fresh = after[platform].slice(before[platform].length)
      expect(fresh).toHaveLength(1)
      expect(fresh[0]?.replaceAll(/[*`]/g, '')).toMatch(
        /300 servers failed\. No space left on \/var\. web1, web2, web3 and 297 more\./,
      )
    }
    expect(warned).toEqual([])
  })
})
