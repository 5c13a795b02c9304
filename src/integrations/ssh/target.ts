/** How to reach a host over SSH. For what is left out, the SSH configuration counts. */
export interface SshTarget {
  /** Host name, address, or an alias in the SSH configuration. */
  readonly host: string
  readonly user?: string
  readonly port?: number
  /** Path of the private key. */
  readonly identityFile?: string
  readonly knownHostsFile?: string
  /** Path of an SSH configuration to use instead of the user's and the system's. */
  readonly configFile?: string
  /** Default 10. */
  readonly connectTimeoutSeconds?: number
}

export const DEFAULT_CONNECT_SECONDS = 10

/** A silent connection is given up after this many seconds; 3 questions without an answer. */
export const SILENCE_SECONDS = 15

/** A connection or shell that nobody uses is closed after this many seconds. */
export const IDLE_SECONDS = 30

/** Runs what comes on standard input, as the account that logs in. */
export const AS_USER = 'sh -s'
/** Runs it as root. Constant text in single quotes: any login shell understands it. */
export const AS_ROOT = `sh -c 'if [ "$(id -u)" = 0 ]; then exec sh -s; else exec sudo -n sh -s; fi'`

/**
 * Runs one script after another. Before each script comes a line "user BYTES MARK" or "root BYTES MARK"; the script
 * follows when the mark stands on standard output. After it the mark stands there again, with the exit status, and on
 * error output. If a script fails, what it left unread would be taken for such lines, so it is the last one. Each
 * script asks sudo anew: whether the login may be root is up to the host, at any time.
 */
export const SHELL =
  'sh -c \'while read -r as size mark; do echo "$mark"; ' +
  'head -c "$size" | case $as in user) exec sh -s;; ' +
  'root) [ "$(id -u)" = 0 ] || exec sudo -n sh -s; exec sh -s;; *) exit 1;; esac; ' +
  'ended=$?; echo "$mark $ended"; echo "$mark" >&2; [ $ended = 0 ] || exit 1; ' +
  "done'"

/**
 * Arguments of the OpenSSH client. Nothing in them comes from chat or feeds; still, whatever could be read as an option
 * or expanded is refused. `sharedConnection`: the socket of a connection to use, and to open where there is none.
 * Throws a sentence.
 */
export function sshArguments(
  target: SshTarget,
  remote: typeof AS_USER | typeof AS_ROOT | typeof SHELL,
  sharedConnection: string | null = null,
): readonly string[] {
  const { host, user, port, identityFile, knownHostsFile, configFile } = target
  const name = /^\[(.*)\]$/.exec(host)?.[1] ?? host
  if (!/^[A-Za-z0-9_:][A-Za-z0-9._:-]*$/.test(name)) throw new Error(`${JSON.stringify(host)} is not a host name.`)
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
    ...option('RequestTTY', 'no'),
    ...option('LogLevel', 'ERROR'),
  )
  if (knownHostsFile !== undefined) args.push(...option('UserKnownHostsFile', quotedPath(knownHostsFile)))
  if (identityFile !== undefined) {
    args.push(...option('IdentityFile', quotedPath(identityFile)), ...option('IdentitiesOnly', 'yes'))
  }
  if (user !== undefined) {
    if (!/^[A-Za-z_][A-Za-z0-9._-]*\$?$/.test(user)) throw new Error(`${JSON.stringify(user)} is not a login name.`)
    args.push('-l', user)
  }
  if (port !== undefined) {
    if (!Number.isInteger(port) || port < 1 || port > 65_535) throw new Error(`${port} is not a port.`)
    args.push('-p', String(port))
  }
  return [...args, '--', name, remote]
}

function option(name: string, value: string): readonly string[] {
  return ['-o', `${name}=${value}`]
}

/** ssh splits paths at blanks and expands `%`. */
function quotedPath(path: string): string {
  if (/["\n\r\0]/.test(path)) throw new Error(`ssh cannot use a path with a quotation mark: ${JSON.stringify(path)}.`)
  return `"${path.replaceAll('%', '%%')}"`
}
