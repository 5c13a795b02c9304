import { sentence } from '../chat/rich-text.ts'

/** The state of a lasting connection to an outside system. */
export type ConnectionState =
  | { readonly kind: 'connecting' }
  | { readonly kind: 'connected' }
  /** It broke, and is tried again until it works. */
  | { readonly kind: 'down'; readonly why: string }
  /** Another process has the connection, and one is enough. */
  | { readonly kind: 'elsewhere' }

export interface WatchedConnection {
  readonly name: string
  /** `since`: ISO 8601 UTC. */
  state(): { readonly state: ConnectionState; readonly since: string }
  up(): void
  down(why: string): void
  elsewhere(): void
}

/** Remembers the state of a connection. Logs once when it breaks, and once when it works again. */
export function watchConnection(
  name: string,
  {
    clock,
    log,
  }: { readonly clock: () => Date; readonly log: { info(message: string): void; warn(message: string): void } },
): WatchedConnection {
  let state: ConnectionState = { kind: 'connecting' }
  let since = clock()

  function become(next: ConnectionState): void {
    if (next.kind !== state.kind) since = clock()
    state = next
  }

  return {
    name,
    state: () => ({ state, since: since.toISOString() }),
    up() {
      const seconds = Math.round((clock().getTime() - since.getTime()) / 1_000)
      if (state.kind === 'down') log.info(`${name}: connected again, after ${seconds} s.`)
      become({ kind: 'connected' })
    },
    down(why) {
      const said = sentence(why)
      if (state.kind !== 'down') log.warn(`${name}: not connected: ${said} It is tried again until it works.`)
      become({ kind: 'down', why: said })
    },
    elsewhere: () => become({ kind: 'elsewhere' }),
  }
}
