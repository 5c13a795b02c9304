interface Waiting {
  readonly stops: Set<() => void>
  readonly listener: () => void
}

const waiting = new WeakMap<AbortSignal, Waiting>()

/**
 * Calls `stop` when the signal aborts. The signal must not have aborted yet. The caller must call the returned function
 * when its work has ended, in every case; after that, `stop` is not called. All callers with the same signal share one
 * listener, because a rollout waits on its signal once for every host.
 */
export function whenAborted(signal: AbortSignal, stop: () => void): () => void {
  const { stops, listener } = waiting.get(signal) ?? listenTo(signal)
  const own = () => stop()
  stops.add(own)
  return () => {
    stops.delete(own)
    if (stops.size > 0) return
    signal.removeEventListener('abort', listener)
    if (waiting.get(signal)?.stops === stops) waiting.delete(signal)
  }
}

function listenTo(signal: AbortSignal): Waiting {
  const stops = new Set<() => void>()
  function listener(): void {
    waiting.delete(signal)
    for (const stop of stops) stop()
  }
  const listening = { stops, listener }
  waiting.set(signal, listening)
  signal.addEventListener('abort', listener, { once: true })
  return listening
}
