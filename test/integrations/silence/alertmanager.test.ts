import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { z } from 'zod'
import type { Asset } from '../../../src/core/asset.ts'
import { type AlertmanagerAccess, createAlertmanagerSilence } from '../../../src/integrations/silence/index.ts'
import { fillMatcher, matcherValue } from '../../../src/integrations/silence/matcher.ts'
import { monitoringSilenceContract } from '../../contracts/monitoring-silence.ts'
import { type FakeAlertmanager, startFakeAlertmanager } from '../../fakes/alertmanager/fake-alertmanager.ts'
import { alertmanagerProgram, startRealAlertmanager } from '../../fakes/alertmanager/real-alertmanager.ts'
import { anAsset } from '../../support/asset.ts'

const { signal } = new AbortController()
const matchers = [{ label: 'instance', value: '{address}(:.*)?', isRegex: true, isEqual: true }]

function silenceAt(url: string, access: AlertmanagerAccess | null = null, name = 'alerts') {
  return createAlertmanagerSilence({ name, url, matchers, access })
}

const listed = z.array(
  z.object({ id: z.string(), status: z.object({ state: z.string() }), endsAt: z.string(), comment: z.string() }),
)
const alerts = z.array(
  z.object({ labels: z.object({ instance: z.string() }), status: z.object({ silencedBy: z.array(z.string()) }) }),
)

async function json<T>(url: string, schema: z.ZodType<T>): Promise<T> {
  return schema.parse(await (await fetch(url)).json())
}

/** Raises an alert about the asset, and asks Alertmanager what keeps it back. */
async function silencedUntil(url: string, { address }: Asset): Promise<readonly string[]> {
  const instance = `${address}:9100`
  const raised = await fetch(`${url}/api/v2/alerts`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify([{ labels: { alertname: 'InstanceDown', instance } }]),
  })
  expect(raised.status).toBe(200)
  const alert = (await json(`${url}/api/v2/alerts`, alerts)).find((item) => item.labels.instance === instance)
  const all = await json(`${url}/api/v2/silences`, listed)
  return (alert?.status.silencedBy ?? []).map((id) => all.find((item) => item.id === id)?.endsAt ?? 'unknown')
}

const inSeconds = (count: number) => new Date(Date.now() + count * 1_000).toISOString()

/** What holds for the program itself and for the fake that stands for it. */
function speaksTo(name: string, url: () => string): void {
  monitoringSilenceContract({
    name,
    create: (own) => silenceAt(url(), null, own),
    silencedUntil: (one) => silencedUntil(url(), one),
  })

  describe(name, () => {
    it('is not asked to revive what has expired: a new silence is made', async () => {
      const web = anAsset('expired.example')
      const silence = silenceAt(url())
      await silence.hold({ key: 'PW-expired', assets: [web], until: inSeconds(3), reason: 'first' }, signal)
      expect(await silencedUntil(url(), web)).toHaveLength(1)
      const ownOnes = async () =>
        (await json(`${url()}/api/v2/silences`, listed)).filter(({ comment }) => comment.includes('PW-expired'))
      await expect
        .poll(async () => (await ownOnes()).map(({ status }) => status.state), { timeout: 10_000 })
        .toEqual(['expired'])
      expect(await silencedUntil(url(), web)).toEqual([])
      const until = inSeconds(60)
      await silence.hold({ key: 'PW-expired', assets: [web], until, reason: 'second' }, signal)
      expect((await ownOnes()).map(({ status, comment }) => `${status.state} ${comment.split(' ')[0]}`).sort()).toEqual(
        ['active second', 'expired first'],
      )
    })

    it('carries odd names as they are: a pattern of them matches them alone', async () => {
      const odd = anAsset('odd', { address: 'a.b+c(d)[e]{2}|f^g$h\\d*?' })
      const near = anAsset('near', { address: 'aXb+c(d)[e]{2}|f^g$h\\d*?' })
      const silence = silenceAt(url())
      await silence.hold({ key: 'PW-odd', assets: [odd], until: inSeconds(60), reason: 'odd' }, signal)
      expect(await silencedUntil(url(), odd)).toHaveLength(1)
      expect(await silencedUntil(url(), near)).toEqual([])
    })

    it('says that an end in the past is refused', async () => {
      const holding = silenceAt(url()).hold(
        { key: 'PW-past', assets: [anAsset('past')], until: '2020-01-01T00:00:00.000Z', reason: 'late' },
        signal,
      )
      await expect(holding).rejects.toThrow(/answers 400: Failed to create silence: .*past\.$/)
    })

    it('says that there is something else at the address', async () => {
      const holding = silenceAt(`${url()}/elsewhere`).hold(
        { key: 'PW-404', assets: [anAsset('x')], until: inSeconds(60), reason: 'x' },
        signal,
      )
      await expect(holding).rejects.toThrow(/There is no Alertmanager with API v2 at .*check the address\.$/)
    })
  })
}

