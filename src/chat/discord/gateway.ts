import { type Client, Events } from 'discord.js'
import type { ConnectionEvents } from '../platform.ts'

/** A connection that is taken up again within this time was not down. */
const NOTICED_MS = 5_000
/** The client does not come back by itself after this time. */
const PATIENCE_MS = 60_000

/**
 * Tells how the client's gateway stands. The client takes most broken connections up again by itself; where it gives up, or
 * tries in vain, it says so to nobody.
 */
export function watchGateway(client: Client, events: ConnectionEvents): void {
  let timers: readonly NodeJS.Timeout[] = []
  let told = false

  function settle(): void {
    for (const timer of timers) clearTimeout(timer)
    timers = []
  }

  function broken(): void {
    if (timers.length > 0) return
    const notice = setTimeout(() => {
      told = true
      events.down('The connection to the gateway broke.')
    }, NOTICED_MS)
    const giveUp = setTimeout(() => {
      settle()
      events.lost('The connection to the gateway broke and was not taken up again.')
    }, PATIENCE_MS)
    timers = [notice, giveUp]
    for (const timer of timers) timer.unref()
  }

  function back(): void {
    settle()
    if (told) events.up()
    told = false
  }

  function lost(why: string): void {
    settle()
    events.lost(why)
  }

  client.on(Events.ShardReconnecting, broken)
  client.on(Events.ShardResume, back)
  client.on(Events.ShardReady, back)
  client.on(Events.ShardDisconnect, ({ code }) =>
    lost(`Discord closed the connection for good (${code}). Check DISCORD_BOT_TOKEN.`),
  )
  client.on(Events.Invalidated, () => lost('Discord ended the session.'))
}
