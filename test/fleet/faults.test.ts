import { writeFile } from 'node:fs/promises'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type AptTransaction, type Fleet, fleetReason, upFleet } from '../support/fleet.ts'
import { holdUp, onlyDemoApp, release, shell, waitsOn } from '../support/held-installation.ts'
import {
  createRolloutScene,
  type RolloutScene,
  type SceneDeployment,
  type SceneTeam,
} from '../support/rollout-scene.ts'
import { until } from '../support/until.ts'

const reason = await fleetReason()
if (reason !== null) console.warn(`skipped faults during rollouts on real hosts: ${reason}`)

/** One canary, then the rest: whatever goes wrong with the canary stops it. */
const STRICT = '[{ name: canary, select: { tag: canary }, batch: 1 }, { name: rest, select: rest, batch: 10 }]'
const LENIENT = '[{ name: all, select: rest, batch: 3, gate: { minSuccess: 0%, maxFailures: 6 } }]'

/** A fault on the canary of a team of its own. */
interface Fault {
  readonly name: string
  /** Letters, for the team. */
  readonly team: string
  /** Before people vote. */
  readonly before?: (fleet: Fleet, host: string) => Promise<void>
  /** While dpkg sets demo-app up, which waits until this has returned. */
  readonly midway?: (fleet: Fleet, host: string) => Promise<void>
  /** After the rollout, so that the host can be asked. */
  readonly after?: (fleet: Fleet, host: string) => Promise<void>
  readonly end: string
  readonly says: RegExp
  readonly status: 'halted' | 'completed'
  readonly transactions: 0 | 1
  /** Packages that dpkg has half done afterwards. */
  readonly halfDone: readonly string[] | 'whatever'
}

const powerOn = (fleet: Fleet, host: string) => fleet.power('on', host)

const FAULTS: readonly Fault[] = [
  {
    name: 'another program holds the dpkg lock',
    team: 'lock',
    before: (fleet, host) => fleet.fault('apt-locked', host, 900),
    end: 'held back',
    says: /Another program did not finish with dpkg .*unattended-upgr/,
    status: 'halted',
    transactions: 0,
    halfDone: [],
  },
  {
    name: 'the disk is full before the start',
    team: 'disk',
    before: (fleet, host) => fleet.fault('disk-full', host),
    end: 'held back',
    says: /not enough room on the disk|not enough room on \//,
    status: 'halted',
    transactions: 0,
    halfDone: [],
  },
  {
    name: 'the disk fills up while dpkg unpacks',
    team: 'fill',
    // Not a hook of apt: it must come after apt itself has looked for room.
    before: async (fleet, host) => {
      const fill = 'fallocate -l $(( $(df -k --output=avail / | tail -1) - 400 ))K /var/fleet-filler || true'
      await shell(fleet, host, `echo 'pre-invoke=${fill}' >/etc/dpkg/dpkg.cfg.d/fleet`)
    },
    after: async (fleet, host) => {
      await fleet.exec(host, ['rm', '-f', '/var/fleet-filler', '/etc/dpkg/dpkg.cfg.d/fleet'])
    },
    end: 'failed',
    says: /not enough room on the disk/,
    status: 'halted',
    transactions: 1,
    halfDone: 'whatever',
  },
  {
    name: 'the installation of a package fails',
    team: 'postinst',
    before: (fleet, host) => fleet.fault('postinst-fails', host),
    end: 'failed',
    says: /could not set up demo-app.*injected failure.*left behind: demo-app/,
    status: 'halted',
    transactions: 1,
    halfDone: ['demo-app'],
  },
  {
    name: 'the service is unhealthy afterwards',
    team: 'health',
    before: (fleet, host) => afterDpkg(fleet, host, 'mkdir -p /etc/fleet; touch /etc/fleet/unhealthy'),
    end: 'failed',
    says: /promised versions are installed, but it is not healthy.*503/,
    status: 'halted',
    transactions: 1,
    halfDone: [],
  },
  {
    name: 'the host is down',
    team: 'down',
    before: (fleet, host) => fleet.fault('down', host),
    after: powerOn,
    end: 'unreachable',
    says: /does not answer .*nothing was started on it/,
    status: 'halted',
    transactions: 0,
    halfDone: [],
  },
  {
    name: 'the host hangs in the middle',
    team: 'hang',
    midway: (fleet, host) => fleet.fault('frozen', host),
    after: async (fleet, host) => {
      await fleet.thaw(host)
      await release(fleet, host)
      await until(`apt ends on ${host}`, 60, async () => (await fleet.aptTransactions(host)).every((one) => one.ended))
    },
    end: 'unreachable',
    says: /does not answer .*what it holds now is unknown/,
    status: 'halted',
    transactions: 1,
    halfDone: [],
  },
  {
    name: 'the power fails during dpkg',
    team: 'power',
    midway: async (fleet, host) => {
      await fleet.power('off', host)
      await fleet.power('on', host)
    },
    end: 'failed',
    says: /interrupted by a reboot.*left behind: .*demo-app.*dpkg --configure -a/,
    status: 'halted',
    transactions: 1,
    halfDone: 'whatever',
  },
  {
    name: 'no network to the repository',
    team: 'repo',
    before: (fleet, host) => fleet.fault('repo-gone', host),
    end: 'held back',
    says: /could not be downloaded.*nothing was changed/,
    status: 'halted',
    transactions: 0,
    halfDone: [],
  },
  {
    name: 'an archive is missing in the repository',
    team: 'archive',
    before: async (fleet, host) => {
      await fleet.exec(host, ['mount', '-t', 'tmpfs', '-o', 'size=4k,ro', 'tmpfs', '/srv/fleet/pool'])
    },
    end: 'held back',
    says: /could not be downloaded.*demo-app.*nothing was changed/,
    status: 'halted',
    transactions: 0,
    halfDone: [],
  },
  {
    name: 'a reboot is needed, and slow',
    team: 'reboot',
    before: async (fleet, host) => {
      await afterDpkg(fleet, host, 'touch /run/reboot-required; echo demo-app >>/run/reboot-required.pkgs')
      await fleet.fault('boot-slow', host, 15)
    },
    end: 'rebooted and re-scanned',
    says: /Installed, rebooted by Patchwarden.* and seen again/,
    status: 'completed',
    transactions: 1,
    halfDone: [],
  },
  {
    name: 'the connection is cut during dpkg',
    team: 'cut',
    midway: async (fleet, host) => {
      await fleet.fault('net-cut', host, 15)
      await sleep(1_000)
      await release(fleet, host)
    },
    end: 'installed',
    says: /It reports the promised versions/,
    status: 'completed',
    transactions: 1,
    halfDone: [],
  },
]

