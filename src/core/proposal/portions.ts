import { canonicalJson } from '../canonical-json.ts'
import { limits } from '../limits.ts'

/**
 * What is told of assets, in the same order, cut so that each part fits into one event by its number of assets and of
 * bytes. An item that is too large for that is a part of its own.
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
