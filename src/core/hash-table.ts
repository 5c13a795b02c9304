/** Keeps SHA-256 hashes in little memory. The record to check may be long. */

import { randomBytes } from 'node:crypto'
import { isHash } from './proposal/named.ts'

const HASH_BYTES = 32

/** A list of hashes that grows: 32 to 64 bytes per hash, and about 300 for the list. */
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

/** `index` counts from 0. */
export function hashAt({ bytes }: HashList, index: number): string {
  return bytes.toString('hex', index * HASH_BYTES, (index + 1) * HASH_BYTES)
}

function withRoom(bytes: Buffer, needed: number): Buffer {
  if (needed <= bytes.length) return bytes
  const larger = Buffer.alloc(2 * bytes.length)
  bytes.copy(larger)
  return larger
}

/**
 * Keeps each hash once. Hashes have numbers from 0 in the order in which they came, a mark of 8 bits and a link to
 * another hash. Needs at most 100 bytes per hash, and half as much again while it grows. A text that is not a hash is
 * never in it.
 */
export interface HashTable {
  /** The number of a hash; -1: the hash is not in the table. */
  find(hash: string): number
  /** The number of a hash. Adds the hash if it is not in the table. */
  add(hash: string): number
  has(hash: string): boolean
  hash(number: number): string
  mark(number: number): number
  link(number: number): number
  setMark(number: number, mark: number): void
  setLink(number: number, other: number): void
  size(): number
}

interface Table {
  readonly hashes: HashList
  marks: Buffer
  links: Uint32Array<ArrayBuffer>
  /** Each place holds the number of a hash plus 1; 0: the place is free. At most half of the places are used. */
  places: Uint32Array<ArrayBuffer>
  /** Random, so nobody can choose hashes that all get the same place. */
  readonly factors: Uint32Array
  /** The hash that is searched for, as bytes. */
  readonly wanted: Buffer
}

export function createHashTable(): HashTable {
  const table: Table = {
    hashes: hashList(),
    marks: Buffer.alloc(2),
    links: new Uint32Array(2),
    places: new Uint32Array(8),
    factors: new Uint32Array(Uint8Array.from(randomBytes(HASH_BYTES)).buffer),
    wanted: Buffer.alloc(HASH_BYTES),
  }
  return {
    find: (hash) => find(table, hash),
    add: (hash) => add(table, hash),
    has: (hash) => find(table, hash) !== -1,
    hash: (number) => hashAt(table.hashes, number),
    mark: (number) => table.marks[number] ?? 0,
    link: (number) => table.links[number] ?? 0,
    setMark(number, mark) {
      table.marks[number] = mark
    },
    setLink(number, other) {
      table.links[number] = other
    },
    size: () => table.hashes.length,
  }
}

function find(table: Table, hash: string): number {
  if (!isHash(hash)) return -1
  table.wanted.write(hash, 'hex')
  return (table.places[placeOfWanted(table)] ?? 0) - 1
}

function add(table: Table, hash: string): number {
  const known = find(table, hash)
  if (known !== -1) return known
  if (!isHash(hash)) throw new Error('Only a hash has a number.')
  if (2 * (table.hashes.length + 1) > table.places.length) growPlaces(table)
  table.wanted.write(hash, 'hex')
  const place = placeOfWanted(table)
  const number = table.hashes.length
  addHash(table.hashes, hash)
  table.places[place] = number + 1
  table.marks = withRoom(table.marks, table.hashes.length)
  if (table.links.length < table.hashes.length) {
    const larger = new Uint32Array(2 * table.links.length)
    larger.set(table.links)
    table.links = larger
  }
  return number
}

/** The place of the wanted hash, or the free place for it. */
function placeOfWanted({ hashes, places, factors, wanted }: Table): number {
  let place = firstPlace(factors, wanted, 0, places.length)
  for (;;) {
    const number = places[place]
    if (number === undefined || number === 0) return place
    const start = (number - 1) * HASH_BYTES
    if (wanted.compare(hashes.bytes, start, start + HASH_BYTES) === 0) return place
    place = (place + 1) & (places.length - 1)
  }
}

/** The place where the search for a hash begins. `places` is a power of two. */
function firstPlace(factors: Uint32Array, bytes: Buffer, offset: number, places: number): number {
  let mixed = 0
  for (const [index, factor] of factors.entries())
    mixed = Math.imul(mixed ^ bytes.readUInt32LE(offset + 4 * index), factor | 1)
  return (mixed ^ (mixed >>> 15)) & (places - 1)
}

function growPlaces(table: Table): void {
  const { hashes, factors } = table
  const places = new Uint32Array(2 * table.places.length)
  for (let number = 0; number < hashes.length; number++) {
    let place = firstPlace(factors, hashes.bytes, number * HASH_BYTES, places.length)
    while (places[place] !== 0) place = (place + 1) & (places.length - 1)
    places[place] = number + 1
  }
  table.places = places
}
