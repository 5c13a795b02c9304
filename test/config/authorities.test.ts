import { spawnSync } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { createServer, type Server } from 'node:https'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { readAuthorities, trustAuthorities } from '../../src/config/authorities.ts'
import { request } from '../../src/integrations/http/request.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'

const hasOpenssl = spawnSync('openssl', ['version']).status === 0
if (!hasOpenssl) console.info('skipped: there is no openssl here')

/** An authority made for the moment, and a server with a certificate of it, as companies have them. */
describe.skipIf(!hasOpenssl)('a private authority', () => {
  const folder = temporaryFolder('pw-authority')
  const file = (name: string) => join(folder, name)
  const { signal } = new AbortController()
  let server: Server
  let url: string

  function openssl(...args: readonly string[]): void {
    const { status, stderr } = spawnSync('openssl', args, { cwd: folder })
    if (status !== 0) throw new Error(stderr.toString())
  }

  beforeAll(async () => {
    const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes']
    openssl('req', '-x509', ...key, '-keyout', 'ca.key', '-out', 'ca.pem', '-days', '2', '-subj', '/CN=Example CA')
    openssl('req', ...key, '-keyout', 'web.key', '-out', 'web.csr', '-subj', '/CN=web')
    ;({ server, url } = await serve(certificate('web.pem', 'IP:127.0.0.1', 2)))
  })

  /** Makes a certificate of the authority for the name, and returns it. */
  function certificate(name: string, subject: string, days: number): Buffer {
    writeFileSync(file('names'), `subjectAltName=${subject}\n`)
    const signed = ['-CA', 'ca.pem', '-CAkey', 'ca.key', '-CAcreateserial', '-extfile', 'names']
    openssl('x509', '-req', '-in', 'web.csr', ...signed, '-days', String(days), '-out', name)
    return readFileSync(file(name))
  }

  async function serve(cert: Buffer): Promise<{ readonly server: Server; readonly url: string }> {
    const made = createServer({ key: readFileSync(file('web.key')), cert }, (_, response) => response.end('hello'))
    await new Promise<void>((resolve) => made.listen(0, '127.0.0.1', resolve))
    const address = made.address()
    return { server: made, url: `https://127.0.0.1:${typeof address === 'object' && address ? address.port : 0}/` }
  }

  afterAll(() => {
    trustAuthorities([])
    server.close()
  })

  it('is not known until it is named in `ca`, and the failure says so', async () => {
    const before = await request({ url, maxBytes: 100 }, signal)
    expect(before).toMatchObject({
      kind: 'none',
      problem: expect.stringMatching(/authority that is not known here.*`ca`/),
    })
    const read = readAuthorities(file('ca.pem'))
    if (!read.ok) throw new Error(read.what)
    trustAuthorities(read.certificates)
    const after = await request({ url, maxBytes: 100, headers: { connection: 'close' } }, signal)
    expect(after).toMatchObject({ kind: 'answer', body: Buffer.from('hello') })
  })

  it.each([
    ['IP:127.0.0.1', -1, 'its certificate has expired'],
    ['DNS:other.example.net', 2, 'its certificate is for another name: write the name that the certificate is for'],
  ])('and a certificate of it for %s, for %i days, is told in our words', async (subject, days, problem) => {
    const read = readAuthorities(file('ca.pem'))
    if (!read.ok) throw new Error(read.what)
    trustAuthorities(read.certificates)
    const other = await serve(certificate('other.pem', subject, days))
    try {
      expect(await request({ url: other.url, maxBytes: 100 }, signal)).toMatchObject({ kind: 'none', problem })
    } finally {
      other.server.close()
    }
  })

  it('is read from a file of certificates, and any other file is refused', () => {
    writeFileSync(
      file('both.pem'),
      `# ours\n${readFileSync(file('ca.pem'), 'utf8')}\n${readFileSync(file('web.pem'), 'utf8')}`,
    )
    expect(readAuthorities(file('both.pem'))).toMatchObject({ ok: true, certificates: { length: 2 } })
    writeFileSync(file('broken.pem'), '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n')
    const refused = ['nothing.pem', 'ca.key', 'broken.pem'].map((name) => readAuthorities(file(name)))
    expect(refused).toMatchObject([
      { ok: false, what: 'does not exist' },
      { ok: false, what: 'holds no certificate' },
      { ok: false, what: 'holds a certificate that cannot be read, its number 1' },
    ])
  })
})
