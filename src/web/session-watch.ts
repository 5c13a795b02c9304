/** How often open pages are compared with the sessions that there are. */
const LOOK_MS = 2_000

/** Tells open pages that their session has ended. */
export interface SessionWatch {
  /** Calls `ended` once when the session is over. Returns the function that stops waiting for it. */
  watch(session: { readonly tokenHash: string; readonly expiresAt: string }, ended: () => void): () => void
  /** Looks at once: a session was ended here. */
  look(): Promise<void>
}

interface Watched {
  readonly tokenHash: string
  readonly expiresAt: string
  readonly ended: () => void
}

/**
 * Compares the sessions of open pages with those that there are: another process may have ended them. While that cannot be
 * asked, a page stays open until its session expires: it shows nothing new then, for every part that it fetches is asked
 * for with the session.
 *
 * @param stillOpen which of the sessions have neither ended nor expired
 */
export function createSessionWatch(
  stillOpen: (tokenHashes: readonly string[]) => Promise<ReadonlySet<string>>,
  clock: () => Date,
): SessionWatch {
  const pages = new Set<Watched>()
  let timer: NodeJS.Timeout | null = null
  let asking = false

  function endWhere(over: (page: Watched) => boolean): void {
    for (const page of [...pages].filter(over)) {
      pages.delete(page)
      page.ended()
    }
  }

  async function look(): Promise<void> {
    const asked = new Set(pages)
    const open = await stillOpen([...new Set([...asked].map(({ tokenHash }) => tokenHash))])
    endWhere((page) => asked.has(page) && !open.has(page.tokenHash))
  }

  function tick(): void {
    const now = clock().getTime()
    endWhere(({ expiresAt }) => Date.parse(expiresAt) <= now)
    if (pages.size === 0) rest()
    // A database that hangs is not asked again and again.
    if (pages.size === 0 || asking) return
    asking = true
    look()
      .catch(() => undefined)
      .finally(() => {
        asking = false
      })
  }

  function rest(): void {
    if (timer !== null) clearInterval(timer)
    timer = null
  }

  return {
    watch({ tokenHash, expiresAt }, ended) {
      const page = { tokenHash, expiresAt, ended }
      pages.add(page)
      timer ??= setInterval(tick, LOOK_MS).unref()
      return () => {
        pages.delete(page)
        if (pages.size === 0) rest()
      }
    },
    look,
  }
}
