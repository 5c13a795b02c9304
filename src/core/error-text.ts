/**
 * The message of an error, for people. Drizzle puts the whole query with its values before the database's message, and
 * Node's AggregateError has no message: in both cases the message of the cause is used. The text contains no statement
 * parameters.
 */
export function errorText(error: unknown): string {
  if (error instanceof AggregateError && error.message === '') return errorText(error.errors[0])
  if (!(error instanceof Error)) return withoutParameters(String(error))
  const wrapped = error.message.startsWith('Failed query:') && error.cause instanceof Error
  if (wrapped) return errorText(error.cause)
  return withoutParameters(isAboutValue(error) ? error.message.replace(/"[\s\S]*/, '…') : error.message)
}

/** How many causes of an error are followed. This also ends chains that are circles. */
const CAUSES = 5

/** The messages of an error and its causes, with their stack lines, for the log. Contains no statement parameters. */
export function errorStack(error: unknown, causes = CAUSES): string {
  if (!(error instanceof Error)) return errorText(error)
  const own = [errorText(error), ...stackFrames(error)].join('\n')
  if (error.cause === undefined || causes === 0) return own
  return `${own}\nbecause: ${errorStack(error.cause, causes - 1)}`
}

/** The lines of a stack that name places. The lines before them repeat the message, which may contain anything. */
export function stackFrames(error: Error): readonly string[] {
  const stack = error.stack ?? ''
  const at = stack.indexOf(error.message)
  if (at === -1) return [] // the message was changed, so its end is not known
  return stack
    .slice(at + error.message.length)
    .split('\n')
    .filter((line) => /^\s+at /.test(line))
}

/** A text without the parameters that Drizzle adds to a failed statement, such as tokens, codes and addresses. */
export function withoutParameters(text: string): string {
  return text.replace(/(Failed query:[\s\S]*?)\s*\bparams:[\s\S]*/, '$1')
}

/** SQLSTATE class 22: a value does not fit its type. PostgreSQL quotes the value in the message. */
function isAboutValue(error: Error): boolean {
  return 'severity' in error && 'code' in error && String(error.code).startsWith('22')
}
