/**
 * A Windows domain on 127.0.0.1, as far as a client of it sees: a real Kerberos server (MIT) and a real Apache with TLS that signs
 * in by Kerberos or by NTLM, in front of a server of ours. All its files are in a folder of its own.
 */

import { execFileSync, type SpawnOptions, spawn, spawnSync } from 'node:child_process'
import { chmodSync, chownSync, existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { createServer, type IncomingMessage } from 'node:http'
import path from 'node:path'
import { freePort } from './sshd.ts'
import { temporaryFolder } from './temporary-folder.ts'
import { until } from './until.ts'

const MODULES = '/usr/lib/apache2/modules'
const needed = [
  ['/usr/sbin/krb5kdc', 'krb5-kdc'],
  ['/usr/sbin/kadmin.local', 'krb5-admin-server'],
  ['/usr/bin/kinit', 'krb5-user'],
  ['/usr/sbin/apache2', 'apache2'],
  [`${MODULES}/mod_auth_gssapi.so`, 'libapache2-mod-auth-gssapi'],
  ['/etc/gss/mech.d/mech.ntlmssp.conf', 'gss-ntlmssp'],
] as const

const missing = needed.flatMap(([file, name]) => (existsSync(file) ? [] : [name]))
/** Why no domain can be started here; `null`: it can. */
export const noDomain = missing.length === 0 ? null : `there is no ${missing.join(', ')} here (Debian: apt install)`

export const USER = 'svc-patch'
export const PASSWORD = 'With "quotes", \\ and ümlaut!'
const REALM = 'CORP.EXAMPLE'
const HOST = 'cm01.corp.example'

/** What reached the server behind the sign-in. */
export interface Arrived {
  readonly method: string
  readonly path: string
  readonly headers: IncomingMessage['headers']
  readonly body: string
}

export interface WindowsDomain {
  readonly folder: string
  /** The address of the server that takes Kerberos alone, of the one that takes NTLM alone. */
  readonly kerberos: string
  readonly ntlm: string
  /** The file and the text of the authority of their certificates. */
  readonly caFile: string
  readonly ca: string
  /** For KRB5_CONFIG. */
  readonly krb5Config: string
  readonly keytab: string
  readonly arrived: Arrived[]
  /** `METHOD STATUS` of each request that Apache has answered since the last call. */
  requests(): Promise<readonly string[]>
  /** Gets a ticket into a cache of this name and returns it, for KRB5CCNAME. */
  ticket(name: string, lifetime: string): string
  /** Runs a command of kadmin. */
  admin(command: string): void
  stop(): Promise<void>
}

/** Apache and the Kerberos server run as somebody else where the tests run as root, as they do in earnest. */
const isRoot = process.getuid?.() === 0
const NOBODY = 65_534
const asOther: SpawnOptions = isRoot ? { uid: NOBODY, gid: NOBODY } : {}

export async function windowsDomain(): Promise<WindowsDomain> {
  const folder = temporaryFolder('pw-domain')
  chmodSync(folder, 0o755)
  const file = (name: string, text = '') => {
    const place = path.join(folder, name)
    if (text !== '') writeFileSync(place, text)
    return place
  }
  mkdirSync(file('keys'))
  const [kdcPort, kerberosPort, ntlmPort] = [await freePort(), await freePort(), await freePort()]
  const krb5Config = file('krb5.conf', clientConfiguration(kdcPort))
  const environment = {
    PATH: '/usr/sbin:/usr/bin:/sbin:/bin',
    LC_ALL: 'C',
    KRB5_CONFIG: krb5Config,
    KRB5_KDC_PROFILE: file('kdc.conf', serverConfiguration(folder, kdcPort)),
    KRB5RCACHENAME: `dfl:`,
    KRB5RCACHEDIR: file('keys'),
    NTLM_USER_FILE: file('ntlm-users', `CORP:${USER}:${PASSWORD}\n`),
  }
  const run = (command: string, ...args: readonly string[]) =>
    execFileSync(command, args, { env: environment, stdio: ['ignore', 'pipe', 'pipe'], encoding: 'utf8' })
  const admin = (command: string) => void run('kadmin.local', '-r', REALM, '-p', `root/admin@${REALM}`, '-q', command)

  run('kdb5_util', 'create', '-s', '-P', 'master', '-r', REALM)
  admin(`addprinc -randkey HTTP/${HOST}`)
  admin(`addprinc -randkey ${USER}`)
  admin(`ktadd -k ${file('http.keytab')} HTTP/${HOST}`)
  admin(`ktadd -k ${file('svc.keytab')} ${USER}`)
  makeCertificates(folder, run)

  const arrived: Arrived[] = []
  const behind = createServer((asked, answer) => {
    let body = ''
    asked.setEncoding('utf8')
    asked.on('data', (text: string) => {
      body += text
    })
    asked.on('end', () => {
      const { method = '', url = '', headers } = asked
      arrived.push({ method, path: url, headers, body })
      if (url.startsWith('/drop')) return void asked.socket.destroy()
      answer.setHeader('content-type', 'application/json')
      answer.end(JSON.stringify({ user: headers['x-user'] ?? null, body }))
    })
  })
  const behindPort = await freePort()
  await new Promise<void>((resolve) => behind.listen(behindPort, '127.0.0.1', resolve))

  const config = file('httpd.conf', apacheConfiguration({ folder, kerberosPort, ntlmPort, behindPort }))
  file('access.log', '\n')
  if (isRoot) giveAway(folder)
  const children = [
    spawn('/usr/sbin/krb5kdc', ['-n', '-r', REALM], { env: environment, stdio: 'ignore', ...asOther }),
    spawn('/usr/sbin/apache2', ['-D', 'FOREGROUND', '-f', config], { env: environment, stdio: 'ignore', ...asOther }),
  ]
  await until('Apache and the Kerberos server answer', 20, () => [kdcPort, kerberosPort, ntlmPort].every(answers), 50)

  let read = readFileSync(file('access.log'), 'utf8').length
  return {
    folder,
    kerberos: `https://${HOST}:${kerberosPort}`,
    ntlm: `https://${HOST}:${ntlmPort}`,
    caFile: file('ca.pem'),
    ca: readFileSync(file('ca.pem'), 'utf8'),
    krb5Config,
    keytab: file('svc.keytab'),
    arrived,
    async requests() {
      // It is written when the answer has gone.
      await new Promise((resolve) => setTimeout(resolve, 150))
      const all = readFileSync(file('access.log'), 'utf8')
      const since = all.slice(read)
      read = all.length
      return since.split('\n').filter((line) => line !== '')
    },
    ticket(name, lifetime) {
      const cache = `FILE:${file(name)}`
      run('kinit', '-k', '-t', file('svc.keytab'), '-l', lifetime, '-c', cache, USER)
      return cache
    },
    admin,
    async stop() {
      for (const child of children) {
        if (child.exitCode !== null || child.signalCode !== null) continue
        const gone = new Promise((resolve) => child.once('exit', resolve))
        child.kill('SIGTERM')
        await gone
      }
      await new Promise((resolve) => behind.close(resolve))
      behind.closeAllConnections()
    },
  }
}

function answers(port: number): boolean {
  return spawnSync('bash', ['-c', `exec 3<>/dev/tcp/127.0.0.1/${port}`], { stdio: 'ignore' }).status === 0
}

/** What the servers write; the tests still read everything. */
function giveAway(folder: string): void {
  chownSync(folder, NOBODY, NOBODY)
  for (const name of readdirSync(folder, { recursive: true, encoding: 'utf8' }))
    chownSync(path.join(folder, name), NOBODY, NOBODY)
}

function makeCertificates(folder: string, run: (command: string, ...args: readonly string[]) => string): void {
  const at = (name: string) => path.join(folder, name)
  const fresh = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes']
  run(
    'openssl',
    'req',
    '-x509',
    ...fresh,
    '-keyout',
    at('ca.key'),
    '-out',
    at('ca.pem'),
    '-subj',
    '/CN=Corp Example CA',
  )
  run('openssl', 'req', ...fresh, '-keyout', at('server.key'), '-out', at('server.csr'), '-subj', `/CN=${HOST}`)
  writeFileSync(at('names'), `subjectAltName=DNS:${HOST}\n`)
  const signing = [
    '-CA',
    at('ca.pem'),
    '-CAkey',
    at('ca.key'),
    '-CAcreateserial',
    '-days',
    '2',
    '-extfile',
    at('names'),
  ]
  run('openssl', 'x509', '-req', '-in', at('server.csr'), '-out', at('server.pem'), ...signing)
}

function clientConfiguration(port: number): string {
  return `[libdefaults]
  default_realm = ${REALM}
  dns_lookup_kdc = false
  dns_lookup_realm = false
  udp_preference_limit = 1
[realms]
  ${REALM} = {
    kdc = 127.0.0.1:${port}
  }
[domain_realm]
  .corp.example = ${REALM}
`
}

function serverConfiguration(folder: string, port: number): string {
  return `[kdcdefaults]
  kdc_listen = ""
  kdc_tcp_listen = 127.0.0.1:${port}
[realms]
  ${REALM} = {
    database_name = ${folder}/principal
    key_stash_file = ${folder}/stash
    acl_file = ${folder}/acl
  }
[logging]
  kdc = FILE:${folder}/kdc.log
`
}

interface Ports {
  readonly folder: string
  readonly kerberosPort: number
  readonly ntlmPort: number
  readonly behindPort: number
}

function apacheConfiguration({ folder, kerberosPort, ntlmPort, behindPort }: Ports): string {
  const modules = [
    'mpm_event',
    'authn_core',
    'authz_core',
    'authz_user',
    'auth_gssapi',
    'ssl',
    'headers',
    'proxy',
    'proxy_http',
  ]
  const site = (port: number, mechanism: string) => `<VirtualHost 127.0.0.1:${port}>
  SSLEngine on
  SSLCertificateFile ${folder}/server.pem
  SSLCertificateKeyFile ${folder}/server.key
  ProxyPass / http://127.0.0.1:${behindPort}/ retry=0
  <Location />
    AuthType GSSAPI
    AuthName Corp
    ${mechanism}
    Require valid-user
    RequestHeader set X-User expr=%{REMOTE_USER}
  </Location>
</VirtualHost>`
  return `ServerRoot ${folder}
ServerName ${HOST}
PidFile ${folder}/httpd.pid
DefaultRuntimeDir ${folder}
Listen 127.0.0.1:${kerberosPort}
Listen 127.0.0.1:${ntlmPort}
${modules.map((name) => `LoadModule ${name}_module ${MODULES}/mod_${name}.so`).join('\n')}
ErrorLog ${folder}/error.log
LogFormat "%m %>s" short
CustomLog ${folder}/access.log short
StartServers 1
ThreadsPerChild 25
${site(kerberosPort, `GssapiAllowedMech krb5\n    GssapiCredStore keytab:${folder}/http.keytab`)}
${site(ntlmPort, 'GssapiAllowedMech ntlmssp\n    GssapiConnectionBound On')}
`
}
