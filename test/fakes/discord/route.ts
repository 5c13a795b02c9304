/** One route of the HTTP API. */

import type { Limits } from './limits.ts'
import type { UploadedFile } from './message-body.ts'

export interface Call {
  /** A part of the path, by its name in the route. */
  readonly part: (name: string) => string
  readonly query: URLSearchParams
  readonly body: unknown
  readonly files: readonly UploadedFile[]
}

export interface Reply {
  readonly status: number
  readonly body?: unknown
}

type BucketName = {
  [Name in keyof Limits]: Limits[Name] extends { readonly limit: number } ? Name : never
}[keyof Limits]

export interface Route {
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'
  /** `/channels/:channel/messages` */
  readonly path: string
  readonly bucket: BucketName
  /** Interaction endpoints: their token is in the path, and the global limit does not bind them. */
  readonly byToken?: boolean
  readonly handle: (call: Call) => Reply
}

export function matchRoute(route: Route, path: string): Readonly<Record<string, string>> | null {
  const wanted = route.path.split('/')
  const given = path.split('/')
  if (wanted.length !== given.length) return null
  const parts: Record<string, string> = {}
  for (const [index, step] of wanted.entries()) {
    const value = decodeURIComponent(given[index] ?? '')
    if (step.startsWith(':')) parts[step.slice(1)] = value
    else if (step !== value) return null
  }
  return parts
}

export const noContent: Reply = { status: 204 }

export function ok(body: unknown): Reply {
  return { status: 200, body }
}
