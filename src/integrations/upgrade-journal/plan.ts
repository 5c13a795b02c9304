import type { TransactionStep } from '../../core/ports.ts'
import type { PackageManager } from './package-manager.ts'

/** The lines that a host compares, sorted there: `I name architecture version` and `R name`. Throws a sentence. */
export function planLines(manager: PackageManager, steps: readonly TransactionStep[]): readonly string[] {
  return steps.map(({ action, name, architecture, to }) => {
    manager.checkPackage(name, architecture, to)
    return action === 'remove' || to === null ? `R ${name}` : `I ${name} ${architecture} ${to}`
  })
}

/** Lists longer than this are cut in sentences. */
const NAMED = 6

/**
 * How what a host would do goes beyond what was approved, both as plan lines; `null` where it does the same, or only a
 * part of it.
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
