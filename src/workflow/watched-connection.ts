import { sentence } from '../chat/rich-text.ts'

/** Where a lasting connection to something outside stands. */
export type ConnectionState =
  | { readonly kind: 'connecting' }
  | { readonly kind: 'connected' }
  /** It is tried again until it works. */
  | { readonly kind: 'down'; readonly why: string }
  /** Another process has it, and one is enough. */
  | { readonly kind: 'elsewhere' }

export interface WatchedConnection {
  readonly name: string
  /** `since`: ISO 8601 UTC. */
  state(): { readonly state: ConnectionState; readonly since: string }
  up(): void
  down(why: string): void
  elsewhere(): void
}

/** Remembers how a connection stands, and tells the log once that it broke and once that it works again. */
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
