import { isDeepStrictEqual } from 'node:util'
import { outcomesOf, type ProposalEvent, type RecordedEvent } from '../../src/core/proposal/event.ts'
import { replay } from '../../src/core/proposal/evolve.ts'
import { type EndState, finalStatuses, type ProposalState, type Rollout } from '../../src/core/proposal/proposal.ts'
import { deploymentsOf, failedDeployments, unverified } from '../../src/core/rollout/deployments.ts'
import { countEndState } from '../../src/core/rollout/gate.ts'
import type { Freeze } from '../../src/core/window.ts'
import { createAway } from './away.ts'
import type { DailyHours, Scenario } from './scenario.ts'

const HOUR = 3_600_000
/** How old the answer of a gate's checks may be when a batch begins. */
const CHECKS_HOLD = HOUR / 12

/** The longest that the clock of the simulation moves at once: nothing that has its time is later than that. */
export const LONGEST_TICK = HOUR / 3

/** How an asset ended that did not end well. */
type Poor = 'bad' | 'unreachable'

/** What really is on the machines. */
export interface World {
  /** The keys that an asset has worked through. */
  readonly transactions: (asset: string) => readonly string[]
  readonly installed: (asset: string) => boolean
}

/**
 * Watches the events of one rollout and keeps the first promise that did not hold. Every event is judged by what it
 * touches: an asset, its ring, its clusters. What it does not touch was judged when it was touched, and none of the
 * promises can be broken without an event. How much of a ring or a cluster is away is counted along, for which `lookAtAll`
 * is the proof: it counts all of it again, and compares it with the state and the machines.
 */
