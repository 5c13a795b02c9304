/**
 * One upgrade of one Linux host: the scripts that run there and the journal that they keep in /var/lib/patchwarden, the
 * reading of what they print, and the package managers. Whatever takes the scripts there (SSH, Ansible, AWS Run
 * Command) uses the same ones. The journal on the host ensures that an upgrade is not begun twice for one key.
 */

import { readFileSync } from 'node:fs'
import type { PackageChange } from '../../core/change.ts'
import type { TransactionStep } from '../../core/ports.ts'
import { quoted, sectionFunctions, serviceFunctions } from '../machine/shell.ts'
import { probeWithin } from '../probe/index.ts'
import type { PackageManager } from './package-manager.ts'
import type { planLines } from './plan.ts'

/** The parts of an upgrade that end up in a script on a host. Everything here is checked before it is written. */
export interface HostUpgrade {
  readonly manager: PackageManager
  readonly key: string
  readonly changes: readonly PackageChange[]
  /** What will happen: the versions that it replaces are kept. */
  readonly transaction?: readonly TransactionStep[]
}

const KEY = /^[A-Za-z0-9_-][A-Za-z0-9._-]{0,199}$/
/** Throws a sentence for a key that cannot be the name of a folder. */
export function checkKey(key: string): void {
  if (!KEY.test(key)) throw new Error(`${JSON.stringify(key.slice(0, 80))} cannot be the key of a run.`)
}

/** Only looks at what the changes would do; with `preflight` also whether the host is fit for it. */
export function lookScript(upgrade: HostUpgrade, { preflight }: { readonly preflight: boolean }): string {
  return script('look', upgrade, { PW_PREFLIGHT: preflight ? 'yes' : '' })
}

export interface HostStart extends HostUpgrade {
  /** Tells which asset the journal belongs to: letters and digits. */
  readonly assetMark: string
  readonly plan: ReturnType<typeof planLines>
  readonly reboot: boolean
  readonly restartServices: boolean
  readonly lockSeconds: number
  /** Nothing begins after this time, ISO 8601; `null`: no end. */
  readonly notAfter: string | null
  /** When it is sent. */
  readonly now: Date
  /** Stay until the end of the upgrade, and tell how it gets on. */
  readonly attach: boolean
  /** Look at what is installed when it has ended. */
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
    // In the order of `sort` in the locale C, as the host compares them.
    PW_PLAN: [...new Set(start.plan)]
      .sort()
      .map((line) => `${line}\n`)
      .join(''),
    PW_RUNNER: script('run', start, settings),
    PW_GATE: script('gate', start, over),
  })
}

/** Whole seconds, rather too few. */
function seconds(milliseconds: number | null): string {
  return milliseconds === null ? '' : String(Math.floor(milliseconds / 1_000))
}

export interface HostFollow {
  readonly manager: PackageManager
  readonly key: string
  /** What has not begun must never begin, because somebody cancelled it. */
  readonly stop: 'cancelled' | null
  /** Stay until the end of the upgrade. */
  readonly attach: boolean
  /** Look at what is installed when it has ended. */
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

/** What some parts use in addition to what all share. */
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
    // A package may become older only where that was approved.
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
