const quietMs = 60_000
const mostRemembered = 100

/** Passes on an error unless one with the same message came within the last minute. */
export function oncePerMinute(
  onError: (error: Error) => void,
  clock: () => number = Date.now,
): (error: unknown) => void {
  const passed = new Map<string, number>()
  return (problem) => {
    const error = problem instanceof Error ? problem : new Error(String(problem))
    const now = clock()
    const last = passed.get(error.message)
    if (last !== undefined && now - last < quietMs) return
    if (passed.size >= mostRemembered) passed.clear()
    passed.set(error.message, now)
    onError(error)
  }
}
