/** What was worked out from lists of objects, as long as these objects are there. */

/** A package, or what is said of one. */
export interface OfPackage {
  readonly name?: string
  readonly source: string | null
}

type Lists = readonly (readonly OfPackage[])[]

/** What was made of lists of the very same objects, else what `make` gives. The first list must not be empty. */
export type Memo<Result> = (lists: Lists, make: () => Result) => Result

/** Counts how often what results go by has changed, and says whether it has for lists since a count. */
export interface Changes {
  readonly count: () => number
  readonly touched: (lists: Lists, since: number) => boolean
}

interface Known<Result> {
  readonly lists: Lists
  result: Result
  /** Of the changes when it was made. */
  count: number
}

/** Lists count as equal where their items are the same objects in the same order. */
export function createMemo<Result>({ count, touched }: Changes): Memo<Result> {
  const known = new WeakMap<OfPackage, Known<Result>[]>()
  return (lists, make) => {
    const first = lists[0]?.[0]
    if (first === undefined) return make()
    const those = known.get(first)
    const there = those?.find((one) => equal(one.lists, lists))
    const now = count()
    if (there !== undefined) {
      if (there.count !== now && touched(lists, there.count)) there.result = make()
      there.count = now
      return there.result
    }
    const made = { lists, result: make(), count: now }
    if (those === undefined) known.set(first, [made])
    else those.push(made)
    return made.result
  }
}

function equal(some: Lists, others: Lists): boolean {
  for (let list = 0; list < some.length; list++) {
    const [a, b] = [some[list] ?? [], others[list] ?? []]
    if (a.length !== b.length) return false
    for (let at = 0; at < a.length; at++) if (a[at] !== b[at]) return false
  }
  return true
}
