/** The entry of that name, `null` where there is none. Names come from files: `constructor` must not find one. */
export function named<T>(entries: Readonly<Record<string, T>>, name: string | null): T | null {
  return name !== null && Object.hasOwn(entries, name) ? (entries[name] ?? null) : null
}
