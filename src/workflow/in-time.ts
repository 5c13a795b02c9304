/** Rejects after this many seconds with a sentence that begins with `what`, even if `work` ignores its signal. */
export async function inTime<T>(
  what: string,
  seconds: number,
  signal: AbortSignal,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  signal.throwIfAborted()
  const late = new AbortController()
  const both = AbortSignal.any([signal, late.signal])
  const timer = setTimeout(
    () => late.abort(new Error(`${what} did not end within ${seconds} s and was given up.`)),
    seconds * 1_000,
  )
  let givenUp = () => {}
  const over = new Promise<never>((_, reject) => {
    givenUp = () => reject(both.reason)
    both.addEventListener('abort', givenUp, { once: true })
  })
  try {
    return await Promise.race([work(both), over])
  } catch (error) {
    // If the work was interrupted, throw the reason for that, not the work's own error.
    both.throwIfAborted()
    throw error
  } finally {
    clearTimeout(timer)
    both.removeEventListener('abort', givenUp)
  }
}
