/** Says what Kerberos refused, for who runs the service. */

import { waysOffered } from './offered.ts'

/** By what MIT Kerberos says. */
const byWords: readonly (readonly [RegExp, (host: string) => string])[] = [
  [
    /ticket expired|credentials? (?:have|has|cache) ?expired/i,
    () => 'the Kerberos ticket has expired: renew it (kinit), or name a keytab, with which it renews itself',
  ],
  [
    /client .*not found in Kerberos database/i,
    () => 'the Kerberos server does not know the account of the keytab or the ticket: was it renamed or deleted?',
  ],
  [
    /not found in Kerberos database|unknown server/i,
    (host) =>
      `the Kerberos server knows no service HTTP/${host}: write the address with the name that the server is registered under (setspn -Q HTTP/${host})`,
  ],
  [/clock skew/i, () => 'the clocks here and at the Kerberos server differ by more than five minutes: set them (NTP)'],
  [
    /preauthentication failed|decrypt integrity|password incorrect/i,
    () =>
      'the Kerberos server does not take the keytab: the password of the account was changed since the keytab was made',
  ],
  [/revoked|locked out/i, () => 'the account is locked or switched off in the domain'],
  [/password has expired/i, () => 'the password of the account has expired'],
  [
    /cannot contact any KDC|cannot (?:find|resolve|locate) .*KDC|cannot resolve network address/i,
    () => 'no Kerberos server of the realm can be reached: is it named in krb5.conf or in DNS, and is port 88 open?',
  ],
  [
    /cannot (?:find|determine) (?:KDC for|realm)|default realm/i,
    () => 'it is not known which Kerberos realm is asked: name it as default_realm in krb5.conf',
  ],
  [
    /encryption type|etype/i,
    () => 'the account, the server and this machine have no kind of encryption in common: allow AES for the account',
  ],
  [
    /no (?:kerberos )?credentials|credentials cache|keytab|no such file|permission denied/i,
    () =>
      'there is no Kerberos ticket here that can be read, and no key to get one: name a keytab that the user of the service may read, or run kinit as that user',
  ],
]

/** A clause for what the Kerberos of the machine said when a token was to be made. */
export function kerberosProblem(host: string, said: string): string {
  for (const [pattern, words] of byWords) if (pattern.test(said)) return words(host)
  const last = said.split(/provide more information: ?|: ?(?=[A-Z])/).at(-1) ?? said
  return `Kerberos gives no ticket for HTTP/${host} (${last.trim().slice(0, 200)})`
}

/** `offered`: the ways to sign in that the server names in its refusal. */
export function refusedTicket(host: string, offered: string | null): string {
  if (offered !== null && !/negotiate|kerberos/i.test(offered)) {
    return `${host} takes no Kerberos, but ${waysOffered(offered).join(', ')}: write another way under signIn, or switch Windows authentication on there`
  }
  return `${host} does not take our Kerberos ticket: its clock may differ by more than five minutes, HTTP/${host} may be registered for another account than its service runs as, or its password changed since the ticket was made (kdestroy, then try again)`
}
