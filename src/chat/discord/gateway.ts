import { type Client, Events, GatewayDispatchEvents } from 'discord.js'
import { errorText } from '../../core/error-text.ts'
import type { ConnectionEvents } from '../platform.ts'

/** A connection that is taken up again within this time was not down. */
const NOTICED_MS = 5_000
/** The client does not come back by itself after this time. */
const PATIENCE_MS = 60_000
const READY_MS = 60_000

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

export interface GatewayListener {
  readonly events: ConnectionEvents
  /** Is handed what people did. */
  readonly take: (raw: unknown) => void
  readonly log: { warn(message: string): void }
}

/** Logs in and listens; returns once it is connected to the gateway. Throws a sentence. */
export async function logIn(client: Client, botToken: string, { events, take, log }: GatewayListener): Promise<void> {
  // Without a listener an error of the client would end the process.
  client.on(Events.Error, (error) => log.warn(`Discord: ${errorText(error)}`))
  client.ws.on(GatewayDispatchEvents.InteractionCreate, take)
  let isReady = false
  const ready = new Promise<void>((resolve, reject) => {
    client.once(Events.ClientReady, () => {
      isReady = true
      resolve()
    })
    watchGateway(client, {
      ...events,
      lost: (why) => {
        if (isReady) events.lost(why)
        else reject(new Error(why))
      },
    })
    setTimeout(() => reject(new Error('Discord does not answer over the gateway.')), READY_MS).unref()
  })
  // `ready` may be rejected while the login is still pending; the race below reports it then.
  ready.catch(() => undefined)
  const loggedIn = client.login(botToken).catch((error: unknown) => {
    throw new Error(`Discord does not take DISCORD_BOT_TOKEN: ${errorText(error)} Check it.`)
  })
  await Promise.race([loggedIn, ready.then(() => loggedIn)])
  await ready
}
