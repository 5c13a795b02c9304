/** Names of hosts and packages, reasons and facts are text in a terminal, whatever stands in them, and JSON keeps them exactly. */

import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { Readable } from 'node:stream'
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { complain, print, printJson } from '../../src/cli/print.ts'
import { patchwarden } from '../support/command-line.ts'
import { createTestDatabase, type TestDatabase } from '../support/database.ts'
import { hostileName, nasty, unseen } from '../support/hostile-text.ts'

let database: TestDatabase
let folder: string

beforeAll(async () => {
  database = await createTestDatabase()
  folder = await mkdtemp(path.join(tmpdir(), 'patchwarden text '))
  vi.stubEnv('DATABASE_URL', database.url)
  vi.stubEnv('PATCHWARDEN_DATA', folder)
  vi.stubEnv('PATCHWARDEN_CONFIG', '')
  vi.stubEnv('LOG_LEVEL', 'silent')
  await mkdir(path.join(folder, 'example'))
  await writeFile(path.join(folder, 'example', 'fleet.json'), await hostileFleet())
  await patchwarden('sync')
}, 120_000)
afterAll(async () => {
  vi.unstubAllEnvs()
  await database.drop()
  await rm(folder, { recursive: true, force: true })
})

/** The example fleet, each host and the packages of curl with names of an attacker. */
async function hostileFleet(): Promise<string> {
  const fleet = await readFile(new URL('../../examples/fleet.json', import.meta.url), 'utf8')
  const ending = JSON.stringify(nasty).slice(1, -1)
  return fleet.replace(/("(?:name|source)": "(?:web-\d+|curl|libcurl4))"/g, (_, name: string) => `${name}${ending}"`)
}

async function shown(...argv: string[]) {
  const { code, out, err } = await patchwarden(...argv)
  for (const text of [out, err]) {
    expect(unseen.exec(text)).toBeNull()
    expect(text).not.toMatch(/^\s*FORGED/m)
  }
  return { code, out, err }
}

describe.each([
  ['proposals'],
  ['proposals', '--all'],
  ['plan', 'PW-1'],
  ['assets', 'PW-1'],
  ['explain', 'PW-1'],
  ['explain', `curl${nasty}`],
  ['explain', 'openssl', '--asset', `web-01${nasty}`],
  ['report', 'PW-1'],
  ['assess'],
  ['assess', '--summary'],
  ['mine', '--as', 'mara'],
  ['running'],
  ['windows', '--asset', `web-01${nasty}`],
  ['audit', 'verify'],
])('patchwarden %s', (...argv) => {
  test('shows names as text', async () => {
    const { code, out } = await shown(...argv)
    expect(code).toBe(0)
    expect(out).not.toBe('')
  })

  test('prints the same values as JSON', async () => {
    const { out } = await shown(...argv, '--json')
    for (const line of out.trim().split('\n')) expect(() => JSON.parse(line)).not.toThrow()
    if (['plan', 'assets', 'explain', 'report'].includes(argv[0] ?? ''))
      expect(out).toContain('\\u001b[2J\\u009b31m\\u001b]0;t\\u0007\\r\\u202e\\u2066\\u200f\\u2028\\nFORGED')
  })
})

test('the names are in what was shown', async () => {
  for (const argv of [['assess'], ['plan', 'PW-1'], ['assets', 'PW-1'], ['explain', 'PW-1']])
    expect((await shown(...argv)).out).toContain('[2J31m]0;t FORGED <img src=x')
})

test('a rejection for an attacker’s reason is told, and watch shows it as text', async () => {
  const why = [
    '--because',
    nasty,
    '--owner',
    'mara',
    '--until',
    new Date(Date.now() + 20 * 86_400_000).toISOString().slice(0, 10),
  ]
  expect(await shown('vote', 'PW-1', 'reject', '--as', 'mara', ...why)).toMatchObject({ code: 0 })
  expect((await shown('watch', 'PW-1')).out).toContain('PW-1 rejected')
  expect((await shown('report', 'PW-1')).out).toContain('FORGED \\<img src=x')
  expect((await shown('vote', 'PW-1', 'reject', '--as', 'mara', ...why)).code).not.toBe(0)
})

test('the exported record is byte for byte what it is, and escaped in a terminal', async () => {
  const file = await patchwarden('audit', 'export')
  expect(unseen.test(file.out)).toBe(true)
  const before = process.stdout.isTTY
  process.stdout.isTTY = true
  const { out } = await shown('audit', 'export').finally(() => {
    process.stdout.isTTY = before
  })
  const read = (text: string) =>
    text
      .trim()
      .split('\n')
      .slice(1, -1)
      .map((line) => JSON.parse(line))
  expect(read(out)).toEqual(read(file.out))
})

test('errors quote what was typed as text, a line each', async () => {
  for (const argv of [
    ['plan', nasty],
    ['windows', '--team', nasty],
    ['windows', '--asset', nasty],
    ['vote', 'PW-1', nasty, '--as', 'mara'],
    ['load', nasty],
    ['assess', '--inventory', nasty, '--catalog', folder],
    ['decide', nasty],
    ['sign-in', nasty],
    ['audit', 'verify', path.join(folder, nasty.replaceAll('/', ''))],
  ]) {
    const { code, err } = await shown(...argv)
    expect(code).toBe(2)
    expect(err.trim().split('\n')).toHaveLength(1)
  }
})

test('facts and versions of a file are quoted as text', async () => {
  const lines = [nasty.replaceAll('\n', ' '), JSON.stringify({ [nasty]: {} }), JSON.stringify({ Exploitation: nasty })]
  for (const argv of [
    ['decide', 'ssvc-deployer'],
    ['versions', 'rpm'],
  ]) {
    const stdin = Object.assign(Readable.from([Buffer.from(`${lines.join('\n')}\n`)]), { fd: 0 as const })
    const spy = vi.spyOn(process, 'stdin', 'get').mockReturnValue(stdin as never)
    const { out, err } = await shown(...argv).finally(() => spy.mockRestore())
    expect(out).toBe('!\n!\n!\n')
    expect(err.trim().split('\n')).toHaveLength(3)
  }
})

test('an inventory and feed files from outside are assessed, and named, as text', async () => {
  const own = await mkdtemp(path.join(tmpdir(), 'patchwarden outside '))
  try {
    const inventory = path.join(own, 'hosts.json')
    const packages = [{ name: `curl${nasty}`, version: `1${nasty}` }]
    const assets = [{ name: `web${nasty}`, platform: 'debian:12', team: 'a', packages }]
    await writeFile(inventory, JSON.stringify({ assets }))
    const catalog = path.join(own, 'catalog')
    await mkdir(catalog)
    await writeFile(path.join(catalog, 'a\u001b[2J\u202e.json'), 'no feed')
    const feed = { platform: 'debian:12', source: `curl${nasty}`, cve: 'CVE-2026-10001', fixedVersion: '2' }
    await writeFile(path.join(catalog, 'feed.json'), JSON.stringify({ fixes: [feed] }))
    const plain = await shown('assess', '--inventory', inventory, '--catalog', catalog)
    expect(plain.err).toContain('a[2J.json')
    expect(plain).toMatchObject({ code: 1, out: expect.stringContaining('curl[2J31m') })
    await shown('assess', '--inventory', inventory, '--catalog', catalog, '--json')
    const broken = { name: nasty, [nasty]: nasty, packages: nasty }
    await writeFile(inventory, JSON.stringify({ assets: [...assets, broken] }))
    expect((await shown('assess', '--inventory', inventory, '--catalog', catalog)).code).toBe(1)
  } finally {
    await rm(own, { recursive: true, force: true })
  }
})

describe('whatever is printed', () => {
  function written(work: () => void): string {
    let all = ''
    const spies = [process.stdout, process.stderr].map((stream) =>
      vi.spyOn(stream, 'write').mockImplementation((text) => {
        all += String(text)
        return true
      }),
    )
    try {
      work()
      return all
    } finally {
      for (const spy of spies) spy.mockRestore()
    }
  }

  test.each([
    ['print', print],
    ['complain', complain],
  ])('%s: a line each, without a sign that a terminal obeys', (_, say) => {
    fc.assert(
      fc.property(fc.array(hostileName, { minLength: 1, maxLength: 4 }), (names) => {
        const out = written(() => say(names))
        expect(out.split('\n')).toHaveLength(names.length + 1)
        expect(unseen.test(out)).toBe(false)
      }),
    )
  })

  test('JSON: the value itself, on one line', () => {
    fc.assert(
      fc.property(fc.dictionary(hostileName, fc.array(hostileName)), (value) => {
        const out = written(() => printJson(value))
        expect(JSON.parse(out)).toEqual(JSON.parse(JSON.stringify(value)))
        expect(out.split('\n')).toHaveLength(2)
        expect(unseen.test(out)).toBe(false)
      }),
    )
  })
})
