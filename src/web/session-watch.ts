/** How often the sessions of open pages are checked. */
const LOOK_MS = 2_000

/** Tells open pages that their session has ended. */
export interface SessionWatch {
  /** Calls `ended` once when the session is over. Returns a function that stops the watch. */
  watch(session: { readonly tokenHash: string; readonly expiresAt: string }, ended: () => void): () => void
  /** Checks at once. Called after this process has ended a session. */
  look(): Promise<void>
}

interface Watched {
  readonly tokenHash: string
  readonly expiresAt: string
  readonly ended: () => void
}

/**
 * Checks whether the sessions of open pages still exist, because another process may have ended them. If the database
 * does not answer, a page stays open until its session expires. It shows nothing new then, because every part is
 * fetched with the session.
 *
 * @param stillOpen returns those of the sessions that have not ended or expired
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
    // No second question while the database has not answered the first.
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
