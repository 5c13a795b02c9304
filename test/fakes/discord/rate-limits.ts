/**
 * Route buckets, the global limit and the ban for invalid requests. Discord: topics/rate-limits.
 * One deviation: `Retry-After` is in whole seconds there; below a second we send the fraction, for quick tests.
 */

import type { Json } from './json.ts'
import type { Bucket } from './limits.ts'
import { bucketName } from './payloads.ts'
import type { World } from './world.ts'

export type Scope = 'user' | 'global' | 'shared'

export interface Limited {
  readonly status: 429
  readonly headers: Readonly<Record<string, string>>
  readonly body: Json | string
}

export interface RateLimits {
  /** The answer when this address is banned, or null. */
  readonly banned: () => Limited | null
  readonly takeGlobal: () => Limited | null
  /** Counts the request; gives the headers, and the refusal when there was no room. */
  readonly take: (route: string, major: string, bucket: Bucket) => Taken
  /** Counts an answer toward the ban. */
  readonly noteStatus: (status: number, scope: Scope | null) => void
  readonly invalidRequests: () => number
}

export interface Taken {
  readonly headers: Readonly<Record<string, string>>
  readonly limited: Limited | null
}

interface Window {
  used: number
  endsAt: number
}

export function createRateLimits(world: World): RateLimits {
  const windows = new Map<string, Window>()
  let invalid: number[] = []

  function open(key: string, bucket: Bucket): Window {
    const current = windows.get(key)
    if (current && current.endsAt > world.now()) return current
    const fresh = { used: 0, endsAt: world.now() + bucket.windowMilliseconds }
    windows.set(key, fresh)
    return fresh
  }

  function recentInvalid(): number[] {
    invalid = invalid.filter((at) => at > world.now() - world.limits.invalidRequests.windowMilliseconds)
    return invalid
  }

  return {
    banned: () => {
      const recent = recentInvalid()
      if (recent.length < world.limits.invalidRequests.limit) return null
      const until = (recent[0] ?? 0) + world.limits.invalidRequests.windowMilliseconds
      const headers = { 'Retry-After': retryAfterHeader((until - world.now()) / 1000), 'Content-Type': 'text/plain' }
      return { status: 429, headers, body: 'error code: 1015' }
    },
    takeGlobal: () => {
      const { global } = world.limits
      const window = open('global', global)
      window.used += 1
      if (window.used <= global.limit) return null
      return tooMany((window.endsAt - world.now()) / 1000, 'global')
    },
    take: (route, major, bucket) => {
      const window = open(`${route} ${major}`, bucket)
      window.used += 1
      const seconds = (window.endsAt - world.now()) / 1000
      const headers = {
        'X-RateLimit-Limit': String(bucket.limit),
        'X-RateLimit-Remaining': String(Math.max(0, bucket.limit - window.used)),
        'X-RateLimit-Reset': String(window.endsAt / 1000),
        'X-RateLimit-Reset-After': seconds.toFixed(3),
        'X-RateLimit-Bucket': bucketName(route),
      }
      return { headers, limited: window.used > bucket.limit ? tooMany(seconds, 'user') : null }
    },
    noteStatus: (status, scope) => {
      if ([401, 403, 429].includes(status) && scope !== 'shared') invalid.push(world.now())
    },
    invalidRequests: () => recentInvalid().length,
  }
}

export function tooMany(seconds: number, scope: Scope): Limited {
  const message = scope === 'shared' ? 'The resource is being rate limited.' : 'You are being rate limited.'
  const headers: Record<string, string> = { 'Retry-After': retryAfterHeader(seconds), 'X-RateLimit-Scope': scope }
  if (scope === 'global') headers['X-RateLimit-Global'] = 'true'
  return { status: 429, headers, body: { message, retry_after: seconds, global: scope === 'global' } }
}

export function retryAfterHeader(seconds: number): string {
  return seconds >= 1 ? String(Math.ceil(seconds)) : String(Math.max(seconds, 0.001))
}
