/** `npm run bench -- simulation [hosts] [rollouts] [seed]`: rollouts over the pure core, every promise checked after every event. */

import { simulated } from '../simulation/many.ts'

const [hosts = 10_000, rollouts = 100, seed = 0] = process.argv.slice(2).map(Number)
const before = performance.now()
const { broken, ends, events } = simulated(seed, hosts, rollouts)
const seconds = (performance.now() - before) / 1_000
console.log(
  `${rollouts} rollouts of ${hosts} hosts from seed ${seed}: ${events} events in ${seconds.toFixed(1)} s, ${JSON.stringify(Object.fromEntries(ends))}`,
)
if (broken !== null) {
  console.error(broken)
  process.exitCode = 1
}
