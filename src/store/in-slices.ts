import { setImmediate } from 'node:timers/promises'

/** How long others wait for a piece of work that takes long: a vote waits so twice for each of its dozen statements. */
const SLICE_MS = 2

/** Works through the steps of something that takes long, and lets others have their turn in between. */
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
 * For loops that wait for nothing else: usually `null`; if others have waited long enough, a promise that ends when
 * they had their turn.
 */
export function createPauses(): () => Promise<void> | null {
  let began = performance.now()
  async function othersTurn(): Promise<void> {
    await setImmediate()
    began = performance.now()
  }
  return () => (performance.now() - began < SLICE_MS ? null : othersTurn())
}
