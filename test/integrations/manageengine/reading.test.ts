import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { severityOf, typeOf } from '../../../src/integrations/manageengine/classes.ts'
import { createKnown } from '../../../src/integrations/manageengine/known.ts'
import { manageEngineReport } from '../../../src/integrations/manageengine/probe-report.ts'
import { idOf, instantIn, numberOf, textOf } from '../../../src/integrations/manageengine/rows.ts'
import { createSignIn } from '../../../src/integrations/manageengine/sign-in.ts'
import { fresh, manageEngineScene, memoryStore } from './scene.ts'

const { signal } = new AbortController()

describe('a row', () => {
  it('says the same whether a field is a number or a text, in whatever case, and with a table in front', () => {
    const spellings = (key: string, value: number) => [
      { [key]: value },
      { [key]: String(value) },
      { [key.replaceAll(/_(\w)/g, (_, letter: string) => letter.toUpperCase())]: value },
      { [`table.${key}`]: String(value) },
      { [key]: '--', [`other.${key}`]: value },
    ]
    fc.assert(
      fc.property(
        fc.constantFrom('patch_id', 'resource_id', 'affected_patch_status'),
        fc.integer({ min: 1, max: 2 ** 47 }),
        (key, value) => {
          for (const row of spellings(key, value)) {
            expect(numberOf(row, key)).toBe(value)
            expect(idOf(row, key)).toBe(String(value))
          }
        },
      ),
    )
  })

  it('has no time where that is 0, "--", or would be one of 1970', () => {
    for (const at of [0, '--', 1_691_393_760, 'soon', null, '']) expect(instantIn({ at }, 'at')).toBeNull()
    expect(instantIn({ at: '1691393760000' }, 'at')).toBe('2023-08-07T07:36:00.000Z')
  })

  it('has no text where that is "--" or "NA", and no id that a number cannot hold', () => {
    expect(textOf({ superceded_by: 'NA' }, 'superceded_by')).toBeNull()
    expect(() => idOf({ id: 2 ** 60 }, 'id')).toThrow(/cannot be read/)
    expect(idOf({ id: 2 ** 60, id_string: '1152921504606846976' }, 'id_string', 'id')).toBe('1152921504606846976')
  })
})

describe('a class', () => {
  const patch = (type: number | null, typeName: string | null = null, title = 'x') => ({ type, typeName, title })

  it('is security, bugfix or feature, or is off unless it is named', () => {
    expect([0, 1, 3, 5, 7].map((type) => typeOf(patch(type), []))).toEqual([
      'security',
      'bugfix',
      'bugfix',
      'feature',
      'bugfix',
    ])
    for (const type of [2, 4, 6, 8, 9, 10, 11, 12]) expect(typeOf(patch(type), [])).toBeNull()
    expect(typeOf(patch(9), ['Drivers'])).toBe('bugfix')
    expect(typeOf(patch(null, 'Security Updates'), [])).toBe('security')
    expect(typeOf(patch(null, null), [])).toBeNull()
    expect(typeOf(patch(0, null, '2026-11 Cumulative Update Preview'), [])).toBeNull()
  })

  it('has the severity of the vendor', () => {
    expect([0, 1, 2, 3, 4].map((severity) => severityOf({ severity }))).toEqual([
      null,
      'Low',
      'Moderate',
      'Important',
      'Critical',
    ])
  })
})

describe('the catalog', () => {
  it('names updates by their KB, as WSUS does, and which one replaces which', async () => {
    const scene = await manageEngineScene(memoryStore(fresh(['a.corp.example'])))
    const got = await scene.catalog().fetch(null, signal)
    if (got.status !== 'fetched') throw new Error('Nothing was fetched.')
    expect(got.content.updates).toMatchObject([
      { kb: 'KB9000000', platform: 'windows:server-2022', fixedBuild: '10.0.20348.9000', supersedes: [] },
      {
        kb: 'KB9000001',
        fixedBuild: '10.0.20348.9001',
        supersedes: ['KB9000000'],
        type: 'security',
        severity: 'Critical',
      },
      { kb: 'KB9000002', fixedBuild: null },
    ])
    expect(await scene.catalog().fetch(got.cursor, signal)).toEqual({ status: 'unchanged' })
  })
})

describe('the report of check', () => {
  it('names no server, machine, policy or task, and asks nothing that changes anything', async () => {
    const scene = await manageEngineScene(
      memoryStore(fresh(['secret.corp.example'], { tasks: [{ id: '71', name: 'Secret task' }] })),
    )
    const known = createKnown(scene.api, scene.now)
    const text = await manageEngineReport(scene.api, known, scene.now, signal)
    expect(text).toMatch(/1 Windows machines[\s\S]*3 Windows patches[\s\S]*1 of 1 tasks/)
    expect(text).not.toMatch(/secret|Servers nightly|invalid/i)
    expect(scene.requests.every(({ method }) => method === 'GET')).toBe(true)
    await scene.traps({ tokenOver: true })
    expect(await manageEngineReport(scene.api, createKnown(scene.api, scene.now), scene.now, signal)).not.toMatch(
      /secret|invalid\b(?! )/i,
    )
  })
})

describe('the sign-in of the cloud', () => {
  const secrets = {
    kind: 'zoho',
    accounts: 'https://accounts.example',
    clientId: 'id',
    clientSecret: 'hush',
    refreshToken: 'again',
  } as const

  function zoho(answer: () => object) {
    const asked: { url: string; body: string }[] = []
    const by: typeof fetch = async (input, init) => {
      asked.push({ url: String(input), body: String(init?.body) })
      return new Response(JSON.stringify(answer()))
    }
    return { asked, by }
  }

  it('asks once for all that wait, with the secrets in the body, and again before the token is over', async () => {
    let now = Date.parse('2026-11-20T12:00:00Z')
    const { asked, by } = zoho(() => ({ access_token: `t${asked.length}`, expires_in: 3_600, token_type: 'Bearer' }))
    const signIn = createSignIn(secrets, () => new Date(now), by)
    expect(await Promise.all([signIn.header(signal), signIn.header(signal)])).toEqual([
      'Zoho-oauthtoken t1',
      'Zoho-oauthtoken t1',
    ])
    expect(asked).toHaveLength(1)
    expect(asked[0]?.url).not.toContain('hush')
    expect(asked[0]?.body).toContain('refresh_token=again')
    now += 3_590_000
    expect(await signIn.header(signal)).toBe('Zoho-oauthtoken t2')
    // One that was just made is refused for another reason: asking on would use up the ten of ten minutes.
    expect(signIn.refused('Zoho-oauthtoken t2')).toBe(false)
    now += 120_000
    expect(signIn.refused('Zoho-oauthtoken t2')).toBe(true)
    expect(await signIn.header(signal)).toBe('Zoho-oauthtoken t3')
  })

  it.each([
    ['invalid_client', /client id and secret/],
    ['invalid_code', /make a new one/],
    ['Access Denied', /10 tokens in 10 minutes/],
  ])('says what "%s" means, although it comes with HTTP 200', async (error, sentence) => {
    const { by } = zoho(() => ({ error }))
    await expect(createSignIn(secrets, () => new Date(), by).header(signal)).rejects.toThrow(sentence)
  })

  it('names the variables that are not set', async () => {
    const missing = createSignIn({ kind: 'missing', problem: 'MANAGEENGINE_TOKEN is not set' }, () => new Date())
    await expect(missing.header(signal)).rejects.toThrow('MANAGEENGINE_TOKEN is not set')
  })
})
