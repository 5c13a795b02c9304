/**
 * Sorted ids in few bytes. The first byte is the form: 1, differences from one id to the next in LEB128 (a byte for most);
 * 0, big-endian 32-bit numbers, which the first databases were converted to.
 */

export function packIds(sorted: readonly number[]): Uint8Array {
  const bytes: number[] = [1]
  let previous = 0
  for (const id of sorted) {
    let rest = id - previous
    previous = id
    while (rest > 0x7f) {
      bytes.push((rest & 0x7f) | 0x80)
      rest >>>= 7
    }
    bytes.push(rest)
  }
  return Uint8Array.from(bytes)
}

/** Calls `each` with every id. Throws where the bytes are none of the forms. */
export function unpackIds(bytes: Uint8Array, each: (id: number) => void): void {
  if (bytes[0] === 0) {
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
    for (let at = 1; at < bytes.length; at += 4) each(view.getUint32(at))
    return
  }
  if (bytes[0] !== 1) throw new Error('A software set is stored in a form that this version does not know.')
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
    id += rest
    each(id)
    rest = 0
    shift = 0
  }
}

export function countIds(bytes: Uint8Array): number {
  let count = 0
  unpackIds(bytes, () => count++)
  return count
}
