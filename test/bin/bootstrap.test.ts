import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { nodeProblem } from '../../bin/node-version.mjs'

const repository = fileURLToPath(new URL('../..', import.meta.url))

let folder: string
let checkout: string

/** A checkout with our bin, one source file and the real compiler; its path has a space. */
beforeEach(() => {
  folder = mkdtempSync(path.join(os.tmpdir(), 'patchwarden bin '))
  chmodSync(folder, 0o755)
  checkout = path.join(folder, 'check out')
  mkdirSync(path.join(checkout, 'src', 'cli'), { recursive: true })
  for (const name of ['bin', 'package.json', 'package-lock.json', 'tsconfig.json']) {
    cpSync(path.join(repository, name), path.join(checkout, name), { recursive: true })
  }
  writeProgram('first')
  fillModules(path.join(checkout, 'node_modules'))
})

afterEach(() => {
  rmSync(folder, { recursive: true, force: true })
})

/** Says what it was given, and ends with the code that `--code` names. */
function writeProgram(version: string): void {
  const source = `export async function main(argv: string[]): Promise<number> {
  console.log(JSON.stringify({ version: '${version}', argv, cwd: process.cwd() }))
  if (argv[0] === 'fail') throw new Error('a fault')
  return argv[0] === '--code' ? Number(argv[1]) : 0
}
`
  writeFileSync(path.join(checkout, 'src', 'cli', 'cli.ts'), source)
}

function fillModules(modules: string): void {
  mkdirSync(modules)
  const real = path.join(repository, 'node_modules')
  const record = '.package-lock.json'
  cpSync(path.join(real, record), path.join(modules, record))
  for (const name of ['typescript', '@typescript', '@types', 'undici-types']) {
    if (existsSync(path.join(real, name))) symlinkSync(path.join(real, name), path.join(modules, name))
  }
}

interface Ended {
  readonly code: number
  readonly stdout: string
  readonly stderr: string
}

interface Where {
  readonly cwd?: string
  readonly bin?: string
  readonly env?: NodeJS.ProcessEnv
  readonly uid?: number
}

function patchwarden(args: readonly string[], where: Where = {}): Promise<Ended> {
  const bin = where.bin ?? path.join(checkout, 'bin', 'patchwarden.mjs')
  const { npm_execpath: _, ...env } = process.env
  const options = {
    cwd: where.cwd ?? checkout,
    env: { ...env, ...where.env },
    ...(where.uid ? { uid: where.uid } : {}),
  }
  return new Promise((resolve) => {
    execFile(process.execPath, [bin, ...args], options, (error, stdout, stderr) => {
      resolve({ code: error === null ? 0 : Number(error.code), stdout, stderr })
    })
  })
}

const said = (ended: Ended): unknown => JSON.parse(ended.stdout)

describe('a command', () => {
  test('is built and run with its arguments and exit code; the second time it is only run', async () => {
    const first = await patchwarden(['--code', '1'])
    expect(first).toMatchObject({ code: 1, stderr: 'Building ...\n' })
    expect(said(first)).toEqual({ version: 'first', argv: ['--code', '1'], cwd: checkout })
    const second = await patchwarden(['assess', '--json'])
    expect(second).toMatchObject({ code: 0, stderr: '' })
    expect(said(second)).toMatchObject({ argv: ['assess', '--json'] })
  })

  test('runs through a link and from another folder', async () => {
    const link = path.join(folder, 'patchwarden')
    symlinkSync(path.join(checkout, 'bin', 'patchwarden.mjs'), link)
    expect(said(await patchwarden(['check'], { bin: link, cwd: folder }))).toMatchObject({
      argv: ['check'],
      cwd: folder,
    })
  })

  test('is built again when a source changed, and what is no source is copied', async () => {
    await patchwarden([])
    writeProgram('second')
    writeFileSync(path.join(checkout, 'src', 'cli', 'page.css'), 'body {}')
    expect(said(await patchwarden([]))).toMatchObject({ version: 'second' })
    expect(readFileSync(path.join(checkout, 'dist', 'cli', 'page.css'), 'utf8')).toBe('body {}')
  })

  test('is refused when the sources do not compile, and the old build stays', async () => {
    await patchwarden([])
    writeFileSync(path.join(checkout, 'src', 'cli', 'cli.ts'), 'export const main: number = "no"\n')
    const refused = await patchwarden([])
    expect(refused).toMatchObject({ code: 2, stdout: '' })
    expect(refused.stderr).toMatch(/The sources do not compile:\nsrc\/cli\/cli\.ts\(1,14\)/)
    expect(readFileSync(path.join(checkout, 'dist', 'cli', 'cli.js'), 'utf8')).toContain('first')
  })

  test('that breaks names its source line and ends with 70', async () => {
    const broken = await patchwarden(['fail'])
    expect(broken.code).toBe(70)
    expect(broken.stderr).toContain(path.join(checkout, 'src', 'cli', 'cli.ts:3'))
  })

  test.skipIf(process.getuid?.() !== 0)('needs to write nothing when the build is up to date', async () => {
    await patchwarden([])
    expect(said(await patchwarden(['check'], { uid: 65_534 }))).toMatchObject({ argv: ['check'] })
    writeProgram('second')
    const refused = await patchwarden(['check'], { uid: 65_534 })
    expect(refused.code).toBe(2)
    expect(refused.stderr).toContain(
      'dist is out of date, and you may not write there. Run "node bin/patchwarden.mjs build"',
    )
  })
})

