/**
 * A system that is told a day ahead and hears of its machines hours later: a scripted engine, a clock that the test
 * moves, and a real database.
 */

import { afterEach, beforeEach, expect, test } from 'vitest'
import { proposalCard } from '../../src/chat/proposal-card.ts'
import { plain } from '../../src/chat/rich-text.ts'
import { reachedWords } from '../../src/chat/story/words.ts'
import type { Observation } from '../../src/core/asset.ts'
import { MaybeStarted } from '../../src/core/maybe-started.ts'
import type {
  Batch,
  DeployEngine,
  DeploymentReport,
  InventorySource,
  MonitoringSilence,
  StopReport,
} from '../../src/core/ports.ts'
import { contentHash } from '../../src/core/proposal/decision-content.ts'
import type { Content } from '../../src/core/proposal/event.ts'
import type { Actor } from '../../src/core/proposal/proposal.ts'
import { takenBackNow } from '../../src/core/rollout/taken-back.ts'
import type { Freeze } from '../../src/core/window.ts'
import { readStream } from '../../src/store/events.ts'
import { openLeases } from '../../src/store/leases.ts'
import { consoleThread } from '../../src/store/outbox.ts'
import { findProposal } from '../../src/store/proposals.ts'
import { saveObservations } from '../../src/store/save-looks.ts'
import { verifyRecord } from '../../src/workflow/audit.ts'
import { placeOf } from '../../src/workflow/places.ts'
import { createWorkflow } from '../../src/workflow/workflow.ts'
import { anAsset, aSnapshot } from '../support/asset.ts'
import { useDatabase } from '../support/database.ts'
import { approveAs, exampleService, jonas, mara, nights, standard, tom } from '../support/example-service.ts'
import { lateTerms } from '../support/late-terms.ts'
import { content } from '../support/proposals.ts'

const database = useDatabase()
const HOUR = 3_600_000
const assessment: Actor = { kind: 'system', part: 'assessment' }
const owner: Actor = { kind: 'person', id: 'mara', name: 'Mara', via: 'console' }

function looked(name: string, version: string, at: string): Observation {
  const openssl = { name: 'openssl', version, architecture: 'amd64', source: 'openssl', sourceVersion: version }
  const asset = anAsset(name, { engine: 'late' })
  return { kind: 'seen', snapshot: aSnapshot(asset, { packages: [openssl], observedAt: at }), warnings: [] }
}

/** One ring of two machines that the late system serves. `tested`: it runs while people vote. */
function lateContent(tested: boolean): Content {
  const base = content(2, nights)
  if (base.subject.kind !== 'patches') throw new Error('It asks for no patches.')
  const subject = {
    ...base.subject,
    engine: 'late',
    silence: 'pager',
    assets: base.subject.assets.map((planned) => ({
      ...planned,
      terms: lateTerms,
      asset: { ...planned.asset, engine: 'late' },
    })),
    rings: base.subject.rings.slice(1).map((ring) => ({
      ...ring,
      assets: ['lab/web1', 'lab/web2'],
      batchSize: 2,
      soakSeconds: 0,
      ...(tested ? { beforeVote: true as const } : {}),
    })),
  }
  return { ...base, subject, contentHash: contentHash(subject) }
}

type Say = (asset: string) => Omit<DeploymentReport, 'asset'>
type Stop = (asset: string) => Omit<StopReport, 'asset'>
const nothingYet: Say = () => ({ outcome: null, progress: null, saidAt: null })

