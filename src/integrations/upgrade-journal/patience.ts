import type { DeploymentOutcome, DeploymentReport } from '../../core/ports.ts'
import type { Progress } from './follow.ts'
import { createHostSilence } from './host-silence.ts'

/** How long hosts at work are waited for. */
export interface PatienceOptions {
  /** Seconds to wait while another program holds the lock of the package manager. Default 300. */
  readonly lockWaitSeconds?: number
  /** Seconds a host may take to come back after a reboot. Default 600. */
  readonly rebootWaitSeconds?: number
  /** Seconds a host may be silent during its upgrade before it counts as unreachable. Default 900. */
  readonly silenceSeconds?: number
  /** Seconds after which an upgrade without an end counts as failed. Default 7200. It is not stopped. */
  readonly transactionSeconds?: number
  readonly clock: () => Date
}

export type Standing = Omit<DeploymentReport, 'asset'>

/**
 * Who is asked about: `run` distinguishes one upgrade of one host from all others, `name` is what sentences call the
 * host.
 */
export interface Subject {
  readonly run: string
  readonly name: string
}

export type Patience = ReturnType<typeof createPatience>

/** Says of each upgrade whether it is waited for any longer. */
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

  /** It does not answer, or not with anything usable. `reason` is a sentence; `meanwhile`: what is told until then. */
  function silent({ run, name }: Subject, reason: string, meanwhile?: string): Standing {
    const { seconds, rebooting } = silence.silent(run)
    const limit = rebooting ? rebootWaitSeconds : silenceSeconds
    if (seconds <= limit) {
      return going(rebooting ? 'rebooting' : (meanwhile ?? `no answer for ${Math.round(seconds)} s`))
    }
    const what = rebooting ? `did not come back within ${limit} s after its reboot` : `was silent for ${limit} s`
    return ended(run, { state: 'unreachable', reason: `${name} ${what}: ${reason}`, touched: true, log: '' })
  }

  /** What the host itself says. */
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
    /** No session with it lasts longer. */
    longestSeconds: transactionSeconds + rebootWaitSeconds,
    /** Its silence counts from now on. */
    began: silence.heard,
    /** It ended, which was found out without asking it. */
    ended,
    heard,
    silent,
  }
}
