/** All kinds of feeds. They are separate from the other kinds, so that the thread that reads feeds loads only these. */

import { alpineSecdb } from './alpine-secdb/kind.ts'
import { csaf } from './csaf/kind.ts'
import { cveRecords } from './cve-records/kind.ts'
import { debianAdvisories } from './debian-advisories/kind.ts'
import { debianTracker } from './debian-tracker/kind.ts'
import { debsecan } from './debsecan/kind.ts'
import { endOfLife } from './endoflife/kind.ts'
import { epss } from './epss/kind.ts'
import { fileCatalog } from './file-catalog/kind.ts'
import { kev } from './kev/kind.ts'
import type { FeedKind } from './kind.ts'
import { msrc } from './msrc/kind.ts'
import { nvd } from './nvd/kind.ts'
import { osv } from './osv/kind.ts'
import { ubuntuOval } from './ubuntu-oval/kind.ts'
import { wesng } from './wesng/kind.ts'

export const feedKinds: readonly FeedKind[] = [
  kev,
  epss,
  debianTracker,
  debsecan,
  debianAdvisories,
  osv,
  csaf,
  ubuntuOval,
  alpineSecdb,
  msrc,
  wesng,
  cveRecords,
  nvd,
  endOfLife,
  fileCatalog,
]
