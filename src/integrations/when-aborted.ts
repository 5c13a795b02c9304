interface Waiting {
  readonly stops: Set<() => void>
  readonly listener: () => void
}

const waiting = new WeakMap<AbortSignal, Waiting>()

/**
 * Calls `stop` when the signal aborts, which must not have happened yet. The returned function ends this, and must be
 * called however the work ended. All who wait for one signal share one listener, because a rollout's signal is listened
 * to for every host.
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
