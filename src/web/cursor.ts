/** Where a page of a list ended, as one text for an address that nobody needs to understand. */

import type { z } from 'zod'
import { canonicalJson } from '../core/canonical-json.ts'

/** It also contains the list: what is asked of it, and in which order. */
export function cursorAt(list: unknown, place: unknown): string {
  return Buffer.from(JSON.stringify([canonicalJson(list), place])).toString('base64url')
}

/** The place in it; `null`, which is the beginning, where it is none, or one in another list. */
export function placeIn<Place>(cursor: string | null, list: unknown, shape: z.ZodType<Place>): Place | null {
  if (cursor === null) return null
  try {
    const [of, place] = JSON.parse(Buffer.from(cursor, 'base64url').toString())
    return of === canonicalJson(list) ? shape.parse(place) : null
  } catch {
    return null
  }
}
