import type { Context, Hono } from 'hono'
import type { ConsolePort } from './console-port.ts'

/** What every route of the console uses. */
export interface Site {
  readonly app: Hono
  readonly port: ConsolePort
  /** The address that people use; `null`: the address in the request. */
  readonly publicUrl: string | null
}

/** The console's address, without a slash at the end. */
export function addressOf({ publicUrl }: Site, c: Context): string {
  return publicUrl?.replace(/\/+$/, '') ?? new URL(c.req.url).origin
}
