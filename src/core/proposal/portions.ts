import { canonicalJson } from '../canonical-json.ts'
import { limits } from '../limits.ts'

/**
 * Cuts a list, in the same order, into parts that fit into one event each, by number of items and by bytes. An item
 * that is too large by itself is a part of its own.
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
