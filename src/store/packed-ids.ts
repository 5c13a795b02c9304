/**
 * Packs ids into few bytes. The first byte is the format. 1: sorted ids, as differences from one to the next in LEB128
 * (one byte for most). 2: ids in any order, the same, with the sign of each difference in its lowest bit. 0: big-endian
 * 32-bit numbers, to which earlier databases were converted.
 */

export function packIds(sorted: readonly number[]): Uint8Array {
  const bytes: number[] = [1]
  let previous = 0
  for (const id of sorted) {
    push(bytes, id - previous)
    previous = id
  }
  return Uint8Array.from(bytes)
}

/** Like `packIds`, for ids in any order. */
export function packInOrder(ids: readonly number[]): Uint8Array {
  const bytes: number[] = [2]
  let previous = 0
  for (const id of ids) {
    const up = id - previous
    push(bytes, ((up << 1) ^ (up >> 31)) >>> 0)
    previous = id
  }
  return Uint8Array.from(bytes)
}

function push(bytes: number[], value: number): void {
  let rest = value
  while (rest > 0x7f) {
    bytes.push((rest & 0x7f) | 0x80)
    rest >>>= 7
  }
  bytes.push(rest)
}

/** Calls `each` with every id. Throws if the bytes have none of these formats. */
export function unpackIds(bytes: Uint8Array, each: (id: number) => void): void {
  if (bytes[0] === 0) {
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
    for (let at = 1; at < bytes.length; at += 4) each(view.getUint32(at))
    return
  }
  if (bytes[0] !== 1 && bytes[0] !== 2)
    throw new Error('A set of the inventory is stored in a form that this version does not know.')
  const anyOrder = bytes[0] === 2
  let id = 0
  let rest = 0
  let shift = 0
  for (let at = 1; at < bytes.length; at++) {
    const byte = bytes[at] ?? 0
    rest |= (byte & 0x7f) << shift
    if (byte > 0x7f) {
      shift += 7
      continue
    }
    id += anyOrder ? (rest >>> 1) ^ -(rest & 1) : rest
    each(id)
    rest = 0
    shift = 0
  }
}
