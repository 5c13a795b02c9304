import type { MiddlewareHandler } from 'hono'

const policy =
  "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"

/**
 * What every page needs against other sites: only known host names (DNS rebinding), state changes only from our own
 * pages (CSRF), and no inline script, frame or referrer.
 */
export function protect(allowedHosts: readonly string[]): MiddlewareHandler {
  return async (c, next) => {
    const host = c.req.header('host') ?? ''
    const name = host.replace(/:\d+$/, '')
    if (!allowedHosts.includes(name) && !allowedHosts.includes('0.0.0.0')) {
      return c.text(`This console does not answer to the name "${name.slice(0, 100)}"; set console.publicUrl.`, 421)
    }
    if (c.req.method !== 'GET' && c.req.method !== 'HEAD') {
      const origin = c.req.header('origin')
      const site = c.req.header('sec-fetch-site')
      const ours = origin === undefined ? site === undefined || site === 'same-origin' : sameHost(origin, host)
      if (!ours) return c.text('This request came from another site; nothing was done.', 403)
    }
    await next()
    c.header('content-security-policy', policy)
    c.header('x-content-type-options', 'nosniff')
    c.header('referrer-policy', 'same-origin')
  }
}

function sameHost(origin: string, host: string): boolean {
  return URL.canParse(origin) && new URL(origin).host === host
}
