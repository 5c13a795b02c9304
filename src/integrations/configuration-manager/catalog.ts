/** The updates of a site as a catalog: which KB is for which Windows, and what it replaces. */

import { createHash } from 'node:crypto'
import { z } from 'zod'
import { updateTitle } from '../../core/assessment/windows-kinds.ts'
import type { WindowsUpdate } from '../../core/catalog.ts'
import type { CatalogFeed, FeedFetch } from '../../core/ports.ts'
import { readTitle } from '../windows/titles.ts'
import type { Api } from './api.ts'
import { kbOf, severityOf, typeOf } from './classes.ts'
import type { Known, Updates } from './known.ts'
import type { Update } from './schema.ts'

export interface CatalogOptions {
  readonly name: string
  readonly describe: string
  readonly api: Api
  readonly known: Known
  /** Classes that are taken beside the usual ones. */
  readonly alsoTaken: readonly string[]
}

const cursorSchema = z.object({ digest: z.string() })

/** It says nothing of CVEs, which Configuration Manager does not know: the feed msrc says them for the same KBs. */
export function createCatalog({ name, describe, api, known, alsoTaken }: CatalogOptions): CatalogFeed {
  return {
    name,
    describe: `Updates of ${describe}`,
    fetch: async (cursor, signal): Promise<FeedFetch> => {
      signal.throwIfAborted()
      const all = await known.updates(signal, 'fresh')
      if (all.byId.size === 0)
        throw new Error(
          `${api.server} has no update that any machine needs or has: is its software update point synchronised, and may the login see updates?`,
        )
      const updates = catalogOf(all, alsoTaken)
      const digest = createHash('sha256').update(JSON.stringify(updates)).digest('hex')
      const before = cursor === null ? null : cursorSchema.safeParse(JSON.parse(cursor))
      if (before?.success === true && before.data.digest === digest) return { status: 'unchanged' }
      return { status: 'fetched', cursor: JSON.stringify({ digest }), content: { updates }, rejected: [] }
    },
  }
}

function catalogOf(all: Updates, alsoTaken: readonly string[]): readonly WindowsUpdate[] {
  const found = new Map<string, WindowsUpdate>()
  for (const update of all.byId.values()) {
    const one = entryOf(update, all, alsoTaken)
    if (one === null) continue
    const key = `${one.platform} ${one.kb}`
    const other = found.get(key)
    // One KB may be several updates for one Windows, such as a language of its own.
    found.set(key, { ...one, supersedes: [...new Set([...(other?.supersedes ?? []), ...one.supersedes])].sort() })
  }
  return [...found.values()].sort((a, b) => (`${a.platform} ${a.kb}` < `${b.platform} ${b.kb}` ? -1 : 1))
}

/** `null`: it is of no class that is taken, is expired, or is for no Windows that its title names. */
function entryOf(update: Update, all: Updates, alsoTaken: readonly string[]): WindowsUpdate | null {
  const type = typeOf(update, alsoTaken)
  const { what, target, build } = readTitle(update.title)
  if (type === null || target === null || update.kb === null || update.expired) return null
  const kb = kbOf(update)
  const supersedes = all
    .replaces(update.id)
    .flatMap((one) => (one.kb === null || one.kb === update.kb ? [] : [`KB${one.kb}`]))
  return {
    platform: target.platform,
    kb,
    title: updateTitle(kb, what, target.product),
    cves: [],
    supersedes,
    fixedBuild: target.product === null ? build : null,
    type,
    severity: severityOf(update),
    // Configuration Manager does not say whether an update wants a restart.
    restart: null,
    published: update.releasedAt?.slice(0, 10) ?? null,
    record: update.unique,
  }
}
