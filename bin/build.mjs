import { spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { pathToFileURL } from 'node:url'
import { ensureInstalled } from './install.mjs'
import { withLock } from './lock.mjs'
import { isReadOnly, Refusal } from './refusal.mjs'

/** Builds dist/ from src/ where they differ; a copy that came without sources is used as it is. Says whether it built. */
export async function ensureBuilt(root) {
  const current = isBuilt(root)
  await ensureInstalled(root, { development: !current })
  if (current) return false
  try {
    return await withLock(root, async () => {
      if (isBuilt(root)) return false
      await build(root)
      return true
    })
  } catch (error) {
    if (!isReadOnly(error)) throw error
    throw new Refusal(
      `The build in ${root}/dist is out of date, and you may not write there. Run "node bin/patchwarden.mjs build" as the owner of that folder.`,
    )
  }
}

function isBuilt(root) {
  if (!existsSync(path.join(root, 'src'))) return true
  try {
    return readFileSync(stampFile(path.join(root, 'dist')), 'utf8') === fingerprint(root)
  } catch {
    return false
  }
}

/** Into a folder of its own, then swapped in whole: a kill leaves the old build, the new one, or none, never a mixture. */
async function build(root) {
  console.error('Building ...')
  const stamp = fingerprint(root)
  // Of this checkout alone: its dependencies may be those of another one, linked.
  const own = createHash('sha256').update(root).digest('hex').slice(0, 16)
  const workshop = path.join(root, 'node_modules', '.cache', `patchwarden-${own}`)
  const dist = path.join(root, 'dist')
  const made = path.join(workshop, 'dist')
  // We hold the lock: whatever is here was left by a killed build.
  rmSync(workshop, { recursive: true, force: true })
  mkdirSync(workshop, { recursive: true })
  await compile(root, made)
  copyAssets(path.join(root, 'src'), made)
  writeFileSync(stampFile(made), stamp)
  if (existsSync(dist)) renameSync(dist, path.join(workshop, 'replaced'))
  renameSync(made, dist)
  rmSync(workshop, { recursive: true, force: true })
}

function compile(root, outDir) {
  const tsc = path.join(root, 'node_modules', 'typescript', 'bin', 'tsc')
  return new Promise((resolve, reject) => {
    // Stack traces name the sources from wherever the build is put afterwards.
    const sources = ['--sourceRoot', `${pathToFileURL(path.join(root, 'src')).href}/`]
    const args = [tsc, '-p', 'tsconfig.json', '--outDir', outDir, ...sources, '--noEmitOnError', '--pretty', 'false']
    const child = spawn(process.execPath, args, { cwd: root, stdio: ['ignore', 'pipe', 'inherit'] })
    let findings = ''
    child.stdout.on('data', (chunk) => {
      findings += chunk
    })
    child.once('error', reject)
    child.once('close', (code) => {
      if (code === 0) resolve()
      else reject(new Refusal(`The sources do not compile:\n${findings.trim()}`))
    })
  })
}

/** Pages' scripts and styles and the like: what the compiler leaves behind. */
function copyAssets(from, to) {
  cpSync(from, to, {
    recursive: true,
    filter: (file) => !file.endsWith('.ts'),
  })
}

/** Of everything the build depends on. By content: a checkout sets times as it likes. */
function fingerprint(root) {
  const hash = createHash('sha256')
  const sources = readdirSync(path.join(root, 'src'), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => path.join(entry.parentPath, entry.name))
  for (const file of [...sources, path.join(root, 'tsconfig.json'), path.join(root, 'package-lock.json')].sort()) {
    const content = readFileSync(file)
    hash.update(`${path.relative(root, file)}\n${content.length}\n`).update(content)
  }
  return hash.digest('hex')
}

function stampFile(dist) {
  return path.join(dist, '.sources')
}
