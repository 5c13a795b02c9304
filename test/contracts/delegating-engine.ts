import { beforeEach, describe, expect, it } from 'vitest'
import { type Asset, onlyLooks } from '../../src/core/asset.ts'
import { type Change, isApplied } from '../../src/core/change.ts'
import type {
  Batch,
  DeployEngine,
  DeploymentHandle,
  DeploymentReport,
  DeploymentRequest,
  InventorySource,
  StopReport,
} from '../../src/core/ports.ts'
import type { Terms } from '../../src/core/terms.ts'
import { HOUR_MS, toIso } from '../../src/core/time/instant.ts'

/** A system whose machines learn and speak late, in its first state, and the authorities that judge what was done. */
export interface LateScene {
  readonly engine: DeployEngine
  readonly source: InventorySource
  /** Another engine for the same system, as after a restart of the process. */
  restart(): DeployEngine
  /** An engine whose process dies at this call to the system, from 0: before the system acts on it, or right after. */
  dying(call: number, when: 'before' | 'after'): DeployEngine
  /** Nothing can be made in the system before its machines are told. */
  readonly stagesNothing?: true
  /**
   * Its call cannot be repeated. A process that died at it may leave an unknown: then nobody is told again, and the assets end
   * as possibly touched. What it was sent shows within a quarter of an hour.
   */
  readonly sendsOnce?: true
  /** The system shows whom it was told about so many hours later. Left out: at once. */
  readonly shownAfterHours?: number
  /**
   * Two or more that learn and speak, with the same change missing. Their work takes less than `workHours`. The first one,
   * and all others together, can each be told by themselves.
   */
  readonly assets: readonly Asset[]
  /** One more such machine, which is in no batch. */
  readonly stranger: Asset
  readonly changes: readonly Change[]
  /** Within so many hours, each machine has learned what it was told, done it when it was due, and said so. */
  readonly rhythmHours: number
  readonly workHours: number
  now(): Date
  /** Lets so many hours go by in the system. */
  pass(hours: number): Promise<void>
  /** Names of the machines that the system holds work of ours for, now. */
  told(): Promise<readonly string[]>
  /** How many things of ours the system holds: groups, deployments, whatever it calls them. */
  things(): Promise<number>
  /** Whether the machine itself has learned of the work. */
  hasLearned(asset: Asset): Promise<boolean>
  /** Whether the machine itself has begun the work, or is through with it. */
  hasBegun(asset: Asset): Promise<boolean>
  /** An administrator adds the machine to what is ours: where groups are told as a whole, to that of the last asset. */
  addByHand(asset: Asset): Promise<void>
  /** Those that are still told after a stranger was found. Left out: all, because it alone is taken back. */
  readonly keptBesideStranger?: readonly Asset[]
  /** An administrator takes the machine out of what is ours. */
  removeByHand(asset: Asset): Promise<void>
  /** An administrator approves the change elsewhere, so that the machine installs it by itself. */
  approveElsewhere(asset: Asset): Promise<void>
  /** The system acts on the next call that changes something, and its answer is lost. */
  loseAnswer(): Promise<void>
  /** From now on the machine does what it was told and says nothing new. */
  speaksNoMore(asset: Asset): Promise<void>
  /** From now on, installing fails on the machine. */
  breakInstallation(asset: Asset): Promise<void>
}

export interface DelegatingEngineSubject {
  readonly name: string
  scene(): Promise<LateScene>
}

/** The parts of a `DeployEngine` that an engine with terms must have. */
type Delegating = DeployEngine & Required<Pick<DeployEngine, 'terms' | 'stage' | 'compare' | 'tidy' | 'reclaim'>>

function delegating(engine: DeployEngine): Delegating {
  const { terms, stage, compare, tidy, reclaim } = engine
  if (!terms || !stage || !compare || !tidy || !reclaim)
    throw new Error(`${engine.name} lacks terms, stage, compare, tidy or reclaim`)
  return { ...engine, terms, stage, compare, tidy, reclaim }
}

