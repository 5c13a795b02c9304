import { countEndState } from '../../src/core/gate.ts'
import type { ProposalEvent } from '../../src/core/proposal/event.ts'
import type { ProposalState, Rollout } from '../../src/core/proposal/proposal.ts'
import type { Freeze } from '../../src/core/window.ts'
import type { DailyHours, Scenario } from './scenario.ts'

const HOUR = 3_600_000

/** Watches the events of one rollout and keeps the first promise that did not hold. */
export function createWitness(scenario: Scenario) {
  const { subject } = scenario
  const ringOf = new Map(subject.rings.flatMap((ring, index) => ring.assets.map((asset) => [asset, index] as const)))
  const clustersOf = new Map<string, number[]>()
  for (const [index, cluster] of (subject.clusters ?? []).entries())
    for (const asset of cluster.assets) clustersOf.set(asset, [...(clustersOf.get(asset) ?? []), index])
  const log: string[] = []
  const allowed = new Map<string, number>()
  const started = new Map<string, number>()
  const working = new Set<string>()
  const down = new Set<string>()
  let approvals = 0
  let stopped: string | null = null
  let testing = false
  let rolling = false
  let extendedUntil = 0
  let checkedWell: string | null = null
  let broken: string | null = null

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

  function seeStart(assets: readonly string[], ring: number, run: Rollout, now: number, freezes: readonly Freeze[]) {
    const planned = subject.rings[ring]
    if (planned === undefined) {
      claim(false, 'a ring that the plan does not have')
      return
    }
    claim(stopped === null, `something began although it was stopped (${stopped})`)
    claim(approvals > 0 || testing, 'something began without an approval on record')
    if (testing) claim(planned.beforeVote === true, 'the test touched an asset that is not in the test ring')
    else claim(rolling, 'something began before the rollout')
    for (const [before, state] of run.rings.entries())
      if (before < ring) claim(state.status === 'passed', `ring ${ring} began before ring ${before} had passed`)
    const frozen = freezes.find(({ from, to }) => Date.parse(from) <= now && now < Date.parse(to))
    claim(frozen === undefined, 'something began in a freeze')
    const seconds = scenario.estimates[planned.name] ?? 0
    for (const asset of assets) {
      claim(ringOf.get(asset) === ring, `${asset} began in another ring than the plan says`)
      claim(!working.has(asset), `${asset} began while it was being worked on`)
      claim(run.skipped[asset] === undefined, `${asset} began although it was left out`)
      const times = (started.get(asset) ?? 0) + 1
      started.set(asset, times)
      claim(times <= 1 + (allowed.get(asset) ?? 0), `${asset} began ${times} times for one approval`)
      if (!testing) {
        const hours = scenario.own.get(asset) ?? scenario.hours
        // What belongs together may run over midnight into the next opening of a window that never closes.
        const inside = isOpen(hours, now, seconds)
        const extended = now < extendedUntil && now + seconds * 1_000 <= extendedUntil
        claim(inside || extended, `${asset} began outside its window, or too late to be done in it`)
      }
      working.add(asset)
    }
    const mine = [...working].filter((asset) => ringOf.get(asset) === ring).length
    claim(
      mine <= Math.max(planned.concurrency ?? planned.batchSize, 1),
      `${mine} were worked on at once in ring ${ring}`,
    )
    claim(assets.length <= planned.batchSize, 'a batch was larger than the plan says')
    for (const index of new Set(assets.flatMap((asset) => clustersOf.get(asset) ?? []))) {
      const cluster = subject.clusters?.[index]
      if (cluster === undefined) continue
      const busy = cluster.assets.filter((asset) => working.has(asset))
      claim(
        busy.length <= cluster.atOnce || busy.every((asset) => down.has(asset)),
        `too many of ${cluster.name} at once`,
      )
      const up = cluster.assets.filter((asset) => !working.has(asset) && !down.has(asset)).length
      const fresh = assets.some((asset) => cluster.assets.includes(asset) && !down.has(asset))
      if (fresh) claim(up >= cluster.minHealthy, `only ${up} of ${cluster.name} stayed up, ${cluster.minHealthy} must`)
    }
    if ((planned.gate.checks ?? []).length > 0)
      claim(checkedWell !== null || run.rings[ring]?.batchesStarted !== 0, 'a ring began without its checks')
    if ((planned.gate.go ?? []).length > 0)
      claim(run.rings[ring]?.go !== null, 'a ring began though nobody had said go')
  }

  function see(event: ProposalEvent, state: ProposalState, now: number, freezes: readonly Freeze[]): void {
    log.push(`${new Date(now).toISOString()} ${event.type} ${'reason' in event ? event.reason : ''}`)
    const run = state.rollout ?? state.test
    switch (event.type) {
      case 'approved':
        approvals++
        claim(
          event.by.how === 'quorum' && new Set(event.by.fills.map(({ person }) => person)).size === 2,
          'it was approved by other than two people',
        )
        return
      case 'test-started':
        testing = true
        return
      case 'test-ended':
        testing = false
        return
      case 'rollout-started':
        rolling = true
        claim(!testing, 'the rollout began while the test ran')
        if (scenario.policy.testRing === 'required')
          claim(state.test?.result?.passed === true, 'it began although its test did not pass')
        return
      case 'paused':
      case 'halted':
        stopped = event.reason
        return
      case 'resumed':
        stopped = null
        return
      case 'gate-failed':
        stopped = testing ? null : event.reason
        return
      case 'window-extended':
        extendedUntil = Date.parse(event.until)
        return
      case 'gate-checked':
        checkedWell = event.healthy ? new Date(now).toISOString() : null
        return
      case 'retry-asked':
        for (const asset of event.assets) allowed.set(asset, (allowed.get(asset) ?? 0) + 1)
        return
      case 'batch-started':
      case 'assets-started':
        if (run !== null) seeStart(event.assets, event.ring, run, now, freezes)
        return
      case 'asset-skipped':
        down.delete(event.asset)
        return
      case 'verification-recorded':
      case 'verifications-recorded': {
        const all = event.type === 'verification-recorded' ? [event] : event.verifications
        for (const { asset, verification } of all) {
          working.delete(asset)
          const count = countEndState(verification.end)
          if (count === 'good' || run?.skipped[asset] !== undefined) down.delete(asset)
          else down.add(asset)
        }
        return
      }
      default:
        return
    }
  }

  /** What must be so at the end, whatever the end is. */
  function end(
    state: ProposalState,
    transactions: (asset: string) => readonly string[],
    installed: (asset: string) => boolean,
  ): void {
    for (const asset of scenario.assets) {
      const keys = transactions(asset)
      claim(new Set(keys).size === keys.length, `${asset} ran a key twice`)
      claim(keys.length <= 1 + (allowed.get(asset) ?? 0), `${asset} was patched ${keys.length} times for one approval`)
      if (state.status !== 'completed') continue
      const deployment = state.rollout?.deployments[asset]
      if (deployment === undefined) {
        claim(state.rollout?.skipped[asset] !== undefined, `${asset} was never touched, and nobody knows why`)
        continue
      }
      claim(deployment.verification !== null, `${asset} has no end state`)
      if (deployment.verification?.end === 'installed')
        claim(installed(asset), `${asset} is told as installed and is not`)
    }
  }

  return { see, end, broken: () => broken }
}
