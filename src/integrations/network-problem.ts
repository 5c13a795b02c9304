import { errorCode } from './bounded-file.ts'

/** Says why a connection failed, in words that an operator knows. */
export function networkProblem(error: unknown): string {
  const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error
  switch (errorCode(cause)) {
    case 'ECONNREFUSED':
      return 'connection refused'
    case 'ECONNRESET':
    case 'EPIPE':
      return 'the connection was reset'
    case 'UND_ERR_SOCKET':
      return 'the connection was closed'
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
      return 'the host name cannot be resolved'
    case 'EHOSTUNREACH':
    case 'ENETUNREACH':
      return 'no route to the host'
  }
  // The message quotes the whole address with its password.
  if (cause instanceof Error && /includes credentials/.test(cause.message)) {
    return 'the address holds a user name or a password, which is not sent: leave it out'
  }
  const message = cause instanceof Error ? cause.message : String(cause)
  if (message === 'bad port') return 'HTTP clients refuse this port, because other protocols use it'
  return message === '' ? 'it failed without saying why' : message.slice(0, 200)
}
