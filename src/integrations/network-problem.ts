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
    case 'DEPTH_ZERO_SELF_SIGNED_CERT':
    case 'SELF_SIGNED_CERT_IN_CHAIN':
    case 'UNABLE_TO_GET_ISSUER_CERT':
    case 'UNABLE_TO_GET_ISSUER_CERT_LOCALLY':
    case 'UNABLE_TO_VERIFY_LEAF_SIGNATURE':
      return 'its certificate is of an authority that is not known here: put the certificate of the authority into a file (PEM), and name that in `ca` of patchwarden.yaml'
    case 'CERT_HAS_EXPIRED':
      return 'its certificate has expired'
    case 'CERT_NOT_YET_VALID':
      return 'its certificate is not valid yet: check the clock here'
    case 'ERR_TLS_CERT_ALTNAME_INVALID':
      return 'its certificate is for another name: write the name that the certificate is for'
    case 'ERR_SSL_WRONG_VERSION_NUMBER':
    case 'ERR_SSL_PACKET_LENGTH_TOO_LONG':
    case 'EPROTO':
      return 'it does not speak TLS there: is it http:// or another port?'
  }
  // The message quotes the whole address with its password.
  if (cause instanceof Error && /includes credentials/.test(cause.message)) {
    return 'the address holds a user name or a password, which is not sent: leave it out'
  }
  const message = cause instanceof Error ? cause.message : String(cause)
  if (message === 'bad port') return 'HTTP clients refuse this port, because other protocols use it'
  return message === '' ? 'it failed without saying why' : message.slice(0, 200)
}