/** An approved proposal on Friday evening; nights are from two to four. `tested`: an open one with a test ring. */
async function scene({ tested = false } = {}) {
  let now = Date.parse('2026-11-20T20:00:00.000Z')
  const at = (ms = 0) => new Date(now + ms).toISOString()
  const clock = () => new Date(now)
  const { db } = database()
  const service = await exampleService(db, { clock })
  const freezes: Freeze[] = []
  const told: { readonly call: 'stage' | 'start' | 'cancel' | 'tidy'; readonly at: string; readonly what: unknown }[] =
    []
  let say: Say = nothingYet
  let stop: Stop = () => ({ state: 'stopped' })
  const times = ({ key, deployments }: Batch) =>
    deployments.map(({ asset, notBefore, notAfter }) => ({ key, asset: asset.name, notBefore, notAfter }))
  let dies: 'stage' | 'start' | null = null
  let alsoSaid: readonly string[] = []
  const engine: DeployEngine = {
    name: 'late',
    describe: 'a system whose machines report a day later',
    simulated: true,
    terms: async (plans) => plans.map(() => lateTerms),
    preview: async () => [],
    preflight: async ({ deployments }) => deployments.map(({ asset }) => ({ asset: asset.id, ready: true, notes: [] })),
    async stage(batch) {
      told.push({ call: 'stage', at: at(), what: batch.key })
      if (dies === 'stage') throw new Error('the line is cut')
      return { ready: true }
    },
    async start(batch) {
      told.push({ call: 'start', at: at(), what: times(batch) })
      if (dies === 'start') throw new MaybeStarted('the system did not answer, and does not list what it was sent.')
      return { key: batch.key, data: { assets: batch.deployments.map(({ asset }) => asset.id) } }
    },
    async poll({ data }) {
      return [...(data.assets as string[]), ...alsoSaid].map((asset) => ({
        asset,
        lookAgainAt: at(22 * HOUR),
        ...say(asset),
      }))
    },
    async cancel(_, __, only = []) {
      told.push({ call: 'cancel', at: at(), what: only })
      return only.map((asset) => ({ asset, ...stop(asset) }))
    },
    async tidy(key) {
      told.push({ call: 'tidy', at: at(), what: key })
    },
  }
  let version = '3.0.20'
  let lastWord: string | null = null
  const source: InventorySource = {
    name: 'lab',
    describe: 'what the system says of its machines',
    async *observe({ only }) {
      for (const id of only ?? []) yield looked(id.slice('lab/'.length), version, lastWord ?? at())
    },
  }
  const held: { readonly call: 'hold' | 'release'; readonly at: string; readonly until?: string }[] = []
  const pager: MonitoringSilence = {
    name: 'pager',
    describe: 'a pager',
    hold: async ({ until }) => void held.push({ call: 'hold', at: at(), until }),
    release: async () => void held.push({ call: 'release', at: at() }),
  }
  const leases = openLeases(database().url)
  const woken: string[] = []
  const parts = {
    ...service.parts,
    wake: async (_: unknown, proposal: string, due: string) => {
      if (due <= at()) woken.push(proposal)
    },
    teams: { ...service.parts.teams, freezes },
    sources: [source],
    engines: new Map([['late', engine]]),
    silences: new Map([['pager', pager]]),
  }
  const workflow = createWorkflow(parts, leases.alone)
  await saveObservations(db, [looked('web1', '3.0.20', at()), looked('web2', '3.0.20', at())], at())
  const policy = tested ? ({ ...standard, testRing: 'run' } as const) : standard
  const opened = await workflow.open('web-platform', lateContent(tested), policy, assessment)
  if (!opened.ok) throw new Error(opened.refusal.sentence)
  const { id, contentHash: decided } = opened.state
  for (const who of tested ? [] : [mara, tom]) await approveAs(workflow, id, who)
  const { signal } = new AbortController()
  return {
    id,
    /** The key of the nth start. */
    key: (nth: number) => `${id}.r1.1.${nth}.${decided.slice(0, 8)}`,
    service,
    told,
    held,
    freezes,
    workflow,
    say(what: Say) {
      say = what
    },
    /** Further assets that every answer speaks of. */
    alsoSays(assets: readonly string[]) {
      alsoSaid = assets
    },
    stop(what: Stop) {
      stop = what
    },
    dies(where: typeof dies) {
      dies = where
    },
    /** What the system knows of its machines is from this instant. */
    lastWord(instant: string) {
      lastWord = instant
    },
    installed() {
      version = '3.0.22'
    },
    /** Goes to an instant in steps of an hour, as the sweep of a service does. */
    async until(instant: string) {
      const to = Date.parse(instant)
      while (now < to) {
        now = Math.min(now + HOUR, to)
        await workflow.sweep(signal)
      }
    },
    state: async () => {
      const state = await findProposal(db, id)
      if (state === null) throw new Error('It is gone.')
      return state
    },
    story: async () => {
      const events = await readStream(db, id)
      return events.flatMap(({ event }) => {
        if (event.type === 'noted') return [event.text]
        return event.type === 'taken-back' ? [`${event.why}: ${plain(reachedWords(event, event.untold))}.`] : []
      })
    },
    calls: (call: string) => told.filter((one) => one.call === call),
    /** What wakes up at this instant, one after the other. */
    async now() {
      for (let turn = 0; turn < 4; turn++) {
        await workflow.sweep(signal)
        for (const proposal of new Set(woken.splice(0))) await workflow.advance(proposal, signal)
      }
    },
    /** A second proposal for the same machines, approved. */
    async second(priority: Content['priority']) {
      const { subject, ...base } = lateContent(false)
      if (subject.kind !== 'patches') throw new Error('It asks for no patches.')
      const more = { ...subject, failureBudget: 7 }
      const asked = { ...base, priority, subject: more, contentHash: contentHash(more) }
      const other = await workflow.open('web-platform', asked, standard, assessment)
      if (!other.ok) throw new Error(other.refusal.sentence)
      for (const who of [mara, tom]) await approveAs(workflow, other.state.id, who)
      return other.state.id
    },
    thread: async (of: string) => {
      await workflow.deliver()
      return (await consoleThread(db, of)).map(({ entry }) => plain(entry.text))
    },
    events: async (of: string) => (await readStream(db, of)).map(({ event }) => event),
    verify: () =>
      verifyRecord(database().url, { rebuild: true, membersOf: () => [mara, tom, jonas], now: clock().toISOString() }),
    async close() {
      await leases.end()
      await service.remove()
    },
  }
}

