import { CsvError } from 'csv-parse'

/** What is wrong with a CSV text, as a clause that continues its name. Other errors than those of the parser are thrown. */
export function csvProblem(error: unknown): string {
  if (!(error instanceof CsvError)) throw error
  const where = typeof error.lines === 'number' ? `line ${error.lines}` : 'a line'
  switch (error.code) {
    case 'CSV_QUOTE_NOT_CLOSED':
      return 'is cut off inside a quoted value: a quotation mark is opened and not closed'
    case 'INVALID_OPENING_QUOTE':
      return `is not valid CSV: ${where} has a quotation mark inside a value that is not quoted; write the value in quotation marks, and each of its own twice`
    case 'CSV_INVALID_CLOSING_QUOTE':
    case 'CSV_NON_TRIMABLE_CHAR_AFTER_CLOSING_QUOTE':
      return `is not valid CSV: ${where} has more behind a closing quotation mark; write a quotation mark inside of a value twice`
    case 'CSV_MAX_RECORD_SIZE':
      return `is not valid CSV: ${where} ends a row that is too long; a quotation mark may not be closed`
    case 'CSV_RECORD_INCONSISTENT_FIELDS_LENGTH':
    case 'CSV_RECORD_INCONSISTENT_COLUMNS':
      return `is not valid CSV: ${where} has another number of values than the first`
    default:
      return `is not valid CSV in ${where}`
  }
}
