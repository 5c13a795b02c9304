/** Settings that several engines share. */

import type { z } from 'zod'
import { HOUR_SECONDS } from '../core/time/instant.ts'
import { duration } from './fields.ts'

const MINUTE = 60

/** Settings for upgrades that run detached on a host. */
export const upgradeTimes = {
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

type Times = z.output<z.ZodObject<typeof upgradeTimes>>

/** How long an engine waits for a host, in seconds. */
export function patienceOf(engine: Times) {
  return {
    lockWaitSeconds: engine.lockTimeout,
    rebootWaitSeconds: engine.rebootTimeout,
    silenceSeconds: engine.unreachableAfter,
    transactionSeconds: engine.transactionTimeout,
  }
}
