import type { Policy } from '../../src/core/policy.ts'
import type { Content } from '../../src/core/proposal/event.ts'
import type { Cluster, PatchSubject, PlannedRing } from '../../src/core/proposal/proposal.ts'
import type { Freeze, WindowPlan } from '../../src/core/window.ts'
import { content, policy } from '../support/proposals.ts'

/** A window that opens every day at an hour of UTC: simple enough to be judged without the code under test. */
export interface DailyHours {
  readonly fromHour: number
  readonly hours: number
}

export interface Scenario {
  readonly assets: readonly string[]
  readonly content: Content
  readonly subject: PatchSubject
  readonly policy: Policy
  readonly freezes: readonly Freeze[]
  /** Of the proposal, and of assets that have hours of their own. */
  readonly hours: DailyHours
  readonly own: ReadonlyMap<string, DailyHours>
  readonly estimates: Readonly<Record<string, number>>
  readonly faultShare: number
  readonly clickShare: number
  readonly longestMinutes: number
}

const subjects = new Map<number, PatchSubject>()

/** A plan, a policy and a temper of people and machines, drawn from `next` (0 to 1). */
export function drawScenario(next: () => number, hosts: number): Scenario {
  const chance = (share: number) => next() < share
  const between = (from: number, to: number) => from + Math.floor(next() * (to - from + 1))
  let base = subjects.get(hosts)
  if (base === undefined) {
    const drawn = content(hosts).subject
    if (drawn.kind !== 'patches') throw new Error('not patches')
    base = drawn
    subjects.set(hosts, base)
  }
  const assets = base.assets.map(({ asset }) => asset.id)
  const hours = { fromHour: between(0, 23), hours: between(2, 12) }
  const own = new Map<string, DailyHours>()
  const late = { fromHour: (hours.fromHour + 8) % 24, hours: between(2, 6) }
  if (chance(0.3)) for (const asset of assets) if (chance(0.2)) own.set(asset, late)
  const lateWindow = windowOf('late', late)
  const rings = drawRings(assets, chance, between)
  const clusters = chance(0.5) ? drawClusters(assets, between) : undefined
  const subject: PatchSubject = {
    ...base,
    assets:
      own.size === 0
        ? base.assets
        : base.assets.map((planned) => (own.has(planned.asset.id) ? { ...planned, window: lateWindow } : planned)),
    rings,
    window: windowOf('hours', hours),
    inventoryAt: '2026-10-23T00:00:00.000Z',
    ...(clusters === undefined ? {} : { clusters }),
    ...(chance(0.4) ? { failureBudget: between(0, Math.ceil(hosts / 10)) } : {}),
  }
  const testRing = rings[0]?.beforeVote === true ? (chance(0.5) ? 'required' : 'run') : 'never'
  return {
    assets,
    content: { ...content(0), subject },
    subject,
    policy: {
      ...policy,
      testRing,
      remindAfterSeconds: between(1, 6) * 1_800,
      messageAfterSeconds: between(7, 24) * 1_800,
      expiresAfterSeconds: chance(0.2) ? between(13, 48) * 1_800 : 40 * 86_400,
      inventoryMaxAgeSeconds: 365 * 86_400,
    },
    freezes: chance(0.3)
      ? [{ name: 'year end', from: '2026-10-25T00:00:00Z', to: '2026-10-26T12:00:00Z', teams: null }]
      : [],
    hours,
    own,
    estimates: Object.fromEntries(rings.map(({ name }) => [name, between(0, 60) * 60])),
    faultShare: chance(0.3) ? 0 : next() * 0.15,
    clickShare: next() * 0.1,
    longestMinutes: between(1, 90),
  }
}

function windowOf(name: string, { fromHour, hours }: DailyHours): WindowPlan {
  const start = `${String(fromHour).padStart(2, '0')}:00`
  const days = [1, 2, 3, 4, 5, 6, 7] as const
  return {
    name,
    rules: [{ days, start, durationSeconds: hours * 3_600, timeZone: 'UTC', everyWeeks: 1, anchor: null }],
  }
}

function drawRings(
  assets: readonly string[],
  chance: (share: number) => boolean,
  between: (from: number, to: number) => number,
): readonly PlannedRing[] {
  const rings: PlannedRing[] = []
  const names = ['test', 'canary', 'early', 'broad']
  const many = Math.min(between(1, 4), assets.length)
  let from = 0
  for (let index = 0; index < many; index++) {
    const left = assets.length - from
    const size =
      index === many - 1 ? left : Math.max(1, Math.min(left - (many - 1 - index), between(1, Math.ceil(left / 3))))
    const mine = assets.slice(from, from + size)
    from += size
    const batchSize = Math.max(1, Math.ceil(size / between(1, 12)))
    rings.push({
      name: names[index] ?? `ring${index}`,
      assets: mine,
      batchSize,
      ...(chance(0.4) ? { concurrency: between(1, batchSize) } : {}),
      ...(index === 0 && many > 1 && chance(0.5) ? { beforeVote: true as const } : {}),
      soakSeconds: chance(0.5) ? 0 : between(1, 12) * 3_600,
      gate: {
        minSuccessPercent: between(0, 100),
        maxFailures: between(0, Math.ceil(size / 5)),
        unreachable: chance(0.5) ? 'as failure' : 'ignored',
        ...(chance(0.2) ? { go: ['on-call'] } : {}),
        ...(chance(0.2)
          ? { checks: [{ kind: 'metric' as const, source: 'prom', query: 'errors', atMost: 1, atLeast: null }] }
          : {}),
      },
    })
  }
  return rings
}

function drawClusters(assets: readonly string[], between: (from: number, to: number) => number): readonly Cluster[] {
  const clusters: Cluster[] = []
  let from = 0
  while (from < assets.length && clusters.length < 40) {
    const members = assets.slice(from, from + between(2, Math.max(2, Math.ceil(assets.length / 20))))
    from += members.length + between(0, 3)
    const atOnce = between(1, Math.max(1, members.length - 1))
    clusters.push({
      name: `cluster${clusters.length}`,
      assets: members,
      atOnce,
      minHealthy: between(0, Math.max(0, members.length - 1)),
    })
  }
  return clusters
}
