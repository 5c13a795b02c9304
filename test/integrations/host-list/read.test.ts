import { spawnSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { expandRanges } from '../../../src/integrations/host-list/ranges.ts'
import { type Reading, readHosts } from '../../../src/integrations/host-list/read.ts'
import { temporaryFolder } from '../../support/temporary-folder.ts'

const plain: Reading = { format: null, columns: {}, leaveOut: ['retired'], user: null }
const hosts = (text: string, reading: Partial<Reading> = {}) => readHosts(text, 'list', { ...plain, ...reading }).hosts
const names = (text: string) => hosts(text).map(({ name }) => name)

const ini = `
lonely # a comment, of course
[web]
web[01:20].example.net ansible_port=2222 ansible_user=deploy
[db]
db-[a:c] ansible_user="db admin" # not a login
db-x:2200 ansible_host=192.0.2.7
[prod:children]
web
db
[prod:vars]
ansible_user=prod
env=prod
`
const yaml = `
all:
  vars: { ansible_user: everybody }
  children:
    prod:
      children:
        web:
          hosts:
            web[01:02].example.net: { ansible_port: 2222 }
        db:
          vars: { ansible_user: dba }
          hosts:
            db1:
              ansible_host: 192.0.2.7
              ansible_password: !vault |
                $ANSIBLE_VAULT;1.1;AES256
                6162
            win1: { ansible_connection: winrm }
`

describe('a list of hosts', () => {
  it('as INI', () => {
    const read = hosts(ini)
    expect(read).toHaveLength(25)
    const of = (name: string) => read.find((one) => one.name === name)
    expect(of('lonely')).toMatchObject({ user: null, tags: [] })
    expect(of('web07.example.net')).toMatchObject({ port: 2222, user: 'deploy', tags: ['prod', 'web'] })
    expect(of('db-x')).toMatchObject({ port: 2200, address: '192.0.2.7', user: 'prod', tags: ['prod', 'db'] })
    expect(of('db-b')?.problem).toContain('has a login that cannot be used: "db admin"')
  })

  it('as YAML, with values of a vault left alone', () => {
    expect(hosts(yaml)).toEqual([
      {
        name: 'web01.example.net',
        address: null,
        user: 'everybody',
        port: 2222,
        identityFile: null,
        tags: ['prod', 'web'],
        owner: null,
        problem: null,
      },
      {
        name: 'web02.example.net',
        address: null,
        user: 'everybody',
        port: 2222,
        identityFile: null,
        tags: ['prod', 'web'],
        owner: null,
        problem: null,
      },
      {
        name: 'db1',
        address: '192.0.2.7',
        user: 'dba',
        port: null,
        identityFile: null,
        tags: ['prod', 'db'],
        owner: null,
        problem: null,
      },
      expect.objectContaining({ name: 'win1', problem: expect.stringContaining('winrm') }),
    ])
  })

  it('as a CSV of a configuration database: retired ones are left out, owners are kept', () => {
    const csv = 'Name;FQDN;State;Owner\nweb01;web01.example.net;In use;Web\nweb02;web02.example.net;Retired;\n'
    expect(hosts(csv)).toMatchObject([{ name: 'web01', address: 'web01.example.net', owner: 'Web' }])
    const other = 'Configuration item,Where\nweb01,192.0.2.1\n'
    expect(() => hosts(other)).toThrow('no column that is known as the name of a host (Configuration item, Where)')
    const columns = { name: 'Configuration Item', address: 'where' }
    expect(hosts(other, { columns })).toMatchObject([{ name: 'web01', address: '192.0.2.1' }])
    expect(() => hosts(other, { columns: { name: 'CI' } })).toThrow('has no column "CI"')
  })

  it('as one name a line, and as JSON', () => {
    expect(names('# ours\nweb01\nweb[02:03]\n')).toEqual(['web01', 'web02', 'web03'])
    expect(names('["web01", "web02"]')).toEqual(['web01', 'web02'])
  })

  it.each([
    ['web[01:03]', ['web01', 'web02', 'web03']],
    ['n[0:10:5]', ['n0', 'n5', 'n10']],
    ['db-[a:c]', ['db-a', 'db-b', 'db-c']],
    ['r[1:2]n[1:2]', ['r1n1', 'r1n2', 'r2n1', 'r2n2']],
    ['web01', ['web01']],
  ])('the range %s', (text, expected) => {
    expect(expandRanges(text)).toEqual(expected)
  })

  it.each(['web[3:1]', 'web[1:a]', 'web[1:999999]', 'web[1:2:0]'])('%s is refused with a sentence', (text) => {
    expect(() => names(text)).toThrow(/^list, line 1: "web\[/)
  })

  it('that is encrypted leads to the program that opens it', () => {
    expect(() => hosts('$ANSIBLE_VAULT;1.1;AES256\n6162\n')).toThrow('ansible-inventory --list')
  })
})

const hasAnsible = spawnSync('ansible-inventory', ['--version']).status === 0
if (!hasAnsible) console.info('skipped: there is no ansible-inventory here')

/** The same inventory by our readers, and by `ansible-inventory --list`. */
it.skipIf(!hasAnsible).each([
  ['INI', 'hosts.ini', ini.replace('"db admin"', 'dba')],
  ['YAML', 'hosts.yml', yaml],
])('%s is read as ansible-inventory reads it', (_what, file, text) => {
  const path = join(temporaryFolder('pw-inventory'), file)
  writeFileSync(path, text)
  const { stdout, stderr } = spawnSync('ansible-inventory', ['-i', path, '--list'], { encoding: 'utf8' })
  expect(stderr).not.toContain('Unable to parse')
  const sorted = (read: ReturnType<typeof hosts>) =>
    read.map((one) => ({ ...one, tags: [...one.tags].sort() })).sort((a, b) => (a.name < b.name ? -1 : 1))
  expect(sorted(hosts(text))).toEqual(sorted(hosts(stdout)))
})
