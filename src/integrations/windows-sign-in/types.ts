/** How a server that signs people in as Windows does (Negotiate, NTLM) is to know us. Contains secrets. */

export type WindowsSignIn =
  | {
      readonly kind: 'kerberos'
      /** `KRB5CCNAME` and `KRB5_CLIENT_KTNAME` of MIT Kerberos. `null`: what the environment or the machine says. */
      readonly ticketCache: string | null
      readonly keytab: string | null
      /** `curl`: the program makes the request, where the package `kerberos` cannot be had. */
      readonly way: 'package' | 'curl'
    }
  | { readonly kind: 'ntlm'; readonly domain: string; readonly user: string; readonly password: string }
  /** `problem`: a sentence that says which variable is not set. Told with every request, so that other systems work without it. */
  | { readonly kind: 'missing'; readonly problem: string }

export interface WindowsFetchOptions {
  readonly signIn: WindowsSignIn
  /** Whether the certificate of the server is looked at. `false` only where the configuration says so in as many words. */
  readonly verified: boolean
  /**
   * PEM of authorities beside the usual ones, for curl; connections of this process trust those of `ca` in the file anyway.
   * Asked with every request.
   */
  readonly authorities: () => readonly string[]
  /** For tests: each host is at this IP address. */
  readonly at?: string
}
