/**
 * manifests/Containerfile, played in Debian roots made by debootstrap: no image is pulled or built. What needs a registry or a mirror is
 * brought instead: the modules, Node.js and the SSH client. Then it runs as the account that the file names, on a root that is read-only.
 */

import { readFileSync } from 'node:fs'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { bash, bringCheckout, onHost } from '../support/checkout-on-host.ts'
import { type Fleet, fleetReason, upFleet } from '../support/fleet.ts'

const reason = await fleetReason()
if (reason !== null) console.warn(`manifests/Containerfile was not played: ${reason}`)

/** Instructions with their arguments, in their order. */
const steps = readFileSync('manifests/Containerfile', 'utf8')
  .replaceAll('\\\n', ' ')
  .split('\n')
  .filter((line) => line !== '' && !line.startsWith('#'))
  .map((line): readonly [string, string] => [line.split(' ')[0] ?? '', line.slice(line.indexOf(' ') + 1)])

test('no secret, database or build of this checkout gets into an image', () => {
  const ignored = readFileSync('.dockerignore', 'utf8').split('\n')
  for (const name of ['.git', '.env', '.patchwarden', 'patchwarden.yaml', 'node_modules', 'dist'])
    expect(ignored).toContain(name)
})

describe.skipIf(reason !== null)('an image of it', () => {
  let fleet: Fleet
  const build = 'web01'
  const image = 'web02'
  const container = {
    env: {} as Record<string, string>,
    user: 'root',
    folder: '/',
    entry: [] as string[],
    command: [] as string[],
  }

  beforeAll(async () => {
    process.env.FLEET_DISK = '2g'
    fleet = await upFleet(2, { name: 'pwct' })
    delete process.env.FLEET_DISK
  })
  afterAll(async () => fleet?.down())

  async function shell(host: string, script: string): Promise<string> {
    const { code, stdout, stderr } = await fleet.exec(host, ['sh', '-ec', script])
    expect({ code, script, stdout, stderr }).toMatchObject({ code: 0 })
    return stdout
  }

  async function run(host: string, script: string): Promise<void> {
    if (script.startsWith('npm ')) return // the modules were brought
    if (script.startsWith('apt-get ')) return void (await shell(host, 'test -x /usr/bin/ssh'))
    await shell(host, `cd ${container.folder}; ${script}`)
  }

  async function copy(host: string, words: string): Promise<void> {
    const [from, to] = words.replace(/^--from=build /, '').split(' ')
    if (words.startsWith('--from=build'))
      return bash(
        `${onHost('pwct', 'debian', build)} tar -c -C ${from} . | ${onHost('pwct', 'debian', host)} sh -c 'mkdir -p ${to}; tar -x -C ${to}'`,
      )
    expect([from, to]).toEqual(['.', '.'])
    bringCheckout(onHost('pwct', 'debian', host), container.folder, [
      'dist',
      '.env',
      '.patchwarden',
      'patchwarden.yaml',
    ])
  }

  test('each step of the file works', async () => {
    let host = ''
    for (const [instruction, words] of steps) {
      if (instruction === 'FROM') {
        host = words.endsWith(' AS build') ? build : image
        container.folder = '/'
        // What the image that it begins with has.
        bash(
          `tar -c -h -C "$(dirname ${process.execPath})" node | ${onHost('pwct', 'debian', host)} tar -x -C /usr/local/bin`,
        )
      } else if (instruction === 'WORKDIR') {
        container.folder = words
        await shell(host, `mkdir -p ${words}`)
      } else if (instruction === 'RUN') await run(host, words)
      else if (instruction === 'COPY') await copy(host, words)
      else if (instruction === 'ENV') container.env[words.split('=')[0] ?? ''] = words.split('=')[1] ?? ''
      else if (instruction === 'USER') container.user = words
      else if (instruction === 'ENTRYPOINT') container.entry = JSON.parse(words)
      else if (instruction === 'CMD') container.command = JSON.parse(words)
      else expect(instruction).toBe('EXPOSE')
    }
    expect(container).toMatchObject({ user: '10001', folder: '/var/lib/patchwarden', command: ['start'] })
    expect(await shell(image, 'ls /opt/patchwarden')).not.toMatch(/^(src|test|\.env)$/m)
  })

  /** As its account, without rights, where only its data and /tmp can be written to. */
  function contained(command: readonly string[]): string {
    const env = Object.entries(container.env).map(([name, value]) => `${name}=${value}`)
    const words = [...env, ...container.entry, ...command].map((word) => `'${word}'`).join(' ')
    return `unshare --mount sh -ec 'mount --make-rprivate /; mount --bind /var/lib/patchwarden /var/lib/patchwarden; mount -t tmpfs tmpfs /tmp; mount -o remount,bind,ro /
      cd ${container.folder}; exec setpriv --reuid ${container.user} --regid ${container.user} --clear-groups --no-new-privs --inh-caps=-all env -i PATH=/usr/local/bin:/usr/bin:/bin "$@"' sh ${words}`
  }

  test('starts as another account than root on a root that is read-only, answers, and stops in order', async () => {
    expect(await shell(image, contained(['--version']))).toMatch(/^\d+\.\d+\.\d+\n$/)
    expect((await fleet.exec(image, ['sh', '-c', contained(['check', '--offline'])])).code).toBe(0)
    await shell(image, `${contained(container.command)} >/run/patchwarden.log 2>&1 & echo $! >/run/patchwarden.pid`)
    const ask = `node -e 'fetch("http://127.0.0.1:7878/readyz").then((r) => process.exit(r.ok ? 0 : 1), () => process.exit(1))'`
    await expect
      .poll(async () => (await fleet.exec(image, ['sh', '-c', ask])).code, { timeout: 120_000, interval: 1_000 })
      .toBe(0)
    const pid = (await shell(image, 'cat /run/patchwarden.pid')).trim()
    const status = await shell(image, `cat /proc/${pid}/status`)
    expect(status).toMatch(/^Uid:\s+10001\s+10001/m)
    expect(status).toMatch(/^NoNewPrivs:\s+1$/m)
    expect(await shell(image, `cat /proc/${pid}/mountinfo`)).toMatch(/ \/ ro[, ]/)
    await shell(image, `kill -TERM ${pid}; for i in $(seq 60); do [ -d /proc/${pid} ] || exit 0; sleep 1; done; exit 1`)
    expect(await shell(image, 'cat /run/patchwarden.log')).toContain('Stopping.')
  })
})
