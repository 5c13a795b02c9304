/** The entry with this name; `null`: none. Names come from files, so `constructor` must not find anything. */
export function named<T>(entries: Readonly<Record<string, T>>, name: string | null): T | null {
  return name !== null && Object.hasOwn(entries, name) ? (entries[name] ?? null) : null
}
