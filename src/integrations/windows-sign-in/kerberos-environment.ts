import { isIP } from 'node:net'
import { fileURLToPath } from 'node:url'
import { SignInProblem } from '../http/sent.ts'

/** Where tickets and keys come from. `null`: what the environment of the service or the machine says. */
export interface KerberosNames {
  readonly ticketCache: string | null
  readonly keytab: string | null
}

/** As the service was started: later, these variables are ours. */
const { KRB5_CONFIG, KRB5CCNAME, KRB5_CLIENT_KTNAME } = process.env
const ourFile = fileURLToPath(new URL('./names.krb5.conf', import.meta.url))

/** The variables that MIT Kerberos reads. `undefined`: not set. */
export function kerberosEnvironment({ ticketCache, keytab }: KerberosNames) {
  return {
    // The first file that says something wins.
    KRB5_CONFIG: `${ourFile}:${KRB5_CONFIG ?? '/etc/krb5.conf'}`,
    KRB5CCNAME: ticketCache ?? KRB5CCNAME,
    KRB5_CLIENT_KTNAME: keytab ?? KRB5_CLIENT_KTNAME,
  }
}

/** The name that the service is registered under. Throws a SignInProblem for an address that cannot have one. */
export function serverName(input: string | URL | Request): string {
  const host = new URL(input instanceof Request ? input.url : input).hostname.toLowerCase()
  if (host === 'localhost' || (host.includes('.') && isIP(host) === 0 && !host.startsWith('['))) return host
  throw new SignInProblem(
    `Kerberos knows servers by their full names, and "${host}" is none: write the address with it, such as https://server.corp.example`,
  )
}
