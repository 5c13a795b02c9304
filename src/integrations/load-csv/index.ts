/** Load history from a CSV file: `time,value`. docs/integrations/load-csv.md */

import { Readable } from 'node:stream'
import { parse } from 'csv-parse'
import { DateTime } from 'luxon'
import { z } from 'zod'
import type { LoadSample, LoadSource } from '../../core/ports.ts'
import { readBoundedFile, unpackText } from '../bounded-file.ts'
import { csvProblem } from '../csv-problem.ts'
import { csvSeparator } from '../csv-separator.ts'
import { inputLimits } from '../input-limits.ts'

export interface CsvLoadOptions {
  readonly name: string
  readonly path: string
}

export function createCsvLoad({ name, path }: CsvLoadOptions): LoadSource {
  return {
    name,
    describe: path,
    async history(since, until, signal) {
      const samples = (await readLoadCsv(path, signal)).filter(
        ({ at }) => Date.parse(at) >= Date.parse(since) && Date.parse(at) < Date.parse(until),
      )
      if (samples.length === 0) throw new Error(`${path} has no sample from ${since} to ${until}.`)
      return samples
    },
  }
}

/** Reads all samples of a file, which may be packed with gzip. Returns them in order of time. Throws a sentence. */
export async function readLoadCsv(path: string, signal: AbortSignal): Promise<readonly LoadSample[]> {
  const { bytes } = await readBoundedFile(path, inputLimits.loadFileBytes)
  return parseLoadCsv(await unpackText(bytes, path, inputLimits.loadFileBytes), path, signal)
}

/**
 * Reads two columns, with or without a first line `time,value`. The time is ISO 8601 with a zone, or seconds since
 * 1970. A row without a value (empty or NaN) is a gap. For anything else it throws a sentence with the line.
 */
export async function parseLoadCsv(bytes: Buffer, path: string, signal: AbortSignal): Promise<readonly LoadSample[]> {
  const samples: LoadSample[] = []
  const { delimiter, skip } = csvSeparator(bytes.toString('utf8', 0, 1_000))
  const parser = Readable.from(slices(bytes.subarray(skip))).pipe(
    parse({
      delimiter,
      trim: true,
      skip_empty_lines: true,
      relax_column_count: true,
      info: true,
      max_record_size: 4_096,
    }),
  )
  let first = true
  try {
    for await (const value of parser) {
      const { record, info } = rowSchema.parse(value)
      const [time = '', amount = ''] = record
      const heading = first && /^[a-z_ ]+$/i.test(time)
      first = false
      if (heading) continue
      const at = instantOf(time)
      if (at === null) throw new Error(`${path}, line ${info.lines}: ${timeMend(time)}`)
      if (/^(nan|null|)$/i.test(amount)) continue
      if (!/^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(amount)) {
        throw new Error(`${path}, line ${info.lines}: ${shown(amount)} is not a number; write it with a decimal point.`)
      }
      samples.push({ at, value: Number(amount) })
      if (samples.length > inputLimits.loadSamples)
        throw new Error(`${path} has more than ${inputLimits.loadSamples} samples: one in five minutes is enough.`)
      if (samples.length % 4_096 === 0) signal.throwIfAborted()
    }
  } catch (error) {
    throw new Error(`${path} ${csvProblem(error)}.`, { cause: error })
  }
  if (samples.length === 0) throw new Error(`${path} holds no sample: each line is a time and a value.`)
  return samples.sort((a, b) => Date.parse(a.at) - Date.parse(b.at))
}

const rowSchema = z.object({ record: z.array(z.string()), info: z.object({ lines: z.number() }) })

/** Returns ISO 8601 UTC; `null` when the text is not an exact instant. */
function instantOf(time: string): string | null {
  if (/^\d{9,13}(\.\d+)?$/.test(time)) {
    // From 1973 on, times in milliseconds have at least 12 digits.
    const seconds = Number(time) >= 100_000_000_000 ? Number(time) / 1_000 : Number(time)
    return new Date(seconds * 1_000).toISOString()
  }
  const written = time.replace(' ', 'T')
  if (!/T.*(Z|[+-]\d{2}(:?\d{2})?)$/i.test(written)) return null
  return DateTime.fromISO(written, { zone: 'utc' }).toISO()
}

function timeMend(time: string): string {
  return `${shown(time)} is not a certain time; write it with its zone, such as 2026-10-01T02:00:00Z, or in seconds since 1970.`
}

function shown(text: string): string {
  return JSON.stringify(text.length > 60 ? `${text.slice(0, 60)}...` : text)
}

/**
 * Gives the parser small pieces, because it processes a piece without a pause. Other work can run between two pieces.
 */
function* slices(bytes: Buffer): Generator<Buffer> {
  for (let start = 0; start < bytes.length; start += 65_536) yield bytes.subarray(start, start + 65_536)
}