let one: Awaited<ReturnType<typeof scene>>
beforeEach(async () => {
  one = await scene()
})
afterEach(() => one.close())

const [web1, web2] = ['lab/web1', 'lab/web2']
const done = { state: 'succeeded', changed: [], rebooted: false, log: '' } as const

test('it is told a day before its window, with the times of the window, and nothing before', async () => {
  expect((await one.state()).schedule).toEqual({
    start: '2026-11-22T02:00:00.000Z',
    end: '2026-11-22T04:00:00.000Z',
    tellAt: '2026-11-21T02:00:00.000Z',
  })
  await one.until('2026-11-21T01:00:00.000Z')
  expect(one.told).toEqual([])
  await one.until('2026-11-21T02:00:00.000Z')
  const [notBefore, notAfter] = ['2026-11-22T02:00:00.000Z', '2026-11-22T04:00:00.000Z']
  const key = one.key(1)
  expect(one.told).toEqual([
    { call: 'stage', at: '2026-11-21T02:00:00.000Z', what: key },
    {
      call: 'start',
      at: '2026-11-21T02:00:00.000Z',
      what: ['web1', 'web2'].map((asset) => ({ key, asset, notBefore, notAfter })),
    },
  ])
})

test('a success that was said before the work could begin ends nothing; the later word does', async () => {
  await one.until('2026-11-21T02:00:00.000Z')
  one.installed()
  one.stop(() => ({ state: 'at work' }))
  one.say(() => ({ outcome: done, progress: null, saidAt: '2026-11-21T12:00:00.000Z' }))
  await one.until('2026-11-22T20:00:00.000Z')
  const before = (await one.state()).rollout?.deployments
  expect([web1, web2].map((asset) => before?.[asset ?? '']?.outcome)).toEqual([null, null])
  one.say(() => ({ outcome: done, progress: null, saidAt: '2026-11-22T03:10:00.000Z' }))
  await one.until('2026-11-23T20:00:00.000Z')
  const state = await one.state()
  expect(state.status).toBe('completed')
  expect(state.rollout?.deployments[web1]?.verification?.end).toBe('installed')
})

test('a freeze over the window takes it back from all, and it is told again for the next free night', async () => {
  await one.until('2026-11-21T02:00:00.000Z')
  one.freezes.push({ name: 'sale', from: '2026-11-22T00:00:00.000Z', to: '2026-11-23T00:00:00.000Z', teams: null })
  await one.until('2026-11-22T12:00:00.000Z')
  const [cancel] = one.calls('cancel')
  expect(cancel?.what).toEqual([web1, web2])
  expect(Date.parse(cancel?.at ?? '')).toBeLessThan(Date.parse('2026-11-22T02:00:00.000Z'))
  expect(await one.story()).toContainEqual(expect.stringContaining('taken back from 2 servers'))
  await one.until('2026-11-23T12:00:00.000Z')
  expect(one.calls('start').at(-1)?.what).toEqual(
    ['web1', 'web2'].map((asset) => ({
      key: one.key(2),
      asset,
      notBefore: expect.stringMatching(/^2026-11-2[34]T02:00/),
      notAfter: expect.stringMatching(/^2026-11-2[34]T04:00/),
    })),
  )
})

