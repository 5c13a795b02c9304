/** Work that takes long, done in steps: between them others may have their turn. */

/** A pure function that can be left and gone on with. */
export type Steps<Result> = Generator<void, Result, void>

/** All of it at once. */
export function inOneGo<Result>(steps: Steps<Result>): Result {
  for (;;) {
    const step = steps.next()
    if (step.done === true) return step.value
  }
}
