import type { LoadSample } from '../../core/ports.ts'

export type SarMeasure = 'cpu' | 'load average'

export interface SarHistory {
  readonly samples: readonly LoadSample[]
  /** What could not be read on the host, in the words of the host. */
  readonly problems: readonly string[]
}

/**
 * Reads the output of history.sh: `sadf -d -U` of sysstat 10 to 12, with one header line for each file and restart.
 * Busy CPU is 100 minus %idle, over all CPUs together. The load average is the one over 15 minutes. The time of a
 * sample is the middle of its interval. `null`: the output was cut off.
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
  // -1 stands for all CPUs together; other numbers are single CPUs.
  if (measure === 'cpu' && cell('CPU') !== '-1') return null
  const at = new Date((end - Math.min(seconds, 3_600) / 2) * 1_000)
  if (!Number.isFinite(value) || Number.isNaN(at.getTime())) return null
  return { at: at.toISOString(), value: Math.round(value * 100) / 100 }
}
