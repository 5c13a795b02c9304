export interface ConnectionProblem {
  /** A sentence: what happened, where, and how to repair it. */
  readonly reason: string
  /** `no`: the script certainly did not begin on the host. */
  readonly begun: 'no' | 'maybe'
}

/** Messages of the OpenSSH client before a login is complete. The first pattern that fits is the cause. */
const beforeLogin: readonly (readonly [RegExp, (name: string) => string])[] = [
  [
    /REMOTE HOST IDENTIFICATION HAS CHANGED|Host key for .* has changed/,
    (name) =>
      `${name} shows another host key than the one on record: somebody else may be answering. If it was reinstalled, check the new key and replace the old one (ssh-keygen -R).`,
  ],
  [
    /No \S+ host key is known for|Host key verification failed/,
    (name) =>
      `The host key of ${name} is not known here: check its fingerprint and add it to the known hosts (ssh-keyscan).`,
  ],
  [
    /Permission denied|Too many authentication failures|no mutual signature/i,
    (name) => `${name} does not accept the login: check the user and the key.`,
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
  for (const [pattern, sentence] of beforeLogin) {
    if (pattern.test(stderr)) return { reason: sentence(name), begun: 'no' }
  }
  if (/Timeout, server|timed out/i.test(stderr)) {
    return { reason: `${name} stopped answering: the connection timed out.`, begun: 'maybe' }
  }
  const last = stderr.trim().split('\n').at(-1)?.trim().slice(0, 200)
  const words = last === undefined || last === '' ? '' : ` (${last.replace(/\.$/, '')})`
  return { reason: `The connection to ${name} was lost${words}.`, begun: 'maybe' }
}

/** One sentence that says why sudo did not run a root script; `null`: sudo did not refuse it. */
export function sudoProblem(name: string, stderr: string): string | null {
  if (/sudo: .*(password is required|not allowed|not in the sudoers)|is not in the sudoers file/.test(stderr)) {
    return `The login on ${name} may not use sudo without a password: allow it in /etc/sudoers.d, or log in as root.`
  }
  if (/sudo: (command )?not found|exec: sudo: /.test(stderr)) {
    return `${name} has no sudo, and the login is not root: install sudo or log in as root.`
  }
  return null
}
