import type { PackageChange } from '../../core/change.ts'
import type { TransactionStep } from '../../core/ports.ts'

/**
 * A package manager on a host: what differs from one to the next. Its `script` defines these functions of POSIX sh, which the
 * scripts around it call; on-host.sh comes before it. `$arguments` and `$journal` are shared variables; the journal of the
 * run is the current folder of all that the runner calls.
 *
 * - `pm_present`: exit status 0 where the host has this package manager; called before anything that only looks
 * - `pm_choose_arguments`: sets `$arguments` from PW_UPGRADES, PW_NEW and PW_OLDER
 * - `pm_simulate ARGUMENTS`: prints what they would do and changes nothing; not 0 where they are refused
 * - `pm_plan`: from such a simulation on standard input, the sorted lines `I name architecture version` (comes) and
 *   `R name` (goes)
 * - `pm_install SECONDS`: starts the transaction of `$arguments` in the background (`&`), waiting so long for a lock. It
 *   runs `/bin/sh $journal/gate` once it knows exactly what it is about to do, before it touches anything, and stops
 *   there unless that answers 0
 * - `pm_actual`: what the gate is given on standard input, as lines of the plan
 * - `pm_installed`: what is left to do after a success
 * - `pm_packages`: lines `name architecture version state flag KiB`; the state of what is whole is `installed`
 * - `pm_half_done`: with the lines of `pm_packages` on standard input, a line a package that was left half done, in words;
 *   nothing where all is well
 * - `pm_lock_holder`: `pid (name)` of whoever is at work with it now; nothing where it is free
 * - `pm_counts`: how many packages the file `log` says were fetched, unpacked and set up
 * - `pm_reboot_wanted`: exit status 0 where the host wants a reboot after the transaction of the file `plan`
 * - `pm_sizes ARGUMENTS`: for a plan on standard input and for more versions as arguments, lines `name version
 *   KiB-to-fetch KiB-installed`; nothing to fetch is known of a version that no archive has. `$simulation` is what
 *   `pm_simulate` printed
 * - `pm_kept_file ARGUMENT`: sets `$file`, the path in the folder `$kept` where the package of that version would be kept.
 *   `pm_choose_arguments` uses what is kept for versions that are older than what they replace
 * - `pm_cached_file ARGUMENT`: sets `$cached`, the path where its own cache would have it, or of what is not there
 * - `pm_fetch SECONDS ARGUMENTS`: fetches packages into the current folder, named as `pm_kept_file` does; not 0 where
 *   one of them is not to be had
 *
 * and sets `pm_cache` and `pm_database`, the folders where it keeps what it fetched and what it knows.
 */
export interface PackageManager {
  readonly name: 'apt' | 'dnf' | 'zypper'
  /** Which systems have it, in words: `Debian and Ubuntu`. */
  readonly systems: string
  /** Whether assets of the platform (`debian:12`) have it. */
  suits(platform: string): boolean
  /** What people call its database and lock: `dpkg`. */
  readonly database: string
  /** How to mend what was left half done, for a sentence: `run "dpkg --configure -a" on it`. */
  readonly repair: string
  script(): string
  /** Throws a sentence for what the package manager itself would not allow as a name, architecture or version. */
  checkPackage(name: string, architecture: string, version: string | null): void
  /** The change as one argument: letters, digits and `+._:=~^-` alone. Throws as `checkPackage` does. */
  argument(change: PackageChange): string
  /** Negative where `a` is older than `b`. */
  compare(a: string, b: string): number
  /** Reads what `pm_simulate` printed. */
  parseSimulation(text: string): Simulation
  /** Why it failed, from what it printed: one sentence without its full stop. */
  failureReason(log: string): string
  /** The lines of its output that tell how it went wrong. */
  tellingLines(log: string): string
  /** Whether a line of its output is worth keeping after a success. */
  isOutcome(line: string): boolean
}

export interface Simulation {
  /** In its order. */
  readonly steps: readonly TransactionStep[]
  /** Lines it printed that make no sense. */
  readonly warnings: readonly string[]
}

/** The first that suits; where none does, the very first: the host itself says whether it has that one. */
export function managerOf(managers: readonly [PackageManager, ...PackageManager[]], platform: string): PackageManager {
  return managers.find((manager) => manager.suits(platform)) ?? managers[0]
}
