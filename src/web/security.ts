import type { MiddlewareHandler } from 'hono'

const policy =
  "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"

/**
 * What every page needs against other sites: only known host names (DNS rebinding), state changes only from our own
 * pages (CSRF), no inline script, frame or referrer, and nothing kept in a cache unless a page says so.
 */
export function protect(allowedHosts: readonly string[], publicUrl: string | null): MiddlewareHandler {
  const address = publicUrl === null ? null : new URL(publicUrl)
  return async (c, next) => {
    const host = c.req.header('host') ?? ''
    const name = host.replace(/:\d+$/, '')
    if (!allowedHosts.includes(name) && !allowedHosts.includes('0.0.0.0')) {
      return c.text(`This console does not answer to the name "${name.slice(0, 100)}"; set console.publicUrl.`, 421)
    }
    if (c.req.method !== 'GET' && c.req.method !== 'HEAD') {
      const origin = c.req.header('origin')
      const site = c.req.header('sec-fetch-site')
      const ours = origin === undefined ? site === undefined || site === 'same-origin' : isOurs(origin, host, address)
      if (!ours) return c.text('This request came from another site; nothing was done.', 403)
    }
    await next()
    c.header('content-security-policy', policy)
    c.header('x-content-type-options', 'nosniff')
    if (!c.res.headers.has('referrer-policy')) c.header('referrer-policy', 'same-origin')
    if (!c.res.headers.has('cache-control')) c.header('cache-control', 'no-store')
  }
}

/**
 * With TLS, only pages of exactly the public address are ours under its name: without TLS, anybody on the way can forge
 * one.
 */
function isOurs(origin: string, host: string, address: URL | null): boolean {
  if (!URL.canParse(origin)) return false
  const from = new URL(origin)
  if (from.origin === address?.origin) return true
  if (address?.protocol === 'https:' && from.hostname === address.hostname) return false
  return from.host === host
}
