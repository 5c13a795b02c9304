import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { errorText } from '../../core/error-text.ts'
import { childEnvironment, type ProcessEnd, runBounded } from '../bounded-process.ts'
import { inputLimits } from '../input-limits.ts'
import { type PlaybookReport, readReport } from './report.ts'

/** The operator's playbook and inventory, and how to run them. */
export interface PlaybookSettings {
  /** Path of the playbook. */
  readonly playbook: string
  /** Path of the inventory: a file, a folder, a script, or the configuration of an inventory plugin. */
  readonly inventory: string
  /** The number of hosts that Ansible works on at the same time. */
  readonly forks: number
  /** `ansible-playbook`, or the full path of it when it is not in PATH. */
  readonly command: string
  /** Path of the ansible.cfg. Default: Ansible searches for one. */
  readonly configFile?: string
  readonly vaultPasswordFile?: string
}

export interface PlaybookRun {
  /** Names of hosts in the inventory; at least one. */
  readonly hosts: readonly string[]
  /** Extra vars. They are passed in a file, so the process list does not show them. */
  readonly variables: Readonly<Record<string, unknown>>
  readonly check?: boolean
  readonly timeoutSeconds: number
  readonly signal: AbortSignal
}

export type PlaybookEnd =
  | { readonly kind: 'ran'; readonly report: PlaybookReport; readonly stderr: string }
  /** `reason` is a sentence. `begun: 'no'`: certainly no task ran on any host. */
  | { readonly kind: 'failed'; readonly reason: string; readonly begun: 'no' | 'maybe' }

const CALLBACK = 'ansible.posix.json'

/** The name of one host. No Ansible pattern, list, range or option has this form. */
const HOST = /^[A-Za-z0-9_][A-Za-z0-9._-]{0,252}$/

/** One sentence that says why Ansible would not take the name as one host; `null` when it would. */
export function hostNameProblem(name: string): string | null {
  if (HOST.test(name) && name !== 'all' && name !== 'ungrouped') return null
  return `${JSON.stringify(name.slice(0, 80))} cannot be the name of a host in an Ansible inventory: use letters, digits, ".", "_" and "-".`
}

/** One sentence that says why the playbook cannot run on these hosts; `null` when it can. */
export function hostsProblem(hosts: readonly string[]): string | null {
  // Without a limit, Ansible would run on every host of the inventory.
  if (hosts.length === 0) return 'No host was named for the playbook.'
  return hosts.map(hostNameProblem).find((found) => found !== null) ?? null
}

