import type { Config } from './schema.ts'

/**
 * Address under which people reach the console, without a slash at the end: for links in messages, and for links to sign in.
 *
 * @param listening where it listens; the configured address and port unless told
 */
export function consoleUrl({ console }: Pick<Config, 'console'>, listening = localUrl(console)): string {
  return (console.publicUrl ?? listening).replace(/\/+$/, '')
}

/** Address of a server on this machine, for whoever sits at it. */
export function localUrl({ host, port }: { readonly host: string; readonly port: number }): string {
  const name = host === '0.0.0.0' || host === '::' ? '127.0.0.1' : host
  return `http://${name.includes(':') ? `[${name}]` : name}:${port}`
}