test('what has not begun at the end of the window is taken back; who spoke is told again, who did not ends as silent', async () => {
  await one.until('2026-11-21T02:00:00.000Z')
  one.lastWord('2026-11-19T18:12:00.000Z')
  one.say((asset) => ({
    outcome: null,
    progress: null,
    saidAt: asset === web1 ? '2026-11-21T20:00:00.000Z' : '2026-11-19T18:12:00.000Z',
  }))
  await one.until('2026-11-22T05:00:00.000Z')
  expect(one.calls('cancel').map(({ at, what }) => ({ at, what }))).toEqual([
    { at: '2026-11-22T04:00:00.000Z', what: [web1, web2] },
  ])
  await one.until('2026-11-23T05:00:00.000Z')
  const state = await one.state()
  expect(state.rollout?.deployments[web2]?.verification).toMatchObject({
    end: 'silent',
    reason: 'It did not report in time: it was last heard on 2026-11-19 18:12 UTC',
  })
  // Silence counts as at any gate: this one counts it as a failure.
  expect(state.status).toBe('halted')
})

test('a halt takes back what has not begun, and says what may still install and until when', async () => {
  await one.until('2026-11-21T02:00:00.000Z')
  one.stop((asset) =>
    asset === web1 ? { state: 'stopped' } : { state: 'may still begin', until: '2026-11-22T04:00:00.000Z' },
  )
  await one.workflow.execute(one.id, { type: 'halt', reason: 'odd graphs' }, owner)
  await one.until('2026-11-21T06:00:00.000Z')
  expect(await one.story()).toContain(
    'Stopped: taken back from 1 server; 1 may still install until 2026-11-22 04:00 UTC.',
  )
  const state = await one.state()
  expect(state.rollout?.deployments[web1]).toBeUndefined()
  expect(state.rollout?.deployments[web2]?.outcome).toBeNull()
  const place = await placeOf({ ...one.service.parts, db: database().db }, one.id)
  if (place === null) throw new Error('It is gone.')
  const read = (now: string) => {
    const { say, notes } = proposalCard({ ...place, now }, null)
    return [say, ...notes.map(({ text }) => text)].map(plain).join('\n')
  }
  expect(read('2026-11-21T06:00:00.000Z')).toContain('0 of 2 done, 0 failed, 1 told and not reported yet, 1 untouched.')
  expect(read('2026-11-21T06:00:00.000Z')).toContain(
    'Of these: taken back from 1 server; 1 may still install until 2026-11-22 04:00 UTC.',
  )
  expect(read('2026-11-22T05:00:00.000Z')).toContain('Of these: taken back from 1 server.')
})

test('a take-back that is repeated until its servers end counts each once, and tells what has changed only', async () => {
  const hour = (of: number) => `2026-11-21T${String(of).padStart(2, '0')}:00:00.000Z`
  const until = async (to: number) => {
    one.say(() => ({ outcome: null, progress: null, saidAt: null, lookAgainAt: hour(to + 1) }))
    await one.until(hour(to))
  }
  await until(2)
  one.freezes.push({ name: 'sale', from: '2026-11-22T00:00:00.000Z', to: '2026-11-23T00:00:00.000Z', teams: null })
  one.stop((asset) =>
    asset === web1 ? { state: 'stopped' } : { state: 'may still begin', until: '2026-11-22T04:00:00.000Z' },
  )
  for (const of of [3, 4, 5]) await until(of)
  one.stop(() => ({ state: 'at work' }))
  for (const of of [6, 7, 8]) await until(of)
  expect(one.calls('cancel').length).toBeGreaterThan(3)
  const told = (await one.story()).filter((text) => /taken back|may still|begun/.test(text))
  expect(told.map((text) => text.slice(text.indexOf('sale: ')))).toEqual([
    'sale: taken back from 1 server; 1 may still install until 2026-11-22 04:00 UTC.',
    'sale: 1 has begun, or may have.',
  ])
  const { rollout } = await one.state()
  if (rollout === null) throw new Error('There is none.')
  expect(takenBackNow(rollout)).toMatchObject({ stopped: 1, may: 0, until: null, atWork: 1 })
})

