/** Keeps the values that were used last, up to a total weight. */
export interface Recent<Value> {
  find(key: string): Value | undefined
  keep(key: string, value: Value): void
  values(): readonly Value[]
}

export function createRecent<Value>(most: number, weightOf: (value: Value) => number): Recent<Value> {
  // A map lists its keys in the order in which they were set.
  const kept = new Map<string, { readonly value: Value; readonly weight: number }>()
  let weight = 0

  function drop(key: string): void {
    weight -= kept.get(key)?.weight ?? 0
    kept.delete(key)
  }

  return {
    find(key) {
      const found = kept.get(key)
      if (found === undefined) return undefined
      kept.delete(key)
      kept.set(key, found)
      return found.value
    },
    keep(key, value) {
      drop(key)
      const own = weightOf(value)
      kept.set(key, { value, weight: own })
      weight += own
      for (const oldest of kept.keys()) {
        if (weight <= most || oldest === key) break
        drop(oldest)
      }
    },
    values: () => [...kept.values()].map(({ value }) => value),
  }
}
