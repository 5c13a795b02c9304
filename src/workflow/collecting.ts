import { setTimeout as sleep } from 'node:timers/promises'

/** What is written together. */
interface Gathering<Item> {
  readonly items: Item[]
  /** Writes it without waiting for more. */
  readonly close: () => void
  readonly written: Promise<void>
}

export interface Collecting<Item> {
  /** Comes back when these are written; rejects where they could not be, or when the work is ended before. */
  add(items: readonly Item[]): Promise<void>
  /** Nothing more comes soon: what is collected is written without further waiting. */
  flush(): void
}

/**
 * Collects what comes within a short time, from everybody who brings something, and writes it together: `most` at once,
 * one write after another. What is not written yet is only in memory, so it must be known elsewhere, too.
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
    // Whoever brought something is told about a failure.
    last = written.catch(() => undefined)
    return { items, close: () => full.abort(), written }
  }

  /** While the write before goes on, more may still come. */
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
