/** Lists every CVE on every package of one asset. The assessment only counts them. */

import type { AssetSnapshot } from '../asset.ts'
import type { PatchType } from '../catalog.ts'
import { withoutOlderKernels } from '../kernels.ts'
import { WINDOWS } from '../versions/windows.ts'
import type { CatalogView } from './catalog-view.ts'
import { isWindows } from './missing.ts'
import { missingWindowsUpdates } from './windows-updates.ts'

/** A CVE that a binary package (or Windows) has and that a newer version fixes. */
export interface Finding {
  readonly asset: string
  readonly package: string
  readonly source: string
  readonly installed: string
  readonly cve: string
  readonly advisory: string | null
  readonly fixedVersion: string
  readonly type: PatchType
  /** The subscription that is needed to install the fix, e.g. `Ubuntu Pro`; `null`: none. */
  readonly subscription: string | null
}

/** Every CVE on every binary package whose version is older than the fix, but for kernels kept as a fallback. */
export function findings(snapshot: AssetSnapshot, catalog: CatalogView): readonly Finding[] {
  return isWindows(snapshot.asset) ? ofWindows(snapshot, catalog) : ofPackages(snapshot, catalog)
}

function ofWindows({ asset: { id, platform }, packages }: AssetSnapshot, catalog: CatalogView): readonly Finding[] {
  const installed = packages.find((item) => item.name === WINDOWS)?.version ?? ''
  return missingWindowsUpdates(packages, catalog.windowsUpdates(platform)).flatMap(({ update, cves }) =>
    cves.map((cve) => ({
      asset: id,
      package: update.kb,
      source: WINDOWS,
      installed,
      cve,
      advisory: update.kb,
      fixedVersion: update.fixedBuild ?? update.kb,
      type: update.type,
      subscription: null,
    })),
  )
}

function ofPackages({ asset: { id, platform }, packages }: AssetSnapshot, catalog: CatalogView): readonly Finding[] {
  return withoutOlderKernels(platform, packages).flatMap((item) =>
    catalog.matcher.open(platform, item).flatMap(({ cve, fixedVersion, advisory, type, subscription }) =>
      cve === null
        ? []
        : [
            {
              asset: id,
              package: item.name,
              source: item.source,
              installed: item.version,
              cve,
              advisory,
              fixedVersion,
              type,
              subscription,
            },
          ],
    ),
  )
}
