/** SHA-256 hashes in little memory, as far as what is checked is long and memory is not. */

import { randomBytes } from 'node:crypto'
import { isHash } from './proposal/named.ts'

const HASH_BYTES = 32

/** Hashes one after the other: 32 to 64 bytes each, and some 300 for the list. Makes room as it grows. */
export interface HashList {
  bytes: Buffer
  length: number
}

export function hashList(): HashList {
  return { bytes: Buffer.alloc(2 * HASH_BYTES), length: 0 }
}

/** `hash`: hexadecimal. */
export function addHash(list: HashList, hash: string): void {
  list.bytes = withRoom(list.bytes, (list.length + 1) * HASH_BYTES)
  list.bytes.write(hash, list.length * HASH_BYTES, 'hex')
  list.length++
}

/** From 0. */
export function hashAt({ bytes }: HashList, index: number): string {
  return bytes.toString('hex', index * HASH_BYTES, (index + 1) * HASH_BYTES)
}

function withRoom(bytes: Buffer, needed: number): Buffer {
  if (needed <= bytes.length) return bytes
  const larger = Buffer.alloc(2 * bytes.length)
  bytes.copy(larger)
  return larger
}

export type HashTable = ReturnType<typeof createHashTable>

/**
 * Each hash once, by a number from 0 in the order in which they came, with a mark of 8 bits and a link to another. At most
 * 100 bytes for each, and half of that again for the moment in which it grows. What is no hash is never in it.
 */
export function createHashTable() {
  const hashes = hashList()
  let marks: Buffer = Buffer.alloc(2)
  let links = new Uint32Array(2)
  /** The number that stands at a place, and 1; 0: none. Never more than half full. */
  let places = new Uint32Array(8)
  /** Nobody who chooses the hashes knows where they will stand. */
  const factors = new Uint32Array(Uint8Array.from(randomBytes(HASH_BYTES)).buffer)
  const wanted = Buffer.alloc(HASH_BYTES)

  function placeOf(bytes: Buffer, offset: number): number {
    let mixed = 0
    for (const [index, factor] of factors.entries())
      mixed = Math.imul(mixed ^ bytes.readUInt32LE(offset + 4 * index), factor | 1)
    return (mixed ^ (mixed >>> 15)) & (places.length - 1)
  }

  /** Where the wanted one stands, or would stand. */
  function search(): number {
    let place = placeOf(wanted, 0)
    for (;;) {
      const number = places[place]
      if (number === undefined || number === 0) return place
      const start = (number - 1) * HASH_BYTES
      if (wanted.compare(hashes.bytes, start, start + HASH_BYTES) === 0) return place
      place = (place + 1) & (places.length - 1)
    }
  }

  function grow(): void {
    places = new Uint32Array(2 * places.length)
    for (let number = 0; number < hashes.length; number++) {
      let place = placeOf(hashes.bytes, number * HASH_BYTES)
      while (places[place] !== 0) place = (place + 1) & (places.length - 1)
      places[place] = number + 1
    }
  }

  /** Its number; -1: it is not there. */
  function find(hash: string): number {
    if (!isHash(hash)) return -1
    wanted.write(hash, 'hex')
    return (places[search()] ?? 0) - 1
  }

  /** Its number, be it there already or not. */
  function add(hash: string): number {
    const known = find(hash)
    if (known !== -1) return known
    if (!isHash(hash)) throw new Error('What is no hash has no number.')
    if (2 * (hashes.length + 1) > places.length) grow()
    wanted.write(hash, 'hex')
    const place = search()
    const number = hashes.length
    addHash(hashes, hash)
    places[place] = number + 1
    marks = withRoom(marks, hashes.length)
    if (links.length < hashes.length) {
      const larger = new Uint32Array(2 * links.length)
      larger.set(links)
      links = larger
    }
    return number
  }

  return {
    find,
    add,
    has: (hash: string) => find(hash) !== -1,
    hash: (number: number) => hashAt(hashes, number),
    mark: (number: number) => marks[number] ?? 0,
    link: (number: number) => links[number] ?? 0,
    setMark(number: number, mark: number): void {
      marks[number] = mark
    },
    setLink(number: number, other: number): void {
      links[number] = other
    },
    size: () => hashes.length,
  }
}