export function createWitness(scenario: Scenario) {
  const { subject } = scenario
  const away = createAway(subject)
  const log: string[] = []
  const allowed = new Map<string, number>()
  const started = new Map<string, number>()
  /** Recorded as started, and not begun yet. */
  const recordedOnly = new Set<string>()
  /** What the state should say of each asset that was begun: its end, or `null` until it is known. */
  const ends = new Map<string, EndState | null>()
  const left = new Set<string>()
  const poorIn = subject.rings.map(() => new Map<string, Poor>())
  /** Assets whose failure somebody has accepted. */
  const accepted = new Set<string>()
  let halted = false
  let approvals = 0
  let stopped: string | null = null
  let testing = false
  let rolling = false
  let extendedUntil = 0
  let checkedWell: number | null = null
  const verifiedIn = subject.rings.map(() => Number.NEGATIVE_INFINITY)
  let broken: string | null = null
  /** Since when it waits to be decided; `null`: it is decided. */
  let openSince: number | null = null
  let reminders = 0
  let closed = false
  /** Until when it may run, as people were told last. */
  let windowEnds = Number.POSITIVE_INFINITY
  const told = new Set<string>()
  /** What does not fit any more what was voted on, as it was told. */
  const departed = new Set<string>()
  /** Rings of which somebody, or the rollout itself, has said no. */
  const refused = new Set<number>()

  function claim(holds: boolean, what: string): void {
    if (!holds) broken ??= `${what}\n  ${log.slice(-12).join('\n  ')}`
  }

  function isOpen({ fromHour, hours }: DailyHours, now: number, seconds: number): boolean {
    // The opening of today and that of yesterday, which may still last.
    const midnight = Math.floor(now / (24 * HOUR)) * 24 * HOUR
    return [0, -1].some((day) => {
      const start = midnight + day * 24 * HOUR + fromHour * HOUR
      return start <= now && now + seconds * 1_000 <= start + hours * HOUR
    })
  }

  /** Not touched, because it does not fit any more what was voted on. */
  function isOut(asset: string): boolean {
    return departed.has(asset) && !ends.has(asset)
  }

  function counts(asset: string): boolean {
    return !accepted.has(asset) && !left.has(asset)
  }

  /** Nothing begins behind a gate that has failed. */
  function checkGate(ring: number): void {
    const planned = subject.rings[ring]
    const poor = [...(poorIn[ring] ?? [])]
    if (planned === undefined) return
    const { maxFailures, minSuccessPercent, unreachable: policy } = planned.gate
    const counted = poor.filter(([asset]) => counts(asset))
    const silent = counted.filter(([, how]) => how === 'unreachable').length
    const failures = counted.length - (policy === 'ignored' ? silent : 0)
    claim(failures <= maxFailures, `something began although ${failures} of ring ${ring} had failed`)
    const there = departed.size === 0 ? planned.assets.length : planned.assets.filter((asset) => !isOut(asset)).length
    const judged = there - (poor.length - counted.length) - (policy === 'ignored' ? silent : 0)
    const well = there - poor.length
    claim(
      judged === 0 ? silent === 0 : (well / judged) * 100 >= minSuccessPercent,
      `something began although only ${well} of ${judged} of ring ${ring} can still succeed`,
    )
    if (subject.failureBudget === undefined) return
    const all = poorIn.flatMap((one) => [...one.keys()]).filter(counts).length
    claim(all <= subject.failureBudget, `something began although ${all} had failed in all`)
  }

  function seeStart(assets: readonly string[], ring: number, run: Rollout, now: number, freezes: readonly Freeze[]) {
    const planned = subject.rings[ring]
    if (planned === undefined) {
      claim(false, 'a ring that the plan does not have')
      return
    }
    claim(stopped === null, `something began although it was stopped (${stopped})`)
    claim(!closed, 'something began although the proposal was over')
    claim(approvals > 0 || testing, 'something began without an approval on record')
    if (testing) claim(planned.beforeVote === true, 'the test touched an asset that is not in the test ring')
    else claim(rolling, 'something began before the rollout')
    for (const [before, state] of run.rings.entries())
      if (before < ring)
        claim(
          state.status === 'passed' && away.inRing(before) === 0,
          `ring ${ring} began before ring ${before} had passed`,
        )
    const frozen = freezes.find(({ from, to }) => Date.parse(from) <= now && now < Date.parse(to))
    claim(frozen === undefined, 'something began in a freeze')
    checkGate(ring)
    const seconds = scenario.estimates[planned.name] ?? 0
    const extended = now < extendedUntil && now + seconds * 1_000 <= extendedUntil
    const open = new Map([scenario.hours, ...scenario.own.values()].map((hours) => [hours, false]))
    for (const hours of open.keys()) open.set(hours, isOpen(hours, now, seconds))
    for (const asset of assets) {
      claim(away.ringOf(asset) === ring, `${asset} began in another ring than the plan says`)
      claim(!away.isWorkedOn(asset), `${asset} began while it was being worked on`)
      claim(run.skipped[asset] === undefined, `${asset} began although it was left out`)
      claim(!departed.has(asset), `${asset} began although it does not fit what was voted on`)
      const times = (started.get(asset) ?? 0) + 1
      started.set(asset, times)
      claim(times <= 1 + (allowed.get(asset) ?? 0), `${asset} began ${times} times for one approval`)
      if (!testing) {
        const hours = scenario.own.get(asset) ?? scenario.hours
        // What belongs together may run over midnight into the next opening of a window that never closes.
        claim(open.get(hours) === true || extended, `${asset} began outside its window, or too late to be done in it`)
      }
      away.put(asset, { working: true, down: away.isDown(asset) })
      ends.set(asset, null)
      recordedOnly.add(asset)
    }
    const mine = away.inRing(ring)
    claim(
      mine <= Math.max(planned.concurrency ?? planned.batchSize, 1),
      `${mine} were worked on at once in ring ${ring}`,
    )
    const fresh = new Set(assets.filter((asset) => !away.isDown(asset)).flatMap(away.clustersOf))
    for (const index of new Set(assets.flatMap(away.clustersOf))) {
      const cluster = subject.clusters?.[index]
      if (cluster === undefined) continue
      const { busy, busyUp, down } = away.inCluster(index)
      claim(busy <= cluster.atOnce || busyUp === 0, `too many of ${cluster.name} at once`)
      const up = cluster.assets.length - busy - down
      if (fresh.has(index))
        claim(up >= cluster.minHealthy, `only ${up} of ${cluster.name} stayed up, ${cluster.minHealthy} must`)
    }
    if ((planned.gate.go ?? []).length > 0)
      claim(run.rings[ring]?.go !== null, 'a ring began though nobody had said go')
  }

  /** What begins on the machines themselves, however long ago it was recorded as started. */
  function seeBegin(assets: readonly string[], now: number, freezes: readonly Freeze[]): void {
    if (assets.length === 0) return
    for (const asset of assets) recordedOnly.delete(asset)
    claim(stopped === null, `something was begun although it was stopped (${stopped})`)
    const frozen = freezes.find(({ from, to }) => Date.parse(from) <= now && now < Date.parse(to))
    claim(frozen === undefined, 'something was begun in a freeze')
    if (testing) return
    for (const asset of assets) {
      const hours = scenario.own.get(asset) ?? scenario.hours
      claim(isOpen(hours, now, 0) || now < extendedUntil, `${asset} was begun outside its window`)
    }
  }

  function seeBatch(event: Extract<ProposalEvent, { type: 'batch-started' }>, now: number) {
    const { ring, assets, waiting = [], queued = 0 } = event
    const planned = subject.rings[ring]
    if (planned === undefined) return
    claim(assets.length + waiting.length + queued <= planned.batchSize, 'a batch was larger than the plan says')
    claim(away.inRing(ring) === 0, `a batch of ring ${ring} began before the last one was done`)
    if ((planned.gate.checks ?? []).length > 0)
      claim(checkedWell !== null && now - checkedWell <= CHECKS_HOLD, 'a batch began without its checks')
    checkedWell = null
  }

  function see(event: ProposalEvent, state: ProposalState, now: number, freezes: readonly Freeze[]): void {
    log.push(`${new Date(now).toISOString()} ${event.type} ${'reason' in event ? event.reason : ''}`)
    const run = state.rollout ?? state.test
    if (event.type !== 'opened' && event.type !== 'revised')
      // What became of assets is written beside it.
      claim(
        JSON.stringify({ ...event, outcomes: undefined, verifications: undefined }).length <= 65_536,
        'an event was larger than any may be',
      )
    const listed = ['assets', 'waiting', 'outcomes', 'verifications'].flatMap((list) => Reflect.get(event, list) ?? [])
    claim(listed.length <= 500, 'an event told of more assets than any may')
    switch (event.type) {
      case 'opened':
        openSince = now
        return
      case 'reminded':
        reminders++
        return
      case 'rejected':
      case 'withdrawn':
      case 'superseded':
      case 'expired':
        openSince = null
        closed = true
        return
      case 'scheduled':
      case 'postponed':
        windowEnds = Date.parse(event.window.end)
        return
      case 'approved':
        openSince = null
        approvals++
        claim(
          event.by.how === 'quorum' && new Set(event.by.fills.map(({ person }) => person)).size === 2,
          'it was approved by other than two people',
        )
        return
      case 'test-started':
        testing = true
        return
      case 'test-paused':
      case 'test-halted':
        stopped = event.reason
        halted = event.type === 'test-halted'
        return
      case 'test-resumed':
        stopped = null
        return
      case 'test-ended':
        claim(!event.passed || stopped === null, 'the test passed although it was stopped')
        claim(![...ends.values()].includes(null), 'the test ended before all that it had begun')
        testing = false
        stopped = null
        halted = false
        return
      case 'rollout-started':
        rolling = true
        // Those who approved have seen what the test did.
        for (const asset of ends.keys()) accepted.add(asset)
        claim(!testing, 'the rollout began while the test ran')
        if (scenario.policy.testRing === 'required')
          claim(state.test?.result?.passed === true, 'it began although its test did not pass')
        return
      case 'paused':
      case 'halted':
        stopped = event.reason
        halted = event.type === 'halted'
        return
      case 'resumed':
        stopped = null
        if (halted)
          for (const [ring, poor] of poorIn.entries())
            if (run?.rings[ring]?.status !== 'passed') for (const asset of poor.keys()) accepted.add(asset)
        halted = false
        return
      case 'assets-compared':
        for (const { asset, is } of event.assets) {
          claim(!ends.has(asset) || is === 'waiting', `${asset} had begun, and is told as ${is}`)
          if (is === 'left out') departed.add(asset)
          else departed.delete(asset)
        }
        return
      case 'gate-failed':
        refused.add(event.ring)
        stopped = testing ? null : event.reason
        return
      case 'window-extended':
        extendedUntil = Date.parse(event.until)
        windowEnds = extendedUntil
        return
      case 'gate-checked':
        checkedWell = event.healthy ? now : null
        return
      case 'ring-passed':
      case 'ring-soaking': {
        const { assets, soakSeconds } = subject.rings[event.ring] ?? { assets: [], soakSeconds: 0 }
        claim(
          assets.every((asset) => typeof ends.get(asset) === 'string' || left.has(asset) || departed.has(asset)),
          `ring ${event.ring} was done before its assets were`,
        )
        const empty = !assets.some((asset) => ends.has(asset)) && !assets.every((asset) => left.has(asset))
        claim(!empty || refused.has(event.ring), `ring ${event.ring} passed because nothing was there`)
        if (empty) return
        const soaked = (verifiedIn[event.ring] ?? now) + soakSeconds * 1_000
        if (event.type === 'ring-passed' && !testing) claim(soaked <= now, `ring ${event.ring} did not soak`)
        return
      }
      case 'outcome-recorded':
      case 'outcomes-recorded':
        for (const { asset } of outcomesOf(event)) told.add(asset)
        return
      case 'retry-asked':
        for (const asset of event.assets) {
          told.delete(asset)
          allowed.set(asset, (allowed.get(asset) ?? 0) + 1)
          ends.delete(asset)
          left.delete(asset)
          accepted.delete(asset)
          for (const poor of poorIn) poor.delete(asset)
        }
        return
      case 'batch-started':
        seeBatch(event, now)
        if (run !== null) seeStart(event.assets, event.ring, run, now, freezes)
        return
      case 'assets-started':
        checkedWell = null
        if (run !== null) seeStart(event.assets, event.ring, run, now, freezes)
        return
      case 'asset-skipped':
        left.add(event.asset)
        away.put(event.asset, { working: away.isWorkedOn(event.asset), down: false })
        return
      case 'verification-recorded':
      case 'verifications-recorded': {
        const all = event.type === 'verification-recorded' ? [event] : event.verifications
        for (const { asset, verification } of all) {
          if (verification.end === 'not touched') {
            // Its turn has not come, and it has not been asked for twice.
            started.set(asset, (started.get(asset) ?? 0) - 1)
            ends.delete(asset)
            recordedOnly.delete(asset)
            away.put(asset, { working: false, down: away.isDown(asset) })
            continue
          }
          const count = countEndState(verification.end)
          away.put(asset, { working: false, down: count !== 'good' && run?.skipped[asset] === undefined })
          ends.set(asset, verification.end)
          const poor = poorIn[away.ringOf(asset) ?? -1]
          verifiedIn[away.ringOf(asset) ?? -1] = now
          if (count === 'bad' || count === 'unreachable') poor?.set(asset, count)
          else poor?.delete(asset)
        }
        return
      }
      default:
        return
    }
  }

  /** What is due by the clock is not late, whatever is at work. */
  function lookAtClock(now: number): void {
    const late = now - LONGEST_TICK
    if (openSince !== null) {
      const { remindAfterSeconds, messageAfterSeconds, expiresAfterSeconds } = scenario.policy
      const since = openSince
      const passed = (seconds: number | null) => seconds !== null && since + seconds * 1_000 < late
      const due = [remindAfterSeconds, messageAfterSeconds].filter(passed).length
      claim(reminders >= due, `${reminders} of ${due} reminders came in time`)
      claim(!passed(expiresAfterSeconds), 'it did not expire in time')
    }
    if (!rolling || stopped !== null || closed || windowEnds >= late) return
    const waits = scenario.assets.some((asset) => !ends.has(asset) && !left.has(asset) && !departed.has(asset))
    claim(!waits, 'nobody was told that the window was over')
  }

  /** Everything at once: what was counted along, what the state says, and what is on the machines. */
  function lookAtAll(state: ProposalState, { transactions, installed }: World): void {
    const run = state.rollout ?? state.test
    for (const asset of scenario.assets) {
      const keys = transactions(asset)
      claim(new Set(keys).size === keys.length, `${asset} ran a key twice`)
      claim(keys.length <= 1 + (allowed.get(asset) ?? 0), `${asset} was patched ${keys.length} times for one approval`)
      const begun = (started.get(asset) ?? 0) - (recordedOnly.has(asset) ? 1 : 0)
      claim(keys.length === begun, `${asset} was patched without a start on record`)
      const deployment = run?.deployments[asset]
      const end = deployment === undefined ? undefined : (deployment.verification?.end ?? null)
      claim(end === ends.get(asset), `of ${asset} the state says ${end}, and it was ${ends.get(asset)}`)
      claim((end === null) === away.isWorkedOn(asset), `${asset} is worked on, or is not, and the state says otherwise`)
      claim(
        (run?.skipped[asset] !== undefined) === left.has(asset),
        `the state does not say who was left out: ${asset}`,
      )
      if (end === 'installed') claim(installed(asset), `${asset} is told as installed and is not`)
    }
    for (const [ring, { assets }] of subject.rings.entries()) {
      const poor = assets.filter((asset) => /bad|unreachable/.test(countEndState(ends.get(asset) ?? 'installed')))
      claim(poorIn[ring]?.size === poor.length, `of ring ${ring} ${poor.length} failed, and others were counted`)
    }
    if (run !== null) {
      // What is kept beside the record, against what is made of the record alone.
      const anew = { ...run }
      claim(isDeepStrictEqual(deploymentsOf(run), deploymentsOf(anew)), 'the deployments are not those on record')
      claim(isDeepStrictEqual(failedDeployments(run), failedDeployments(anew)), 'others failed than are on record')
      claim(
        isDeepStrictEqual(new Set(unverified(run)), new Set(unverified(anew))),
        'others are worked on than are on record',
      )
    }
    const miscounted = away.miscounted()
    claim(miscounted === null, `what is away of ${miscounted} was counted wrong`)
  }

  /** What must be so at the end, whatever the end is. */
  function end(state: ProposalState, recorded: readonly RecordedEvent[], world: World): void {
    lookAtAll(state, world)
    claim(isDeepStrictEqual(replay(recorded), state), 'the events on record do not lead to this state')
    if (!finalStatuses.includes(state.status)) return
    for (const [asset, how] of ends)
      claim(how !== null && told.has(asset), `${asset} began, and nobody knows how it ended`)
    claim(state.test === null || state.test.result !== null, 'the proposal is over, and its test never ended')
    if (state.status !== 'completed') return
    for (const asset of scenario.assets) {
      const deployment = state.rollout?.deployments[asset]
      if (deployment === undefined) {
        const known = state.rollout?.skipped[asset] !== undefined || state.since?.leftOut[asset] !== undefined
        claim(known, `${asset} was never touched, and nobody knows why`)
        continue
      }
      claim(deployment.verification !== null, `${asset} has no end state`)
    }
  }

  return { see, seeBegin, lookAtAll, lookAtClock, end, broken: () => broken, log: () => log.slice(-40) }
}
