import type { TransactionStep } from '../../core/ports.ts'
import type { PackageManager } from './package-manager.ts'

/**
 * Returns lines that a host compares with its own plan, sorted there: `I name architecture version` and `R name`.
 * Throws a sentence.
 */
export function planLines(manager: PackageManager, steps: readonly TransactionStep[]): readonly string[] {
  return steps.map(({ action, name, architecture, to }) => {
    manager.checkPackage(name, architecture, to)
    return action === 'remove' || to === null ? `R ${name}` : `I ${name} ${architecture} ${to}`
  })
}

/** Longer lists are cut in sentences. */
const NAMED = 6

/**
 * One sentence that says how the steps of a host go beyond the approved ones, both as plan lines; `null` when they are
 * the same or only a part of them.
 */
export function planDifference(approved: readonly string[], now: readonly string[]): string | null {
  const before = new Set(approved)
  const after = new Set(now)
  const added = [...after].filter((line) => !before.has(line)).sort()
  const gone = [...before].filter((line) => !after.has(line)).sort()
  if (added.length === 0) return null
  const parts = [`it would now ${list(added)}`]
  if (gone.length > 0) parts.push(`and no longer ${list(gone)}`)
  return `This is not the transaction that was approved: ${parts.join(' ')}.`
}

function list(lines: readonly string[]): string {
  const named = lines.slice(0, NAMED).map(words)
  const more = lines.length > NAMED ? ` and ${lines.length - NAMED} more` : ''
  return `${named.join(', ')}${more}`
}

function words(line: string): string {
  const [verb, name = '', , version = ''] = line.split(' ')
  return verb === 'R' ? `remove ${name}` : `install ${name} ${version}`
}
