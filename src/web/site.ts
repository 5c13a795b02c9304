import type { Context, Hono } from 'hono'
import type { ConsolePort } from './console-port.ts'

/** What every route of the console works with. */
export interface Site {
  readonly app: Hono
  readonly port: ConsolePort
  /** Address under which people reach the console; `null`: the one that a request names. */
  readonly publicUrl: string | null
}

/** Without a slash at its end. */
export function addressOf({ publicUrl }: Site, c: Context): string {
  return publicUrl?.replace(/\/+$/, '') ?? new URL(c.req.url).origin
}
