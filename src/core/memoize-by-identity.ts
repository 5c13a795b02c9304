/** A pure function whose result is computed once per object. The objects must never change. */
export interface MemoizedByIdentity<Key extends object, Value> {
  (key: Key): Value
  /** Stores the value of an object, if the caller knows the value already. */
  know(key: Key, value: Value): void
}

export function memoizeByIdentity<Key extends object, Value>(
  make: (key: Key) => Value,
): MemoizedByIdentity<Key, Value> {
  const known = new WeakMap<Key, { readonly value: Value }>()
  function know(key: Key, value: Value): void {
    known.set(key, { value })
  }
  function recall(key: Key): Value {
    const before = known.get(key)
    if (before !== undefined) return before.value
    const value = make(key)
    know(key, value)
    return value
  }
  return Object.assign(recall, { know })
}
