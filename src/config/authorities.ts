import { X509Certificate } from 'node:crypto'
import tls from 'node:tls'
import { readTextFile } from './text-file.ts'

const MOST_BYTES = 1_000_000
const PEM = /-----BEGIN (?:TRUSTED )?CERTIFICATE-----[\s\S]+?-----END (?:TRUSTED )?CERTIFICATE-----/g

export type ReadAuthorities =
  | { readonly ok: true; readonly certificates: readonly string[] }
  /** `what` continues a sentence that begins with the file. */
  | { readonly ok: false; readonly what: string; readonly fix: string }

/** Reads the certificates of authorities from a file in the format PEM. */
export function readAuthorities(path: string): ReadAuthorities {
  const file = readTextFile(path, MOST_BYTES)
  if (!file.ok) return { ok: false, what: file.what, fix: howToFix }
  const certificates = file.text.match(PEM) ?? []
  if (certificates.length === 0) return { ok: false, what: 'holds no certificate', fix: howToFix }
  for (const [index, text] of certificates.entries()) {
    try {
      new X509Certificate(text)
    } catch {
      return { ok: false, what: `holds a certificate that cannot be read, its number ${index + 1}`, fix: howToFix }
    }
  }
  return { ok: true, certificates }
}

const howToFix = 'Name a file with the certificate of the authority as PEM: it begins with -----BEGIN CERTIFICATE-----.'

const create = tls.createSecureContext
let trusted: readonly string[] = []

/**
 * Lets every TLS connection of this thread trust these authorities beside those that Node.js knows. It is done where
 * connections are made, because Node.js 20 has no other way after its start. A connection with authorities of its own
 * (a database address with sslrootcert) keeps those.
 */
export function trustAuthorities(certificates: readonly string[]): void {
  trusted = certificates
  if (certificates.length === 0 || tls.createSecureContext !== create) return
  tls.createSecureContext = (options) => {
    const made = create(options)
    if (options?.ca === undefined) for (const certificate of trusted) made.context.addCACert(certificate)
    return made
  }
}

/** What is trusted now. A new thread has to be told. */
export function trustedAuthorities(): readonly string[] {
  return trusted
}
