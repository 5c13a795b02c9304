/** The end of one page of a list, as an opaque text for an address. */

import type { z } from 'zod'
import { canonicalJson } from '../core/canonical-json.ts'

/** The text also contains the question of the list, so that it fits only this list. */
export function cursorAt(list: unknown, place: unknown): string {
  return Buffer.from(JSON.stringify([canonicalJson(list), place])).toString('base64url')
}

/** Reads the place from the text; `null`, which means the beginning: there is none, or it belongs to another list. */
export function placeIn<Place>(cursor: string | null, list: unknown, shape: z.ZodType<Place>): Place | null {
  if (cursor === null) return null
  try {
    const [of, place] = JSON.parse(Buffer.from(cursor, 'base64url').toString())
    return of === canonicalJson(list) ? shape.parse(place) : null
  } catch {
    return null
  }
}
