import { type Client, Events, GatewayDispatchEvents } from 'discord.js'
import { errorText } from '../../core/error-text.ts'
import type { ConnectionEvents } from '../platform.ts'

/** https://discord.com/developers/docs/topics/opcodes-and-status-codes#gateway-gateway-close-event-codes */
const closeReasons: Readonly<Record<number, string>> = {
  4004: 'DISCORD_BOT_TOKEN is not valid. Set the one from the page "Bot" of the app.',
  4010: 'it did not accept the shard. Update Patchwarden.',
  4011: 'the app is in too many servers for one connection: remove it from those that it does not serve.',
  4012: 'it no longer offers this version of its gateway. Update Patchwarden.',
  4013: 'it did not accept the intents. Update Patchwarden.',
  4014: 'the app may not have an intent that was asked for. Switch it on under "Privileged Gateway Intents" on the page "Bot" of the app.',
}

/** A connection that comes back within this time is not reported as down. */
const NOTICED_MS = 5_000
/** After this time we expect no reconnection by the client itself. */
const PATIENCE_MS = 60_000
const READY_MS = 60_000

/**
 * Reports the state of the client's gateway connection. The client reconnects by itself in most cases. It does not
 * report when it gives up or keeps failing.
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
    lost(`Discord closed the connection for good (${code}): ${closeReasons[code] ?? 'it does not say why.'}`),
  )
  client.on(Events.Invalidated, () => lost('Discord ended the session.'))
}

export interface GatewayListener {
  readonly events: ConnectionEvents
  /** Called with each interaction. */
  readonly take: (raw: unknown) => void
  readonly log: { warn(message: string): void }
}

/** Logs in and listens. Returns when the gateway is connected. Throws a sentence. */
export async function logIn(client: Client, botToken: string, { events, take, log }: GatewayListener): Promise<void> {
  // Without this listener, an error of the client would end the process.
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
  // `ready` may reject during the login; the race below reports that. This line prevents an unhandled rejection.
  ready.catch(() => undefined)
  const loggedIn = client.login(botToken).catch((error: unknown) => {
    throw new Error(`Discord does not take DISCORD_BOT_TOKEN: ${errorText(error)} Check it.`)
  })
  await Promise.race([loggedIn, ready.then(() => loggedIn)])
  await ready
}
