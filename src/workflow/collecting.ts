import { setTimeout as sleep } from 'node:timers/promises'

/** Items that are written together. */
interface Gathering<Item> {
  readonly items: Item[]
  /** Writes them without waiting for more. */
  readonly close: () => void
  readonly written: Promise<void>
}

export interface Collecting<Item> {
  /** Resolves when these items are written. Rejects if writing fails or `signal` ends the work before. */
  add(items: readonly Item[]): Promise<void>
  /** Writes what is collected at once, because nothing more comes soon. */
  flush(): void
}

/**
 * Collects items from all callers for a short time and writes them together: `most` items at once, one write after
 * another. Until then items are only in memory, so they must be stored elsewhere, too.
 */
export function collecting<Item>(
  write: (items: readonly Item[]) => Promise<void>,
  { most, pauseMs }: { readonly most: number; readonly pauseMs: number },
  signal: AbortSignal,
): Collecting<Item> {
  let open: Gathering<Item> | null = null
  let last: Promise<void> = Promise.resolve()

  function begin(): Gathering<Item> {
    const items: Item[] = []
    const full = new AbortController()
    const pause = sleep(pauseMs, undefined, { signal: AbortSignal.any([signal, full.signal]) }).catch(() => undefined)
    const written = writeAfter(pause, last, items)
    // The callers of `add` get the error, so it is ignored here.
    last = written.catch(() => undefined)
    return { items, close: () => full.abort(), written }
  }

  /** More items may be added while the earlier write is running. */
  async function writeAfter(pause: Promise<void>, before: Promise<void>, items: readonly Item[]): Promise<void> {
    await pause
    await before
    if (open?.items === items) open = null
    signal.throwIfAborted()
    await write(items)
  }

  async function add(items: readonly Item[]): Promise<void> {
    const waited = new Set<Promise<void>>()
    for (const item of items) {
      open ??= begin()
      open.items.push(item)
      waited.add(open.written)
      if (open.items.length < most) continue
      open.close()
      open = null
    }
    await Promise.all(waited)
  }

  return { add, flush: () => open?.close() }
}
