export interface ConnectionProblem {
  /** A sentence: what happened, where, and how to repair it. */
  readonly reason: string
  /** `no`: the script certainly did not begin on the host. */
  readonly begun: 'no' | 'maybe'
  /** What on this machine may tell more: the key files, or the way over a jump host. */
  readonly ask?: 'key' | 'way'
}

/** Messages of the OpenSSH client before a login is complete. The first pattern that fits is the cause. */
const beforeLogin: readonly (readonly [RegExp, (name: string, said: string) => string, 'key'?])[] = [
  [
    /REVOKED HOST KEY DETECTED|is marked as revoked/,
    (name) =>
      `${name} shows a host key that is revoked here (@revoked): it may have been stolen, and somebody else may be answering. Do not add it: give ${name} a new host key.`,
  ],
  [
    /REMOTE HOST IDENTIFICATION HAS CHANGED|Host key for .* has changed/,
    (name) =>
      `${name} shows another host key than the one on record: somebody else may be answering. If it was reinstalled, check the new key and replace the old one (ssh-keygen -R).`,
  ],
  [
    /No \S+ host key is known for|Host key verification failed/,
    (name, said) =>
      `The host key of ${name} is not known here: check its fingerprint and add it to the known hosts (${keyscan(said)}).`,
  ],
  [
    /^Load key ".*\.pub"|^Permissions \S+ for '.*\.pub' are/m,
    (_name, said) => `The key file ${keyFile(said)} is a public key: name the private one, without .pub.`,
  ],
  [
    /UNPROTECTED PRIVATE KEY FILE|bad permissions$/m,
    (name, said) =>
      `Others can read the key file ${keyFile(said)}, so ssh leaves it out and ${name} does not accept the login: chmod 600 it.`,
  ],
  [
    /^Load key ".*": .*(invalid format|error in libcrypto|unknown or unsupported key type)/m,
    (name, said) =>
      `The file ${keyFile(said)} is not a private key that ssh can read, so ${name} does not accept the login: check which file it is, and its format (ssh-keygen -y -f).`,
  ],
  [
    /signing failed for .*agent refused operation/,
    (name) =>
      `The SSH agent refused to use its key, so ${name} does not accept the login: unlock or confirm the key, or give this service one of its own.`,
  ],
  [
    /Too many authentication failures/i,
    (name) =>
      `${name} ended the login after too many keys: name the one that is meant (identityFile), so that no other is offered.`,
  ],
  [
    /Permission denied|no mutual signature/i,
    (name) => `${name} does not accept the login: check the user and the key.`,
    'key',
  ],
  [/Could not resolve hostname/, (name) => `The host name of ${name} cannot be resolved: check its address.`],
  [
    /Connection refused/,
    (name) => `${name} refuses the connection: check that it runs an SSH server and that the port is right.`,
  ],
  [/No route to host|Network is unreachable/, (name) => `There is no route to ${name}.`],
  [
    /connect to (host|address) .* timed out|timed out during banner exchange|Connection to .* timed out$/m,
    (name) => `${name} does not answer: the connection timed out.`,
  ],
  [
    /no matching (host key type|key exchange method|cipher|MAC) found/i,
    (name) => `${name} and the SSH client here share no way to encrypt: update the older of the two.`,
  ],
  [
    /kex_exchange_identification|banner exchange/,
    (name) => `${name} closed the connection before the login: it may be overloaded or limit logins (MaxStartups).`,
  ],
  [
    /Bad configuration option|Can't open user config file|terminating, \d+ bad configuration|Bad owner or permissions/,
    () => 'The SSH client cannot read its configuration: check the SSH configuration file.',
  ],
]

