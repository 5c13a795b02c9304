/** Reads a list page by page, to its end. */

import { type Asking, type Client, listIn, ManageEngineError } from './client.ts'
import { isRow, numberOf, type Row } from './rows.ts'

/** Names of the parameters, which differ between the generations. */
export interface Paging {
  readonly page: string
  readonly limit: string
  readonly size: number
}

export const legacyPaging: Paging = { page: 'page', limit: 'pagelimit', size: 1_000 }
export const dcapiPaging: Paging = { page: 'page', limit: 'pageLimit', size: 1_000 }

/** A list of more pages is no list that anybody can use. */
const MOST_PAGES = 20_000

export interface Listed {
  readonly path: string
  readonly query?: Asking['query']
  readonly accept?: string
  /** Names under which the answer may have the list. */
  readonly names: readonly string[]
}

/** The whole list. Throws a sentence: a part is no list. */
export async function readAll(
  client: Client,
  listed: Listed,
  paging: Paging,
  signal: AbortSignal,
): Promise<readonly Row[]> {
  const rows: Row[] = []
  for await (const page of pagesOf(client, listed, paging, signal)) rows.push(...page)
  return rows
}

/**
 * Some servers give 25 rows whatever is asked for, and some give the same page again and again. So rows are counted up to the
 * total, an empty page ends the list, and a page that begins as the one before is told. Throws a sentence where the list ends early.
 */
export async function* pagesOf(
  client: Client,
  { path, query = {}, names, ...more }: Listed,
  paging: Paging,
  signal: AbortSignal,
): AsyncGenerator<readonly Row[]> {
  const accept = more.accept === undefined ? {} : { accept: more.accept }
  let read = 0
  let firstBefore: string | null = null
  for (let page = 1; page <= MOST_PAGES; page++) {
    const answer = await client.ask(
      { path, query: { ...query, [paging.page]: page, [paging.limit]: paging.size }, ...accept },
      signal,
    )
    const found = listIn(answer, names)
    if (found === null) throw new ManageEngineError(`${client.server} gave no list at ${path}`)
    const total = totalOf(answer)
    if (found.length === 0) {
      if (total !== null && read < total)
        throw new ManageEngineError(`${client.server} gave ${read} of ${total} rows at ${path}, and then none`)
      return
    }
    const first = JSON.stringify(found[0])
    if (first === firstBefore) {
      // Without a total, a server that knows no pages gives its whole list each time.
      if (total === null) return
      throw new ManageEngineError(
        `${client.server} gives the same page of ${path} again and again, so most of its ${total} rows cannot be read`,
      )
    }
    firstBefore = first
    yield found
    read += found.length
    if (total !== null && read >= total) return
  }
  throw new ManageEngineError(`${client.server} has more rows at ${path} than can be read`)
}

function totalOf(answer: Row): number | null {
  const inner = isRow(answer.message_response) ? answer.message_response : answer
  return (
    numberOf(inner, 'total', 'totalRecords', 'totalCount') ?? numberOf(answer, 'total', 'totalRecords', 'totalCount')
  )
}
