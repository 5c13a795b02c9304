import { spawn } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { withLock } from './lock.mjs'
import { isReadOnly, Refusal } from './refusal.mjs'

const noNetwork = /\b(ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ECONNRESET|ETIMEDOUT|EHOSTUNREACH|ENETUNREACH|ENOTCACHED)\b/

/** Installs the dependencies that package-lock.json names, unless they are there: by us, by hand, with or without scripts. */
export async function ensureInstalled(root, { development }) {
  if (isInstalled(root, development)) return
  try {
    await withLock(root, async (holdToo) => {
      if (isInstalled(root, development)) return
      console.error('Installing dependencies (first start, about a minute) ...')
      await install(root, holdToo)
    })
  } catch (error) {
    if (isReadOnly(error)) throw new Refusal(notYours(root))
    throw error
  }
}

/** Compares with npm's own record of what it installed, which it writes last. */
export function isInstalled(root, development) {
  const wanted = read(path.join(root, 'package-lock.json'))?.packages
  if (wanted === undefined) return true
  const found = read(path.join(root, 'node_modules', '.package-lock.json'))?.packages
  if (found === undefined) return false
  return Object.entries(wanted).every(([place, entry]) => {
    if (place === '' || entry.extraneous || entry.link) return true
    const installed = found[place]
    if (installed !== undefined) return installed.version === entry.version
    return entry.optional || entry.devOptional || entry.peer || (entry.dev && !development)
  })
}

async function install(root, holdToo) {
  const first = await npm(root, ['ci', '--include=dev'], holdToo)
  if (first.code === 0) return
  refuseKnown(root, first.complaints)
  // A package's install script failed or is forbidden. Nothing here needs them.
  const second = await npm(root, ['ci', '--include=dev', '--ignore-scripts'], holdToo)
  if (second.code === 0) return
  refuseKnown(root, second.complaints)
  throw new Refusal(`npm ci failed in ${root}:\n${second.complaints.trim().split('\n').slice(-15).join('\n')}`)
}

function refuseKnown(root, complaints) {
  if (noNetwork.test(complaints)) {
    throw new Refusal(
      `Cannot install the dependencies: the npm registry cannot be reached. Connect to the network (or set npm's registry or proxy), then start again.\n${firstLine(complaints, noNetwork)}`,
    )
  }
  if (/\b(EACCES|EPERM|EROFS)\b/.test(complaints)) throw new Refusal(notYours(root))
  if (/\bENOSPC\b/.test(complaints)) throw new Refusal(`Cannot install the dependencies: the disk of ${root} is full.`)
}

function firstLine(text, pattern) {
  return text.split('\n').find((line) => pattern.test(line)) ?? ''
}

function notYours(root) {
  return `The dependencies in ${root}/node_modules are missing or out of date, and you may not write there. Run "npm ci" as the owner of that folder.`
}

function npm(root, args, holdToo) {
  const own = process.env.npm_execpath
  const [program, ...before] = own !== undefined && /npm-cli\.(c?js|mjs)$/.test(own) ? [process.execPath, own] : ['npm']
  return new Promise((resolve, reject) => {
    const child = spawn(program, [...before, ...args, '--no-fund', '--no-audit', '--loglevel=error'], {
      cwd: root,
      stdio: ['ignore', 'ignore', 'pipe'],
    })
    if (child.pid !== undefined) holdToo(child.pid)
    let complaints = ''
    child.stderr.on('data', (chunk) => {
      complaints += chunk
    })
    child.once('error', (error) => {
      reject(
        error.code === 'ENOENT' ? new Refusal('npm is not installed or not on PATH: install it with Node.js.') : error,
      )
    })
    child.once('close', (code) => resolve({ code, complaints }))
  })
}

function read(file) {
  if (!existsSync(file)) return undefined
  try {
    return JSON.parse(readFileSync(file, 'utf8'))
  } catch {
    return undefined
  }
}
