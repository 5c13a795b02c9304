import type { DeploymentOutcome, DeploymentReport } from '../../core/ports.ts'
import type { Progress } from './follow.ts'
import { createHostSilence } from './host-silence.ts'

/** How long to wait for hosts during an upgrade. */
export interface PatienceOptions {
  /** Seconds to wait while another program holds the lock of the package manager. Default 300. */
  readonly lockWaitSeconds?: number
  /** Seconds that a host may take to come back after a reboot. Default 600. */
  readonly rebootWaitSeconds?: number
  /** Seconds that a host may be silent during its upgrade. After that it counts as unreachable. Default 900. */
  readonly silenceSeconds?: number
  /** Seconds after which an upgrade that has not ended counts as failed. Default 7200. It is not stopped. */
  readonly transactionSeconds?: number
  readonly clock: () => Date
}

export type Standing = Omit<DeploymentReport, 'asset'>

/**
 * One upgrade: `run` distinguishes one upgrade of one host from all others, `name` is the name of the host in
 * sentences.
 */
export interface Subject {
  readonly run: string
  readonly name: string
}

export type Patience = ReturnType<typeof createPatience>

/** Decides for each upgrade whether to wait for it any longer. */
export function createPatience({
  lockWaitSeconds = 300,
  rebootWaitSeconds = 600,
  silenceSeconds = 900,
  transactionSeconds = 7_200,
  clock,
}: PatienceOptions) {
  const silence = createHostSilence(clock)

  function ended(run: string, outcome: DeploymentOutcome): Standing {
    silence.forget(run)
    return { outcome, progress: null }
  }

  function going(progress: string): Standing {
    return { outcome: null, progress }
  }

  /**
   * The host does not answer, or its answer cannot be used. `reason` is a sentence; `meanwhile` is the progress until
   * the limit.
   */
  function silent({ run, name }: Subject, reason: string, meanwhile?: string): Standing {
    const { seconds, rebooting } = silence.silent(run)
    const limit = rebooting ? rebootWaitSeconds : silenceSeconds
    if (seconds <= limit) {
      return going(rebooting ? 'rebooting' : (meanwhile ?? `no answer for ${Math.round(seconds)} s`))
    }
    const what = rebooting ? `did not come back within ${limit} s after its reboot` : `was silent for ${limit} s`
    return ended(run, { state: 'unreachable', reason: `${name} ${what}: ${reason}`, touched: true, log: '' })
  }

  /** The host has answered. */
  function heard(subject: Subject, seen: Progress): Standing {
    const { run, name } = subject
    switch (seen.kind) {
      case 'ended':
        return ended(run, seen.outcome)
      case 'running': {
        silence.heard(run)
        if (seen.ageSeconds <= transactionSeconds) return going(seen.progress)
        const reason = `The upgrade of ${name} has not ended after ${Math.round(seen.ageSeconds / 60)} min (${seen.progress}); it was not stopped. Look at it on the host.`
        return ended(run, { state: 'failed', reason, log: seen.log })
      }
      case 'rebooting': {
        const seconds = silence.rebooting(run)
        if (seconds <= rebootWaitSeconds) return going('rebooting')
        const log = `${seen.log}\nThe host was told to reboot ${Math.round(seconds)} s ago and has not done so.`
        return ended(run, { state: 'succeeded', changed: seen.changed, rebooted: false, log })
      }
      case 'unclear':
        return silent(subject, seen.reason)
    }
  }

  return {
    lockSeconds: lockWaitSeconds,
    /** The longest time of a session with a host, in seconds. */
    longestSeconds: transactionSeconds + rebootWaitSeconds,
    /** From now on the silence of the host is counted. */
    began: silence.heard,
    /** The upgrade has ended; this is known without asking the host. */
    ended,
    heard,
    silent,
  }
}
