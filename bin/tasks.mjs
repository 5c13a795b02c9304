import { spawn } from 'node:child_process'
import { existsSync, readdirSync } from 'node:fs'
import path from 'node:path'
import { pathToFileURL } from 'node:url'
import { ensureBuilt } from './build.mjs'
import { Refusal } from './refusal.mjs'

/** What contributors run. Each returns the exit code. */
export function run(root, task, args) {
  switch (task) {
    case 'build':
      return build(root)
    case 'dev':
      return dev(root, args)
    case 'test':
      return test(root, args)
    case 'bench':
      return bench(root, args)
    default:
      throw new Refusal(`No task ${task}.`)
  }
}

async function build(root) {
  const built = await ensureBuilt(root)
  console.error(built ? 'Built dist/.' : 'dist/ is up to date.')
  return 0
}

/** Runs the sources, and starts again when one changes. */
function dev(root, args) {
  const argv = args.length > 0 ? args : ['start']
  return node(['--watch', '--watch-preserve-output', ...tsx(root), path.join(root, 'bin', 'from-source.mjs'), ...argv])
}

function test(root, args) {
  const chosen = args.some((arg) => arg === '--project' || arg.startsWith('--project='))
  const vitest = path.join(root, 'node_modules', 'vitest', 'vitest.mjs')
  return node([vitest, 'run', '--root', root, ...(chosen ? [] : ['--project', 'quick']), ...args])
}

/** Runs test/bench/*.ts one after the other, or those whose name contains the first argument. */
async function bench(root, [part = '', ...rest]) {
  const folder = path.join(root, 'test', 'bench')
  const files = existsSync(folder) ? readdirSync(folder) : []
  const chosen = files.filter((file) => file.endsWith('.ts') && file.includes(part)).sort()
  if (chosen.length === 0) throw new Refusal(`No benchmark in ${folder}${part === '' ? '' : ` is named like ${part}`}.`)
  for (const file of chosen) {
    console.log(`\n== ${file}`)
    const code = await node([...tsx(root), path.join(folder, file), ...rest])
    if (code !== 0) return code
  }
  return 0
}

function tsx(root) {
  return ['--import', pathToFileURL(path.join(root, 'node_modules', 'tsx', 'dist', 'esm', 'index.mjs')).href]
}

/** Ctrl-C reaches the child by itself; we only stay to pass on its exit code. */
function node(args) {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, ['--enable-source-maps', ...args], { stdio: 'inherit' })
    process.on('SIGINT', () => {})
    process.on('SIGTERM', () => child.kill('SIGTERM'))
    child.once('error', reject)
    child.once('exit', (code, signal) => resolve(code ?? (signal === 'SIGINT' ? 130 : 143)))
  })
}