/** Finds out from the error output of the SSH client why a connection failed. */
export function connectionProblem(name: string, stderr: string): ConnectionProblem {
  // Both follow when the client lost its way to the host, whatever was wrong on that way.
  const way = /kex_exchange_identification|UNKNOWN port/.test(stderr) ? ({ ask: 'way' } as const) : {}
  for (const [pattern, sentence, ask] of beforeLogin) {
    if (pattern.test(stderr)) return { reason: sentence(name, stderr), begun: 'no', ...(ask ? { ask } : {}), ...way }
  }
  if (/Timeout, server|timed out/i.test(stderr)) {
    return { reason: `${name} stopped answering: the connection timed out.`, begun: 'maybe' }
  }
  const last = stderr.trim().split('\n').at(-1)?.trim().slice(0, 200) ?? ''
  // While ssh keeps a connection for others, it may say nothing at all of a proxy command that ended too early.
  if (last === '') return { reason: `The connection to ${name} was lost.`, begun: 'maybe', ask: 'way' }
  return { reason: `The connection to ${name} was lost (${last.replace(/\.$/, '')}).`, begun: 'maybe' }
}

/** One sentence that says why sudo did not run a root script; `null`: sudo did not refuse it. */
export function sudoProblem(name: string, stderr: string): string | null {
  if (/sudo: .*(password is required|not allowed|not in the sudoers)|is not in the sudoers file/.test(stderr)) {
    return `The login on ${name} may not use sudo without a password: allow it in /etc/sudoers.d, or log in as root.`
  }
  if (/sudo: .*must have a tty to run sudo/.test(stderr)) {
    return `sudo on ${name} wants a terminal (requiretty), and there is none: take that off for this login ("Defaults:LOGIN !requiretty" in /etc/sudoers.d), or log in as root.`
  }
  if (/sudo: (command )?not found|exec: sudo: /.test(stderr)) {
    return `${name} has no sudo, and the login is not root: install sudo or log in as root.`
  }
  return null
}

/** Why the shell of a login takes nothing of what is sent to it. */
export const STARTUP_FILE =
  'probably a start-up file of its shell (such as .bashrc) reads its input or waits. Let it do so only where there is a terminal.'

/**
 * One sentence where the host ended the login without running the script: what it printed has no line of ours. `null`:
 * it ran.
 */
export function ranInstead(
  name: string,
  { status, stdout, stderr }: { readonly status: number; readonly stdout: string; readonly stderr: string },
): string | null {
  if (/^@@ /m.test(stdout)) return null
  if (/password (has|is) expired|Password change required|must change your password/i.test(`${stdout}\n${stderr}`)) {
    return `The password of the login on ${name} has expired, so it runs nothing: set a new one there, or let it not expire (chage -M -1).`
  }
  if (/account has expired|account is expired/i.test(`${stdout}\n${stderr}`)) {
    return `The account of the login on ${name} has expired, so it runs nothing: renew it there (chage -E).`
  }
  if (sudoProblem(name, stderr) !== null) return null
  const said = firstLine(stdout) ?? (status === 0 ? null : firstLine(stderr))
  if (said === null)
    return status === 0 ? `${name} ran nothing of what was sent, and said nothing: ${STARTUP_FILE}` : null
  return `${name} runs something else instead of a shell for this login: ${JSON.stringify(said)}`
}

function firstLine(text: string): string | null {
  const line = text.split('\n').find((one) => one.trim() !== '')
  return line?.trim().slice(0, 200) ?? null
}

/** How the key is asked for, at the address that ssh names: `[198.51.100.7]:2222` with a port of its own. */
function keyscan(said: string): string {
  const [, place = ''] = /host key is known for (\S+) and/.exec(said) ?? []
  const [, host = place, port] = /^\[(.*)\]:(\d+)$/.exec(place) ?? []
  return ['ssh-keyscan', ...(port === undefined ? [] : ['-p', port]), ...(host === '' ? [] : [host])].join(' ')
}

/** The file that ssh speaks of, in quotation marks. */
function keyFile(said: string): string {
  const [, file] =
    /^Load key "(.*?)"|Permissions \S+ for '(.*?)' are/m.exec(said)?.filter((part) => part !== undefined) ?? []
  return file === undefined ? 'of this login' : JSON.stringify(file)
}
