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
import { hostsOf } from '../../src/integrations/ssh/hosts-from.ts'
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
    expect(told).toContain(
      '"-oProxyCommand=x" is not a host name. Write names only, such as web01 web02, or the path of a file that lists them.',
    )
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

describe('hosts come from where they are listed', () => {
  const cmdb = [
    'Hostname;FQDN;State;Owner;Environment',
    'web01;web01.example.net;In use;Shop;prod',
    'web02;web02.example.net;In use;Shop;prod',
    'db01;db01.example.net;In use;Data base team;prod',
    'old01;;Retired;Shop;prod',
    ';;In use;Shop;prod',
    '',
  ].join('\r\n')

  async function listed(name: string, text: string, answers: readonly string[]) {
    const cwd = newFolder()
    writeFileSync(join(cwd, name), text)
    const { result, told, left } = await run(cwd, [
      ...full.slice(0, 3),
      ...answers,
      'patch',
      'Mara Keller',
      'Tom Okafor',
    ])
    expect(left).toEqual([])
    expect(result.ok).toBe(true)
    const loaded = load(cwd)
    if (!loaded.ok) throw new Error(JSON.stringify(loaded.problems))
    const { hosts } = loaded.config.sources
    if (hosts === undefined || !isSshSource(hosts)) throw new Error('must be a source of kind ssh')
    const owned = await hostsOf(hosts, loaded.config.teams, new AbortController().signal)
    return { told, hosts, owned: owned.map(({ name, team, problem }) => [name, team, problem]) }
  }

  it('in a CSV of a configuration database, with owners', async () => {
    const { told, hosts, owned } = await listed('cmdb.csv', cmdb, ['cmdb.csv', ''])
    expect(hosts).toMatchObject({ user: 'patch', engine: 'apt', team: 'shop', hosts: [] })
    expect(told).toContain('cmdb.csv lists 3 hosts, with the tags prod (3).')
    expect(told).toContain('Left out: 1 in the state "Retired", 1 without a name.')
    expect(told).toContain('It names owners: Data base team (1). Does Shop decide for them, too? [yes] ')
    expect(owned).toEqual([
      ['web01', 'shop', null],
      ['web02', 'shop', null],
      ['db01', 'shop', null],
    ])
  })

  it('and who is not to decide for others is told what becomes of these', async () => {
    const { told, owned } = await listed('cmdb.csv', cmdb, ['cmdb.csv', 'perhaps', 'no'])
    expect(told).toContain('Write yes or no.')
    expect(told).toContain('Hosts of other owners are asked about once there are teams of those names under "teams".')
    expect(owned.map(([name, team]) => `${name} ${team}`)).toEqual(['web01 shop', 'web02 shop', 'db01 Data base team'])
  })

  it('in an Ansible inventory', async () => {
    const text = '[web]\nweb[01:20] ansible_user=deploy\n[win]\nwin01 ansible_connection=winrm\n[all:vars]\nx=1\n'
    const { told, owned } = await listed('hosts.ini', text, ['nowhere.ini', 'hosts.ini'])
    expect(told.join('\n')).toMatch(
      /nowhere\.ini cannot be read: there is no such file\. Write another file, or names\./,
    )
    expect(told).toContain('hosts.ini lists 21 hosts, with the tags web (20), win (1).')
    expect(told.join('\n')).toContain(
      '1 host cannot be reached as listed:\nwin01 is reached by winrm in the inventory, not over SSH.',
    )
    expect(owned).toHaveLength(21)
  })

  it('by a program, and a file without hosts is refused', async () => {
    const { told, hosts } = await listed('empty.txt', '# none yet\n', ['empty.txt', 'printf -- web01\\nweb02\\n'])
    expect(told).toContain('empty.txt lists no host. Write another.')
    expect(told).toContain('The answer of printf lists 2 hosts.')
    expect(hosts.hostsFrom).toEqual(['printf', '--', 'web01\\nweb02\\n'])
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
        const yaml = initialYaml({
          name,
          timeZone: 'UTC',
          team,
          hosts: { kind: 'names', names: ['web01'] },
          login: null,
          owner,
          security,
        })
        const parsed = parseSettings(yaml, 'patchwarden.yaml')
        expect(parsed.ok ? [] : parsed.problems).toEqual([])
      }),
      { numRuns: 60 },
    )
  })
})