test('somebody who may stop ends the waiting: who has not reported is silent, and only resuming lets the ring pass', async () => {
  await one.until('2026-11-21T02:00:00.000Z')
  one.lastWord('2026-11-19T18:12:00.000Z')
  one.stop(() => ({ state: 'at work' }))
  await one.until('2026-11-22T05:00:00.000Z')
  const jonas: Actor = { kind: 'person', id: 'jonas', name: 'Jonas', via: 'console' }
  const ended = await one.workflow.execute(
    one.id,
    { type: 'end-waiting', reason: 'They stand in a locked lab.' },
    jonas,
  )
  expect(ended.ok).toBe(true)
  await one.until('2026-11-22T07:00:00.000Z')
  const state = await one.state()
  expect(state.status).toBe('halted')
  expect([web1, web2].map((asset) => state.rollout?.deployments[asset]?.verification?.end)).toEqual([
    'silent',
    'silent',
  ])
  expect((await one.workflow.execute(one.id, { type: 'resume' }, owner)).ok).toBe(true)
  await one.until('2026-11-22T09:00:00.000Z')
  expect((await one.state()).status).not.toBe('halted')
})

test('after a crash between stage and start the next process stages and starts under the same key', async () => {
  one.dies('stage')
  await one.until('2026-11-21T03:00:00.000Z')
  expect(one.calls('start')).toEqual([])
  one.dies(null)
  await one.until('2026-11-21T05:00:00.000Z')
  const starts = one.calls('start')
  expect(starts).toHaveLength(1)
  expect(new Set(one.calls('stage').map(({ what }) => what))).toEqual(new Set([one.key(1)]))
})

test('what ended is tidied once, also what was taken back while another start is under way', async () => {
  const { signal } = new AbortController()
  await one.until('2026-11-21T02:00:00.000Z')
  await one.workflow.tidy(signal)
  expect(one.calls('tidy')).toEqual([])
  one.freezes.push({ name: 'sale', from: '2026-11-22T00:00:00.000Z', to: '2026-11-23T00:00:00.000Z', teams: null })
  await one.until('2026-11-22T12:00:00.000Z')
  one.freezes.length = 0
  await one.until('2026-11-23T03:00:00.000Z')
  await one.workflow.tidy(signal)
  await one.workflow.tidy(signal)
  expect(one.calls('tidy').map(({ what }) => what)).toEqual([one.key(1)])
})

test('the card says the times, whether they are in time, and what the system promises', async () => {
  const { parts } = one.service
  const place = await placeOf({ ...parts, db: database().db }, one.id)
  if (place === null) throw new Error('It is gone.')
  const open = { ...place, now: '2026-11-20T20:00:00.000Z', glance: { ...place.glance, status: 'open' as const } }
  const facts = new Map(proposalCard(open, null).facts.map(({ label, value }) => [label, plain(value)]))
  expect(facts.get('When')).toBe(
    'If approved before 2026-11-21 02:00 UTC, 2 servers (broad) install from 2026-11-22 02:00 UTC; the last server has reported by 2026-11-23 04:00 UTC.',
  )
  expect(facts.get('Terms')).toBe(
    'late is told 24 h ahead; servers report within 24 h after the window. What has not begun when the window ends is taken back; a server that was off then may still install later. A stop takes it back from servers that have not begun.',
  )
})

test('as a test ring it is told ahead while people vote, and a rejection takes it back', async () => {
  await one.close()
  one = await scene({ tested: true })
  await one.until('2026-11-21T01:00:00.000Z')
  expect(one.calls('start')).toEqual([])
  await one.until('2026-11-21T03:00:00.000Z')
  const [notBefore, notAfter] = ['2026-11-22T02:00:00.000Z', '2026-11-22T04:00:00.000Z']
  expect(one.calls('start')).toMatchObject([
    {
      at: '2026-11-21T02:00:00.000Z',
      what: [
        { asset: 'web1', notBefore, notAfter },
        { notBefore, notAfter },
      ],
    },
  ])
  expect((await one.state()).status).toBe('open')
  const reject = { type: 'vote', choice: 'reject', revision: null, reason: 'not now', owner: 'mara' } as const
  await one.workflow.execute(one.id, { ...reject, until: '2026-12-20T00:00:00.000Z' }, owner)
  await one.until('2026-11-21T05:00:00.000Z')
  expect(one.calls('cancel')).toEqual([{ call: 'cancel', at: '2026-11-21T04:00:00.000Z', what: [web1, web2] }])
  expect(await one.story()).toEqual(['Stopped: taken back from 2 servers.'])
  expect((await one.state()).test?.result).toMatchObject({ passed: false })
  await one.workflow.tidy(new AbortController().signal)
  expect(one.calls('tidy')).toHaveLength(1)
})

