import { expect, test } from 'vitest'
import { simulated } from './many.ts'

/** A seed that failed: SIMULATION_SEED=17 SIMULATION_HOSTS=100 npx vitest run --project quick test/simulation */
const seed = Number(process.env.SIMULATION_SEED ?? 0)
const only = Number(process.env.SIMULATION_HOSTS ?? 0)
const sizes: readonly (readonly [hosts: number, rollouts: number])[] =
  only > 0
    ? [[only, 1]]
    : [
        [3, 60],
        [12, 60],
        [100, 8],
        [2_000, 1],
      ]

test.each(sizes)(
  '%i hosts: every promise holds after every event of %i rollouts',
  { timeout: 60_000 },
  (hosts, rollouts) => {
    const { broken, ends } = simulated(seed, hosts, rollouts)
    expect(broken).toBeNull()
    // Otherwise the promises would say nothing.
    const closed = (['rejected', 'withdrawn', 'superseded'] as const).reduce(
      (sum, how) => sum + (ends.get(how) ?? 0),
      0,
    )
    const share = (ends.get('completed') ?? 0) / (rollouts - closed)
    if (rollouts > 1) expect(share, JSON.stringify([...ends])).toBeGreaterThan(0.8)
  },
)
