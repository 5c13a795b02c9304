import { setImmediate } from 'node:timers/promises'

/** How long other work waits for one long piece of work. */
const TURN_MS = 20

/** For a long piece of work: `over` says whether other work has waited long enough, `next` lets the other work run. */
export interface Turns {
  over(): boolean
  next(): Promise<void>
}

export function createTurns(): Turns {
  let began = performance.now()
  return {
    over: () => performance.now() - began >= TURN_MS,
    async next() {
      await setImmediate()
      began = performance.now()
    },
  }
}