test('what may have been started is told as that, and is not sent again until somebody says so', async () => {
  one.dies('start')
  await one.until('2026-11-23T06:00:00.000Z')
  expect(one.calls('start')).toHaveLength(1)
  const { deployments = {} } = (await one.state()).rollout ?? {}
  expect(Object.values(deployments).map(({ outcome }) => outcome)).toEqual(
    [web1, web2].map(() => ({
      state: 'unreachable',
      touched: true,
      reason: expect.stringContaining('Nobody knows whether its work was started: the system did not answer'),
      log: '',
    })),
  )
})

test('the monitoring is silent from its window until half an hour after, or until all have ended, and not before', async () => {
  await one.until('2026-11-22T01:00:00.000Z')
  expect(one.calls('start')).toHaveLength(1)
  expect(one.held).toEqual([])
  await one.until('2026-11-22T03:00:00.000Z')
  const until = '2026-11-22T04:30:00.000Z'
  expect(one.held[0]).toEqual({ call: 'hold', at: '2026-11-22T02:00:00.000Z', until })
  expect(new Set(one.held.map(({ call }) => call))).toEqual(new Set(['hold']))
  one.installed()
  one.say(() => ({ outcome: done, progress: null, saidAt: '2026-11-22T03:30:00.000Z' }))
  one.lastWord('2026-11-22T03:30:00.000Z')
  await one.until('2026-11-22T04:00:00.000Z')
  expect(one.held.at(-1)).toEqual({ call: 'release', at: '2026-11-22T04:00:00.000Z' })
})

test('a more urgent proposal takes over what was told and has not begun; both say so, and the other comes again', async () => {
  await one.until('2026-11-21T02:00:00.000Z')
  const urgent = await one.second('immediate')
  await one.until('2026-11-21T03:00:00.000Z')
  await one.now()
  expect(one.calls('cancel').map(({ what }) => what)).toEqual([['lab/web1', 'lab/web2']])
  const starts = one.calls('start').flatMap(({ what }) => what as { readonly key: string; readonly asset: string }[])
  expect(starts.map(({ key, asset }) => `${key.split('.')[0]} ${asset}`)).toEqual([
    ...[`${one.id} web1`, `${one.id} web2`],
    ...[`${urgent} web1`, `${urgent} web2`],
  ])
  const assets = ['lab/web1', 'lab/web2']
  expect(await one.events(one.id)).toContainEqual({ type: 'yielded', to: urgent, assets })
  expect(await one.events(urgent)).toContainEqual({ type: 'took-over', from: one.id, assets })
  expect((await one.thread(one.id)).filter((text) => text.includes('takes over'))).toEqual([
    `${urgent} is more urgent and takes over: web1, web2. What was told is taken back here, and told again when they are free.`,
  ])
  expect((await one.thread(urgent)).filter((text) => text.includes('Taken over'))).toHaveLength(1)
  expect((await one.state()).rollout?.notBegun[web1]?.reason).toContain(`${urgent} is more urgent`)
  expect(await one.verify()).toMatchObject({ ok: true })
  // The urgent one is installed, then the other is told again.
  await one.until('2026-11-22T04:00:00.000Z')
  one.installed()
  one.say(() => ({ outcome: done, progress: null, saidAt: '2026-11-22T03:40:00.000Z' }))
  await one.until('2026-11-24T20:00:00.000Z')
  expect((await findProposal(database().db, urgent))?.status).toBe('completed')
  const again = one.calls('start').at(-1)?.what as { readonly key: string }[]
  expect(again.map(({ key }) => key.split('.')[0])).toEqual([one.id, one.id])
  expect(await one.verify()).toMatchObject({ ok: true })
})

test('one that is as urgent waits, and so does a more urgent one for work that may have begun', async () => {
  await one.until('2026-11-21T02:00:00.000Z')
  const equal = await one.second('scheduled')
  await one.until('2026-11-21T06:00:00.000Z')
  expect(one.calls('cancel')).toEqual([])
  expect((await one.events(equal)).map(({ type }) => type)).toContain('asset-awaited')
})

