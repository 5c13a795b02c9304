/** The patches of a ManageEngine server as a catalog: which KB is for which Windows, and what it replaces. */

import { createHash } from 'node:crypto'
import { z } from 'zod'
import { updateTitle } from '../../core/assessment/windows-kinds.ts'
import type { WindowsUpdate } from '../../core/catalog.ts'
import type { CatalogFeed, FeedFetch } from '../../core/ports.ts'
import { readTitle } from '../windows/titles.ts'
import type { Api, Patch } from './api.ts'
import { patchName, severityOf, typeOf } from './classes.ts'
import type { Known, Patches } from './known.ts'

export interface CatalogOptions {
  readonly name: string
  readonly describe: string
  readonly api: Api
  readonly known: Known
  /** Classes that are taken beside the usual ones. */
  readonly alsoTaken: readonly string[]
}

const cursorSchema = z.object({ digest: z.string() })

export function createCatalog({ name, describe, api, known, alsoTaken }: CatalogOptions): CatalogFeed {
  return {
    name,
    describe: `Windows patches of ${describe}`,
    fetch: async (cursor, signal): Promise<FeedFetch> => {
      signal.throwIfAborted()
      const all = await known.patches(signal)
      if (all.byId.size === 0)
        throw new Error(
          `${api.server} has no patch for Windows: was its patch database ever synchronised, and a machine scanned?`,
        )
      const updates = catalogOf(all, alsoTaken)
      const digest = createHash('sha256').update(JSON.stringify(updates)).digest('hex')
      const before = cursor === null ? null : cursorSchema.safeParse(JSON.parse(cursor))
      if (before?.success === true && before.data.digest === digest) return { status: 'unchanged' }
      return { status: 'fetched', cursor: JSON.stringify({ digest }), content: { updates }, rejected: [] }
    },
  }
}

function catalogOf(patches: Patches, alsoTaken: readonly string[]): readonly WindowsUpdate[] {
  const replaces = new Map<string, string[]>()
  for (const old of patches.byId.values()) {
    const newer = patches.replacedBy(old)
    if (newer === null || old.kb === null || newer.kb === old.kb) continue
    replaces.set(newer.id, [...(replaces.get(newer.id) ?? []), `KB${old.kb}`])
  }
  const found = new Map<string, WindowsUpdate>()
  for (const patch of patches.byId.values()) {
    const one = entryOf(patch, replaces.get(patch.id) ?? [], alsoTaken)
    if (one === null) continue
    const key = `${one.platform} ${one.kb}`
    const other = found.get(key)
    // One KB may be several patches for one Windows, such as a language of its own.
    const supersedes = [...new Set([...(other?.supersedes ?? []), ...one.supersedes])].sort()
    found.set(key, { ...one, supersedes })
  }
  return [...found.values()].sort((a, b) => (`${a.platform} ${a.kb}` < `${b.platform} ${b.kb}` ? -1 : 1))
}

/** `null`: it is of no class that is taken, is declined, or is for no Windows that its title names. */
function entryOf(patch: Patch, supersedes: readonly string[], alsoTaken: readonly string[]): WindowsUpdate | null {
  const type = typeOf(patch, alsoTaken)
  if (type === null || patch.kb === null || patch.declined) return null
  const { what, target, build } = readTitle(patch.title)
  if (target === null) return null
  return {
    platform: target.platform,
    kb: patchName(patch),
    title: updateTitle(patchName(patch), what, target.product),
    cves: patch.cves,
    supersedes,
    fixedBuild: target.product === null ? build : null,
    type,
    severity: severityOf(patch),
    // What the server says of restarts contradicts itself, so nothing is promised from it.
    restart: null,
    published: patch.releasedAt?.slice(0, 10) ?? null,
    record: patch.id,
  }
}
