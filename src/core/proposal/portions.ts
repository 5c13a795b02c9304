import { canonicalJson } from '../canonical-json.ts'
import { limits } from '../limits.ts'

/**
 * What is told of assets, in the same order, cut so that each part fits into one event: no more assets and no more bytes
 * than may be. What is larger than that alone is a part of its own.
 */
export function portions<Item>(
  all: readonly Item[],
  bytes: number = limits.eventListBytes,
): readonly (readonly Item[])[] {
  const parts: Item[][] = []
  let room = 0
  for (const item of all) {
    const size = Buffer.byteLength(canonicalJson(item)) + 1
    const last = parts.at(-1)
    if (last !== undefined && last.length < limits.assetsPerEvent && size <= room) {
      last.push(item)
      room -= size
    } else {
      parts.push([item])
      room = bytes - size
    }
  }
  return parts
}