test('what its system cannot take back any more stays with the proposal that told it', async () => {
  await one.until('2026-11-21T02:00:00.000Z')
  one.stop(() => ({ state: 'may still begin', until: '2026-11-22T04:00:00.000Z' }))
  const urgent = await one.second('immediate')
  await one.until('2026-11-21T03:00:00.000Z')
  await one.now()
  expect(one.calls('cancel').length).toBeGreaterThan(0)
  expect(one.calls('start')).toHaveLength(1)
  expect((await findProposal(database().db, urgent))?.waitsFor).toMatchObject({ proposal: one.id, yields: true })
  expect(await database().sql`select 1 from at_work where proposal = ${urgent}`).toHaveLength(0)
})

/** The ends of the two machines now. */
async function endsNow(): Promise<readonly (string | undefined)[]> {
  const { rollout } = await one.state()
  return [web1, web2].map((asset) => rollout?.deployments[asset]?.verification?.end)
}

test('a clock that is ahead makes no word from before the work newer, neither in reports nor in looks', async () => {
  await one.until('2026-11-21T02:00:00.000Z')
  // Said before the work by clocks that are days ahead, and read again at each look.
  one.lastWord('2026-11-22T03:30:00.000Z')
  one.installed()
  const { signal } = new AbortController()
  await one.workflow.syncInventory(signal, [web1, web2])
  one.say((asset) => ({
    outcome: done,
    progress: null,
    saidAt: asset === web1 ? '2026-11-22T03:30:00.000Z' : 'yesterday',
  }))
  await one.until('2026-11-22T03:00:00.000Z')
  expect(await endsNow()).toEqual([undefined, undefined])
  // The machines say by honest clocks that it is done. What the inventory knows of them is still the old word.
  one.say(() => ({ outcome: done, progress: null, saidAt: '2026-11-22T03:10:00.000Z' }))
  await one.until('2026-11-22T05:00:00.000Z')
  expect(await endsNow()).toEqual(['not known', 'not known'])
})

test('a system that knows nothing of a start any more is told of once; its machines end as silent when their time is over', async () => {
  await one.until('2026-11-21T02:00:00.000Z')
  one.say(() => {
    throw new Error('The system has no start of this name')
  })
  one.lastWord('2026-11-19T18:12:00.000Z')
  await one.until('2026-11-23T03:00:00.000Z')
  const said = 'late could not be asked how far it is: The system has no start of this name. It is asked again.'
  expect((await one.story()).filter((text) => text === said)).toHaveLength(1)
  expect(await endsNow()).toEqual([undefined, undefined])
  await one.until('2026-11-23T06:00:00.000Z')
  expect(await endsNow()).toEqual(['silent', 'silent'])
  const reason = (await one.state()).rollout?.deployments[web1]?.verification?.reason
  expect(reason).toBe('Its system could not be asked whether it has reported: The system has no start of this name')
})

test('a system that does not answer when it is to take something back is told of once, and asked again', async () => {
  await one.until('2026-11-21T02:00:00.000Z')
  one.stop(() => {
    throw new Error('The line is cut')
  })
  await one.workflow.execute(one.id, { type: 'halt', reason: 'odd graphs' }, owner)
  await one.until('2026-11-21T05:00:00.000Z')
  const said = 'late could not take back 2 servers: The line is cut. It is tried again.'
  expect((await one.story()).filter((text) => text === said)).toHaveLength(1)
  one.stop(() => ({ state: 'stopped' }))
  await one.until('2026-11-21T06:00:00.000Z')
  expect((await one.story()).at(-1)).toMatch(/: taken back from 2 servers\.$/)
})

test('what a system says twice counts once, and what it says of a machine that was not told counts for nothing', async () => {
  await one.until('2026-11-22T03:00:00.000Z')
  one.installed()
  one.say(() => ({ outcome: done, progress: null, saidAt: '2026-11-22T02:30:00.000Z' }))
  one.alsoSays(['lab/web1', 'lab/web1', 'lab/web9'])
  await one.until('2026-11-22T05:00:00.000Z')
  const state = await one.state()
  expect(Object.keys(state.rollout?.deployments ?? {}).sort()).toEqual([web1, web2])
  expect(await endsNow()).toEqual(['installed', 'installed'])
  const members = () => [mara, tom, jonas]
  const now = '2026-11-22T05:00:00.000Z'
  expect(await verifyRecord(database().url, { rebuild: true, membersOf: members, now })).toMatchObject({ ok: true })
})
