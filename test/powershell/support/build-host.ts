/**
 * Builds the PowerShell host of these tests where there is a .NET SDK, once for each state of its sources, and names it in
 * PW_POWERSHELL_HOST. Where there is none, the tests skip themselves.
 */

import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const here = fileURLToPath(new URL('..', import.meta.url))
const sources = ['host', 'standin']
const cache = fileURLToPath(new URL('../../../node_modules/.cache', import.meta.url))

export function setup(): void {
  const version = sdkVersion()
  if (version === null) return
  const folder = join(cache, `patchwarden-powershell-${fingerprint(version)}`)
  const host = join(folder, 'host', 'bin', 'Release', 'net10.0', 'powershell-host.dll')
  if (!existsSync(host)) build(folder)
  process.env.PW_POWERSHELL_HOST = host
}

function sdkVersion(): string | null {
  try {
    return execFileSync('dotnet', ['--version'], { encoding: 'utf8', env: quiet() }).trim()
  } catch {
    return null
  }
}

/** Somewhere else, then moved: a build that was killed leaves nothing that looks whole. */
function build(folder: string): void {
  const workshop = `${folder}.${process.pid}`
  const temporary = join(workshop, 'tmp')
  mkdirSync(temporary, { recursive: true })
  for (const source of sources) cpSync(join(here, source), join(workshop, source), { recursive: true })
  try {
    // No process of the compiler may stay behind.
    const alone = ['-nodeReuse:false', '-p:UseSharedCompilation=false']
    execFileSync('dotnet', ['build', '-c', 'Release', '--nologo', '-v', 'quiet', ...alone, 'host'], {
      cwd: workshop,
      env: { ...quiet(), TMPDIR: temporary },
      stdio: ['ignore', 'pipe', 'pipe'],
      encoding: 'utf8',
    })
    rmSync(temporary, { recursive: true, force: true })
    renameSync(workshop, folder)
  } catch (error) {
    const said = error instanceof Error && 'stdout' in error ? String(error.stdout) : ''
    throw new Error(`The PowerShell host of the tests was not built: ${said}`, { cause: error })
  } finally {
    rmSync(workshop, { recursive: true, force: true })
  }
}

function quiet(): NodeJS.ProcessEnv {
  return { ...process.env, DOTNET_CLI_TELEMETRY_OPTOUT: '1', DOTNET_NOLOGO: '1', DOTNET_CLI_USE_MSBUILD_SERVER: '0' }
}

function fingerprint(version: string): string {
  const hash = createHash('sha256').update(version)
  for (const source of sources) {
    for (const name of readdirSync(join(here, source)).sort()) {
      hash.update(`${source}/${name}\n`).update(readFileSync(join(here, source, name)))
    }
  }
  return hash.digest('hex').slice(0, 16)
}
