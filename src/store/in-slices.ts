import { setImmediate } from 'node:timers/promises'

/**
 * How long other work waits for a piece of long work. A vote waits twice this time for each of its dozen statements.
 */
const SLICE_MS = 2

/** Runs the steps of long work, and gives other work its turn in between. */
export async function inSlices<Result>(steps: Generator<void, Result, void>): Promise<Result> {
  const pause = createPauses()
  for (;;) {
    const step = steps.next()
    if (step.done === true) return step.value
    const turn = pause()
    if (turn !== null) await turn
  }
}

/**
 * For loops that wait for nothing else. The function mostly returns `null`. If other work has waited long enough, it
 * returns a promise that resolves when that work has had its turn.
 */
export function createPauses(): () => Promise<void> | null {
  let began = performance.now()
  async function othersTurn(): Promise<void> {
    await setImmediate()
    began = performance.now()
  }
  return () => (performance.now() - began < SLICE_MS ? null : othersTurn())
}
