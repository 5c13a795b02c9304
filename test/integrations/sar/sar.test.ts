import { execFileSync } from 'node:child_process'
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterAll, describe, expect, it, test } from 'vitest'
import { createSarLoad } from '../../../src/integrations/sar/index.ts'
import { parseSar } from '../../../src/integrations/sar/parse.ts'
import type { SshTarget } from '../../../src/integrations/ssh/index.ts'

const fixture = (name: string) => readFileSync(new URL(`./fixtures/${name}.txt`, import.meta.url), 'utf8')

/** What sysstat 12.6.1 printed for a packed file, one with a restart, and one that was cut off. */
describe('what sadf printed', () => {
  it('is busy CPU, in the middle of each interval, oldest first', () => {
    const read = parseSar(fixture('cpu'), 'cpu')
    expect(read?.samples).toEqual([
      { at: '2026-11-21T14:17:00.500Z', value: 99.5 },
      { at: '2026-11-21T14:17:01.500Z', value: 100 },
      { at: '2026-11-21T14:17:02.500Z', value: 100 },
      { at: '2026-11-21T14:18:17.500Z', value: 5.5 },
      { at: '2026-11-21T14:18:18.500Z', value: 3.54 },
    ])
    expect(read?.problems).toEqual(['sa21: End of system activity file unexpected'])
  })

  it('is the load average over 15 minutes', () => {
    expect(parseSar(fixture('load-average'), 'load average')?.samples.map(({ value }) => value)).toEqual([
      1.53, 1.53, 1.53, 1.59, 1.58,
    ])
  })

  it('is nothing when it was cut off', () => {
    expect(parseSar(fixture('cpu').replace('patchwarden-sar end', ''), 'cpu')).toBeNull()
    expect(parseSar('', 'cpu')).toBeNull()
  })

  test('whatever a host prints, no sample is without a time and a number', () => {
    const line = fc.oneof(
      fc.constantFrom(...fixture('cpu').split('\n')),
      fc.string(),
      fc
        .array(fc.oneof(fc.string(), fc.double().map(String), fc.constant('-1')), { maxLength: 11 })
        .map((cells) => cells.join(';')),
    )
    fc.assert(
      fc.property(fc.array(line), (lines) => {
        const read = parseSar(['patchwarden-sar begin', ...lines, 'patchwarden-sar end'].join('\n'), 'cpu')
        for (const { at, value } of read?.samples ?? []) {
          expect(new Date(at).toISOString()).toBe(at)
          expect(Number.isFinite(value)).toBe(true)
        }
      }),
    )
  })
})

const sadc = ['/usr/lib/sysstat/sadc', '/usr/lib64/sa/sadc', '/usr/lib/sa/sadc'].find((path) => existsSync(path))
if (sadc === undefined) console.info('skipped: there is no sysstat here (Debian: apt install sysstat)')

describe('a machine', () => {
  const folder = mkdtempSync(join(tmpdir(), 'patchwarden-sar-'))
  afterAll(() => rmSync(folder, { recursive: true, force: true }))
  const { signal } = new AbortController()
  const hour = 3_600_000

  function load(measure: 'cpu' | 'load average', folders: readonly string[], target: SshTarget | null = null) {
    const source = createSarLoad({
      name: 'here',
      host: 'web01',
      target,
      measure,
      folders,
      clock: () => new Date(),
    })
    const iso = (at: number) => new Date(at).toISOString()
    return source.history(iso(Date.now() - hour), iso(Date.now() + hour), signal)
  }

  it.runIf(sadc !== undefined)('gives what its own sysstat recorded, of plain and packed files', async () => {
    const records = join(folder, 'records')
    mkdirSync(records)
    for (const name of ['sa20', 'sa21']) execFileSync(sadc ?? '', ['1', '3', join(records, name)], { stdio: 'ignore' })
    execFileSync('gzip', [join(records, 'sa20')])
    writeFileSync(join(records, 'sar20'), 'a report for people')
    writeFileSync(join(records, 'sa19.xz'), 'no archive')
    const busy = await load('cpu', [records])
    expect(busy).toHaveLength(4)
    for (const { at, value } of busy) {
      expect(Date.now() - Date.parse(at)).toBeLessThan(60_000)
      expect(value).toBeGreaterThanOrEqual(0)
      expect(value).toBeLessThanOrEqual(100)
    }
    const [, , one] = readFileSync('/proc/loadavg', 'utf8').split(' ')
    for (const { value } of await load('load average', [records])) expect(Math.abs(value - Number(one))).toBeLessThan(2)
  })

  it.runIf(sadc !== undefined)('gives it from a folder that is a link', async () => {
    const records = join(folder, 'volume')
    mkdirSync(records)
    execFileSync(sadc ?? '', ['1', '3', join(records, 'sa20')], { stdio: 'ignore' })
    symlinkSync(records, join(folder, 'link'))
    expect(await load('cpu', [join(folder, 'link')])).toEqual(await load('cpu', [records]))
  })

  it.each([
    ['SA_DIR=/data/sa', '/data/sa'],
    ['SA_DIR="/data/sa"  # a volume of its own', '/data/sa'],
    ["SA_DIR='/data/sa'", '/data/sa'],
    ['SA_DIR=/old\nSA_DIR=/data/sa # the last counts', '/data/sa'],
    ['#SA_DIR=/old', ''],
  ])('reads %j as a shell does', (text, expected) => {
    const script = readFileSync(new URL('../../../src/integrations/sar/history.sh', import.meta.url), 'utf8')
    const [reads = ''] = /^sa_dir\(\) \{\n[\s\S]*?\n\}\n/m.exec(script) ?? []
    const file = join(folder, 'sysstat')
    writeFileSync(file, `${text}\n`)
    expect(
      execFileSync('sh', ['-c', `${reads}sa_dir "${file}"`])
        .toString()
        .trim(),
    ).toBe(expected)
    expect(
      execFileSync('sh', ['-c', `. "${file}"; echo "$SA_DIR"`], { env: {} })
        .toString()
        .trim(),
    ).toBe(expected)
  })

  it.runIf(sadc !== undefined)('is asked over SSH, and says why it cannot be', async () => {
    const records = join(folder, 'over-ssh')
    mkdirSync(records)
    execFileSync(sadc ?? '', ['1', '3', join(records, 'sa20')], { stdio: 'ignore' })
    // Stands in for the SSH client: runs what it is sent on this machine.
    const client =
      '#!/bin/sh\nwhile [ "$1" != -- ]; do shift; done\ncase $2 in web01) exec sh -s ;; esac\necho "ssh: connect to host $2 port 22: Connection refused" >&2\nexit 255\n'
    writeFileSync(join(folder, 'ssh'), client)
    chmodSync(join(folder, 'ssh'), 0o755)
    const path = process.env.PATH
    process.env.PATH = `${folder}:${path}`
    try {
      expect(await load('cpu', [records], { host: 'web01' })).toHaveLength(2)
      await expect(load('cpu', [records], { host: 'gone01' })).rejects.toThrow(/refuses the connection/)
    } finally {
      process.env.PATH = path
    }
  })

  it('without recordings says what to do', async () => {
    const empty = join(folder, 'empty')
    mkdirSync(empty)
    await expect(load('cpu', [empty])).rejects.toThrow(
      /^(sysstat on web01 has no records from 20.* let it record|web01 has no sysstat: install it and let it record)/,
    )
  })

  it('is never given a folder that a shell would read otherwise', async () => {
    await expect(load('cpu', ["/tmp/'; touch /tmp/x; '"])).rejects.toThrow('cannot be a folder here')
  })
})
