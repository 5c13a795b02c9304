import { z } from 'zod'
import { type Listening, listenTo } from '../store/listening.ts'
import { changesChannel } from '../store/notify.ts'
import type { WatchedConnection } from '../workflow/watched-connection.ts'
import type { ConsolePort } from './console-port.ts'

/** A message to open pages. Other messages on the channel are not ours. */
const told = z.object({ channel: z.string(), proposal: z.string().nullable() })

type Listener = Parameters<ConsolePort['subscribe']>[0]

export interface Changes {
  readonly subscribe: ConsolePort['subscribe']
  readonly close: () => Promise<void>
}

/** Tells open pages what changed. It listens to the database after the first page has opened. */
export function createChanges({ url }: { readonly url: string }, watch: WatchedConnection): Changes {
  const listeners = new Set<Listener>()
  let listening: Listening | null = null

  function tell(change: Parameters<Listener>[0]): void {
    for (const each of listeners) each(change)
  }

  function listen(): Listening {
    return listenTo({
      url,
      channel: changesChannel,
      name: 'patchwarden live updates',
      onMessage: (payload) => {
        const change = told.safeParse(parsed(payload))
        if (change.success) tell(change.data)
      },
      onUp: () => {
        watch.up()
        // Anything may have changed while we did not listen.
        tell({ channel: '', proposal: null })
      },
      onDown: watch.down,
    })
  }

  return {
    subscribe: (listener) => {
      listeners.add(listener)
      listening ??= listen()
      return () => {
        listeners.delete(listener)
      }
    },
    close: async () => {
      await listening?.stop()
    },
  }
}

function parsed(payload: string): unknown {
  try {
    return JSON.parse(payload)
  } catch {
    return null
  }
}
