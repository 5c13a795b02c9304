/** Long work is done in steps, so that other work can run between them. */

/** A pure function that can pause after each step. */
export type Steps<Result> = Generator<void, Result, void>

/** Runs all steps without a pause. */
export function inOneGo<Result>(steps: Steps<Result>): Result {
  for (;;) {
    const step = steps.next()
    if (step.done === true) return step.value
  }
}
