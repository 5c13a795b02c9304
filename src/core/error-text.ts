/**
 * What an error says, for people. Drizzle puts a whole query with its values before what the database said, and Node's
 * AggregateError says nothing itself: there it is the cause that speaks. No parameter of a statement is in it.
 */
export function errorText(error: unknown): string {
  if (error instanceof AggregateError && error.message === '') return errorText(error.errors[0])
  if (!(error instanceof Error)) return withoutParameters(String(error))
  const wrapped = error.message.startsWith('Failed query:') && error.cause instanceof Error
  if (wrapped) return errorText(error.cause)
  return withoutParameters(isAboutValue(error) ? error.message.replace(/"[\s\S]*/, '…') : error.message)
}

/** How many causes of an error are followed: a longer chain is a circle. */
const CAUSES = 5

/** What an error and its causes say, and where each comes from, for the log. No parameter of a statement is in it. */
export function errorStack(error: unknown, causes = CAUSES): string {
  if (!(error instanceof Error)) return errorText(error)
  const own = [errorText(error), ...stackFrames(error)].join('\n')
  if (error.cause === undefined || causes === 0) return own
  return `${own}\nbecause: ${errorStack(error.cause, causes - 1)}`
}

/** The lines of a stack that name places. What stands before them repeats the message, which may hold anything. */
export function stackFrames(error: Error): readonly string[] {
  const stack = error.stack ?? ''
  const at = stack.indexOf(error.message)
  if (at === -1) return [] // the message was changed: where it ends is not known
  return stack
    .slice(at + error.message.length)
    .split('\n')
    .filter((line) => /^\s+at /.test(line))
}

/** A text without the parameters that drizzle puts after a failed statement: tokens, codes and addresses are among them. */
export function withoutParameters(text: string): string {
  return text.replace(/(Failed query:[\s\S]*?)\s*\bparams:[\s\S]*/, '$1')
}

/** SQLSTATE 22: a value is none of its type. PostgreSQL quotes it. */
function isAboutValue(error: Error): boolean {
  return 'severity' in error && 'code' in error && String(error.code).startsWith('22')
}
