/** What stands between the values of a CSV file. */
export interface CsvSeparator {
  readonly delimiter: ',' | ';' | '\t'
  /** Length of the line `sep=;` that Excel writes before the header, with its end; 0: there is none. */
  readonly skip: number
}

/**
 * Finds the separator in the first line. Programs write semicolons where the language of the system writes numbers with
 * a comma. `head`: the beginning of the file.
 */
export function csvSeparator(head: string): CsvSeparator {
  const [hint = '', said] = /^sep=([,;\t])\r?\n/i.exec(head) ?? []
  if (said === ',' || said === ';' || said === '\t') return { delimiter: said, skip: hint.length }
  const line = (/^[^\r\n]*/.exec(head)?.[0] ?? '').replace(/"[^"]*"/g, '')
  for (const delimiter of [',', ';', '\t'] as const) if (line.includes(delimiter)) return { delimiter, skip: 0 }
  return { delimiter: ',', skip: 0 }
}
