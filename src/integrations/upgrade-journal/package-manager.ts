import type { PackageChange } from '../../core/change.ts'
import type { TransactionStep } from '../../core/ports.ts'

/**
 * A package manager on a host, with all differences between package managers. Its `script` defines the following
 * functions of POSIX sh for the other scripts; on-host.sh comes before it. `$arguments` and `$journal` are shared
 * variables. When the runner calls a function, the journal of the run is the current folder.
 *
 * - `pm_present`: exit status 0 when the host has this package manager; called before a script that only looks
 * - `pm_choose_arguments`: sets `$arguments` from PW_UPGRADES, PW_NEW and PW_OLDER
 * - `pm_simulate ARGUMENTS`: prints what the arguments would do, and changes nothing; exit status not 0 when the
 *   package manager refuses them
 * - `pm_plan`: turns such a simulation on standard input into sorted lines `I name architecture version` (installed)
 *   and `R name` (removed)
 * - `pm_install SECONDS`: starts the transaction of `$arguments` in the background (`&`), and waits at most SECONDS for
 *   a lock. When it knows exactly what it will do, and before it changes anything, it runs `/bin/sh $journal/gate`. It
 *   stops there unless the gate ends with 0
 * - `pm_actual`: turns the standard input of the gate into lines of a plan
 * - `pm_installed`: does the remaining work after a success
 * - `pm_packages`: prints lines `name architecture version state flag KiB`; the state of a complete package is
 *   `installed`
 * - `pm_half_done`: reads the lines of `pm_packages` on standard input; prints a line in words for each package that
 *   was left half done, or nothing
 * - `pm_lock_holder`: prints `pid (name)` of the process that uses the package manager now, or nothing
 * - `pm_counts`: prints how many packages were fetched, unpacked and set up, according to the file `log`
 * - `pm_reboot_wanted`: exit status 0 when the host needs a reboot after the transaction in the file `plan`
 * - `pm_sizes ARGUMENTS`: for a plan on standard input, and for other versions as arguments, prints lines `name version
 *   KiB-to-fetch KiB-installed`. For a version that is in no archive, nothing to fetch is known. `$simulation` is the
 *   output of `pm_simulate`
 * - `pm_kept_file ARGUMENT`: sets `$file`, the path in the folder `$kept` for the package of that version. When a
 *   version becomes older, `pm_choose_arguments` uses the kept package
 * - `pm_cached_file ARGUMENT`: sets `$cached`, the path in the package manager's own cache; the file may not exist
 * - `pm_fetch SECONDS ARGUMENTS`: fetches packages into the current folder, with the file names of `pm_kept_file`; exit
 *   status not 0 when a package is not available
 *
 * The script also sets `pm_cache` and `pm_database`, the folders of fetched packages and of the package database.
 */
export interface PackageManager {
  readonly name: 'apt' | 'dnf' | 'zypper'
  /** The systems with this package manager, in words: `Debian and Ubuntu`. */
  readonly systems: string
  /** Whether assets of the platform (`debian:12`) have this package manager. */
  suits(platform: string): boolean
  /** The name of its database and lock for people: `dpkg`. */
  readonly database: string
  /** How to repair a half-done installation, as part of a sentence: `run "dpkg --configure -a" on it`. */
  readonly repair: string
  script(): string
  /** Throws a sentence for a name, architecture or version that the package manager itself would not allow. */
  checkPackage(name: string, architecture: string, version: string | null): void
  /** The change as one argument of letters, digits and `+._:=~^-`. Throws like `checkPackage`. */
  argument(change: PackageChange): string
  /** Negative when `a` is older than `b`. */
  compare(a: string, b: string): number
  /** Reads the output of `pm_simulate`. */
  parseSimulation(text: string): Simulation
  /** One sentence, without its full stop, that says from the output why the package manager failed. */
  failureReason(log: string): string
  /** The lines of the output that explain the failure. */
  tellingLines(log: string): string
  /** Whether a line of the output is worth keeping after a success. */
  isOutcome(line: string): boolean
}

export interface Simulation {
  /** In the order of the package manager. */
  readonly steps: readonly TransactionStep[]
  /** One sentence for each line of the output that makes no sense. */
  readonly warnings: readonly string[]
}

/**
 * Returns the first package manager that suits the platform. If none does, returns the first of all; the host reports
 * whether it has that one.
 */
export function managerOf(managers: readonly [PackageManager, ...PackageManager[]], platform: string): PackageManager {
  return managers.find((manager) => manager.suits(platform)) ?? managers[0]
}
