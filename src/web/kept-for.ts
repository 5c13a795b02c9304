/** What was worked out, with when (ISO 8601 UTC). */
export interface Kept<Value> {
  readonly value: Value
  readonly at: string
}

/**
 * Works something out at most once in this many milliseconds, however often it is asked for. What fails is tried again.
 */
export function keptFor<Value>(ms: number, clock: () => Date, make: () => Promise<Value>): () => Promise<Kept<Value>> {
  let known: { readonly since: number; readonly kept: Promise<Kept<Value>> } | null = null
  return () => {
    const now = clock().getTime()
    if (known !== null && now - known.since < ms) return known.kept
    const at = new Date(now).toISOString()
    const kept = make().then((value) => ({ value, at }))
    known = { since: now, kept }
    kept.catch(() => {
      if (known?.kept === kept) known = null
    })
    return kept
  }
}
