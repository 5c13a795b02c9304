/** Reads a list page by page, to its end. */

import { type Console, ConsoleError } from './client.ts'

/** The most that the console gives at once. */
const SIZE = 1_000
/** A list of more pages is no list that anybody can use. */
const MOST_PAGES = 20_000

type Query = Readonly<Record<string, string | number>>

/**
 * The link to the next page loses the filters, so only its `start` is taken, which is an index in some lists and an id in
 * others. The link is there on the last page, too: a list ends where fewer rows came than were asked for, if the console kept
 * to that number, and with an empty page in any case.
 */
export async function readAll(
  console: Console,
  path: string,
  query: Query,
  signal: AbortSignal,
): Promise<readonly unknown[]> {
  const rows: unknown[] = []
  const seen = new Set<string>()
  let start: string | null = null
  for (let page = 1; page <= MOST_PAGES; page++) {
    const asked = { ...query, count: SIZE, ...(start === null ? {} : { start }) }
    const { body } = await console.ask({ path, query: asked }, signal)
    const { value, count, next } = pageIn(body)
    rows.push(...value)
    if (value.length === 0 || next === null || (count === SIZE && value.length < SIZE)) return rows
    if (seen.has(next))
      throw new ConsoleError(
        `${console.server} gives the same page of ${path} again and again, so its end cannot be read`,
      )
    seen.add(next)
    start = next
  }
  throw new ConsoleError(`${console.server} has more rows at ${path} than can be read`)
}

interface Page {
  readonly value: readonly unknown[]
  /** How many rows the console meant to give; `null`: it does not say. */
  readonly count: number | null
  /** Where the next page starts; `null`: there is no link. */
  readonly next: string | null
}

function pageIn(body: unknown): Page {
  const page = (body ?? {}) as Readonly<Record<string, unknown>>
  // A list of one is given as that one by some answers.
  const value = Array.isArray(page.value) ? page.value : Array.isArray(body) ? body : 'id' in page ? [page] : []
  const links = (page.links ?? {}) as Readonly<Record<string, { readonly href?: unknown } | undefined>>
  const href = typeof links.next?.href === 'string' ? links.next.href : null
  const address =
    href === null || !URL.canParse(href, 'https://console.invalid') ? null : new URL(href, 'https://console.invalid')
  return {
    value,
    count: typeof page.count === 'number' ? page.count : null,
    next: address?.searchParams.get('start') ?? null,
  }
}