describe('starts at the same time', () => {
  test('build once and all run', async () => {
    const ended = await Promise.all(['a', 'b', 'c'].map((name) => patchwarden([name])))
    expect(ended.map(({ code }) => code)).toEqual([0, 0, 0])
    expect(ended.filter(({ stderr }) => stderr.includes('Building ...'))).toHaveLength(1)
    expect(readdirSync(checkout)).not.toContain('.patchwarden')
  })

  test('of two checkouts with the same dependencies, linked, leave each other’s build alone', async () => {
    const other = path.join(folder, 'other')
    cpSync(checkout, other, { recursive: true, filter: (file) => path.basename(file) !== 'node_modules' })
    symlinkSync(path.join(checkout, 'node_modules'), path.join(other, 'node_modules'))
    const building = spawn(process.execPath, [path.join(checkout, 'bin', 'patchwarden.mjs')], { stdio: 'ignore' })
    const cache = path.join(checkout, 'node_modules', '.cache')
    await vi.waitUntil(() => existsSync(cache) && readdirSync(cache).length > 0, { timeout: 30_000, interval: 5 })
    building.kill('SIGSTOP')
    try {
      const made = readdirSync(cache).map((name) => path.join(cache, name, 'half of it'))
      for (const file of made) writeFileSync(file, '')
      const bin = path.join(other, 'bin', 'patchwarden.mjs')
      expect(await patchwarden([], { bin })).toMatchObject({ code: 0, stderr: 'Building ...\n' })
      expect(made.map((file) => existsSync(file))).toEqual([true])
    } finally {
      building.kill('SIGCONT')
    }
    expect(await once(building, 'exit')).toEqual([0, null])
  })

  test('are not held up by one that was killed while it built', async () => {
    const killed = spawn(process.execPath, [path.join(checkout, 'bin', 'patchwarden.mjs')], { stdio: 'pipe' })
    await firstOutput(killed)
    killed.kill('SIGKILL')
    await once(killed, 'exit')
    expect(existsSync(path.join(checkout, '.patchwarden', 'setup.lock'))).toBe(true)
    expect(said(await patchwarden(['next']))).toMatchObject({ version: 'first', argv: ['next'] })
  })
})

describe('missing dependencies', () => {
  /** An npm that notes its arguments and then does what the script says. */
  function fakeNpm(script: string): Where {
    const file = path.join(folder, 'npm-cli.js')
    writeFileSync(
      file,
      `const fs = require('node:fs'), path = require('node:path')
const args = process.argv.slice(2)
fs.appendFileSync(${JSON.stringify(path.join(folder, 'npm.log'))}, args.slice(0, 3).join(' ') + '\\n')
const install = () => {
  fs.rmSync('node_modules', { recursive: true, force: true })
  fs.cpSync(${JSON.stringify(path.join(folder, 'kept'))}, 'node_modules', { recursive: true, verbatimSymlinks: true })
}
${script}`,
    )
    return { env: { npm_execpath: file } }
  }

  const npmCalls = (): readonly string[] =>
    existsSync(path.join(folder, 'npm.log'))
      ? readFileSync(path.join(folder, 'npm.log'), 'utf8').trim().split('\n')
      : []

  beforeEach(() => {
    rmSync(path.join(checkout, 'node_modules'), { recursive: true })
    fillModules(path.join(folder, 'kept'))
  })

  test('are installed with one line on stderr, and stdout stays the command’s', async () => {
    const ended = await patchwarden(['x'], fakeNpm('console.log("added 250 packages"); install()'))
    expect(ended.stderr).toBe('Installing dependencies (first start, about a minute) ...\nBuilding ...\n')
    expect(said(ended)).toMatchObject({ argv: ['x'] })
    expect(npmCalls()).toEqual(['ci --include=dev --no-fund'])
    await patchwarden(['y'], fakeNpm('process.exit(1)'))
    expect(npmCalls()).toHaveLength(1)
  })

  test('are installed without scripts where scripts fail', async () => {
    const npm = fakeNpm(`if (args.includes('--ignore-scripts')) install()
else { console.error('npm error command failed: node install.js'); process.exit(1) }`)
    expect(said(await patchwarden(['x'], npm))).toMatchObject({ argv: ['x'] })
    expect(npmCalls()).toEqual(['ci --include=dev --no-fund', 'ci --include=dev --ignore-scripts'])
  })

  test('cannot be installed without a network: one sentence', async () => {
    const npm = fakeNpm(`console.error('npm error code ENOTFOUND'); process.exit(1)`)
    const ended = await patchwarden(['x'], npm)
    expect(ended).toMatchObject({ code: 2, stdout: '' })
    expect(ended.stderr).toContain('the npm registry cannot be reached. Connect to the network')
    expect(npmCalls()).toHaveLength(1)
  })

  test('are those of another lock file: a changed version installs again', async () => {
    await patchwarden(['x'], fakeNpm('install()'))
    const lock = path.join(checkout, 'package-lock.json')
    const content = JSON.parse(readFileSync(lock, 'utf8'))
    content.packages['node_modules/zod'].version = '99.0.0'
    writeFileSync(lock, JSON.stringify(content))
    await patchwarden(['x'], fakeNpm('install()'))
    expect(npmCalls()).toHaveLength(2)
  })
})

describe('the version of Node', () => {
  test.each([
    ['18.20.4', true],
    ['20.18.3', true],
    ['20.19.0', false],
    ['22.0.0', false],
    ['24.21.0', false],
  ])('%s refused: %s', (version, refused) => {
    expect(nodeProblem(version) !== null).toBe(refused)
  })
})

async function firstOutput(child: ChildProcess): Promise<void> {
  if (child.stderr !== null) await once(child.stderr, 'data')
}
