import { firstNames } from '../core/first-names.ts'

export interface LostHost {
  readonly name: string
  /** A sentence that mostly begins with the name. */
  readonly reason: string
}

/** So many lines of one reason are read; more of them hide the others. */
const MOST_LINES = 3

/** A line for each host that does not answer; one line for many that say the same. */
export function reasonLines(lost: readonly LostHost[]): readonly string[] {
  const alike = new Map<string, LostHost[]>()
  for (const host of [...lost].sort((a, b) => (a.name < b.name ? -1 : 1))) {
    const words = host.reason.replaceAll(host.name, '\0')
    alike.set(words, [...(alike.get(words) ?? []), host])
  }
  return [...alike.values()].flatMap((hosts) => {
    const [first, ...more] = hosts
    if (first === undefined || hosts.length <= MOST_LINES) return hosts.map(({ reason }) => reason)
    return [`${first.reason} The same of ${more.length} more: ${firstNames(more.map(({ name }) => name))}.`]
  })
}
