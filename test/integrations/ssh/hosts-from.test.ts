import { spawnSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { buildSources } from '../../../src/app/build.ts'
import { describeProblem } from '../../../src/config/problem.ts'
import type { Config, SourceConfig } from '../../../src/config/schema.ts'
import { onlyLooks } from '../../../src/core/asset.ts'
import type { InventorySource } from '../../../src/core/ports.ts'
import { parseSettings } from '../../../src/integrations/configuration.ts'
import { type HostsFrom, hostsOf } from '../../../src/integrations/ssh/hosts-from.ts'
import { isSshSource, targetNamed } from '../../../src/integrations/ssh/kind.ts'
import { smallWith } from '../../config/small.ts'
import { fakeSshHosts } from '../../support/fake-ssh-hosts.ts'
import { temporaryFolder } from '../../support/temporary-folder.ts'

const { signal } = new AbortController()
const hasAnsible = spawnSync('ansible-inventory', ['--version']).status === 0
if (!hasAnsible) console.info('skipped: there is no ansible-inventory here')

const folder = temporaryFolder('pw-hosts-from')
const file = (name: string, text: string) => {
  writeFileSync(join(folder, name), text)
  return join(folder, name)
}

/** The small configuration with these settings in the place of its list of hosts. */
function configured(settings: string): Config {
  const parsed = parseSettings(smallWith('    hosts: [web01, web02]', `    ${settings}`), 'pw.yaml')
  if (!parsed.ok) throw new Error(parsed.problems.map(describeProblem).join('\n'))
  return { ...parsed.settings, file: null, example: false }
}

function sourceOf(config: Config): InventorySource {
  const [source] = buildSources(config, {}, () => new Date())
  if (source === undefined) throw new Error('no source')
  return source
}

function sourceFrom(settings: string): SourceConfig & HostsFrom {
  const { lab } = configured(settings).sources
  if (lab === undefined || !isSshSource(lab)) throw new Error('must be a source of kind ssh')
  return lab
}

async function looked(config: Config): Promise<Readonly<Record<string, string>>> {
  const seen: Record<string, string> = {}
  for await (const look of onlyLooks(sourceOf(config).observe({ signal })))
    seen[look.kind === 'seen' ? look.snapshot.asset.name : look.asset.name] =
      look.kind === 'seen'
        ? [look.snapshot.asset.team, look.snapshot.asset.address, ...look.snapshot.asset.tags].join(' ')
        : look.reason
  return seen
}

describe('the hosts of a source come from where people have them', () => {
  let restore = () => {}
  beforeAll(() => {
    restore = fakeSshHosts()
  })
  afterAll(() => restore())

  it('2,000 of them by one line', async () => {
    const config = configured(`hostsFrom: ${file('many', '[web]\nweb[0001:2000] ansible_user=patch\n')}`)
    const source = sourceOf(config)
    expect(source).toMatchObject({ shrinking: 'held back', describe: expect.stringContaining('many asked over SSH') })
    let count = 0
    const looks = source.observe({ signal, only: ['lab/web0001', 'lab/web2000'] })
    for await (const look of onlyLooks(looks)) if (look.kind === 'seen') count++
    expect(count).toBe(2)
  })

  it('with teams by group, tags by group, and what cannot be reached named; read again at each look', async () => {
    const path = file(
      'hosts.yml',
      'all:\n  children:\n    web: { hosts: { web01: { ansible_host: 192.0.2.1 } } }\n    data: { hosts: { db01: , win01: { ansible_connection: winrm } } }\n    legacy: { hosts: { web01: , old01: } }\n',
    )
    const config = configured(`hostsFrom: ${path}\n    hostsTeams: { web: web }`)
    expect(await looked(config)).toEqual({
      web01: 'web 192.0.2.1 legacy web',
      db01: 'web db01 data',
      win01: 'win01 is reached by winrm in the inventory, not over SSH.',
      old01: 'web old01 legacy',
    })
    file('hosts.yml', 'web: { hosts: { web01: } }\n')
    expect(Object.keys(await looked(config))).toEqual(['web01'])
  })

  it('from a program, and a program that fails is told', async () => {
    const list = JSON.stringify({ web: { hosts: ['web01'] }, _meta: { hostvars: {} } })
    expect(await looked(configured(`hostsFrom: [echo, '${list}']`))).toEqual({ web01: 'web web01 web' })
    await expect(looked(configured("hostsFrom: [sh, -c, 'echo no vault password >&2; exit 3']"))).rejects.toThrow(
      'The hosts cannot be listed by sh: exit status 3 (no vault password).',
    )
  })

  it('by owner from a CSV: an owner that is no team stays to be told, one without falls to the team of the source', async () => {
    const path = file(
      'cmdb.csv',
      'name,fqdn,state,owner\nweb01,web01.example.net,In use,WEB\nweb02,,In use,Nobody\nweb03,,Retired,Web\nweb04,,,\n',
    )
    expect(await looked(configured(`hostsFrom: ${path}`))).toEqual({
      web01: 'web web01.example.net',
      web02: 'Nobody web02',
      web04: 'web web04',
    })
  })

  it('and an engine connects to them as they are listed, before any look too', async () => {
    const config = configured(
      `hostsFrom: ${file('one', 'web01 ansible_host=192.0.2.9 ansible_port=2222 ansible_user=patch\nwin1 ansible_connection=winrm\n')}`,
    )
    expect(await targetNamed(config, 'lab', 'web01', signal)).toMatchObject({
      host: '192.0.2.9',
      port: 2222,
      user: 'patch',
    })
    expect(await targetNamed(config, 'lab', 'win1', signal)).toBeNull()
    expect(await targetNamed(config, 'lab', 'web02', signal)).toBeNull()
  })
})

describe('what an inventory says of a login', () => {
  const vaulted = { __ansible_vault: '$ANSIBLE_VAULT;1.1;AES256\n6162\n' }
  const printed = JSON.stringify({
    web: { hosts: ['web01', 'web02'] },
    _meta: { hostvars: { web01: { ansible_user: vaulted }, web02: { ansible_user: '{{ login }}' } } },
  })

  it('in a vault or a template: the login of the source is taken, and without one it is said', async () => {
    const list = file('list.json', printed)
    const [first, second] = await hostsOf(sourceFrom(`hostsFrom: ${list}`), {}, signal)
    expect([first?.problem, second?.problem]).toEqual(
      Array(2).fill('has a login that only Ansible can fill in: say `user` for the whole source'),
    )
    const named = configured(`hostsFrom: ${list}\n    user: patch`)
    expect(await targetNamed(named, 'lab', 'web01', signal)).toMatchObject({ host: 'web01', user: 'patch' })
  })

  it('with a key file beside it, unless the source names one', async () => {
    const list = file('keys', 'web01 ansible_ssh_private_key_file=keys/deploy\nweb02 ansible_user=root\n')
    const config = configured(`hostsFrom: ${list}`)
    expect(await targetNamed(config, 'lab', 'web01', signal)).toMatchObject({
      identityFile: join(folder, 'keys/deploy'),
    })
    expect(await targetNamed(config, 'lab', 'web02', signal)).not.toHaveProperty('identityFile')
    const named = configured(`hostsFrom: ${list}\n    identityFile: /etc/patchwarden/key`)
    expect(await targetNamed(named, 'lab', 'web01', signal)).toMatchObject({ identityFile: '/etc/patchwarden/key' })
  })
})

describe('a list without hosts', () => {
  it('is not believed, and what was left out is said', async () => {
    const empty = file('retired.csv', 'name,state\nweb01,Retired\n,In use\n')
    const lists = `${empty} lists no host (left out: 1 in the state "Retired", 1 without a name): look at it, or say allowShrinking: true.`
    await expect(hostsOf(sourceFrom(`hostsFrom: ${empty}`), {}, signal)).rejects.toThrow(lists)
    expect(await hostsOf(sourceFrom(`hostsFrom: ${empty}\n    allowShrinking: true`), {}, signal)).toEqual([])
  })

  it('is another thing than one that lists a host twice: at two addresses or for two teams it is neither', async () => {
    const rows =
      'name,fqdn,owner\nweb01,a.example.net,Web\nweb01,a.example.net,Web\nweb02,a.example.net,Web\nweb02,b.example.net,Web\nweb03,,Web\nweb03,,Data\n'
    const source = sourceFrom(`hostsFrom: ${file('twice.csv', rows)}`)
    const read = await hostsOf(source, configured('hosts: [web01]').teams, signal)
    expect(read.map(({ name, problem }) => [name, problem])).toEqual([
      ['web01', null],
      ['web02', 'is listed at a.example.net and at b.example.net: list it once'],
      ['web03', 'is listed for the teams web and Data: list it once'],
    ])
  })

  it.skipIf(!hasAnsible)('comes from an inventory that Ansible cannot parse: its own words are told', async () => {
    const broken = file('broken.ini', '[web]\nweb[1:2x]\n')
    const source = sourceFrom(`hostsFrom: [ansible-inventory, -i, ${broken}, --list]`)
    await expect(hostsOf(source, {}, signal)).rejects.toThrow(
      /^The hosts cannot be listed by ansible-inventory: exit status \d+ \(/,
    )
    const right = sourceFrom(`hostsFrom: [ansible-inventory, -i, ${file('right.ini', '[web]\nweb01\n')}, --list]`)
    expect(await hostsOf(right, {}, signal)).toMatchObject([{ name: 'web01', tags: ['web'], team: 'web' }])
  })
})

it('a source without hosts is refused', () => {
  expect(() => configured('refresh: false')).toThrow('or where they are listed: hostsFrom')
})
