import { setImmediate } from 'node:timers/promises'

/** How long others wait for work that takes long. */
const TURN_MS = 20

/**
 * For the steps of something that takes long: says whether others have waited long enough, and gives them their turn.
 */
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
