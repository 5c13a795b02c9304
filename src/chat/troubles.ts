/** What is wrong with the way from people on a platform to us. It is logged, and shown to operators until it is over. */

import type { TroubleKind } from '../core/chat-troubles.ts'

export interface Troubles {
  /** Called as often as it is seen. The same sentence is logged once. */
  begin(kind: TroubleKind, what: string): void
  end(kind: TroubleKind): void
}

export interface TroublesParts {
  /** The platform's name. */
  readonly name: string
  readonly log: { info(message: string): void; warn(message: string): void }
  /** Kept for other processes: `check`, and those whose console is looked at. `null`: it is over. */
  readonly keep?: (kind: TroubleKind, what: string | null) => Promise<void>
}

export function createTroubles({ name, log, keep = async () => {} }: TroublesParts): Troubles {
  /** `null`: it is known to be over. Left out: an earlier process may have kept one. */
  const known = new Map<TroubleKind, string | null>()

  function become(kind: TroubleKind, what: string | null): void {
    known.set(kind, what)
    keep(kind, what).catch((error: unknown) => {
      known.delete(kind)
      log.warn(`${name}: its trouble could not be kept: ${String(error)}`)
    })
  }

  return {
    begin(kind, what) {
      if (known.get(kind) === what) return
      // The connection's own log lines say when it breaks and when it works again.
      if (kind !== 'connection') log.warn(`${name}: ${what}`)
      become(kind, what)
    },
    end(kind) {
      const before = known.get(kind)
      if (before === null) return
      if (before !== undefined && kind !== 'connection') log.info(`${name}: this is over: ${before}`)
      become(kind, null)
    },
  }
}
