import type { Config } from './schema.ts'

/**
 * Address of the console for links in messages and for sign-in links, without a slash at the end. `listening`: the
 * address at which the console listens; left out: the configured host and port.
 */
export function consoleUrl({ console }: Pick<Config, 'console'>, listening = localUrl(console)): string {
  return (console.publicUrl ?? listening).replace(/\/+$/, '')
}

/** Address of a server on this machine, for a browser on the same machine. */
export function localUrl({ host, port }: { readonly host: string; readonly port: number }): string {
  const name = host === '0.0.0.0' || host === '::' ? '127.0.0.1' : host
  return `http://${name.includes(':') ? `[${name}]` : name}:${port}`
}