/** What became of a host, by the host itself and by the report. */
interface Seen {
  readonly deployment: SceneDeployment | null
  readonly page: string
  readonly status: string
  readonly transactions: readonly AptTransaction[]
  readonly next: readonly AptTransaction[]
  readonly halfDone: readonly string[]
  readonly audit: string
}

/** Lets apt run a command on this host when dpkg is done. */
async function afterDpkg(fleet: Fleet, host: string, command: string): Promise<void> {
  await fleet.exec(host, [
    'sh',
    '-c',
    'printf "%s\\n" "$1" >/etc/apt/apt.conf.d/99fleet-fault',
    'sh',
    `DPkg::Post-Invoke { "${command}"; };`,
  ])
}

/** Packages that dpkg began with and did not finish. */
async function halfDone(fleet: Fleet, host: string): Promise<readonly string[]> {
  const lines = await shell(fleet, host, "dpkg-query -W -f '$" + '{db:Status-Status} $' + "{Package}\\n'")
  return lines.split('\n').flatMap((line) => (/^(half|unpacked)/.test(line) ? [line.split(' ')[1] ?? ''] : []))
}

describe.skipIf(reason !== null)('faults during rollouts on real Debian hosts', () => {
  let fleet: Fleet
  let scene: RolloutScene
  const names: string[] = []
  const take = (count: number) => names.splice(0, count)
  let teams: readonly SceneTeam[] = []
  const hostsOf = (team: string) => teams.find(({ name }) => name === team)?.hosts ?? []
  const canary = (team: string) => hostsOf(team)[0] ?? ''
  const seen = new Map<string, Seen>()
  const ids = new Map<string, string>()
  const id = (team: string) => ids.get(team) ?? 'none'

  beforeAll(async () => {
    fleet = await upFleet(FAULTS.length * 2 + 6, { name: 'pwflt' })
    names.push(...fleet.hosts.map(({ name }) => name))
    teams = [
      ...FAULTS.map(({ team }) => ({ name: team, hosts: take(2), rings: STRICT })),
      { name: 'wide', hosts: take(6), rings: LENIENT },
    ]
    await fleet.publish('2.0', 'slow')
    const full = new Set(FAULTS.filter(({ transactions }) => transactions === 1).map(({ team }) => canary(team)))
    // Most have one update pending, so that so many hosts take minutes on two cores.
    await Promise.all(
      fleet.hosts.map(({ name }) =>
        full.has(name)
          ? shell(fleet, name, 'mkdir -p /etc/fleet; echo 0 >/etc/fleet/slow')
          : onlyDemoApp(fleet, name, 0),
      ),
    )
    scene = await createRolloutScene(fleet, teams)
    await scene.service.start()
    await until('every team has a proposal', 480, async () => (await scene.proposals()).length === teams.length)
    for (const proposal of await scene.proposals()) ids.set(proposal.team, proposal.id)
    // A host that did not answer in time at first comes in with the next look.
    await until('every proposal has all its hosts', 480, async () => {
      const reports = await Promise.all(teams.map(({ name }) => scene.report(id(name))))
      if (reports.every(({ state }, index) => state.subject.assets.length === teams[index]?.hosts.length)) return true
      await scene.service.command('sync')
      return false
    })
    await Promise.all(
      FAULTS.map(async ({ team, before, midway }) => {
        await before?.(fleet, canary(team))
        if (midway !== undefined) await holdUp(fleet, canary(team))
      }),
    )
    const [locked = '', full_ = '', off = ''] = hostsOf('wide')
    await fleet.fault('apt-locked', locked, 900)
    await fleet.fault('disk-full', full_)
    await fleet.fault('down', off)

    const interrupted = FAULTS.map(async ({ team, midway }) => {
      if (midway === undefined) return
      await waitsOn(fleet, canary(team))
      await midway(fleet, canary(team))
    })
    for (const { name } of teams) await scene.as('mara', 'vote', id(name), 'approve')
    await Promise.all(interrupted)
    // What a completed rollout left undone is proposed again at once, and nobody votes on that here.
    const voted = new Set(ids.values())
    await until('every rollout has ended or stopped', 600, async () => {
      const proposals = await scene.proposals()
      return proposals.every(({ id, status }) => !voted.has(id) || status === 'halted' || status === 'completed')
    })
    for (const { team, after } of FAULTS) {
      const host = canary(team)
      await after?.(fleet, host)
      const { state } = await scene.report(id(team))
      seen.set(team, {
        deployment:
          Object.values(state.rollout?.deployments ?? {}).find(({ asset }) => asset.endsWith(`/${host}`)) ?? null,
        page: await scene.page(id(team)),
        status: state.status,
        transactions: await fleet.aptTransactions(host),
        next: await fleet.aptTransactions(hostsOf(team)[1] ?? ''),
        halfDone: await halfDone(fleet, host),
        audit: await shell(fleet, host, 'dpkg --audit'),
      })
    }
  }, 1_500_000)

  afterAll(async () => {
    const page = matrix(seen)
    if (seen.size > 0) console.log(page)
    if (seen.size === FAULTS.length && process.env.PATCHWARDEN_WRITE_MATRIX === '1')
      await writeFile(fileURLToPath(new URL('../../docs/fault-matrix.md', import.meta.url)), `${page}\n`)
    await scene?.remove()
    await fleet?.down()
  })

  it.each(FAULTS)('$name: $end, $status', (fault) => {
    const facts = seen.get(fault.team)
    expect(facts).toMatchObject({ status: fault.status, deployment: { verification: { end: fault.end } } })
    const sentence = facts?.deployment?.verification?.reason ?? ''
    expect(sentence).toMatch(fault.says)
    expect(facts?.transactions).toHaveLength(fault.transactions)
    expect(facts?.next).toHaveLength(fault.status === 'completed' ? 1 : 0)
    // What dpkg has half done is said, all of it; and where nothing is, nothing is claimed.
    if (fault.halfDone !== 'whatever') expect(facts?.halfDone).toEqual(fault.halfDone)
    if (facts?.halfDone.length === 0) expect(facts.audit).toBe('')
    else for (const said of [sentence, facts?.page]) expect(said).toContain('left behind')
    // dpkg's own journal may be named beside the packages; nothing else.
    const more = Number(/ and (\d+) more/.exec(sentence)?.[1] ?? -5)
    expect(5 + more).toBeLessThanOrEqual((facts?.halfDone.length ?? 0) + 1)
    for (const name of facts?.halfDone ?? []) expect(`${sentence} ${facts?.deployment?.outcome?.log}`).toContain(name)
  })

  it('a lenient gate goes on, and every host is counted as what it is', async () => {
    const page = await scene.page(id('wide'))
    expect(page).toContain('Status **completed**')
    expect(page).toContain('3 done, 2 held back, 1 never answered, 0 not touched')
    const [, , off = '', ...fine] = hostsOf('wide')
    await fleet.power('on', off)
    for (const host of fine) expect(await fleet.aptTransactions(host), host).toHaveLength(1)
    for (const host of hostsOf('wide').slice(0, 3)) expect(await fleet.aptTransactions(host), host).toEqual([])
  })

  it('the record of all of it is whole', async () => {
    expect(await scene.service.command('audit', 'verify', '--rebuild')).toMatchObject({ code: 0 })
  })
})

function matrix(seen: ReadonlyMap<string, Seen>): string {
  const cell = (text: string) => text.replace(/\s+/g, ' ').replaceAll('|', '\\|')
  const rows = FAULTS.map(({ name, team }) => {
    const facts = seen.get(team)
    const verification = facts?.deployment?.verification
    const dpkg =
      facts === undefined ? '' : facts.halfDone.length === 0 ? 'whole' : `half done: ${facts.halfDone.join(', ')}`
    return `| ${[name, verification?.end ?? 'not touched', verification?.reason ?? '', facts?.status ?? '', dpkg, String(facts?.transactions.length ?? '')].map(cell).join(' | ')} |`
  })
  return [
    '# What faults do to a rollout',
    '',
    'Each row was seen on a real Debian host: one canary has the fault, and a second ring waits behind a gate that allows no failure.',
    'dpkg and apt are asked on the host afterwards. Written by `PATCHWARDEN_WRITE_MATRIX=1 npm run test:fleet -- test/fleet/faults.test.ts`.',
    '',
    '| fault | end state | sentence in the report | rollout | dpkg | apt transactions |',
    '| --- | --- | --- | --- | --- | --- |',
    ...rows,
  ].join('\n')
}
