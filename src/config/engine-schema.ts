import { z } from 'zod'
import { count, duration, filePath } from './fields.ts'

const MINUTE = 60
const HOUR = 60 * MINUTE

const sshEngine = z.strictObject({
  kind: z
    .enum(['ssh', 'ssh-apt'])
    .describe(
      'Upgrades over SSH with the package manager that the host has (apt, dnf, zypper), as the source of each asset connects to it. `ssh-apt` is its older name.',
    ),
  concurrency: count(1, 200, 'Write how many hosts at the same time: 1 to 200.')
    .default(8)
    .describe('Hosts worked on at the same time.'),
  lockTimeout: duration({ unit: 'min', minimum: 0, maximum: HOUR })
    .prefault('5 min')
    .describe('How long to wait while another program holds the lock of dpkg or rpm.'),
  transactionTimeout: duration({ unit: 'hours', minimum: MINUTE, maximum: 24 * HOUR })
    .prefault('2 hours')
    .describe('After this time without an end, an upgrade counts as failed.'),
  unreachableAfter: duration({ unit: 'min', minimum: MINUTE, maximum: 24 * HOUR })
    .prefault('15 min')
    .describe('How long a host may be silent during its upgrade before it counts as unreachable.'),
  rebootTimeout: duration({ unit: 'min', minimum: MINUTE, maximum: 4 * HOUR })
    .prefault('10 min')
    .describe('How long a host may take to come back after a reboot.'),
})

const simulatedEngine = z.strictObject({
  kind: z.literal('simulated').describe('Changes versions in a file and touches no host: for the example fleet.'),
  state: filePath.describe('The JSON inventory that it changes in place.'),
  pace: duration({ unit: 's', minimum: 0, maximum: HOUR }).prefault('3 s').describe('How long one asset takes.'),
})

export const engine = z.discriminatedUnion('kind', [sshEngine, simulatedEngine], {
  error: 'Write ssh or simulated.',
})

export type EngineConfig = z.infer<typeof engine>
export type SshEngineConfig = z.infer<typeof sshEngine>
export type SimulatedEngineConfig = z.infer<typeof simulatedEngine>
