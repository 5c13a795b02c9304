import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { type Asked, WsusError, type WsusOp, type WsusServer } from '../../../src/integrations/wsus/calls.ts'
import {
  createWsusServers,
  type RemoteOptions,
  type WsusServers,
  wsusScript,
} from '../../../src/integrations/wsus/remote.ts'
import { type Sshd, sshdReason, startSshd } from '../../support/sshd-with-shell.ts'
import { temporaryFolder } from '../../support/temporary-folder.ts'

const reason = sshdReason()
if (reason !== null) console.info(`skipped: ${reason}`)

const WIRE = fileURLToPath(new URL('./wire/powershell.mjs', import.meta.url))
const { signal } = new AbortController()
const groups = [{ id: 'a0a08746-4dbe-4a37-9adf-9e7652c0b421', name: 'Büro – Nord', parent: null }]
const member = { group: 'b73ca6ed-5727-47f3-84de-015e03f6a88a', machine: 'app01' }

describe.skipIf(reason !== null)('a WSUS server over a real sshd', () => {
  const folder = temporaryFolder('pw-wire')
  const folderOfScript = join(folder, 'home', '.patchwarden')
  let sshd: Sshd
  const all: WsusServers[] = []
  function client(options: Partial<RemoteOptions> = {}): WsusServer {
    const servers = createWsusServers()
    all.push(servers)
    return servers.over({ name: 'WSUS01', target: sshd.target, ...options })
  }
  beforeAll(async () => {
    sshd = await startSshd(folder, `exec '${process.execPath}' '${WIRE}' '${folder}' "$1"\n`)
  })
  beforeEach(() => {
    for (const name of ['mode', 'calls', 'no-sftp']) rmSync(join(folder, name), { force: true })
    rmSync(folderOfScript, { recursive: true, force: true })
  })
  afterAll(async () => {
    for (const one of all) await one.close()
    await sshd?.stop()
  })

  const mode = (name: string) => writeFileSync(join(folder, 'mode'), name)
  const calls = () =>
    existsSync(join(folder, 'calls')) ? readFileSync(join(folder, 'calls'), 'utf8').split('\n').filter(Boolean) : []
  async function refusal<Op extends WsusOp>(op: Op, data: Asked<Op>, server = client()) {
    const error = await server.call(op, data, signal).then(
      () => null,
      (problem: unknown) => problem,
    )
    if (!(error instanceof WsusError)) throw new Error(`not refused: ${String(error)}`)
    return error
  }

  describe('finds the answer', () => {
    it.each(['plain', 'clixml', 'banner', 'bom', 'utf16', 'oem', 'failing status', 'connection dies after the answer'])(
      'whatever stands around it: %s',
      async (name) => {
        mode(name)
        expect(await client().call('groups', {}, signal)).toEqual({ data: groups, truncated: false })
      },
    )

    it('whole, when it has 800 kB', async () => {
      mode('big')
      const { data } = await client().call('groups', {}, signal)
      expect(data[0]?.name).toBe('ü'.repeat(300_000))
    })
  })

  describe('says why there is no answer, and whether the change may have been made', () => {
    it.each([
      ['nothing', /ended with exit status 0 without an answer and printed nothing\.$/, true],
      ['error text', /ended with exit status 0 without an answer and said: Out of memory & gone/, true],
      ['breaks off', /^The answer of WSUS01 broke off after \d+ characters/, true],
      ['another call', /answers another call than the one that was made/, true],
      ['another form', /its answer has another form: "at" .*is not an instant/, true],
      ['no json', /its answer is no JSON/, true],
      ['killed in the middle', /The connection to WSUS01 was lost/, true],
      ['policy', /^A group policy on WSUS01 forbids the script/, false],
      ['policy in German, as CLIXML', /^A group policy on WSUS01 forbids the script/, false],
      ['constrained', /constrained language mode/, false],
      ['too old', /older than 5\.1/, false],
      ['no program', /knows no powershell\.exe/, false],
      ['32 bit', /is the 32-bit one/, false],
      ['core', /with PowerShell 7\.4\.6, which cannot load the API/, false],
      ['no module', /has no API of WSUS: connect to the WSUS server itself/, false],
      ['own words', /refused the call add-member: System\.Data\.DataException \(0x80131920\): Umlaute – ü/, false],
    ])('%s', async (name, sentence, sent) => {
      mode(name)
      const error = await refusal('add-member', member)
      expect(error.message).toMatch(sentence)
      expect(error.sent).toBe(sent)
      // A lost change is looked for, and never sent again by itself.
      expect(calls().length).toBeLessThanOrEqual(1)
    })

    it('a read that is lost is no change', async () => {
      mode('nothing')
      expect((await refusal('groups', {})).sent).toBe(false)
      mode('data in another form')
      expect((await refusal('groups', {})).message).toMatch(/in another form: "0\.id" must be a text/)
    })

    it('a call that hangs', async () => {
      mode('hangs')
      const server = client({ callSeconds: 1, target: { ...sshd.target, connectTimeoutSeconds: 1 } })
      const error = await refusal('add-member', member, server)
      expect(error.message).toMatch(/did not answer within 2 s/)
      expect(error.sent).toBe(true)
    })

    it('a call that is stopped here', async () => {
      mode('hangs')
      const stop = new AbortController()
      const call = client().call('add-member', member, stop.signal)
      while (calls().length === 0) await sleep(20)
      stop.abort()
      await expect(call).rejects.toMatchObject({ sent: true, message: /was stopped before its answer came/ })
    })

    it('nobody listens, or the key of the host is another: nothing was sent', async () => {
      const closed = client({ target: { ...sshd.target, port: 1 } })
      expect(await refusal('add-member', member, closed)).toMatchObject({
        message: expect.stringContaining('refuses the connection'),
        sent: false,
      })
      writeFileSync(join(folder, 'nobody'), '')
      const unknown = client({ target: { ...sshd.target, knownHostsFile: join(folder, 'nobody') } })
      expect(await refusal('add-member', member, unknown)).toMatchObject({
        message: expect.stringContaining('is not known here'),
        sent: false,
      })
    })
  })

  describe('delivers the script', () => {
    const { file, text } = wsusScript()
    it('once, and finds it again', async () => {
      const server = client()
      await server.call('groups', {}, signal)
      expect(readdirSync(folderOfScript)).toEqual([file])
      expect(readFileSync(join(folderOfScript, file), 'ascii')).toBe(text)
      writeFileSync(join(folderOfScript, 'mark'), '')
      await server.call('groups', {}, signal)
      expect(readdirSync(folderOfScript).sort()).toEqual(['mark', file])
    })

    it('anew before it runs, when somebody changed it or only half of it arrived', async () => {
      mkdirSync(folderOfScript)
      for (const other of [text.slice(0, 1000), `${text}# added\n`, '']) {
        writeFileSync(join(folderOfScript, file), other)
        await client().call('groups', {}, signal)
        expect(readFileSync(join(folderOfScript, file), 'ascii')).toBe(text)
      }
    })

    it('into a folder of the operator, which must be there', async () => {
      const server = client({ folder: 'ProgramData\\Patchwarden' })
      expect((await refusal('groups', {}, server)).message).toMatch(
        /^The script cannot be put into ProgramData\/Patchwarden on WSUS01: .*No such file/,
      )
      mkdirSync(join(folder, 'home', 'ProgramData', 'Patchwarden'), { recursive: true })
      expect((await server.call('groups', {}, signal)).data).toEqual(groups)
    })

    it('not where there is no SFTP', async () => {
      writeFileSync(join(folder, 'no-sftp'), '')
      const error = await refusal('add-member', member)
      expect(error.message).toMatch(/WSUS01/)
      expect(error.sent).toBe(false)
      expect(calls()).toEqual([])
    })

    it.each(['C:\\Program Files\\x', 'a"b', '..;x', "it's", 'a&b', '%TEMP%', '-x y', ''])(
      'never into a folder that would need quotation marks: %j',
      (place) => {
        expect(() => client({ folder: place })).toThrow(/cannot be the folder of the script/)
      },
    )
  })

  it('makes one call at a time, in order, and one that was given up makes room', async () => {
    const servers = createWsusServers()
    all.push(servers)
    const options = { name: 'WSUS01', target: sshd.target }
    const [one, other] = [servers.over(options), servers.over({ ...options, target: { ...sshd.target } })]
    expect(other).toBe(one)
    mode('hangs')
    const stop = new AbortController()
    const first = one.call('groups', {}, stop.signal)
    while (calls().length === 0) await sleep(20)
    const given = new AbortController()
    const second = other.call('add-member', member, given.signal)
    const third = one.call('members', { group: member.group }, signal)
    given.abort()
    await expect(second).rejects.toMatchObject({ sent: false })
    expect(calls()).toEqual(['groups {}'])
    mode('plain')
    stop.abort()
    await expect(first).rejects.toBeInstanceOf(WsusError)
    expect((await third).data).toEqual([])
    expect(calls()).toEqual(['groups {}', `members ${JSON.stringify({ group: member.group })}`])
  })

  it('asks never for more than Windows PowerShell can read', async () => {
    const ids = Array.from({ length: 60_000 }, () => 'a0a08746-4dbe-4a37-9adf-9e7652c0b421')
    const error = await refusal('machines', { from: null, to: null, ids })
    expect(error).toMatchObject({ sent: false, tooMuch: true })
    expect(calls()).toEqual([])
  })
})
