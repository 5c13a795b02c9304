/** The updates of a WSUS server as a catalog: which KB is for which Windows, and what it replaces. */

import { createHash } from 'node:crypto'
import { z } from 'zod'
import { updateTitle } from '../../core/assessment/windows-kinds.ts'
import type { WindowsUpdate } from '../../core/catalog.ts'
import type { CatalogFeed, FeedFetch } from '../../core/ports.ts'
import { readTitle } from '../windows/titles.ts'
import type { Wsus } from './ask.ts'
import type { WsusUpdate } from './calls.ts'
import { kbOf, typeOf } from './classes.ts'
import type { Known, Updates } from './known.ts'

export interface WsusCatalogOptions {
  readonly name: string
  readonly wsus: Wsus
  readonly known: Known
  /** Classifications that are taken beside the usual ones. */
  readonly alsoTaken: readonly string[]
  readonly clock: () => Date
}

const cursorSchema = z.object({ digest: z.string() })

/**
 * It says nothing of CVEs, which WSUS does not know: the feed of Microsoft's months says them for the same KBs. What is
 * declined or withdrawn is left out.
 */
export function createWsusCatalog({ name, wsus, known, alsoTaken }: WsusCatalogOptions): CatalogFeed {
  return {
    name,
    describe: `Updates of ${wsus.describe}`,
    fetch: async (cursor, signal): Promise<FeedFetch> => {
      signal.throwIfAborted()
      const all = await known.updates(signal)
      if (all.byId.size === 0) throw new Error(`${wsus.describe} has no update: was it ever synchronised?`)
      const updates = catalogOf(all, alsoTaken)
      const digest = digestOf(updates)
      const before = cursor === null ? null : cursorSchema.safeParse(JSON.parse(cursor))
      if (before?.success === true && before.data.digest === digest) return { status: 'unchanged' }
      return { status: 'fetched', cursor: JSON.stringify({ digest }), content: { updates }, rejected: [] }
    },
  }
}

function catalogOf({ byId }: Updates, alsoTaken: readonly string[]): readonly WindowsUpdate[] {
  const found = new Map<string, WindowsUpdate>()
  for (const update of byId.values()) {
    if (update.declined || update.expired || update.kbs.length === 0) continue
    const one = entryOf(update, byId, alsoTaken)
    if (one === null) continue
    const key = `${one.platform} ${one.kb}`
    const other = found.get(key)
    // One KB may be several updates for one Windows, such as a language of its own.
    const supersedes = other === undefined ? one.supersedes : [...new Set([...other.supersedes, ...one.supersedes])]
    found.set(key, { ...one, supersedes })
  }
  return [...found.values()].sort((a, b) => (`${a.platform} ${a.kb}` < `${b.platform} ${b.kb}` ? -1 : 1))
}

/** `null`: it is of no class that is taken, or for nothing that is known here. */
function entryOf(update: WsusUpdate, byId: Updates['byId'], alsoTaken: readonly string[]): WindowsUpdate | null {
  const type = typeOf(update, alsoTaken)
  const { what, target, build } = readTitle(update.title)
  if (type === null || target === null) return null
  const kb = kbOf(update)
  return {
    platform: target.platform,
    kb,
    title: updateTitle(kb, what, target.product),
    cves: [],
    supersedes: update.supersedes.flatMap((id) => (byId.get(id)?.kbs ?? []).map((number) => `KB${number}`)),
    fixedBuild: target.product === null ? build : null,
    type,
    severity: update.severity === 'Unspecified' ? null : update.severity,
    restart: update.install.reboot === 'CanRequestReboot' ? null : update.install.reboot === 'AlwaysRequiresReboot',
    published: update.releasedAt?.slice(0, 10) ?? null,
    record: update.id,
  }
}

function digestOf(updates: readonly WindowsUpdate[]): string {
  return createHash('sha256').update(JSON.stringify(updates)).digest('hex')
}