describe('over a fake', () => {
  let fake: FakeAlertmanager
  beforeAll(async () => {
    fake = await startFakeAlertmanager()
  })
  afterAll(() => fake.close())
  speaksTo('a fake Alertmanager', () => fake.url)

  const lease = () => ({ key: 'PW-9', assets: [anAsset('web9')], until: inSeconds(60), reason: 'x' })

  it('makes a new silence when the old one is forgotten between looking and renewing', async () => {
    const silence = silenceAt(fake.url)
    await silence.hold(lease(), signal)
    const [known] = fake.silences().filter(({ comment }) => comment.includes('PW-9/'))
    const found = JSON.stringify([{ ...known, status: { state: 'active' } }])
    fake.forget(known?.id ?? '')
    fake.answerInstead.push({ status: 200, body: found })
    await silence.hold(lease(), signal)
    const ids = fake.silences().filter(({ comment }) => comment.includes('PW-9/'))
    expect(ids).toHaveLength(1)
    expect(ids[0]?.id).not.toBe(known?.id)
  })

  it.each([201, 202, 204])('is made where something between answers %i', async (status) => {
    fake.answerInstead.push({ status: 200, body: '[]' }, { status, body: '{"silenceID":"a"}' })
    await expect(silenceAt(fake.url).hold(lease(), signal)).resolves.toBeUndefined()
  })

  it.each([
    [{ status: 401, body: '' }, /does not let Patchwarden in \(401\): set ALERTMANAGER_TOKEN/],
    [{ status: 302, body: '', location: 'http://127.0.0.1:1/' }, /sends elsewhere \(302\)/],
    [{ status: 503, body: '<html>\nbusy</html>' }, /answers 503: <html> busy<\/html>\.$/],
    [{ status: 200, body: '<html></html>' }, /is not valid JSON: it is an HTML page/],
    [{ status: 200, body: '{"silences":[]}' }, /does not answer with a list of silences/],
    [{ status: 200, body: '[1, null, {"id":7}, {"comment":"[PW-9/0000000000000000]"}]' }, null],
  ])('answers %j with a sentence', async (instead, sentence) => {
    fake.answerInstead.push(instead)
    const holding = silenceAt(fake.url).hold(lease(), signal)
    if (sentence === null) await expect(holding).resolves.toBeUndefined()
    else await expect(holding).rejects.toThrow(sentence)
  })

  it('gives up waiting when it is told to', async () => {
    fake.answerInstead.push(null)
    const stop = new AbortController()
    const before = fake.authorizations.length
    const gaveUp = expect(silenceAt(fake.url).hold(lease(), stop.signal)).rejects.toThrow('shutting down')
    await expect.poll(() => fake.authorizations.length).toBe(before + 1)
    stop.abort(new Error('shutting down'))
    await gaveUp
  })

  it('says that nobody listens', async () => {
    await expect(silenceAt('http://127.0.0.1:9').hold(lease(), signal)).rejects.toThrow(/does not answer: /)
  })
})

it.each<[AlertmanagerAccess, string]>([
  [{ kind: 'bearer', token: 's3cret' }, 'Bearer s3cret'],
  [{ kind: 'basic', user: 'Aladdin', password: 'open sesame' }, 'Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ=='], // RFC 7617
])('opens with %j, and says no word of it', async (access, header) => {
  const fake = await startFakeAlertmanager(header)
  const lease = { key: 'PW-1', assets: [anAsset('web1')], until: inSeconds(60), reason: 'x' }
  await silenceAt(fake.url, access).hold(lease, signal)
  expect(fake.silences()).toHaveLength(1)
  expect(new Set(fake.authorizations)).toEqual(new Set([header]))
  const refused = await silenceAt(fake.url, { kind: 'bearer', token: 'another' })
    .hold(lease, signal)
    .catch((error: unknown) => String(error))
  expect(refused).toContain('does not let Patchwarden in')
  expect(refused).not.toContain('another')
  await fake.close()
})

it('fills a pattern so that it matches the address and nothing that is not it, whatever it is', () => {
  const [matcher] = matchers
  if (matcher === undefined) throw new Error('there is one')
  fc.assert(
    fc.property(fc.string({ minLength: 1 }), fc.string({ minLength: 1 }), (address, other) => {
      fc.pre(address.trim() !== '' && other !== address && !other.startsWith(`${address}:`))
      const pattern = new RegExp(`^(?:${fillMatcher(matcher, anAsset('x', { address })).value})$`, 's')
      expect(pattern.test(address)).toBe(true)
      expect(pattern.test(`${address}:9100`)).toBe(true)
      expect(pattern.test(other)).toBe(false)
    }),
  )
})

const program = alertmanagerProgram()
describe.skipIf(program === null)('over the real program', () => {
  let real = { url: '', close: async () => {} }
  beforeAll(async () => {
    real = await startRealAlertmanager(program ?? '')
  }, 30_000)
  afterAll(() => real.close())
  speaksTo('Alertmanager itself', () => real.url)
})

/** The table of Alertmanager's own tests (pkg/labels, TestParseMatcher), and what amtool prints. */
it.each<[string, string | null]>([
  ['web01', 'web01'],
  ['"web01"', 'web01'],
  ['"{address}(:.*)?"', '{address}(:.*)?'],
  ['"bar\\"baz"', 'bar"baz'],
  ['bar\\"baz', 'bar"baz'],
  ['"new\\nline"', 'new\nline'],
  ['\\d+\\\\', '\\d+\\'],
  ['""', ''],
  ['"bar', null],
  ['bar"baz', null],
  ['"foo"bar"', null],
])('a matcher with the value %s is read as %j', (written, value) => {
  expect(matcherValue(written)).toBe(value)
})
