import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import {
  type Answered,
  type Asked,
  SiteError,
  type SiteOp,
} from '../../src/integrations/configuration-manager/calls.ts'
import { wireInstantOf } from '../../src/integrations/windows-script/instants.ts'
import { type SiteStandIn, startSiteStandIn } from './support/site-standin.ts'
import { powershellHost } from './support/standin.ts'

const { signal } = new AbortController()
const name = 'Patchwarden (Example Ltd) PW-1.r1.b1 0123456789ab'
const times = {
  available: wireInstantOf('2026-11-24T18:00:00Z'),
  deadline: wireInstantOf('2026-11-25T02:00:00Z'),
  suppress: false,
}

describe.skipIf(powershellHost === null)('the script of Configuration Manager in PowerShell, over SSH', () => {
  let standin: SiteStandIn
  beforeAll(async () => {
    standin = await startSiteStandIn()
  })
  afterAll(() => standin?.stop())
  beforeEach(() => standin.load({ devices: [16_777_225, 16_777_226, 16_777_227] }))

  function ask<Op extends SiteOp>(op: Op, data: Asked<Op>): Promise<Answered<Op>> {
    return standin.client().call(op, data, signal)
  }
  async function refusal<Op extends SiteOp>(op: Op, data: Asked<Op>, by = standin.client()) {
    const error = await by.call(op, data, signal).then(
      () => null,
      (problem: unknown) => problem,
    )
    if (!(error instanceof SiteError)) throw new Error(`not refused: ${String(error)}`)
    return error
  }
  const rulesOf = () => standin.site().collections.flatMap(({ rules }) => rules)

  it('makes the drive of the site, which a session over SSH lacks, and says what the module has', async () => {
    const found = await ask('probe', {})
    expect(found).toMatchObject({ site: 'P01', module: '5.2409.1000.1000', missing: [], offsetMinutes: -300 })
    expect(standin.queries()).toEqual(['New-PSDrive P01 CMSite cm01.corp.example'])
  })

  it('makes an empty collection, a group and a deployment once, and finds them by their names afterwards', async () => {
    const make = async () => {
      const collection = await ask('create-collection', { name, limiting: 'SMS00001' })
      const group = await ask('create-group', { name, updates: [16_800_001, 16_800_002] })
      const asked = { name, group: group.id, collection: collection.id, ...times }
      const deployment = await ask('create-deployment', { ...asked, withoutPackage: false, acceptLicence: false })
      return { collection, group, deployment }
    }
    const made = await make()
    expect(await make()).toEqual(made)
    const { collections, groups, deployments } = standin.site()
    expect(collections).toMatchObject([
      { Name: name, LimitToCollectionID: 'SMS00001', RefreshType: 'Manual', rules: [] },
    ])
    expect(groups).toMatchObject([{ LocalizedDisplayName: name, Updates: [16_800_001, 16_800_002] }])
    expect(deployments).toMatchObject([
      {
        ...{ AssignmentName: name, kind: 'Required', Enabled: true, UseGMTTimes: true },
        // The server is in New York.
        ...{ StartTime: '20261124T180000Z', EnforcementDeadline: '20261125T020000Z' },
        ...{ SuppressReboot: 0, OverrideServiceWindows: false, RebootOutsideOfServiceWindows: false },
        ...{ AcceptEula: false, DeployWithNoPackage: false },
      },
    ])
  })

  it('a collection whose name has other letters is not ours', async () => {
    standin.load({ collections: [{ CollectionID: 'P0100001', Name: name.toUpperCase(), rules: [] }] })
    expect(await ask('create-collection', { name, limiting: 'SMS00001' })).toMatchObject({ name })
    expect(standin.site().collections).toHaveLength(2)
  })

  it('suppresses restarts, accepts licences and does without a package only where it was asked to', async () => {
    const collection = await ask('create-collection', { name, limiting: 'SMS00001' })
    const group = await ask('create-group', { name, updates: [16_800_001] })
    const asked = { name, group: group.id, collection: collection.id, ...times, suppress: true }
    const { id } = await ask('create-deployment', { ...asked, withoutPackage: true, acceptLicence: true })
    const stored = () => standin.site().deployments[0]
    expect(stored()).toMatchObject({ SuppressReboot: 3, AcceptEula: true, DeployWithNoPackage: true })
    await ask('set-deployment', { deployment: id, name, ...times, deadline: wireInstantOf('2026-11-26T02:00:00Z') })
    expect(stored()).toMatchObject({ SuppressReboot: 0, EnforcementDeadline: '20261126T020000Z', Enabled: true })
  })

  it('adds devices by their ids, those that are there once; takes them out; removes rules of others', async () => {
    const { id } = await ask('create-collection', { name, limiting: 'SMS00001' })
    await ask('add-members', { collection: id, machines: [16_777_225, 16_777_226] })
    await ask('add-members', { collection: id, machines: [16_777_225, 16_777_226, 16_777_227] })
    expect(rulesOf()).toMatchObject([16_777_225, 16_777_226, 16_777_227].map((ResourceID) => ({ ResourceID })))
    expect(standin.queries().filter((one) => one === 'Invoke-CMCollectionUpdate')).toHaveLength(2)
    await ask('remove-members', { collection: id, machines: [16_777_225, 16_777_999] })
    expect(rulesOf()).toHaveLength(2)
    const foreign = [
      { kind: 'query', RuleName: 'all' },
      { kind: 'include', RuleName: 'Servers' },
    ]
    const [collection] = standin.site().collections
    standin.load({ collections: [{ ...collection, rules: foreign }] })
    const rules = foreign.map(({ kind, RuleName }) => ({ kind: kind as 'query' | 'include', name: RuleName }))
    await ask('remove-rules', { collection: id, rules })
    expect(rulesOf()).toEqual([])
  })

  it('a device that is gone is named, and nothing is left unsure', async () => {
    const { id } = await ask('create-collection', { name, limiting: 'SMS00001' })
    const error = await refusal('add-members', { collection: id, machines: [16_777_225, 16_777_999] })
    expect(error).toMatchObject({ message: 'CM01 has no device 16777999 any more.', sent: false })
  })

  it('deletes what has this id and this name, without asking anybody, and nothing twice', async () => {
    const collection = await ask('create-collection', { name, limiting: 'SMS00001' })
    const group = await ask('create-group', { name, updates: [16_800_001] })
    const asked = { name, group: group.id, collection: collection.id, ...times }
    const deployment = await ask('create-deployment', { ...asked, withoutPackage: false, acceptLicence: false })
    const other = await refusal('delete-deployment', { deployment: deployment.id, name: 'Accounting' })
    expect(other.message).toMatch(/is called "Patchwarden \(Example Ltd\) .*" and is not ours any more/)
    const inUse = await refusal('delete-collection', { collection: collection.id, name })
    expect(inUse).toMatchObject({ message: expect.stringContaining('SQL error'), sent: true })
    expect(await ask('delete-deployment', { deployment: deployment.id, name })).toEqual({ deleted: true })
    expect(await ask('delete-group', { group: group.id, name })).toEqual({ deleted: true })
    expect(await ask('delete-collection', { collection: collection.id, name })).toEqual({ deleted: true })
    expect(await ask('delete-collection', { collection: collection.id, name })).toEqual({ deleted: false })
    expect(standin.site()).toMatchObject({ collections: [], groups: [], deployments: [] })
  })

  it('what is not there any more is said, and was not changed', async () => {
    const asked = { name, group: 17_000_001, collection: 'P0100044', ...times }
    expect(await refusal('create-deployment', { ...asked, withoutPackage: false, acceptLicence: false })).toMatchObject(
      {
        message: 'CM01 has no collection P0100044 any more.',
        sent: false,
      },
    )
    expect(await refusal('add-members', { collection: 'P0100044', machines: [16_777_225] })).toMatchObject({
      sent: false,
    })
    await ask('remove-members', { collection: 'P0100044', machines: [16_777_225] })
  })

  it('a site that does not open is told with what to look at', async () => {
    const error = await refusal('probe', {}, standin.client({ provider: 'cm99.corp.example' }))
    expect(error.message).toMatch(/^CM01 cannot open the site \(.*cm99\.corp\.example.*\): is "site" its code/)
  })

  it('a server without the console is told apart', async () => {
    const bare = await startSiteStandIn('/nowhere/i386')
    try {
      bare.load()
      expect((await refusal('probe', {}, bare.client())).message).toMatch(/has no module ConfigurationManager/)
    } finally {
      await bare.stop()
    }
  })
})
