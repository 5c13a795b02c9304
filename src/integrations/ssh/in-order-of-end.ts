import pLimit from 'p-limit'

/** Starts its work. It may call `aside` once it only waits; then another task may begin in its place. */
export type Task<T> = (aside: () => void) => Promise<T>

/** How many tasks may wait aside for each that may work. */
const ASIDE_FOR_EACH = 4

/**
 * Runs tasks, up to `concurrency` at the same time, and yields each result as soon as it is available. When the caller
 * stops listening, tasks that have not begun never begin, and `onStop` ends the others.
 */
export async function* inOrderOfEnd<T>(
  tasks: readonly Task<T>[],
  concurrency: number,
  onStop: () => void,
): AsyncGenerator<T> {
  const places = createPlaces(concurrency)
  const ready: Promise<T>[] = []
  let wake: () => void = () => undefined
  for (const task of tasks) {
    const running = places.run(task)
    const arrived = () => {
      ready.push(running)
      wake()
    }
    running.then(arrived, arrived)
  }
  try {
    for (let left = tasks.length; left > 0; left--) {
      let next = ready.shift()
      while (next === undefined) {
        await new Promise<void>((resolve) => {
          wake = resolve
        })
        next = ready.shift()
      }
      yield await next
    }
  } finally {
    places.close()
    onStop()
  }
}

function createPlaces(concurrency: number) {
  const limit = pLimit(concurrency)
  let waiting = 0

  function begun<T>(task: Task<T>, free: () => void): Promise<T> {
    let isAside = false
    const result = task(() => {
      if (isAside || waiting >= ASIDE_FOR_EACH * concurrency) return
      isAside = true
      waiting++
      free()
    })
    return result.finally(() => {
      if (isAside) waiting--
      free()
    })
  }

  return {
    run: <T>(task: Task<T>): Promise<T> =>
      new Promise<T>((resolve, reject) => {
        void limit(() => new Promise<void>((free) => begun(task, free).then(resolve, reject)))
      }),
    close: () => limit.clearQueue(),
  }
}
