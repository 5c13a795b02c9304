/** Keeps results that were computed from lists of objects, for as long as these objects exist. */

/** A package, or an object about a package. */
export interface OfPackage {
  readonly name?: string
  readonly source: string | null
}

type Lists = readonly (readonly OfPackage[])[]

/**
 * Returns the result that was computed before from lists of the very same objects, else the result of `make`. An empty
 * first list is never remembered.
 */
export type Memo<Result> = (lists: Lists, make: () => Result) => Result

/** Counts the changes of the data behind the results. `lastOf`: the number of the last change of each package. */
export interface Changes {
  count: number
  /** By source or binary name. */
  readonly lastOf: Map<string, number>
}

/** Notes that the data about these packages (source or binary names) changed. */
export function noteChange(changes: Changes, packages: ReadonlySet<string>): void {
  changes.count++
  for (const name of packages) changes.lastOf.set(name, changes.count)
}

/** Whether the data about a package changed after the change with number `count`. */
export function hasChangedSince({ lastOf }: Changes, { name, source }: OfPackage, count: number): boolean {
  return (lastOf.get(name ?? '') ?? 0) > count || (lastOf.get(source ?? '') ?? 0) > count
}

interface Known<Result> {
  readonly lists: Lists
  result: Result
  /** The number of changes when the result was made. */
  count: number
}

/** Lists are equal if they contain the same objects in the same order. */
export function createMemo<Result>(changes: Changes): Memo<Result> {
  const known = new WeakMap<OfPackage, Known<Result>[]>()
  return (lists, make) => {
    const first = lists[0]?.[0]
    if (first === undefined) return make()
    const those = known.get(first)
    const there = those?.find((one) => equal(one.lists, lists))
    const now = changes.count
    if (there !== undefined) {
      if (there.count !== now && touched(changes, lists, there.count)) there.result = make()
      there.count = now
      return there.result
    }
    const made = { lists, result: make(), count: now }
    if (those === undefined) known.set(first, [made])
    else those.push(made)
    return made.result
  }
}

function touched(changes: Changes, lists: Lists, since: number): boolean {
  return lists.some((list) => list.some((item) => hasChangedSince(changes, item, since)))
}

function equal(some: Lists, others: Lists): boolean {
  for (let list = 0; list < some.length; list++) {
    const [a, b] = [some[list] ?? [], others[list] ?? []]
    if (a.length !== b.length) return false
    for (let at = 0; at < a.length; at++) if (a[at] !== b[at]) return false
  }
  return true
}
