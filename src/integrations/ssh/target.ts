import { knowsSessionType } from './client-version.ts'

/** How to reach a host over SSH. Values that are left out come from the SSH configuration. */
export interface SshTarget {
  /** Host name, address, or an alias in the SSH configuration. */
  readonly host: string
  readonly user?: string
  readonly port?: number
  /** Path of the private key. */
  readonly identityFile?: string
  readonly knownHostsFile?: string
  /** Path of an SSH configuration that replaces those of the user and the system. */
  readonly configFile?: string
  /** Seconds. Default 10. */
  readonly connectTimeoutSeconds?: number
}

export const DEFAULT_CONNECT_SECONDS = 10

/** Seconds without an answer after which a connection is given up. In this time ssh asks the host 3 times. */
export const SILENCE_SECONDS = 15

/** A connection or shell that nobody uses is closed after this many seconds. */
export const IDLE_SECONDS = 30

/** Runs standard input as a script, as the login. */
export const AS_USER = 'sh -s'
/**
 * Runs standard input as a script, as root. The text is constant and in single quotes, so every login shell understands
 * it.
 */
export const AS_ROOT = `sh -c 'if [ "$(id -u)" = 0 ]; then exec sh -s; else exec sudo -n sh -s; fi'`

/**
 * Runs scripts one after another. For each script we send a line "user BYTES MARK" or "root BYTES MARK". When the shell
 * prints MARK, we send the script. At its end the shell prints MARK with the exit status, and MARK on error output.
 * After a failed script the shell ends, because the unread rest of the script would be read as such lines. Each script
 * asks sudo anew, because the host may change its permission at any time.
 */
export const SHELL =
  'sh -c \'while read -r as size mark; do echo "$mark"; ' +
  'head -c "$size" | case $as in user) exec sh -s;; ' +
  'root) [ "$(id -u)" = 0 ] || exec sudo -n sh -s; exec sh -s;; *) exit 1;; esac; ' +
  'ended=$?; echo "$mark $ended"; echo "$mark" >&2; [ $ended = 0 ] || exit 1; ' +
  "done'"

const sessionOptions = [
  ...option('SessionType', 'default'),
  ...option('StdinNull', 'no'),
  ...option('ForkAfterAuthentication', 'no'),
]
/** A command of Windows. Both of its usual login shells, cmd.exe and PowerShell, take these words as they are. */
export type WindowsCommand = `powershell.exe ${string}`

/**
 * Arguments of the OpenSSH client. They never come from chat or feeds; still, values are refused that could be read as
 * an option or be expanded. `sharedConnection`: the socket of the connection to use; if there is no connection, ssh
 * opens it. Throws a sentence.
 */
export function sshArguments(
  target: SshTarget,
  remote: typeof AS_USER | typeof AS_ROOT | typeof SHELL | WindowsCommand,
  sharedConnection: string | null = null,
): readonly string[] {
  const { user, port } = target
  const name = hostName(target)
  const args = [
    ...commonArguments(target, sharedConnection),
    ...option('RequestTTY', 'no'),
    ...(knowsSessionType() ? sessionOptions : []),
  ]
  if (user !== undefined) args.push('-l', user)
  if (port !== undefined) args.push('-p', String(port))
  return [...args, '--', name, remote]
}

/** Arguments of sftp, which reads its commands from standard input. Throws a sentence. */
export function sftpArguments(target: SshTarget, sharedConnection: string | null = null): readonly string[] {
  const { user, port } = target
  const name = hostName(target)
  const args = [...commonArguments(target, sharedConnection), '-b', '-']
  if (user !== undefined) args.push(...option('User', user))
  if (port !== undefined) args.push('-P', String(port))
  return [...args, '--', name.includes(':') ? `[${name}]` : name]
}

function hostName({ host }: SshTarget): string {
  const name = /^\[(.*)\]$/.exec(host)?.[1] ?? host
  if (!/^[A-Za-z0-9_:][A-Za-z0-9._:-]*$/.test(name)) throw new Error(`${JSON.stringify(host)} is not a host name.`)
  return name
}

/** A login, also of a Windows domain: `CORP\svc` or `svc@corp.example`. */
const LOGIN = /^([A-Za-z0-9][A-Za-z0-9._-]*\\)?[A-Za-z_][A-Za-z0-9._-]*\$?(@[A-Za-z0-9][A-Za-z0-9.-]*)?$/

function commonArguments(target: SshTarget, sharedConnection: string | null): readonly string[] {
  const { user, port, identityFile, knownHostsFile, configFile } = target
  if (user !== undefined && !LOGIN.test(user)) throw new Error(`${JSON.stringify(user)} is not a login name.`)
  if (port !== undefined && (!Number.isInteger(port) || port < 1 || port > 65_535)) {
    throw new Error(`${port} is not a port.`)
  }
  const args = configFile === undefined ? [] : ['-F', configFile]
  const connect = target.connectTimeoutSeconds ?? DEFAULT_CONNECT_SECONDS
  args.push(
    ...option('BatchMode', 'yes'),
    ...option('StrictHostKeyChecking', 'yes'),
    ...option('ConnectTimeout', String(Math.max(1, Math.round(connect)))),
    ...option('ConnectionAttempts', '1'),
    ...option('ServerAliveInterval', String(SILENCE_SECONDS / 3)),
    ...option('ServerAliveCountMax', '3'),
    ...(sharedConnection === null
      ? [...option('ControlMaster', 'no'), ...option('ControlPath', 'none')]
      : [
          ...option('ControlMaster', 'auto'),
          ...option('ControlPath', quotedPath(sharedConnection)),
          ...option('ControlPersist', String(IDLE_SECONDS)),
        ]),
    ...option('ForwardAgent', 'no'),
    ...option('ClearAllForwardings', 'yes'),
    ...option('PermitLocalCommand', 'no'),
    // What people set for their own sessions. We say what is run, and send it on standard input.
    ...option('RemoteCommand', 'none'),
    ...option('LogLevel', 'ERROR'),
  )
  if (knownHostsFile !== undefined) args.push(...option('UserKnownHostsFile', quotedPath(knownHostsFile)))
  if (identityFile !== undefined) {
    args.push(...option('IdentityFile', quotedPath(identityFile)), ...option('IdentitiesOnly', 'yes'))
  }
  return args
}

function option(name: string, value: string): readonly string[] {
  return ['-o', `${name}=${value}`]
}

/** Quotes a path, because ssh splits paths at blanks and expands `%`. */
function quotedPath(path: string): string {
  if (/["\n\r\0]/.test(path)) throw new Error(`ssh cannot use a path with a quotation mark: ${JSON.stringify(path)}.`)
  return `"${path.replaceAll('%', '%%')}"`
}
