import type { MiddlewareHandler } from 'hono'

const policy =
  "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"

/**
 * Protects every page against other sites: only known host names (DNS rebinding), changes only from our own pages
 * (CSRF), no inline script, no frames, no referrer for other sites, and no caching unless a page allows it.
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
 * True if the page with this origin is ours. If the public address is https, an http page with the same name is not
 * ours, because anybody on the network path can forge it.
 */
function isOurs(origin: string, host: string, address: URL | null): boolean {
  if (!URL.canParse(origin)) return false
  const from = new URL(origin)
  if (from.origin === address?.origin) return true
  if (address?.protocol === 'https:' && from.hostname === address.hostname) return false
  return from.host === host
}
