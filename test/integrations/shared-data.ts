import { existsSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const shared = process.env.PATCHWARDEN_SHARED ?? join(dirname(fileURLToPath(import.meta.url)), '../../../shared')

/** Path of a large real data file kept outside the repository, or `null` (with a printed reason) where it is absent. */
export function sharedData(path: string): string | null {
  const full = join(shared, 'data', path)
  if (existsSync(full)) return full
  console.info(`skipped: ${path} is not here; set PATCHWARDEN_SHARED to the folder that holds data/`)
  return null
}