const { signal } = new AbortController()

/** More calls than any stage and start of the suite make. */
const MOST_CALLS = 60

/** What every engine with terms must do, whatever system it tells. */
export function delegatingEngineContract(subject: DelegatingEngineSubject): void {
  let scene: LateScene
  let engine: Delegating
  let runs = 0

  beforeEach(async () => {
    scene = await subject.scene()
    engine = delegating(scene.engine)
  })

  const names = (assets: readonly Asset[]) => assets.map(({ name }) => name).sort()

  function first(): Asset {
    const [asset] = scene.assets
    if (asset === undefined) throw new Error('The scene has no assets.')
    return asset
  }

  async function termsOf(asset: Asset): Promise<Terms> {
    const [terms] = await engine.terms([{ asset, changes: scene.changes }], signal)
    if (terms === undefined || typeof terms === 'string') throw new Error(`The engine gave no terms: ${terms}`)
    return terms
  }

  /** A batch that is told now. Work may begin when the lead is over, and for `windowHours` from then. */
  async function batchOf(assets: readonly Asset[], windowHours = 48): Promise<Batch & { readonly notBefore: string }> {
    const { leadSeconds } = await termsOf(first())
    const notBefore = toIso(scene.now().getTime() + leadSeconds * 1_000)
    const notAfter = toIso(Date.parse(notBefore) + windowHours * HOUR_MS)
    const deployments = await Promise.all(
      assets.map(async (asset): Promise<DeploymentRequest> => {
        const transaction = await engine.preview(asset, scene.changes, signal)
        return { asset, changes: scene.changes, transaction, reboot: 'if required', notBefore, notAfter }
      }),
    )
    return { key: `late.${process.pid}.${++runs}`, deployments, notBefore }
  }

  const stored = (handle: DeploymentHandle): DeploymentHandle => JSON.parse(JSON.stringify(handle))

  async function begin(batch: Batch, by: Delegating = engine): Promise<DeploymentHandle> {
    expect(await by.stage(batch, signal)).toEqual({ ready: true })
    return stored(await by.start(batch, signal))
  }

  /** After a death, the system may take a while to show what it was sent. */
  async function beginAgain(batch: Batch): Promise<DeploymentHandle> {
    try {
      return await begin(batch)
    } catch (error) {
      if (scene.sendsOnce !== true) throw error
      await scene.pass(0.25)
      return begin(batch)
    }
  }

  /** Nobody knows whether it was sent, and nothing is sent again. */
  async function expectLeftToPeople(handle: DeploymentHandle): Promise<void> {
    expect(scene.sendsOnce).toBe(true)
    expect(await scene.told()).toEqual([])
    for (const { outcome } of (await reports(handle)).values())
      expect(outcome).toMatchObject({ state: 'unreachable', touched: true, reason: expect.stringMatching(/^\S.{10,}/) })
  }

  async function reports(handle: DeploymentHandle): Promise<ReadonlyMap<string, DeploymentReport>> {
    const found = await engine.poll(handle, signal)
    expect(new Set(found.map(({ asset }) => asset)).size).toBe(found.length)
    for (const { lookAgainAt, saidAt } of found) {
      if (lookAgainAt !== undefined) expect(Date.parse(lookAgainAt)).toBeGreaterThan(scene.now().getTime())
      if (saidAt !== undefined && saidAt !== null) expect(Date.parse(saidAt)).toBeLessThanOrEqual(scene.now().getTime())
    }
    return new Map(found.map((report) => [report.asset, report]))
  }

  /** What a start is looked at by: what is due then is done then, and what others changed is told. */
  async function look(handle: DeploymentHandle): Promise<ReadonlyMap<string, DeploymentReport>> {
    await engine.compare(handle, signal)
    return reports(handle)
  }

  /** The reports after each hour, until all have ended or the hours are over. */
  async function wait(
    handle: DeploymentHandle,
    hours: number,
    each: (now: ReadonlyMap<string, DeploymentReport>) => void | Promise<void> = () => undefined,
  ): Promise<ReadonlyMap<string, DeploymentReport>> {
    let now = await reports(handle)
    for (let hour = 0; hour < hours; hour++) {
      if ([...now.values()].every(({ outcome }) => outcome !== null)) return now
      await scene.pass(1)
      now = await look(handle)
      await each(now)
    }
    return now
  }

  const wholeRhythm = async () => 2 * scene.rhythmHours + (await termsOf(first())).leadSeconds / 3_600 + scene.workHours

  /** Moves on until it holds. */
  async function until(handle: DeploymentHandle, holds: () => Promise<boolean>): Promise<void> {
    for (let hour = 0; hour < 20 * scene.rhythmHours; hour++) {
      if (await holds()) return
      await scene.pass(0.25)
      await look(handle)
    }
    throw new Error('It never came so far.')
  }

  async function stop(handle: DeploymentHandle, only?: readonly string[]): Promise<readonly StopReport[]> {
    const stopped = await engine.cancel(handle, signal, only)
    if (stopped === undefined) throw new Error('An engine with terms says what its stop did.')
    return stopped
  }

  async function isThere(asset: Asset): Promise<boolean> {
    for await (const look of onlyLooks(scene.source.observe({ only: [asset.id], signal }))) {
      if (look.kind === 'seen') return scene.changes.every((one) => isApplied(one, look.snapshot).applied === 'yes')
    }
    return false
  }

  describe(`${subject.name} keeps the contract of an engine with terms:`, () => {
    it('states terms for each asset, in their order, and tells nobody by it', async () => {
      const plans = scene.assets.map((asset) => ({ asset, changes: scene.changes }))
      const terms = await engine.terms(plans, signal)
      expect(terms).toHaveLength(plans.length)
      for (const one of terms) {
        if (typeof one === 'string') throw new Error(one)
        expect(one.reboots.length).toBeGreaterThan(0)
        expect(one.leadSeconds).toBeGreaterThanOrEqual(0)
        expect(one.reportsWithinSeconds).toBeGreaterThan(0)
      }
      expect(await scene.things()).toBe(0)
    })

    it('names in the terms what the system installs by itself, and holds it back', async () => {
      const batch = await batchOf(scene.assets)
      await scene.approveElsewhere(first())
      const { alsoInstalls } = await termsOf(first())
      expect(alsoInstalls.join('\n')).toContain(scene.changes[0]?.name)
      const found = await engine.preflight(batch, signal)
      expect(found.filter(({ ready }) => !ready)).toMatchObject([
        { asset: first().id, outcome: { state: 'held back', reason: expect.stringContaining('by itself') } },
      ])
      const handle = await begin(batch)
      expect(await scene.told()).not.toContain(first().name)
      expect((await reports(handle)).get(first().id)?.outcome).toMatchObject({ state: 'held back' })
    })

    it('staged tells nobody, however long it waits, and staged twice makes one thing', async () => {
      const batch = await batchOf(scene.assets)
      expect(await engine.stage(batch, signal)).toEqual({ ready: true })
      const things = await scene.things()
      if (scene.stagesNothing === true) expect(things).toBe(0)
      else expect(things).toBeGreaterThan(0)
      await engine.stage(batch, signal)
      await delegating(scene.restart()).stage(batch, signal)
      expect(await scene.things()).toBe(things)
      expect(await scene.told()).toEqual([])
      await scene.pass(await wholeRhythm())
      for (const asset of scene.assets) expect(await scene.hasBegun(asset)).toBe(false)
    })

    it('tells exactly the batch, which begins when it may and says so afterwards', async () => {
      const batch = await batchOf(scene.assets)
      const handle = await begin(batch)
      expect(await scene.told()).toEqual(names(scene.assets))
      const begins = Date.parse(batch.notBefore)
      const ended = await wait(handle, await wholeRhythm(), async (now) => {
        expect(names(scene.assets)).toEqual(expect.arrayContaining([...(await scene.told())]))
        for (const asset of scene.assets) {
          if (scene.now().getTime() < begins) expect(await scene.hasBegun(asset)).toBe(false)
          const report = now.get(asset.id)
          if (report?.outcome === null) continue
          expect(Date.parse(report?.saidAt ?? '')).toBeGreaterThan(begins)
        }
      })
      for (const asset of scene.assets) {
        expect(ended.get(asset.id)?.outcome).toMatchObject({ state: 'succeeded' })
        expect(await isThere(asset)).toBe(true)
      }
      expect(await scene.hasBegun(scene.stranger)).toBe(false)
    })

    it('started twice, and by several processes at once, adds nothing', async () => {
      const batch = await batchOf(scene.assets)
      const handle = await begin(batch)
      const things = await scene.things()
      const others = [engine, ...[1, 2, 3].map(() => delegating(scene.restart()))]
      const handles = await Promise.all(others.map((one) => begin(batch, one)))
      for (const other of handles) expect(other).toEqual(handle)
      expect(await scene.things()).toBe(things)
      expect(await scene.told()).toEqual(names(scene.assets))
    })

    it('started by several processes at the same moment makes one thing', async () => {
      const single = await batchOf(scene.assets)
      await engine.stage(single, signal)
      const things = scene.stagesNothing === true ? 1 : await scene.things()
      await engine.tidy(single.key, signal)
      const batch = await batchOf(scene.assets)
      await Promise.all([1, 2, 3].map(() => begin(batch, delegating(scene.restart()))))
      expect(await scene.things()).toBe(things)
      expect(await scene.told()).toEqual(names(scene.assets))
    })

    it('killed at any call, it has told fewer and never more; the next process tells the rest', async () => {
      for (const when of ['before', 'after'] as const) {
        let calls = 0
        for (; calls < MOST_CALLS; calls++) {
          scene = await subject.scene()
          engine = delegating(scene.engine)
          const batch = await batchOf(scene.assets)
          const died = await begin(batch, delegating(scene.dying(calls, when))).then(
            () => false,
            () => true,
          )
          expect(names(scene.assets)).toEqual(expect.arrayContaining([...(await scene.told())]))
          engine = delegating(scene.restart())
          const handle = await beginAgain(batch)
          if (!died || (await scene.told()).length > 0) expect(await scene.told()).toEqual(names(scene.assets))
          if (!died) break
          if ((await scene.told()).length === 0) {
            await expectLeftToPeople(handle)
            await engine.tidy(batch.key, signal)
            continue
          }
          const ended = await wait(handle, await wholeRhythm())
          expect([...ended.values()].map(({ outcome }) => outcome?.state)).toEqual(scene.assets.map(() => 'succeeded'))
          await engine.tidy(batch.key, signal)
          expect(await scene.things()).toBe(0)
        }
        expect(calls).toBeGreaterThan(scene.assets.length)
        expect(calls).toBeLessThan(MOST_CALLS)
      }
    })

    it('finds by its mark what was told although the answer was lost', async () => {
      const batch = await batchOf(scene.assets)
      const calls = [() => engine.stage(batch, signal), () => engine.start(batch, signal)]
      for (const call of scene.stagesNothing === true ? calls.slice(1) : calls) {
        await scene.loseAnswer()
        await expect(call()).rejects.toThrow(/^\S.{10,}/)
      }
      engine = delegating(scene.restart())
      const handle = await begin(batch)
      expect(await scene.told()).toEqual(names(scene.assets))
      const things = await scene.things()
      await scene.loseAnswer()
      await expect(engine.cancel(handle, signal)).rejects.toThrow(/^\S.{10,}/)
      expect((await stop(handle)).map(({ state }) => state)).toEqual(scene.assets.map(() => 'stopped'))
      await scene.loseAnswer()
      await expect(engine.tidy(batch.key, signal)).rejects.toThrow(/^\S.{10,}/)
      await engine.tidy(batch.key, signal)
      expect(things).toBeGreaterThan(0)
      expect(await scene.things()).toBe(0)
    })

    it('stops one asset of several before it has learned: it never begins, the others do', async () => {
      const batch = await batchOf(scene.assets)
      const handle = await begin(batch)
      const [stopped, ...others] = scene.assets
      if (stopped === undefined) throw new Error('The scene has no assets.')
      const said = await stop(handle, [stopped.id])
      expect(said).toEqual([{ asset: stopped.id, state: 'stopped' }])
      expect(await scene.told()).toEqual(names(others))
      await begin(batch, delegating(scene.restart()))
      expect(await scene.told()).toEqual(names(others))
      const ended = await wait(handle, await wholeRhythm())
      expect(ended.get(stopped.id)?.outcome).toMatchObject({ state: 'not begun' })
      expect(await scene.hasBegun(stopped)).toBe(false)
      for (const asset of others) expect(ended.get(asset.id)?.outcome).toMatchObject({ state: 'succeeded' })
    })

    it('says of an asset that has learned that it may still begin, and never begins after the end that was promised', async () => {
      const handle = await begin(await batchOf([first()]))
      await until(handle, () => scene.hasLearned(first()))
      const [said] = await stop(handle)
      expect(said).toMatchObject({ asset: first().id, state: 'may still begin' })
      expect(await stop(handle)).toEqual([said])
      // Without a promise, only the machine's own word can say that it has not begun.
      const end = said?.until === undefined ? null : Date.parse(said.until)
      if (end === null) await scene.pass((await termsOf(first())).leadSeconds / 3_600 + scene.rhythmHours)
      else {
        expect(end).toBeGreaterThan(scene.now().getTime())
        await until(handle, async () => scene.now().getTime() >= end)
      }
      const began = await scene.hasBegun(first())
      await scene.pass(3 * scene.rhythmHours)
      expect(await scene.hasBegun(first())).toBe(began)
      const outcome = (await wait(handle, scene.rhythmHours)).get(first().id)?.outcome
      expect(outcome?.state).toBe(began ? 'succeeded' : 'not begun')
    })

    it('interrupts nothing that has begun, and says so', async () => {
      const handle = await begin(await batchOf([first()]))
      await until(handle, () => scene.hasBegun(first()))
      expect(await stop(handle)).toMatchObject([{ asset: first().id, state: 'at work' }])
      const ended = await wait(handle, await wholeRhythm())
      expect(ended.get(first().id)?.outcome).toMatchObject({ state: 'succeeded' })
    })

    it('tells nobody whose time is over, and says so', async () => {
      const { key, deployments } = await batchOf(scene.assets)
      const notAfter = toIso(scene.now().getTime())
      const batch = { key, deployments: deployments.map((one) => ({ ...one, notAfter })) }
      const handle = await begin(batch)
      expect(await scene.told()).toEqual([])
      const ended = await reports(handle)
      for (const asset of scene.assets) expect(ended.get(asset.id)?.outcome).toMatchObject({ state: 'not begun' })
      await scene.pass(await wholeRhythm())
      for (const asset of scene.assets) expect(await scene.hasBegun(asset)).toBe(false)
    })

    it('killed before all were told, tells nobody else when the time is over by then', async () => {
      for (let call = 0; call < MOST_CALLS; call++) {
        scene = await subject.scene()
        engine = delegating(scene.engine)
        const { key, deployments } = await batchOf(scene.assets)
        const dying = delegating(scene.dying(call, 'after'))
        const died = await begin({ key, deployments }, dying).then(
          () => false,
          () => true,
        )
        if (!died) return
        const told = await scene.told()
        const notAfter = toIso(scene.now().getTime())
        const handle = await beginAgain({ key, deployments: deployments.map((one) => ({ ...one, notAfter })) })
        // Some systems take back even what was told before.
        const left = await scene.told()
        expect(told).toEqual(expect.arrayContaining([...left]))
        for (const [id, { outcome }] of await reports(handle)) {
          const name = scene.assets.find((asset) => asset.id === id)?.name ?? ''
          if (outcome?.state === 'unreachable') await expectLeftToPeople(handle)
          else expect(outcome?.state).toBe(left.includes(name) ? undefined : 'not begun')
        }
      }
      throw new Error('It made more calls than any start should.')
    })

    it('takes no word from before the work for its outcome', async () => {
      const batch = await batchOf([first()])
      await scene.speaksNoMore(first())
      const handle = await begin(batch)
      await until(handle, () => scene.hasBegun(first()))
      await scene.pass(3 * scene.rhythmHours)
      expect((await reports(handle)).get(first().id)).toMatchObject({ outcome: null, saidAt: null })
      expect(await isThere(first())).toBe(false)
    })

    it('reports an installation that fails, with a reason', async () => {
      await scene.breakInstallation(first())
      const handle = await begin(await batchOf(scene.assets))
      const ended = await wait(handle, await wholeRhythm())
      expect(ended.get(first().id)?.outcome).toMatchObject({
        state: 'failed',
        reason: expect.stringMatching(/^\S.{10,}/),
      })
    })

    it('finds nothing to compare where nobody meddled', async () => {
      const handle = await begin(await batchOf(scene.assets))
      expect(await engine.compare(handle, signal)).toEqual([])
      expect(await scene.told()).toEqual(names(scene.assets))
    })

    it('tells of a stranger once and takes it back', async () => {
      const handle = await begin(await batchOf(scene.assets))
      await scene.addByHand(scene.stranger)
      expect(await engine.compare(handle, signal)).toEqual([expect.stringContaining(scene.stranger.name)])
      expect(await engine.compare(handle, signal)).toEqual([])
      const kept = scene.keptBesideStranger ?? scene.assets
      expect(await scene.told()).toEqual(names(kept))
      await wait(handle, await wholeRhythm())
      expect(await scene.hasBegun(scene.stranger)).toBe(false)
      const ended = await reports(handle)
      expect(ended.has(scene.stranger.id)).toBe(false)
      for (const { id } of scene.assets)
        expect(ended.get(id)?.outcome?.state).toBe(kept.some((one) => one.id === id) ? 'succeeded' : 'held back')
    })

    it('tells once of an asset that somebody took out, adds it no more, and ends it', async () => {
      const batch = await batchOf(scene.assets)
      const handle = await begin(batch)
      const hours = await wholeRhythm()
      await scene.removeByHand(first())
      expect(await engine.compare(handle, signal)).toEqual([expect.stringContaining(first().name)])
      expect(await engine.compare(handle, signal)).toEqual([])
      await begin(batch)
      expect(await scene.told()).not.toContain(first().name)
      const ended = await wait(handle, hours)
      expect(ended.get(first().id)?.outcome).toMatchObject({ state: 'not begun' })
    })

    it('leaves nothing behind after tidy, of a start or of a stage, however often', async () => {
      const batch = await batchOf(scene.assets)
      await engine.stage(batch, signal)
      await engine.tidy(batch.key, signal)
      expect(await scene.things()).toBe(0)
      const handle = await begin(batch)
      await wait(handle, await wholeRhythm())
      await engine.tidy(batch.key, signal)
      await delegating(scene.restart()).tidy(batch.key, signal)
      expect(await scene.things()).toBe(0)
      expect(await scene.told()).toEqual([])
    })

    it('tidies one start and leaves the others alone', async () => {
      const [mine, other] = [await batchOf([first()]), await batchOf(scene.assets.slice(1))]
      await begin(mine)
      await begin(other)
      await engine.tidy(mine.key, signal)
      expect(await scene.told()).toEqual(names(scene.assets.slice(1)))
    })

    it('says of several starts in one look what it says of each by itself, and leaves out those that nobody made', async () => {
      const { sharedPoll } = engine
      if (sharedPoll === undefined) return
      const handles = [await begin(await batchOf([first()])), await begin(await batchOf(scene.assets.slice(1)))]
      await scene.pass(scene.rhythmHours)
      const found = await sharedPoll.poll([...handles, { key: 'nobody.made.this', data: {} }], signal)
      expect([...found.keys()].sort()).toEqual(handles.map(({ key }) => key).sort())
      for (const handle of handles) expect(found.get(handle.key)).toEqual(await engine.poll(handle, signal))
    })

    it('takes back a start of ours that nobody knows, says so once, and keeps what is left of it', async () => {
      const [lost, known] = [await batchOf([first()]), await batchOf(scene.assets.slice(1))]
      await begin(lost)
      await begin(known)
      if (scene.shownAfterHours !== undefined) await scene.pass(scene.shownAfterHours)
      const asked: string[] = []
      const unknown = async (keys: readonly string[]) => {
        asked.push(...keys)
        return keys.filter((key) => key === lost.key)
      }
      const things = await scene.things()
      expect(await engine.reclaim(unknown, signal)).toEqual([expect.stringContaining(first().name)])
      expect(asked.sort()).toEqual([lost.key, known.key].sort())
      expect(await scene.told()).toEqual(names(scene.assets.slice(1)))
      expect(await scene.things()).toBe(things)
      expect(await delegating(scene.restart()).reclaim(unknown, signal)).toEqual([])
      await scene.pass(await wholeRhythm())
      expect(await scene.hasBegun(first())).toBe(false)
    })

    it('takes nothing back where every start is known', async () => {
      await begin(await batchOf(scene.assets))
      expect(await engine.reclaim(async () => [], signal)).toEqual([])
      expect(await scene.told()).toEqual(names(scene.assets))
    })

    it('lists each asset with the time of its own word, which no look moves', async () => {
      const times = async () => {
        const found = new Map<string, string>()
        for await (const look of onlyLooks(scene.source.observe({ signal }))) {
          if (look.kind === 'seen') found.set(look.snapshot.asset.id, look.snapshot.observedAt)
        }
        return found
      }
      const before = await times()
      for (const asset of scene.assets) {
        expect(Date.parse(before.get(asset.id) ?? '')).toBeLessThanOrEqual(scene.now().getTime())
      }
      expect(await times()).toEqual(before)
      await scene.pass(scene.rhythmHours)
      const after = await times()
      for (const asset of scene.assets) {
        expect(Date.parse(after.get(asset.id) ?? '')).toBeGreaterThan(Date.parse(before.get(asset.id) ?? ''))
      }
    })

    it('starts and reports nothing for an empty batch', async () => {
      const handle = await engine.start({ key: `late.empty.${++runs}`, deployments: [] }, signal)
      expect(await engine.poll(handle, signal)).toEqual([])
    })

    it.each(['../escape', '', 'a/b', 'a b', 'x'.repeat(300)])('refuses the key %j', async (key) => {
      await expect(engine.start({ key, deployments: [] }, signal)).rejects.toThrow(/key/)
    })

    it('does not know a start that nobody made, and says so', async () => {
      await expect(engine.poll({ key: 'nobody.started.this', data: {} }, signal)).rejects.toThrow(/^\S.{10,}/)
    })

    it('does nothing once it was told to stop', async () => {
      const gone = AbortSignal.abort(new Error('shutting down'))
      const batch = await batchOf(scene.assets)
      await expect(engine.stage(batch, gone)).rejects.toThrow('shutting down')
      await expect(engine.start(batch, gone)).rejects.toThrow('shutting down')
      expect(await scene.things()).toBe(0)
    })
  })
}
