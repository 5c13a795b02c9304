import { execFile } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { z } from 'zod'

const SCRIPT = fileURLToPath(new URL('../fleet/fleet', import.meta.url))
const CANNOT_RUN_HERE = 77
/** A first run builds the base, which downloads a few hundred packages. */
const UP_TIMEOUT_SECONDS = 540
const COMMAND_TIMEOUT_SECONDS = 180

/** Ways demo-app's upgrade can go; `fleet help` says what each does. */
export type DemoAppKind =
  | 'good'
  | 'broken-install'
  | 'broken-preinst'
  | 'unhealthy'
  | 'crash'
  | 'reboot'
  | 'slow'
  | 'conffile'
  | 'unmet'
  | 'big'
  | 'removes'

/** What can be broken on a host; `fleet faults` explains each and its argument. */
export type FaultName =
  | 'apt-locked'
  | 'lists-locked'
  | 'disk-full'
  | 'postinst-fails'
  | 'hook-fails'
  | 'dpkg-interrupted'
  | 'held'
  | 'conffile-edited'
  | 'repo-gone'
  | 'repo-tampered'
  | 'reboot-required'
  | 'unhealthy'
  | 'health-hangs'
  | 'service-down'
  | 'net-cut'
  | 'net-drop'
  | 'net-slow'
  | 'ssh-refused'
  | 'hostkey-changed'
  | 'sudo-denied'
  | 'slow'
  | 'frozen'
  | 'down'
  | 'boot-slow'
  | 'boot-never'

const fleetHost = z.object({
  name: z.string(),
  address: z.string(),
  port: z.number(),
  user: z.string(),
  /** demo-app's health, 200 or 503, `{"status","version"}`. */
  health: z.string(),
  /** As in known_hosts: type and base64 key. */
  hostKey: z.string(),
})

export type FleetHost = z.infer<typeof fleetHost>

export type Finished = { code: number; stdout: string; stderr: string }

/** One entry of a host's apt history: one dpkg run that apt started. */
export type AptTransaction = {
  commandline: string
  /** Names of the packages that it upgraded, without architecture. */
  upgraded: string[]
  /** False where apt never wrote the end: it still runs, or was killed. */
  ended: boolean
  /** What apt noted when dpkg failed. */
  error?: string
}

export type Fleet = {
  name: string
  hosts: FleetHost[]
  /** An OpenSSH client configuration: `ssh -F sshConfig web01`. */
  sshConfig: string
  knownHosts: string
  /** The private key that root and the sudo user `patch` accept. */
  identity: string
  /** Runs argv on the host as root, without network. Any exit status is an answer, not an error. */
  exec(host: string, argv: string[]): Promise<Finished>
  publish(version: string, kind: DemoAppKind): Promise<void>
  unpublish(version: string): Promise<void>
  fault(name: FaultName, host: string, argument?: string | number): Promise<void>
  heal(host: string): Promise<void>
  /** Ends the fault `frozen`, and nothing else. */
  thaw(host: string): Promise<void>
  /** Back to the unpatched base; published versions stay. */
  reset(host: string | 'all'): Promise<void>
  power(state: 'on' | 'off', host: string): Promise<void>
  /** The packages apt would upgrade now, and to what, as apt itself says. */
  pending(host: string): Promise<{ package: string; installed: string; candidate: string; archive: string }[]>
  /** The authority for "patched once": every transaction since the base, oldest first. */
  aptTransactions(host: string): Promise<AptTransaction[]>
  down(): Promise<void>
}

/** Why the fleet cannot run on this machine, or null where it can. Throws where the check itself breaks. */
export async function fleetReason(kind: FleetKind = 'debian'): Promise<string | null> {
  const check = await run({ name: 'pwt', kind }, ['check'])
  if (check.code === 0) return null
  if (check.code === CANNOT_RUN_HERE) return check.stdout.trim()
  throw new Error(`fleet check broke (exit ${check.code}): ${check.stderr.trim()}`)
}

/** Debian with a small PID 1 of the fleet's own, the same with systemd, or hosts that install with dnf or zypper. */
export type FleetKind = 'debian' | 'systemd' | 'dnf' | 'zypper'

interface FleetName {
  readonly name: string
  readonly kind: FleetKind
}

/**
 * Brings up hosts web01 .. webN, unpatched. Fleets of different names run side by side; one of this name that
 * was left behind is taken down first. FLEET_PREFIX stands for the `pw` of every name, so that two checkouts can run at once.
 */
