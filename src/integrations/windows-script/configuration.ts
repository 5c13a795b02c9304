/** Settings of a Windows server on which a script runs, reached over SSH. A kind spreads them into its connection. */

import type { z } from 'zod'
import { host } from '../../config/asset-settings.ts'
import { duration, filePath, optional, port, text } from '../../config/fields.ts'
import { present } from '../../config/present.ts'
import type { RemoteOptions } from './remote.ts'

const loginMend = 'Write a login, such as patch, CORP\\patch or patch@corp.example.'
export const windowsLogin = text(loginMend, 100).regex(
  /^(?:[A-Za-z0-9][A-Za-z0-9._-]*\\)?[A-Za-z_][A-Za-z0-9._-]*\$?(?:@[A-Za-z0-9][A-Za-z0-9.-]*)?$/,
  { error: loginMend },
)

/** How the script is reached, beside host and login. */
export const overSsh = {
  port: optional(port).describe('SSH port. Default: what the SSH configuration says.'),
  identityFile: optional(filePath).describe('Private key. Default: what the SSH configuration says.'),
  knownHostsFile: optional(filePath).describe('Known host keys. Default: what the SSH configuration says.'),
  sshConfig: optional(filePath).describe("SSH configuration to use. Default: the user's own."),
  connectTimeout: duration({ unit: 's', minimum: 1, maximum: 300 })
    .prefault('10 s')
    .describe('How long to wait for a connection.'),
  folder: optional(text('Write a folder.')).describe(
    'Where the script lies there. Default: .patchwarden in the home of the login.',
  ),
}
export const scriptHostPaths = { identityFile: 'path', knownHostsFile: 'path', sshConfig: 'path' } as const

/** For a system whose server may be left out. `what`: the meaning of `host`. */
export function scriptHost(what: string) {
  return {
    host: optional(host).describe(what),
    login: optional(windowsLogin).describe('Login there, also of a domain. Default: what the SSH configuration says.'),
    ...overSsh,
  }
}

type OverSsh = z.output<z.ZodObject<typeof overSsh>>

export function targetOf(
  { port, identityFile, knownHostsFile, sshConfig, connectTimeout, folder }: OverSsh,
  { host, user }: { readonly host: string; readonly user: string | null },
): Pick<RemoteOptions, 'name' | 'target' | 'folder'> {
  const own = present({ user, port, identityFile, knownHostsFile, configFile: sshConfig })
  return { name: host, target: { host, connectTimeoutSeconds: connectTimeout, ...own }, ...present({ folder }) }
}

/** `null`: no server is named. */
export function scriptTarget(
  settings: OverSsh & { readonly host: string | null; readonly login: string | null },
): Pick<RemoteOptions, 'name' | 'target' | 'folder'> | null {
  const { host, login } = settings
  return host === null ? null : targetOf(settings, { host, user: login })
}
