/**
 * Gives `work` up after this many seconds, with a sentence that begins with `what`; also work that does not listen to
 * its signal.
 */
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
    // What the work says when it is interrupted is not the reason why it was.
    both.throwIfAborted()
    throw error
  } finally {
    clearTimeout(timer)
    both.removeEventListener('abort', givenUp)
  }
}