export async function upFleet(count: number, options: { name?: string; kind?: FleetKind } = {}): Promise<Fleet> {
  const name = (options.name ?? 'pwt').replace(/^pw/, process.env.FLEET_PREFIX ?? 'pw')
  const named: FleetName = { name, kind: options.kind ?? 'debian' }
  const directory = directoryOf(name)

  async function fleet(...args: string[]): Promise<void> {
    await must(named, args, COMMAND_TIMEOUT_SECONDS)
  }
  async function exec(host: string, argv: string[]): Promise<Finished> {
    return run(named, ['exec', host, ...argv])
  }
  async function answer(host: string, argv: string[]): Promise<string> {
    return (await must(named, ['exec', host, ...argv], COMMAND_TIMEOUT_SECONDS)).stdout
  }

  await fleet('down')
  await must(named, ['up', String(count)], UP_TIMEOUT_SECONDS)
  const hosts = z.array(fleetHost).parse(JSON.parse(await readFile(join(directory, 'hosts.json'), 'utf8')))
  return {
    name,
    hosts,
    sshConfig: join(directory, 'ssh_config'),
    knownHosts: join(directory, 'known_hosts'),
    identity: join(directory, 'id_ed25519'),
    exec,
    publish: (version, kind) => fleet('publish', version, kind),
    unpublish: (version) => fleet('unpublish', version),
    fault: (fault, host, argument) =>
      fleet('fault', fault, host, ...(argument === undefined ? [] : [String(argument)])),
    heal: (host) => fleet('heal', host),
    thaw: (host) => fleet('thaw', host),
    reset: (host) => fleet('reset', host),
    power: (state, host) => fleet('power', state, host),
    pending: async (host) =>
      parsePending(
        await answer(host, [
          'apt-get',
          '-s',
          '-o',
          'Debug::NoLocking=1',
          '-o',
          'Dir::Log::Planner=/dev/null',
          'dist-upgrade',
        ]),
      ),
    aptTransactions: async (host) => parseAptHistory(await answer(host, ['cat', '/var/log/apt/history.log'])),
    down: () => fleet('down'),
  }
}

/** Reads /var/log/apt/history.log: paragraphs of `Field: value`, each from Start-Date to End-Date. */
export function parseAptHistory(text: string): AptTransaction[] {
  const transactions: AptTransaction[] = []
  for (const paragraph of text.split(/\n(?=Start-Date: )/)) {
    const fields = new Map<string, string>()
    for (const line of paragraph.split('\n')) {
      const colon = line.indexOf(': ')
      if (colon > 0) fields.set(line.slice(0, colon), line.slice(colon + 2))
    }
    if (!fields.has('Start-Date')) continue
    const error = fields.get('Error')
    transactions.push({
      commandline: fields.get('Commandline') ?? '',
      upgraded: packageNames(fields.get('Upgrade') ?? ''),
      ended: fields.has('End-Date'),
      ...(error === undefined ? {} : { error }),
    })
  }
  return transactions
}

/** Names in `libssl3:amd64 (3.0.20-1, 3.0.22-1), openssl:amd64 (...)`. */
function packageNames(list: string): string[] {
  return [...list.matchAll(/(?:^|, )([a-z0-9][a-z0-9+.-]*)(?::\S+)? \(/g)].map((match) => match[1] ?? '')
}

function parsePending(simulated: string) {
  const pending = []
  for (const line of simulated.split('\n')) {
    const match = /^Inst (\S+) \[(\S+)\] \((\S+) ([^[]*) \[/.exec(line)
    if (match === null) continue
    const [, name = '', installed = '', candidate = '', archive = ''] = match
    pending.push({ package: name, installed, candidate, archive })
  }
  return pending
}

async function must(named: FleetName, args: string[], timeoutSeconds: number): Promise<Finished> {
  const finished = await run(named, args, timeoutSeconds)
  if (finished.code === 0) return finished
  const said = (finished.stderr || finished.stdout).trim()
  throw new Error(`fleet ${args.join(' ')} (fleet ${named.name}) failed with ${finished.code}: ${said}`)
}

/** Where the fleet of this name keeps its state. */
function directoryOf(name: string): string {
  return `/tmp/${name}-fleet`
}

function run({ name, kind }: FleetName, args: string[], timeoutSeconds = COMMAND_TIMEOUT_SECONDS): Promise<Finished> {
  return new Promise((resolve) => {
    // Hosts have a /tmp of their own.
    const { TMPDIR: _, ...environment } = process.env
    const options = {
      env: { ...environment, FLEET_NAME: name, FLEET_KIND: kind, FLEET_DIR: directoryOf(name) },
      timeout: timeoutSeconds * 1000,
      maxBuffer: 64 * 1024 * 1024,
    }
    const child = execFile(SCRIPT, args, options, (error, stdout, stderr) => {
      if (error === null) return resolve({ code: 0, stdout, stderr })
      const late = error.killed ? `ended after ${timeoutSeconds} s; ` : ''
      resolve({
        code: typeof error.code === 'number' ? error.code : -1,
        stdout,
        stderr: `${late}${stderr || error.message}`,
      })
    })
    child.stdin?.end()
  })
}
