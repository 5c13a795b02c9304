/** Makes something from each item, in order. While one result is stored, the next is being made. */
export async function* oneAhead<Item, Made>(
  items: readonly Item[],
  make: (item: Item) => Promise<Made>,
): AsyncGenerator<readonly [Item, Made]> {
  const start = (index: number) => {
    const item = items[index]
    if (item === undefined) return null
    const made = make(item)
    // The reader gets the error. If an earlier item failed, nobody reads this one, so the error is ignored here.
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
