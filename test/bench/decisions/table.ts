import { percentile } from '../percentile.ts'

const WIDTH = 46

export function heading(what: string): void {
  const columns = ['votes', 'min', 'median', 'p95', 'p99', 'max'].map((name) => name.padStart(9))
  console.log(`\n${what.padEnd(WIDTH)}${columns.join('')}   (ms)`)
}

export function row(what: string, took: readonly number[]): void {
  const values = [0, 0.5, 0.95, 0.99, 1].map((share) => percentile(took, share).toFixed(1).padStart(9))
  console.log(`${`  ${what}`.padEnd(WIDTH)}${String(took.length).padStart(9)}${values.join('')}`)
}

/** Says whether a floor holds. */
export function floor(what: string, value: number, most: number, unit: string): void {
  const shown = `${value.toFixed(value < 10 ? 2 : 0)}${unit}`
  console.log(`  ${what}: ${shown}, at most ${most}${unit}: ${value <= most ? 'holds' : 'DOES NOT HOLD'}`)
}

export function megabytes(bytes: number): string {
  return `${(bytes / 2 ** 20).toFixed(bytes < 2 ** 20 ? 3 : 1)} MB`
}
