/** The patches that scans of a console have shown, as a catalog: which KB is for which Windows, and what it replaces. */

import { createHash } from 'node:crypto'
import { z } from 'zod'
import { updateTitle } from '../../core/assessment/windows-kinds.ts'
import { targetOf, type WindowsTarget } from '../../core/assessment/windows-updates.ts'
import type { WindowsUpdate } from '../../core/catalog.ts'
import type { CatalogFeed, FeedFetch } from '../../core/ports.ts'
import { windowsPlatformOf } from '../windows/machine.ts'
import type { Api } from './api.ts'
import { severityOf, typeOf } from './classes.ts'
import type { Known } from './known.ts'
import type { PatchRow, Vulnerability } from './schema.ts'

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
      await known.words(signal)
      const rows = [...known.shown().values()].filter((row) => typeOf(row, alsoTaken) !== null)
      if (rows.length === 0)
        throw new Error(`No scan of ${api.server} has shown a patch yet: was a machine scanned with a whole template?`)
      const kbs = [...new Set(rows.flatMap(({ kb }) => kb ?? []))].sort()
      const updates = catalogOf(rows, await known.patches(kbs, signal, 'fresh'), alsoTaken)
      const digest = createHash('sha256').update(JSON.stringify(updates)).digest('hex')
      const before = cursor === null ? null : cursorSchema.safeParse(JSON.parse(cursor))
      if (before?.success === true && before.data.digest === digest) return { status: 'unchanged' }
      return { status: 'fetched', cursor: JSON.stringify({ digest }), content: { updates }, rejected: [] }
    },
  }
}

function catalogOf(
  rows: readonly PatchRow[],
  patches: readonly Vulnerability[],
  alsoTaken: readonly string[],
): readonly WindowsUpdate[] {
  const byKb = new Map<string, Vulnerability[]>()
  for (const one of patches) byKb.set(one.kb ?? '', [...(byKb.get(one.kb ?? '') ?? []), one])
  const found = new Map<string, WindowsUpdate>()
  for (const row of rows) {
    const target = row.productName === null ? null : windowsOf(row.productName)
    const type = typeOf(row, alsoTaken)
    if (row.kb === null || target === null || type === null) continue
    const own = (byKb.get(row.kb) ?? []).filter(
      ({ patchIds }) => patchIds.length === 0 || patchIds.includes(row.patchId),
    )
    const about = own.length === 0 ? (byKb.get(row.kb) ?? []) : own
    const kb = `KB${row.kb}`
    found.set(`${target.platform} ${kb}`, {
      ...{ platform: target.platform, kb, type, severity: severityOf(row), record: row.kb },
      title: updateTitle(kb, type === 'security' ? 'Security Update' : 'Update', target.product),
      cves: [...new Set(about.flatMap(({ cves }) => cves))].sort(),
      supersedes: replacedByAny(about, patches),
      // The console says neither the build that it leads to nor whether it restarts.
      ...{ fixedBuild: null, restart: null },
      published: about.flatMap(({ releasedAt }) => releasedAt?.slice(0, 10) ?? []).sort()[0] ?? null,
    })
  }
  return [...found.values()].sort((a, b) => (`${a.platform} ${a.kb}` < `${b.platform} ${b.kb}` ? -1 : 1))
}

function windowsOf(product: string): WindowsTarget | null {
  const platform = windowsPlatformOf({ os: product, version: null, architecture: '' })
  // "Microsoft .NET Framework 4.8 on Windows Server 2022" names a server, too, and is none.
  return /^(?:Microsoft )?Windows/i.test(product) && platform !== null ? { platform, product: null } : targetOf(product)
}

/** KBs that name one of these as what replaces them. */
function replacedByAny(newer: readonly Vulnerability[], all: readonly Vulnerability[]): readonly string[] {
  const ids = new Set(newer.map(({ id }) => id))
  const own = new Set(newer.map(({ kb }) => kb))
  const old = all.filter(({ replacedBy, kb }) => !own.has(kb) && replacedBy.some((id) => ids.has(id)))
  return [...new Set(old.flatMap(({ kb }) => (kb === null ? [] : [`KB${kb}`])))].sort()
}