/** Runs the playbook on exactly these hosts. Throws only when `signal` aborts. */
export async function runPlaybook(settings: PlaybookSettings, run: PlaybookRun): Promise<PlaybookEnd> {
  const problem = hostsProblem(run.hosts)
  if (problem !== null) return { kind: 'failed', reason: problem, begun: 'no' }
  let folder: string
  try {
    folder = await mkdtemp(join(tmpdir(), 'patchwarden-ansible-'))
  } catch (error) {
    return { kind: 'failed', reason: `Ansible needs a temporary folder: ${errorText(error)}`, begun: 'no' }
  }
  try {
    const file = join(folder, 'variables.json')
    await writeFile(file, JSON.stringify(run.variables), { mode: 0o600 })
    const ended = await runAnsible(settings, {
      args: [...limitTo(run.hosts, file), ...(run.check === true ? ['--check', '--diff'] : [])],
      timeoutSeconds: run.timeoutSeconds,
      signal: run.signal,
    })
    run.signal.throwIfAborted()
    return endOf(ended, settings, run.timeoutSeconds)
  } catch (error) {
    run.signal.throwIfAborted()
    return {
      kind: 'failed',
      reason: `The variables of the playbook cannot be written: ${errorText(error)}`,
      begun: 'no',
    }
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

function limitTo(hosts: readonly string[], variablesFile: string): readonly string[] {
  return ['--limit', hosts.join(','), '--extra-vars', `@${variablesFile}`]
}

/** The command of a run that may live longer than this process. `variablesFile` contains the extra vars. */
export function playbookCommand(settings: PlaybookSettings, hosts: readonly string[], variablesFile: string) {
  return {
    command: settings.command,
    args: argumentsOf(settings, limitTo(hosts, variablesFile)),
    environment: { ...childEnvironment(), ...environmentOf(settings) },
  }
}

/** Reads the output of a run that this process did not wait for. */
export function readEnd(output: { stdout: string; stderr: string }, settings: PlaybookSettings): PlaybookEnd {
  return endOf({ end: 'exited', status: null, ...output }, settings, 0)
}

/**
 * Checks that Ansible is installed and accepts the playbook. Returns one line about what was found; throws a sentence.
 */
export async function checkPlaybook(settings: PlaybookSettings, signal: AbortSignal): Promise<string> {
  const ended = await runAnsible(settings, { args: ['--syntax-check'], timeoutSeconds: CHECK_SECONDS, signal })
  signal.throwIfAborted()
  if (ended.end !== 'exited' || ended.status !== 0) throw new Error(failure(ended, settings, CHECK_SECONDS).reason)
  const version = await runBounded({
    command: settings.command,
    args: ['--version'],
    input: '',
    timeoutSeconds: CHECK_SECONDS,
    maxBytes: inputLimits.playbookOutputBytes,
    signal,
    environment: environmentOf(settings),
  })
  const [first = 'ansible-playbook'] = version.stdout.split('\n')
  return `${first.trim()}; the syntax of ${settings.playbook} is right`
}

/** The most playbook runs at the same time. Each run starts Ansible on this machine. */
export const RUNS_AT_ONCE = 2

const CHECK_SECONDS = 60

function argumentsOf(
  { inventory, forks, vaultPasswordFile, playbook }: PlaybookSettings,
  more: readonly string[],
): readonly string[] {
  return [
    ...['--inventory', inventory, '--forks', String(forks)],
    ...(vaultPasswordFile === undefined ? [] : ['--vault-password-file', vaultPasswordFile]),
    ...more,
    '--',
    playbook,
  ]
}

function runAnsible(
  settings: PlaybookSettings,
  run: { readonly args: readonly string[]; readonly timeoutSeconds: number; readonly signal: AbortSignal },
): Promise<ProcessEnd> {
  return runBounded({
    command: settings.command,
    args: argumentsOf(settings, run.args),
    input: '',
    timeoutSeconds: run.timeoutSeconds,
    maxBytes: inputLimits.playbookOutputBytes,
    signal: run.signal,
    environment: environmentOf(settings),
  })
}

function environmentOf({ configFile }: PlaybookSettings): Readonly<Record<string, string>> {
  return {
    // Ansible needs a locale with UTF-8.
    LC_ALL: 'C.UTF-8',
    ANSIBLE_STDOUT_CALLBACK: CALLBACK,
    ANSIBLE_NOCOLOR: '1',
    ANSIBLE_FORCE_COLOR: '0',
    ANSIBLE_DEPRECATION_WARNINGS: '0',
    ANSIBLE_RETRY_FILES_ENABLED: '0',
    ANSIBLE_HOST_KEY_CHECKING: '1',
    ANSIBLE_INVENTORY_UNPARSED_FAILED: '1',
    // With pipelining, Ansible writes no files to the host, so a host with a full disk can still answer.
    ANSIBLE_PIPELINING: '1',
    // With retries, the error message of ssh would tell only about the last attempt.
    ANSIBLE_SSH_RETRIES: '0',
    ...(configFile === undefined ? {} : { ANSIBLE_CONFIG: configFile }),
  }
}

function endOf(ended: ProcessEnd, settings: PlaybookSettings, timeoutSeconds: number): PlaybookEnd {
  // The report says more than the exit status: 2 and 4 have several meanings.
  const report = ended.end === 'exited' ? readReport(ended.stdout) : null
  if (typeof report === 'string') return { kind: 'failed', reason: report, begun: 'maybe' }
  if (report !== null) return { kind: 'ran', report, stderr: ended.stderr }
  return { kind: 'failed', ...failure(ended, settings, timeoutSeconds) }
}

function failure(
  ended: ProcessEnd,
  { command, playbook, inventory }: PlaybookSettings,
  timeoutSeconds: number,
): { readonly reason: string; readonly begun: 'no' | 'maybe' } {
  switch (ended.end) {
    case 'not found':
      return { reason: `There is no ${command} here: install Ansible, or write its path as "command".`, begun: 'no' }
    case 'not started':
      return { reason: `${command} cannot be started on this machine: is it a program?`, begun: 'no' }
    case 'timed out':
      return { reason: `The playbook ${playbook} did not end within ${timeoutSeconds} s.`, begun: 'maybe' }
    case 'too much output':
      return {
        reason: `The playbook ${playbook} reported more than ${inputLimits.playbookOutputBytes} bytes.`,
        begun: 'maybe',
      }
    case 'killed':
    case 'aborted':
      return { reason: `The playbook ${playbook} was killed.`, begun: 'maybe' }
    case 'exited':
      return { reason: refusal(ended, playbook, inventory), begun: 'no' }
  }
}

/** Says why no play began, from the output of Ansible. */
function refusal({ stderr, stdout, status }: ProcessEnd, playbook: string, inventory: string): string {
  if (/Invalid callback for stdout/.test(stderr)) {
    return `Ansible has no callback ${CALLBACK}: install the collection (ansible-galaxy collection install ansible.posix).`
  }
  if (/no hosts to target/.test(stderr)) return `The inventory ${inventory} lists none of these hosts.`
  const said = `${stderr}\n${stdout}`.split('\n')
  const at = said.findIndex((line) => /^(\[ERROR\]|ERROR!|fatal|usage)/i.test(line))
  const words = (at < 0 ? said.filter((line) => line.trim() !== '').slice(-2) : said.slice(at, at + 3))
    .join(' ')
    .replace(/^(\[ERROR\]:|ERROR!)\s*/, '')
    .replace(/\s+/g, ' ')
    .trim()
    .slice(0, 300)
  return `Ansible did not begin the playbook ${playbook}${status === null ? '' : ` (exit status ${status})`}: ${words.replace(/\.$/, '')}.`
}
