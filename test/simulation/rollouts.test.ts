import { expect, test } from 'vitest'
import { simulate } from './simulate.ts'

/** A seed that failed: SIMULATION_SEED=17 SIMULATION_HOSTS=100 npx vitest run --project quick test/simulation */
const seed = Number(process.env.SIMULATION_SEED ?? 0)
const only = Number(process.env.SIMULATION_HOSTS ?? 0)
const sizes: readonly (readonly [hosts: number, rollouts: number])[] =
  only > 0
    ? [[only, 1]]
    : [
        [3, 300],
        [12, 300],
        [100, 100],
        [1_000, 10],
      ]

test.each(sizes)(
  '%i hosts: every promise holds after every event of %i rollouts',
  { timeout: 60_000 },
  (hosts, rollouts) => {
    const ends = new Map<string, number>()
    for (let at = 0; at < rollouts; at++) {
      const played = simulate(seed + at, hosts)
      ends.set(played.status, (ends.get(played.status) ?? 0) + 1)
      expect(played.broken, `SIMULATION_SEED=${played.seed} SIMULATION_HOSTS=${hosts}`).toBeNull()
    }
    // Otherwise the promises would say nothing.
    if (rollouts > 1) expect((ends.get('completed') ?? 0) / rollouts, JSON.stringify([...ends])).toBeGreaterThan(0.5)
  },
)
