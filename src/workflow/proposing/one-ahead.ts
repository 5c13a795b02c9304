/** Makes something of each item, one after the other: while one result is stored, the next is made. */
export async function* oneAhead<Item, Made>(
  items: readonly Item[],
  make: (item: Item) => Promise<Made>,
): AsyncGenerator<readonly [Item, Made]> {
  const start = (index: number) => {
    const item = items[index]
    if (item === undefined) return null
    const made = make(item)
    // Whoever waits for it gets the error; nobody waits where the one before it failed.
    made.catch(() => undefined)
    return { item, made }
  }
  let next = start(0)
  for (let index = 1; next !== null; index++) {
    const { item, made } = next
    const ready = await made
    next = start(index)
    yield [item, ready]
  }
}
