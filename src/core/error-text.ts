/**
 * What an error says, for people. Drizzle puts a whole query with its values before what the database said, and Node's
 * AggregateError says nothing itself: there it is the cause that speaks.
 */
export function errorText(error: unknown): string {
  if (error instanceof AggregateError && error.message === '') return errorText(error.errors[0])
  if (!(error instanceof Error)) return String(error)
  const wrapped = error.message.startsWith('Failed query:') && error.cause instanceof Error
  return wrapped ? errorText(error.cause) : error.message
}
