import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterAll, describe, expect, it } from 'vitest'
import { readEnvironment } from '../../src/app/environment.ts'
import { init } from '../../src/cli/init.ts'
import { initialYaml, nameId } from '../../src/cli/init-text.ts'
import { membersFor, policyFor } from '../../src/config/resolve.ts'
import { loadConfig, parseSettings } from '../../src/integrations/configuration.ts'
import { isSshSource } from '../../src/integrations/ssh/kind.ts'

const folder = mkdtempSync(join(tmpdir(), 'patchwarden-init-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

let made = 0
function newFolder(): string {
  const path = join(folder, String(made++))
  mkdirSync(path)
  return path
}

/** Runs init with these answers; asking on after the last is a failure. */
async function run(cwd: string, answers: readonly string[]) {
  const told: string[] = []
  const left = [...answers]
  const result = await init({
    cwd,
    timeZone: 'Europe/Berlin',
    ask: async (question) => {
      told.push(question)
      const answer = left.shift()
      if (answer === undefined) throw new Error(`no answer left for: ${question}`)
      return answer
    },
    write: (line) => void told.push(line),
  })
  return { result, told, left }
}

function load(cwd: string) {
  const environment = readEnvironment({ cwd, variables: {} })
  if (!environment.ok) throw new Error('the environment must be right')
  return loadConfig(null, environment.environment)
}

const full = ['Example Ltd', 'UTC', 'Shop', 'web01, web02 web01', 'patch', 'Mara Keller', 'Tom Okafor']

describe('patchwarden init', () => {
  it('writes a configuration that is right, without a warning that something is unused or missing', async () => {
    const cwd = newFolder()
    const { result, left } = await run(cwd, full)
    expect(result).toEqual({ ok: true, written: ['patchwarden.yaml', '.env'] })
    expect(left).toEqual([])
    const loaded = load(cwd)
    if (!loaded.ok) throw new Error('must load')
    const { config, warnings } = loaded
    expect(config).toMatchObject({ name: 'Example Ltd', timeZone: 'UTC', example: false })
    expect(config.sources.hosts).toMatchObject({ kind: 'ssh', user: 'patch', engine: 'apt', team: 'shop' })
    const { hosts } = config.sources
    expect(hosts !== undefined && isSshSource(hosts) && hosts.hosts.map(({ name }) => name)).toEqual(['web01', 'web02'])
    expect(membersFor(config, 'shop').map(({ id }) => id)).toEqual(['mara-keller', 'tom-okafor'])
    expect(policyFor(config, 'shop')?.approval).toMatchObject({ kind: 'quorum' })
    // Two people are just enough as long as neither proposes, and two only once somebody has an account of their own.
    expect(warnings.map(({ path, what }) => `${path} ${what}`)).toEqual([
      expect.stringMatching(/^teams\.shop\.policy .* cannot be satisfied when .* proposes/),
      expect.stringMatching(/^teams\.shop\.policy .* have no account in Slack or Discord/),
      expect.stringMatching(/^teams\.shop\.policy .* nobody could resume a rollout while .* is away/),
      expect.stringMatching(/^teams\.shop\.policy .* nobody could lift a freeze while .* is away/),
    ])
  })

  it('watches this machine where no host is named', async () => {
    const cwd = newFolder()
    const { told } = await run(cwd, ['', '', '', '', 'Mara Keller', 'Tom Okafor'])
    const loaded = load(cwd)
    if (!loaded.ok) throw new Error('must load')
    expect(loaded.config).toMatchObject({ timeZone: 'Europe/Berlin', engines: {} })
    expect(loaded.config.sources).toMatchObject({ 'this-machine': { kind: 'local', engine: null } })
    expect(told.at(-1)).toMatch(/^No hosts/)
  })

  it('asks again after an answer that cannot be used, and says why', async () => {
    const answers = [
      'x',
      'Berlin',
      'UTC',
      'Shop',
      '-oProxyCommand=x',
      'web01',
      'root; reboot',
      '',
      'Mara',
      'mara',
      'Tom',
    ]
    const { result, told } = await run(newFolder(), answers)
    expect(result.ok).toBe(true)
    expect(told).toContain('Write an IANA time zone, such as "Europe/Berlin" or "UTC".')
    expect(told).toContain('"-oProxyCommand=x" is not a host name. Write names only, such as web01 web02.')
    expect(told).toContain('Write a login name, such as patch.')
    expect(told).toContain('Two different people must approve: write another name.')
  })

  it('gives up after five answers that cannot be used, and has written nothing', async () => {
    const cwd = newFolder()
    const { result } = await run(cwd, ['x', ...new Array(5).fill('Berlin')])
    expect(result).toEqual({ ok: false, reason: 'Nothing was written: too many answers that cannot be used.' })
    expect(readdirSync(cwd)).toEqual([])
  })

  it('leaves files that are there alone unless told otherwise', async () => {
    const cwd = newFolder()
    writeFileSync(join(cwd, 'patchwarden.yaml'), 'name: Mine')
    writeFileSync(join(cwd, '.env'), 'PORT=1')
    const refused = await run(cwd, [''])
    expect(refused.result.ok).toBe(false)
    expect(readFileSync(join(cwd, 'patchwarden.yaml'), 'utf8')).toBe('name: Mine')
    const accepted = await run(cwd, ['yes', 'no', ...full])
    expect(accepted.result).toEqual({ ok: true, written: ['patchwarden.yaml'] })
    expect(readFileSync(join(cwd, '.env'), 'utf8')).toBe('PORT=1')
    expect(readFileSync(join(cwd, 'patchwarden.yaml'), 'utf8')).toContain('Example Ltd')
    expect(readdirSync(cwd).sort()).toEqual(['.env', 'patchwarden.yaml'])
  })

  it('writes a .env that only its owner reads', async () => {
    const cwd = newFolder()
    await run(cwd, full)
    expect(statSync(join(cwd, '.env')).mode & 0o777).toBe(0o600)
  })
})

describe('what is written is right whatever the names', () => {
  it.each([
    ['Mara Keller', 'mara-keller'],
    ['Zoë Ångström', 'zoe-angstrom'],
    ['3 Amigos', 'amigos'],
  ])('%s is %s', (name, id) => {
    expect(nameId(name)).toBe(id)
  })

  it.each(['constructor', '李雷', '!!!', '42'])('%s has some name of its own', (name) => {
    expect(nameId(name)).toMatch(/^x-[a-z0-9]+$/)
  })

  it('any text for people', () => {
    const text = fc
      .string({ unit: 'grapheme', minLength: 1, maxLength: 60 })
      .filter((name) => name.trim() !== '' && !/[\p{C}\p{Z}]/u.test(name))
    fc.assert(
      fc.property(text, text, text, text, (name, team, owner, security) => {
        fc.pre(nameId(owner) !== nameId(security))
        const yaml = initialYaml({ name, timeZone: 'UTC', team, hosts: ['web01'], login: null, owner, security })
        const parsed = parseSettings(yaml, 'patchwarden.yaml')
        expect(parsed.ok ? [] : parsed.problems).toEqual([])
      }),
      { numRuns: 60 },
    )
  })
})
