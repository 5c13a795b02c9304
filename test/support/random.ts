/** Reproducible: the same seed gives the same numbers, from 0 up to 1. */
export function createRandom(seed: number): () => number {
  let state = seed
  return () => {
    // A linear congruential generator, with the constants of Numerical Recipes.
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return state / 2 ** 32
  }
}
