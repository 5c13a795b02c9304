import type { DeploymentOutcome, DeploymentReport } from '../../core/ports.ts'
import { minuteOf } from '../../core/time/instant.ts'
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

/** Whole minutes as minutes: `10 min`, `90 s`. */
function spanOf(seconds: number): string {
  return seconds >= 60 && seconds % 60 === 0 ? `${seconds / 60} min` : `${seconds} s`
}

function withReboot(outcome: DeploymentOutcome, since: string | null): DeploymentOutcome {
  if (outcome.state !== 'succeeded' || !outcome.rebooted || since === null) return outcome
  return { ...outcome, rebootedAt: since }
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
    const since = silence.rebootingSince(run)
    const seconds = silence.silent(run)
    if (since !== null) {
      if (seconds <= rebootWaitSeconds) return rebooting(since)
      const what = `was rebooted by Patchwarden at ${minuteOf(since)} UTC and did not come back within ${spanOf(rebootWaitSeconds)}`
      const lost = {
        state: 'unreachable',
        reason: `${name} ${what}: ${reason}`,
        touched: true,
        rebootedAt: since,
      } as const
      return ended(run, { ...lost, log: '' })
    }
    if (seconds <= silenceSeconds) return going(meanwhile ?? `no answer for ${Math.round(seconds)} s`)
    const lost = `${name} was silent for ${spanOf(silenceSeconds)}: ${reason}`
    return ended(run, { state: 'unreachable', reason: lost, touched: true, log: '' })
  }

  function rebooting(since: string): Standing {
    return { outcome: null, progress: 'rebooting', rebootingSince: since }
  }

  /** The host has answered. */
  function heard(subject: Subject, seen: Progress): Standing {
    const { run, name } = subject
    switch (seen.kind) {
      case 'ended':
        return ended(run, withReboot(seen.outcome, silence.rebootingSince(run)))
      case 'running': {
        silence.heard(run)
        if (seen.ageSeconds <= transactionSeconds) return going(seen.progress)
        const reason = `The upgrade of ${name} has not ended after ${Math.round(seen.ageSeconds / 60)} min (${seen.progress}); it was not stopped. Look at it on the host.`
        return ended(run, { state: 'failed', reason, log: seen.log })
      }
      case 'rebooting': {
        const seconds = silence.rebooting(run)
        const since = silence.rebootingSince(run)
        if (seconds <= rebootWaitSeconds) return since === null ? going('rebooting') : rebooting(since)
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
