import { simulate } from './simulate.ts'

/** Plays rollouts with seeds that follow each other, until one breaks a promise: how to play it again, and what broke. */
export function simulated(seed: number, hosts: number, rollouts: number) {
  const ends = new Map<string, number>()
  let events = 0
  for (let at = 0; at < rollouts; at++) {
    const played = simulate(seed + at, hosts)
    events += played.events
    ends.set(played.status, (ends.get(played.status) ?? 0) + 1)
    if (played.broken !== null) {
      const again = `SIMULATION_SEED=${played.seed} SIMULATION_HOSTS=${hosts} npx vitest run --project quick test/simulation`
      return { broken: `${again}\n${played.broken}`, ends, events }
    }
  }
  return { broken: null, ends, events }
}
