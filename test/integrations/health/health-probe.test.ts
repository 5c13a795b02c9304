import { copyFileSync, readFileSync, writeFileSync } from 'node:fs'
import { createServer as createHttpServer, type Server } from 'node:http'
import { type AddressInfo, createServer, type Server as TcpServer } from 'node:net'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Asset } from '../../../src/core/asset.ts'
import type { HealthCheck } from '../../../src/core/ports.ts'
import { createHealthProbe, createSimulatedProbe } from '../../../src/integrations/health/index.ts'
import { anAsset } from '../../support/asset.ts'
import { temporaryFolder } from '../../support/temporary-folder.ts'

const asset = anAsset('web01', { source: 'fleet', engine: null, address: '127.0.0.1' })
const { signal } = new AbortController()
const probe = createHealthProbe()
let web: Server
let silent: TcpServer
let webPort = 0
let silentPort = 0

beforeAll(async () => {
  web = createHttpServer((request, response) => {
    const status = Number(request.url?.slice(1) ?? '200')
    if (status === 0) return
    response.writeHead(status, status === 302 ? { location: '/200' } : {}).end('x'.repeat(1_000_000))
  })
  silent = createServer(() => {})
  for (const server of [web, silent]) await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  webPort = (web.address() as AddressInfo).port
  silentPort = (silent.address() as AddressInfo).port
})
afterAll(() => {
  web.closeAllConnections()
  web.close()
  silent.close()
})

function http(path: string, expectStatus = 200, timeoutSeconds = 5): HealthCheck {
  return { kind: 'http', url: `http://{address}:${webPort}${path}`, expectStatus, timeoutSeconds }
}

async function one(check: HealthCheck, of: Asset = asset) {
  const [result] = await probe.check(of, [check], signal)
  if (result === undefined) throw new Error('no result')
  return result
}

describe('an HTTP check', () => {
  it.each([
    ['/200', 200, true, /^200 in \d+ ms$/],
    ['/503', 200, false, /^503 Service Unavailable instead of 200/],
    ['/503', 503, true, /^503 in/],
    ['/302', 302, true, /^302 in/],
    ['/302', 200, false, /^302 Found instead of 200/],
  ])('of %s that expects %d is healthy: %s', async (path, expected, healthy, detail) => {
    const result = await one(http(path, expected))
    expect(result).toEqual({
      check: `http://127.0.0.1:${webPort}${path}`,
      healthy,
      detail: expect.stringMatching(detail),
    })
  })

  it('does not wait longer than its time-out', async () => {
    expect(await one(http('/0', 200, 0.05))).toMatchObject({ healthy: false, detail: 'no answer within 0.05 s' })
  })

  it('says that the connection was refused', async () => {
    const gone = createServer()
    await new Promise<void>((resolve) => gone.listen(0, '127.0.0.1', resolve))
    const { port } = gone.address() as AddressInfo
    await new Promise((resolve) => gone.close(resolve))
    const url = `http://{address}:${port}/`
    expect(await one({ kind: 'http', url, expectStatus: 200, timeoutSeconds: 5 })).toMatchObject({
      healthy: false,
      detail: expect.stringContaining('refused'),
    })
  })

  it('with a password in its address is not made, and the password is not shown', async () => {
    const url = 'http://monitor:s3cret@{address}:18103/health'
    const [result] = await createHealthProbe().check(
      { ...asset, address: '127.0.0.1' },
      [{ kind: 'http', url, expectStatus: 200, timeoutSeconds: 5 }],
      signal,
    )
    expect(result).toMatchObject({ check: 'http://127.0.0.1:18103/health', healthy: false })
    expect(result?.detail).toContain('holds a user name or a password')
    expect(JSON.stringify(result)).not.toContain('s3cret')
  })

  it.each([
    ['127.0.0.1@evil.example', 'not a host name'],
    ['evil.example/', 'not a host name'],
    ['evil.example#', 'not a host name'],
    ['a b', 'not a host name'],
    ['', 'not a host name'],
    ['-oProxyCommand=x', 'not a host name'],
  ])('of the address %j is not made', async (address, reason) => {
    let asked = 0
    const counting = createHealthProbe({
      fetch: async () => {
        asked++
        return new Response()
      },
    })
    const [result] = await counting.check({ ...asset, address }, [http('/200')], signal)
    expect(result).toMatchObject({ healthy: false, detail: expect.stringContaining(reason) })
    expect(asked).toBe(0)
  })

  it.each([
    ['file:///etc/passwd', 'is not http'],
    ['http://{adress}/', '{adress} is not known'],
    ['not a url', 'is not a URL'],
  ])('of %j is not made', async (url, reason) => {
    const result = await one({ kind: 'http', url, expectStatus: 200, timeoutSeconds: 5 })
    expect(result).toMatchObject({ healthy: false, detail: expect.stringContaining(reason) })
  })

  it('puts an IPv6 address in brackets', async () => {
    const asked: string[] = []
    const recording = createHealthProbe({
      fetch: async (url) => {
        asked.push(String(url))
        return new Response()
      },
    })
    const url = 'http://{address}:8080/{name}'
    await recording.check(
      { ...asset, address: '2001:db8::1' },
      [{ kind: 'http', url, expectStatus: 200, timeoutSeconds: 5 }],
      signal,
    )
    expect(asked).toEqual(['http://[2001:db8::1]:8080/web01'])
  })

  it('never leaves the host, whatever an asset is called', async () => {
    const hosts: string[] = []
    const recording = createHealthProbe({
      fetch: async (url) => {
        hosts.push(new URL(String(url)).hostname)
        return new Response()
      },
    })
    await fc.assert(
      fc.asyncProperty(fc.string({ unit: 'binary' }), async (name) => {
        const url = 'http://good.example/{name}'
        await recording.check({ ...asset, name }, [{ kind: 'http', url, expectStatus: 200, timeoutSeconds: 5 }], signal)
        expect(hosts.every((host) => host === 'good.example')).toBe(true)
      }),
    )
  })
})

