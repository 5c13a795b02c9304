import { setImmediate } from 'node:timers/promises'

/** How long others wait for a piece of work that takes long. */
const SLICE_MS = 20

/** Works through the steps of something that takes long, and lets others have their turn in between. */
export async function inSlices<Result>(steps: Generator<void, Result, void>): Promise<Result> {
  let began = performance.now()
  for (;;) {
    const step = steps.next()
    if (step.done === true) return step.value
    if (performance.now() - began < SLICE_MS) continue
    await setImmediate()
    began = performance.now()
  }
}
