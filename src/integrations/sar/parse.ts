import type { LoadSample } from '../../core/ports.ts'

export type SarMeasure = 'cpu' | 'load average'

export interface SarHistory {
  readonly samples: readonly LoadSample[]
  /** What could not be read on the host, in the host's words. */
  readonly problems: readonly string[]
}

/**
 * Reads what history.sh printed: `sadf -d -U`, sysstat 10 to 12, one header line for each file and restart. Busy CPU is
 * 100 less %idle, over all CPUs together; the load average is the one over 15 minutes. Each sample stands for the
 * middle of the time it was taken over. `null`: cut off.
 */
export function parseSar(output: string, measure: SarMeasure): SarHistory | null {
  const lines = output.split(/\r?\n/)
  if (!lines.includes('patchwarden-sar begin') || !lines.includes('patchwarden-sar end')) return null
  const samples: LoadSample[] = []
  const problems: string[] = []
  let columns: readonly string[] = []
  for (const line of lines) {
    const cells = line.split(';')
    if (cells[0] === 'problem') problems.push(cells.slice(1).join(';').slice(0, 200))
    else if (line.startsWith('# ')) columns = line.slice(2).split(';')
    else {
      const sample = cells.length === columns.length ? sampleOf(columns, cells, measure) : null
      if (sample !== null) samples.push(sample)
    }
  }
  return { samples: samples.sort((a, b) => Date.parse(a.at) - Date.parse(b.at)), problems }
}

function sampleOf(columns: readonly string[], cells: readonly string[], measure: SarMeasure): LoadSample | null {
  const cell = (name: string) => cells[columns.indexOf(name)] ?? ''
  const number = (name: string) => (/^\d+(\.\d+)?$/.test(cell(name)) ? Number(cell(name)) : Number.NaN)
  const end = number('timestamp')
  const seconds = number('interval')
  const value = measure === 'cpu' ? 100 - number('%idle') : number('ldavg-15')
  // -1 is all CPUs; another number is one of them.
  if (measure === 'cpu' && cell('CPU') !== '-1') return null
  const at = new Date((end - Math.min(seconds, 3_600) / 2) * 1_000)
  if (!Number.isFinite(value) || Number.isNaN(at.getTime())) return null
  return { at: at.toISOString(), value: Math.round(value * 100) / 100 }
}
