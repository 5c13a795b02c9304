/**
 * The entry with this name; `null`: there is none. Names come from files, so names like `constructor` must find
 * nothing.
 */
export function named<T>(entries: Readonly<Record<string, T>>, name: string | null): T | null {
  return name !== null && Object.hasOwn(entries, name) ? (entries[name] ?? null) : null
}
