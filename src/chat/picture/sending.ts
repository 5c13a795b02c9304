/** Prepares pictures for a chat platform. */

import { createHash } from 'node:crypto'
import { canonicalJson } from '../../core/canonical-json.ts'
import { errorText } from '../../core/error-text.ts'
import { type Picture, pictureAlt, pictureSvg } from './picture.ts'

/** Draws an SVG as a PNG that is small enough for every platform. Throws a sentence. */
export type DrawPng = (svg: string) => Promise<Uint8Array>

export interface PictureFile {
  /** Unique for the message, so that it can be found again. */
  readonly name: string
  readonly png: Uint8Array
  readonly alt: string
}

/** A short hash of the picture. The same picture always has the same mark. */
export function markOf(picture: Picture): string {
  return createHash('sha256').update(canonicalJson(picture)).digest('hex').slice(0, 12)
}

/** Makes picture files. If one fails, the problem is logged once and the text goes without a picture. */
export function createPictures(platform: string, draw: DrawPng, log: { warn(message: string): void }) {
  const told = new Set<string>()

  /** `mark` makes the name unique, for example the message's id in the outbox. */
  function nameOf(picture: Picture, mark: number | string): string {
    return `patchwarden-${picture.kind}-${mark}.png`
  }

  function kept(problem: string): void {
    if (told.has(problem)) return
    told.add(problem)
    log.warn(`${platform} gets no pictures: ${problem} The messages themselves arrive.`)
  }

  return {
    nameOf,
    kept,
    /** `null`: the picture cannot be drawn. */
    async file(picture: Picture, mark: number | string): Promise<PictureFile | null> {
      try {
        const png = await draw(pictureSvg(picture, { theme: 'light' }))
        return { name: nameOf(picture, mark), png, alt: pictureAlt(picture) }
      } catch (error) {
        kept(`it cannot be drawn (${errorText(error)}).`)
        return null
      }
    },
  }
}
