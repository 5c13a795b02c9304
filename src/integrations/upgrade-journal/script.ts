/**
 * One upgrade of one Linux host: the scripts on the host, its journal in /var/lib/patchwarden, the readers of their
 * output, and the package managers. SSH, Ansible and AWS Run Command use the same scripts. The journal on the host
 * ensures that an upgrade begins only once for a key.
 */

import { readFileSync } from 'node:fs'
import type { PackageChange } from '../../core/change.ts'
import type { TransactionStep } from '../../core/ports.ts'
import { quoted, sectionFunctions, serviceFunctions } from '../machine/shell.ts'
import { probeWithin } from '../probe/index.ts'
import type { PackageManager } from './package-manager.ts'
import type { planLines } from './plan.ts'

/** The values that are written into a script for a host. Each is checked before. */
export interface HostUpgrade {
  readonly manager: PackageManager
  readonly key: string
  readonly changes: readonly PackageChange[]
  /** The approved steps. The versions that they replace are kept. */
  readonly transaction?: readonly TransactionStep[]
}

const KEY = /^[A-Za-z0-9_-][A-Za-z0-9._-]{0,199}$/
/** Throws a sentence when the key cannot be the name of a folder. */
export function checkKey(key: string): void {
  if (!KEY.test(key)) throw new Error(`${JSON.stringify(key.slice(0, 80))} cannot be the key of a run.`)
}

/**
 * Makes a script that only looks at what the changes would do; with `preflight` also whether the host is fit for them.
 */
export function lookScript(upgrade: HostUpgrade, { preflight }: { readonly preflight: boolean }): string {
  return script('look', upgrade, { PW_PREFLIGHT: preflight ? 'yes' : '' })
}

export interface HostStart extends HostUpgrade {
  /** Letters and digits that identify the asset of the journal. */
  readonly assetMark: string
  readonly plan: ReturnType<typeof planLines>
  readonly reboot: boolean
  readonly restartServices: boolean
  readonly lockSeconds: number
  /** Nothing begins after this time, ISO 8601; `null`: no end. */
  readonly notAfter: string | null
  /** When the script is sent. */
  readonly now: Date
  /** Stay until the end of the upgrade, and report the progress. */
  readonly attach: boolean
  /** Look at the installed packages after the upgrade. */
  readonly look: boolean
}

export function startScript(start: HostStart): string {
  const end = start.notAfter === null ? null : Date.parse(start.notAfter)
  const over = { PW_NOT_AFTER: seconds(end) }
  const settings = {
    ...over,
    PW_ASSET: start.assetMark,
    PW_REBOOT: start.reboot ? 'yes' : 'no',
    PW_RESTART: start.restartServices ? 'yes' : 'no',
    PW_LOCK_SECONDS: String(Math.max(0, Math.round(start.lockSeconds))),
  }
  return script('start', start, {
    ...settings,
    PW_SECONDS_LEFT: seconds(end === null ? null : end - start.now.getTime()),
    PW_ATTACH: start.attach ? 'yes' : '',
    PW_LOOK: start.look ? probeWithin(start.manager.name) : '',
    // Sorted like `sort` in the locale C, because the host compares the lines.
    PW_PLAN: [...new Set(start.plan)]
      .sort()
      .map((line) => `${line}\n`)
      .join(''),
    PW_RUNNER: script('run', start, settings),
    PW_GATE: script('gate', start, over),
  })
}

/** Whole seconds, rounded down. */
function seconds(milliseconds: number | null): string {
  return milliseconds === null ? '' : String(Math.floor(milliseconds / 1_000))
}

export interface HostFollow {
  readonly manager: PackageManager
  readonly key: string
  /** `cancelled`: an upgrade that has not begun must never begin. */
  readonly stop: 'cancelled' | null
  /** Stay until the end of the upgrade. */
  readonly attach: boolean
  /** Look at the installed packages after the upgrade. */
  readonly look: boolean
}

export function followScript({ manager, key, stop, attach, look }: HostFollow): string {
  const settings = {
    PW_STOP: stop ?? '',
    PW_ATTACH: attach ? 'yes' : '',
    PW_LOOK: look ? probeWithin(manager.name) : '',
  }
  return script('follow', { manager, key, changes: [] }, settings)
}

type Part = 'look' | 'start' | 'run' | 'gate' | 'follow'

type Extra = 'attend' | 'begins' | 'keep' | 'services' | 'restart'

/** Functions that some scripts need in addition to the common ones. */
const used: Readonly<Partial<Record<Part, readonly Extra[]>>> = {
  start: ['begins', 'attend'],
  follow: ['begins', 'attend'],
  run: ['begins', 'keep', 'services', 'restart'],
  gate: ['begins'],
}

function script(
  part: Part,
  { manager, key, changes, transaction = [] }: HostUpgrade,
  settings: Readonly<Record<string, string>>,
): string {
  checkKey(key)
  const named = (wanted: readonly PackageChange[]) => wanted.map(manager.argument).join(' ')
  const given = {
    PW_KEY: key,
    PW_UPGRADES: named(changes.filter((change) => change.from !== null)),
    PW_NEW: named(changes.filter((change) => change.from === null)),
    // A package may become older only when this was approved.
    PW_OLDER: changes.some(({ from, to }) => from !== null && manager.compare(from, to) > 0) ? 'yes' : '',
    PW_KEEP: replaced(manager, transaction).join(' '),
    ...settings,
  }
  const lines = Object.entries(given).map(([name, value]) => `${name}=${quoted(value)}`)
  const beside = (used[part] ?? []).map((one) => source(one))
  return [...lines, source('sections'), source('on-host'), manager.script(), ...beside, source(part)].join('\n')
}

/** The versions that a transaction replaces, each as an argument of the package manager. */
export function replaced(manager: PackageManager, transaction: readonly TransactionStep[]): readonly string[] {
  return transaction.flatMap(({ name, architecture, from, to }) =>
    from === null || to === null ? [] : [manager.argument({ name, architecture, from, to: from })],
  )
}

const sources = new Map([
  ['sections', sectionFunctions],
  ['services', serviceFunctions],
])

function source(part: Part | Extra | 'sections' | 'on-host'): string {
  let text = sources.get(part)
  if (text === undefined) {
    text = readFileSync(new URL(`./${part}.sh`, import.meta.url), 'utf8')
    sources.set(part, text)
  }
  return text
}
