/** What a test can make go wrong with requests to come. */

import type { Refusal } from './api-error.ts'
import type { Scope } from './rate-limits.ts'

export type Fault =
  /** The connection breaks: before anything happened, or after the request was carried out. */
  | { readonly kind: 'reset'; readonly carriedOut: boolean }
  | { readonly kind: 'delay'; readonly milliseconds: number; readonly carriedOut?: 'before' | 'after' }
  | { readonly kind: 'status'; readonly status: number; readonly carriedOut: boolean }
  | { readonly kind: 'rate limit'; readonly seconds: number; readonly scope: Scope }
  | { readonly kind: 'refusal'; readonly reason: Refusal }
  /** Any code of topics/opcodes-and-status-codes#json. */
  | { readonly kind: 'code'; readonly status: number; readonly code: number }

/** Which requests: the method, and text or a pattern in the path after `/api/v10`. */
export interface Where {
  readonly method?: string
  readonly path?: string | RegExp
}

export interface Faults {
  /** @param times how many requests it meets; 1 when left out */
  readonly add: (where: Where, fault: Fault, times?: number) => void
  /** The fault for this request, used up once. */
  readonly take: (method: string, path: string) => Fault | null
  readonly clear: () => void
}

export function createFaults(): Faults {
  let pending: { where: Where; fault: Fault; times: number }[] = []
  return {
    add: (where, fault, times = 1) => {
      pending.push({ where, fault, times })
    },
    take: (method, path) => {
      const found = pending.find((one) => matches(one.where, method, path))
      if (!found) return null
      found.times -= 1
      pending = pending.filter((one) => one.times > 0)
      return found.fault
    },
    clear: () => {
      pending = []
    },
  }
}

function matches(where: Where, method: string, path: string): boolean {
  if (where.method !== undefined && where.method !== method) return false
  if (where.path === undefined) return true
  return typeof where.path === 'string' ? path.includes(where.path) : where.path.test(path)
}
