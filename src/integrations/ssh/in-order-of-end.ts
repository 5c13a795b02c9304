import pLimit from 'p-limit'

/**
 * Runs tasks, up to `concurrency` at the same time, and yields each result as soon as it is available. When the caller
 * stops listening, tasks that have not begun never begin, and `onStop` ends the others.
 */
export async function* inOrderOfEnd<T>(
  tasks: readonly (() => Promise<T>)[],
  concurrency: number,
  onStop: () => void,
): AsyncGenerator<T> {
  const limit = pLimit(concurrency)
  const ready: Promise<T>[] = []
  let wake: () => void = () => undefined
  for (const task of tasks) {
    const running = limit(task)
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
    limit.clearQueue()
    onStop()
  }
}
