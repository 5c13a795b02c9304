/** Settings of a server that signs people in as Windows does. A kind spreads them into its connection. */

import { z } from 'zod'
import { trustedAuthorities } from '../../config/authorities.ts'
import { filePath, optional, text } from '../../config/fields.ts'
import type { PathSetting } from '../../config/kind.ts'
import type { Values } from '../../core/variables.ts'
import type { WindowsFetchOptions, WindowsSignIn } from './types.ts'

export const windowsSignIn = {
  signIn: z
    .enum(['kerberos', 'kerberos by curl', 'ntlm'], { error: 'Write kerberos, kerberos by curl or ntlm.' })
    .default('kerberos')
    .describe(
      'How it knows us. `kerberos` needs the package of that name, `kerberos by curl` the program. `ntlm` sends a user and a password.',
    ),
  keytab: optional(filePath).describe(
    'With Kerberos: the file with the key of the account. Default: what KRB5_CLIENT_KTNAME says.',
  ),
  ticketCache: optional(text('Write where the tickets are, such as FILE:/run/patchwarden/krb5cc.', 4_096)).describe(
    'With Kerberos: where its tickets are. Default: what KRB5CCNAME says, or the place that the machine uses.',
  ),
  user: optional(
    text('Write domain and user, such as CORP\\svc-patch.', 200).regex(/^[^\\@\s]+\\[^\\@]+$/, {
      error: 'Write domain and user, such as CORP\\svc-patch.',
    }),
  ).describe('With NTLM: the domain and the user, such as `CORP\\svc-patch`.'),
  certificate: z
    .enum(['verified', 'not verified'], { error: 'Write verified or not verified.' })
    .default('verified')
    .describe(
      '`not verified`: whoever stands between can read and change everything. Better: name its authority under `ca`.',
    ),
}

/** For `paths` of each role that has these settings. */
export const windowsSignInPaths: Readonly<Record<string, PathSetting>> = { keytab: 'path' }

type Settings = z.output<z.ZodObject<typeof windowsSignIn>>

/** For `windowsFetch`. `password`: the variable that holds the password for NTLM. */
export function windowsFetchOptions(settings: Settings, values: Values, password: string): WindowsFetchOptions {
  return {
    signIn: signInOf(settings, values, password),
    verified: settings.certificate === 'verified',
    authorities: trustedAuthorities,
  }
}

function signInOf({ signIn, keytab, ticketCache, user }: Settings, values: Values, variable: string): WindowsSignIn {
  if (signIn !== 'ntlm')
    return { kind: 'kerberos', ticketCache, keytab, way: signIn === 'kerberos' ? 'package' : 'curl' }
  const password = values[variable]
  if (user === null) return { kind: 'missing', problem: 'there is no "user" for NTLM: write it as CORP\\svc-patch' }
  if (password === undefined)
    return {
      kind: 'missing',
      problem: `${variable} is not set: put the password into the environment or into .env, or name a file that holds it (${variable}_FILE)`,
    }
  const [domain = '', name = ''] = user.split('\\')
  return { kind: 'ntlm', domain, user: name, password }
}
