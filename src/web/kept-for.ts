/** A value, and when it was made (ISO 8601 UTC). */
export interface Kept<Value> {
  readonly value: Value
  readonly at: string
}

/** Makes a value once in `ms` milliseconds at most, however often it is asked for. After a failure it tries again. */
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
