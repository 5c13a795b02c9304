import { z } from 'zod'
import { HOUR_SECONDS } from '../core/time/instant.ts'
import { count, duration, filePath, optional, text } from './fields.ts'

const MINUTE = 60

/** Of upgrades that run detached on a host. */
const times = {
  lockTimeout: duration({ unit: 'min', minimum: 0, maximum: HOUR_SECONDS })
    .prefault('5 min')
    .describe('How long to wait while another program holds the lock of dpkg or rpm.'),
  transactionTimeout: duration({ unit: 'hours', minimum: MINUTE, maximum: 24 * HOUR_SECONDS })
    .prefault('2 hours')
    .describe('After this time without an end, an upgrade counts as failed.'),
  unreachableAfter: duration({ unit: 'min', minimum: MINUTE, maximum: 24 * HOUR_SECONDS })
    .prefault('15 min')
    .describe('How long a host may be silent during its upgrade before it counts as unreachable.'),
  rebootTimeout: duration({ unit: 'min', minimum: MINUTE, maximum: 4 * HOUR_SECONDS })
    .prefault('10 min')
    .describe('How long a host may take to come back after a reboot.'),
}

const sshEngine = z.strictObject({
  kind: z
    .enum(['ssh', 'ssh-apt'])
    .describe(
      'Upgrades over SSH with the package manager that the host has (apt, dnf, zypper), as the source of each asset connects to it. `ssh-apt` is its older name.',
    ),
  concurrency: count(1, 200, 'Write how many hosts at the same time: 1 to 200.')
    .default(8)
    .describe('Hosts worked on at the same time.'),
  ...times,
})

const ansibleEngine = z.strictObject({
  kind: z
    .literal('ansible')
    .describe('Upgrades through a playbook, on hosts that an Ansible inventory names as the assets are named.'),
  playbook: filePath.describe('The playbook, such as a copy of examples/ansible/patchwarden-apt.yml.'),
  mode: z
    .enum(['journal', 'module'], { error: 'Write journal or module.' })
    .default('journal')
    .describe(
      'journal: the playbook carries scripts, and upgrades run detached on the host, once. module: the playbook upgrades by itself, and its recap counts.',
    ),
  inventory: filePath.describe('The Ansible inventory: a file, a folder, a script, or the configuration of a plugin.'),
  config: optional(filePath).describe('The ansible.cfg to use. Default: where Ansible looks by itself.'),
  vaultPasswordFile: optional(filePath).describe(
    'File with the password of the Ansible vault, or a program that prints it.',
  ),
  command: filePath.default('ansible-playbook').describe('The program: ansible-playbook, or a path to it.'),
  forks: count(1, 500, 'Write how many hosts at the same time: 1 to 500.')
    .default(20)
    .describe('Hosts that Ansible works on at the same time.'),
  lookEvery: duration({ unit: 's', minimum: 0, maximum: HOUR_SECONDS })
    .prefault('10 s')
    .describe('How often hosts at work are asked how far they are; each time is a run of the playbook.'),
  ...times,
})

const simulatedEngine = z.strictObject({
  kind: z.literal('simulated').describe('Changes versions in a file and touches no host: for the example fleet.'),
  state: filePath.describe('The JSON inventory that it changes in place.'),
  pace: duration({ unit: 's', minimum: 0, maximum: HOUR_SECONDS })
    .prefault('3 s')
    .describe('How long one asset takes.'),
})

const awxMend =
  'Write the address of AWX, such as https://awx.example.net; a token goes over http only to this machine.'

const awxEngine = z.strictObject({
  kind: z.literal('awx').describe('Launches a job template of AWX or Automation Controller. Needs AWX_TOKEN.'),
  url: z
    .string({ error: awxMend })
    .refine((url) => /^(https:\/\/|http:\/\/(localhost|127\.0\.0\.1)[:/]?)/.test(url) && URL.canParse(url), {
      error: awxMend,
    })
    .describe('Its address; with a path, such as /api/controller/v2 behind a gateway, that one is used.'),
  template: text('Write the name of the job template.').describe('Name of the job template.'),
  inventory: optional(text('Write the name of an inventory in AWX.')).describe(
    "Name of the inventory. Left out: the template's own.",
  ),
  lockTimeout: times.lockTimeout,
  previewTimeout: duration({ unit: 'min', minimum: MINUTE, maximum: 4 * HOUR_SECONDS })
    .prefault('10 min')
    .describe('How long a preview may take, in the queue of AWX too.'),
})

const ssmEngine = z.strictObject({
  kind: z.literal('aws-ssm').describe('Upgrades with apt through Run Command of AWS Systems Manager.'),
  region: z
    .string()
    .regex(/^[a-z]{2,3}(-[a-z]+)+-\d{1,2}$/, { error: 'Write a region of AWS, such as eu-central-1.' })
    .describe('The region of the instances.'),
  endpoint: optional(
    z
      .string()
      .refine((url) => url.startsWith('https://') && URL.canParse(url), { error: 'Write an address with https://.' }),
  ).describe("Another address than Amazon's own, such as that of a VPC endpoint."),
  document: z
    .string()
    .regex(/^[A-Za-z0-9_.:/-]{3,256}$/, { error: 'Write the name or ARN of a document of Systems Manager.' })
    .default('AWS-RunShellScript')
    .describe('The document that runs the parameter `commands` as root.'),
  ...times,
})

export const engine = z.discriminatedUnion('kind', [sshEngine, ansibleEngine, awxEngine, ssmEngine, simulatedEngine], {
  error: 'Write ssh, ansible, awx, aws-ssm or simulated.',
})

export type EngineConfig = z.infer<typeof engine>
export type SshEngineConfig = z.infer<typeof sshEngine>
export type AnsibleEngineConfig = z.infer<typeof ansibleEngine>
export type SimulatedEngineConfig = z.infer<typeof simulatedEngine>
export type TimesConfig = Pick<SshEngineConfig, keyof typeof times>
