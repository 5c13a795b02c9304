/** Lists of assets that entries name, as content: pages of up to 1,000, and a root page if there are several. */

import { contentOf, type HashedContent } from '../content.ts'
import { limits } from '../limits.ts'
import type { Fact } from './entry.ts'

/** One asset of a list, with what the entry says about it. */
export interface ListedAsset {
  readonly id: string
  readonly [fact: string]: Fact | undefined
}

export interface AssetList {
  readonly hash: string
  readonly count: number
  /** What must be stored before an entry may name the hash. */
  readonly contents: readonly HashedContent[]
}

/** A part of a list with at least this many assets gets its own pages, which other lists can name, too. */
const OWN_PAGE = 100

export function assetList(assets: readonly ListedAsset[]): AssetList {
  return listOfPages(pagesOf(assets), assets.length)
}

/** Makes lists from parts, and content of each part only once. `chosen`: indexes of parts. No asset is in two parts. */
export function createAssetLists(parts: readonly (readonly ListedAsset[])[]): (chosen: readonly number[]) => AssetList {
  const pages = new Map<number, readonly HashedContent[]>()
  const made = new Map<string, AssetList>()
  function ownPages(part: number): readonly HashedContent[] {
    const known = pages.get(part) ?? pagesOf(parts[part] ?? [])
    pages.set(part, known)
    return known
  }
  return (chosen) => {
    const key = chosen.join(',')
    const known = made.get(key)
    if (known !== undefined) return known
    const sizeOf = (part: number) => parts[part]?.length ?? 0
    const large = chosen.filter((part) => sizeOf(part) >= OWN_PAGE)
    const small = chosen.filter((part) => sizeOf(part) < OWN_PAGE).flatMap((part) => parts[part] ?? [])
    const all = [...large.flatMap(ownPages), ...(small.length === 0 ? [] : pagesOf(small))]
    const list = listOfPages(
      all,
      chosen.reduce((sum, part) => sum + sizeOf(part), 0),
    )
    made.set(key, list)
    return list
  }
}

function pagesOf(assets: readonly ListedAsset[]): readonly HashedContent[] {
  const sorted = assets.toSorted((a, b) => (a.id < b.id ? -1 : a.id > b.id ? 1 : 0))
  const pages: HashedContent[] = []
  for (let from = 0; from < sorted.length || from === 0; from += limits.contentPage)
    pages.push(contentOf('assets', { assets: sorted.slice(from, from + limits.contentPage) }))
  return pages
}

function listOfPages(pages: readonly HashedContent[], count: number): AssetList {
  const [only] = pages
  if (only !== undefined && pages.length === 1) return { hash: only.hash, count, contents: pages }
  const root = contentOf('assets', { count, parts: pages.map(({ hash }) => hash) })
  return { hash: root.hash, count, contents: [...pages, root] }
}

/** A longer text in facts and in keys of tables is replaced by its beginning and its hash. */
const LONGEST = 200

export function factText(text: string): string {
  return text.length <= LONGEST ? text : `${text.slice(0, 100)}... ${contentOf('list', text).hash}`
}
