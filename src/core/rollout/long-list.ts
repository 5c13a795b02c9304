/** A list of thousands of items. A copy with a few changes is cheap, however long the list is. */
export interface LongList<Item> {
  readonly length: number
  /** All parts have the same length, except the last one. */
  readonly parts: readonly (readonly Item[])[]
}

const PART = 256

export function longList<Item>(items: readonly Item[]): LongList<Item> {
  const parts: (readonly Item[])[] = []
  for (let from = 0; from < items.length; from += PART) parts.push(items.slice(from, from + PART))
  return { length: items.length, parts }
}

export function itemAt<Item>({ parts }: LongList<Item>, place: number): Item | undefined {
  return parts[Math.floor(place / PART)]?.[place % PART]
}

export function itemsOf<Item>({ parts }: LongList<Item>): readonly Item[] {
  return parts.flat()
}

/** The list with other items at these places. Places behind the end make it longer; they must leave no gap. */
export function withItems<Item>(list: LongList<Item>, items: ReadonlyMap<number, Item>): LongList<Item> {
  const parts = [...list.parts]
  const copied = new Map<number, Item[]>()
  let { length } = list
  for (const [place, item] of items) {
    const number = Math.floor(place / PART)
    const part = copied.get(number) ?? [...(parts[number] ?? [])]
    part[place % PART] = item
    copied.set(number, part)
    parts[number] = part
    length = Math.max(length, place + 1)
  }
  return { length, parts }
}