describe('a TCP check', () => {
  it('is healthy where the port accepts', async () => {
    expect(await one({ kind: 'tcp', port: silentPort, timeoutSeconds: 5 })).toEqual({
      check: `tcp port ${silentPort}`,
      healthy: true,
      detail: expect.stringMatching(/^connected in \d+ ms$/),
    })
  })

  it.each([
    [1, asset, 'connection refused'],
    [70_000, asset, '70000 is not a port'],
    [80, { ...asset, address: 'no.such.host.invalid' }, 'cannot be resolved'],
    [80, { ...asset, address: 'a;b' }, 'not a host name'],
  ])('of port %d says why not', async (port, of, reason) => {
    expect(await one({ kind: 'tcp', port, timeoutSeconds: 5 }, of)).toMatchObject({
      healthy: false,
      detail: expect.stringContaining(reason),
    })
  })
})

describe('a check of the service as a whole', () => {
  const wholeService = { ...asset, address: '' }

  it('asks the host that is written in it', async () => {
    expect(await one({ kind: 'tcp', host: '127.0.0.1', port: silentPort, timeoutSeconds: 5 }, wholeService)).toEqual({
      check: `tcp port ${silentPort} of 127.0.0.1`,
      healthy: true,
      detail: expect.stringMatching(/^connected in \d+ ms$/),
    })
  })

  it.each(['-oProxyCommand=x', 'a b', ''])('is impossible at the host %j', async (host) => {
    expect(await one({ kind: 'tcp', host, port: 22, timeoutSeconds: 5 }, wholeService)).toMatchObject({
      healthy: false,
      detail: expect.stringContaining('is not a host name or address'),
    })
  })
})

describe('a command check', () => {
  const command = (...argv: string[]): HealthCheck => ({ kind: 'command', command: argv, timeoutSeconds: 10 })

  it.each<[HealthCheck, boolean, string]>([
    [command('sh', '-c', 'echo "OK - $1"', 'sh', '{address}'), true, 'exit status 0: OK - 127.0.0.1'],
    [command('sh', '-c', 'echo first; echo CRITICAL; exit 2'), false, 'exit status 2: CRITICAL'],
    [command('sh', '-c', 'echo out; echo "no route" >&2; exit 1'), false, 'exit status 1: no route'],
    [{ ...command('sleep', '60'), timeoutSeconds: 1 }, false, 'no end within 1 s'],
    [command('/nowhere/check'), false, 'there is no program /nowhere/check'],
  ])('%j is healthy: %s', async (check, healthy, detail) => {
    expect(await one(check)).toMatchObject({ healthy, detail })
  })

  it('is not run for a name that could be an option', async () => {
    expect(await one(command('true', '{name}'), { ...asset, name: '--help' })).toMatchObject({
      healthy: false,
      detail: expect.stringContaining('is not a host name or address'),
    })
  })
})

describe('a probe', () => {
  it('gives one result for each check, in order', async () => {
    const results = await probe.check(
      asset,
      [http('/503'), { kind: 'tcp', port: silentPort, timeoutSeconds: 5 }, http('/200')],
      signal,
    )
    expect(results.map((result) => result.healthy)).toEqual([false, true, true])
  })

  it('that is stopped says so and does not throw', async () => {
    const stop = new AbortController()
    const running = probe.check(asset, [http('/0')], stop.signal)
    stop.abort()
    expect(await running).toMatchObject([{ healthy: false, detail: expect.stringContaining('stopped') }])
    expect(await probe.check(asset, [http('/200')], stop.signal)).toMatchObject([{ healthy: false }])
  })
})

describe('the simulated probe', () => {
  const shipped = fileURLToPath(new URL('../../../examples/fleet.json', import.meta.url))
  const stateFile = join(temporaryFolder('pw-health'), 'fleet.json')
  const simulated = createSimulatedProbe({ stateFile, otherwise: probe })
  const web02: Asset = { ...asset, name: 'web-02', address: '192.0.2.12', simulated: true }
  const checks: HealthCheck[] = [{ kind: 'http', url: 'https://{name}/healthz', expectStatus: 204, timeoutSeconds: 5 }]

  it('says what the state file says', async () => {
    copyFileSync(shipped, stateFile)
    expect(await simulated.check(web02, checks, signal)).toEqual([
      { check: 'https://web-02/healthz', healthy: true, detail: '204 (simulated)' },
    ])
    writeFileSync(
      stateFile,
      readFileSync(stateFile, 'utf8').replace('"name": "web-02",', '"name": "web-02", "unhealthy": "503 (simulated)",'),
    )
    expect(await simulated.check(web02, checks, signal)).toMatchObject([{ healthy: false, detail: '503 (simulated)' }])
  })

  it('is unhealthy about an asset it does not know, and without its file', async () => {
    expect(await simulated.check({ ...web02, name: 'web-99' }, checks, signal)).toMatchObject([{ healthy: false }])
    const without = createSimulatedProbe({ stateFile: '/nowhere.json', otherwise: probe })
    expect(await without.check(web02, checks, signal)).toMatchObject([
      { healthy: false, detail: expect.stringContaining('there is no such file') },
    ])
  })

  it('really asks an asset that is not simulated', async () => {
    expect(await simulated.check(asset, [http('/200')], signal)).toMatchObject([{ healthy: true }])
  })
})
