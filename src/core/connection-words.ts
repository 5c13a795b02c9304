const unknownAuthority =
  'its certificate is of an authority that is not known here: put the certificate of the authority into a file (PEM), and name that in `ca` of patchwarden.yaml'
const noTls = 'it does not speak TLS there: is it http:// or another port?'
const noCommonTls = 'it and Patchwarden have no version of TLS or way to encrypt in common: update the older of the two'
const unusable = 'its certificate cannot be used: look at it with openssl s_client, and give it another'
const notResolved = 'the host name cannot be resolved'
const noHttp = 'what answers there does not speak HTTP: check the port'

/** By the codes of Node.js, its HTTP client and OpenSSL, whose own words are for programmers. */
const words: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'connection refused',
  ECONNRESET: 'the connection was reset',
  EPIPE: 'the connection was reset',
  ECONNABORTED: 'the connection was reset',
  CONNECTION_CLOSED: 'the connection was closed',
  UND_ERR_SOCKET: 'the connection was closed',
  ETIMEDOUT: 'no answer in time',
  UND_ERR_CONNECT_TIMEOUT: 'no answer in time',
  UND_ERR_HEADERS_TIMEOUT: 'no answer in time',
  UND_ERR_BODY_TIMEOUT: 'its answer stopped half way',
  UND_ERR_RES_CONTENT_LENGTH_MISMATCH: 'its answer is shorter or longer than it says itself',
  UND_ERR_HEADERS_OVERFLOW: 'its answer has longer headers than can be read',
  Z_DATA_ERROR: 'its answer is not compressed as it says itself',
  Z_BUF_ERROR: 'its answer was cut off',
  ENOTFOUND: notResolved,
  EAI_AGAIN: notResolved,
  EAI_FAIL: notResolved,
  EAI_NODATA: notResolved,
  EHOSTUNREACH: 'no route to the host',
  ENETUNREACH: 'no route to the host',
  EHOSTDOWN: 'no route to the host',
  ENETDOWN: 'the network is down here',
  EADDRNOTAVAIL: 'there is no free port or address for it here',
  EACCES: 'this machine does not allow the connection',
  EPERM: 'this machine does not allow the connection',
  ENOENT: 'there is no such socket',
  EMFILE: 'too many files are open here: raise the limit of the process',
  ENFILE: 'too many files are open here: raise the limit of the system',
  DEPTH_ZERO_SELF_SIGNED_CERT: unknownAuthority,
  SELF_SIGNED_CERT_IN_CHAIN: unknownAuthority,
  UNABLE_TO_GET_ISSUER_CERT: unknownAuthority,
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: unknownAuthority,
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: unknownAuthority,
  CERT_UNTRUSTED: unknownAuthority,
  CERT_HAS_EXPIRED: 'its certificate has expired',
  CERT_NOT_YET_VALID: 'its certificate is not valid yet: check the clock here',
  CERT_REVOKED: 'its certificate was revoked: give it a new one',
  CERT_REJECTED: unusable,
  CERT_CHAIN_TOO_LONG: unusable,
  CERT_SIGNATURE_FAILURE: unusable,
  INVALID_CA:
    'the certificate in `ca`, or one that it sends, is not of an authority: name the certificate that signed the others',
  INVALID_PURPOSE: 'its certificate is not for a server: give it one with the purpose serverAuth',
  HOSTNAME_MISMATCH: 'its certificate is for another name: write the name that the certificate is for',
  ERR_TLS_CERT_ALTNAME_INVALID: 'its certificate is for another name: write the name that the certificate is for',
  ERR_TLS_CERT_ALTNAME_FORMAT: unusable,
  ERR_SSL_EE_KEY_TOO_SMALL: 'its certificate has a key that is too short to be safe: give it a new one',
  ERR_SSL_CA_KEY_TOO_SMALL: 'the authority of its certificate has a key that is too short to be safe',
  ERR_SSL_CA_MD_TOO_WEAK: 'its certificate is signed in a way that is no longer safe: give it a new one',
  ERR_SSL_WRONG_VERSION_NUMBER: noTls,
  ERR_SSL_PACKET_LENGTH_TOO_LONG: noTls,
  ERR_SSL_HTTP_REQUEST: noTls,
  EPROTO: noTls,
  ERR_SSL_TLSV1_ALERT_PROTOCOL_VERSION: noCommonTls,
  ERR_SSL_UNSUPPORTED_PROTOCOL: noCommonTls,
  ERR_SSL_SSLV3_ALERT_HANDSHAKE_FAILURE: noCommonTls,
  ERR_SSL_TLSV1_ALERT_INSUFFICIENT_SECURITY: noCommonTls,
  ERR_SSL_NO_CIPHERS_AVAILABLE: noCommonTls,
  ERR_SSL_DH_KEY_TOO_SMALL: noCommonTls,
  ERR_SSL_UNSAFE_LEGACY_RENEGOTIATION_DISABLED: noCommonTls,
  ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED: 'it wants a certificate of ours, and there is none for it',
  ERR_SSL_TLSV1_ALERT_UNKNOWN_CA: 'it does not accept our certificate',
  ERR_SSL_TLSV1_UNRECOGNIZED_NAME: 'it has no certificate for this name: write the name that it is called by',
}

/** What went wrong with a connection, as a clause that follows a colon. `code`: of the error, or its name if it has none. */
export function connectionWords(code: string): string | null {
  const known = Object.hasOwn(words, code) ? words[code] : undefined
  if (known !== undefined) return known
  if (code.startsWith('HPE_') || code === 'HTTPParserError') return noHttp
  if (code.startsWith('ERR_SSL_')) return `no TLS connection to it can be made (${code})`
  return null
}
