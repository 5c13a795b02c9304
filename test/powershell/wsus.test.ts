import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { ALL_COMPUTERS } from '../../src/integrations/wsus/calls.ts'
import { powershellHost, type StandIn, startStandIn } from './support/standin.ts'

const { signal } = new AbortController()

describe.skipIf(powershellHost === null)('the script in PowerShell, over SSH', () => {
  let standin: StandIn
  beforeAll(async () => {
    standin = await startStandIn()
  })
  afterAll(() => standin?.stop())

  it('lists groups with their parents', async () => {
    standin.load({
      groups: [{ id: '5f6a0000-0000-0000-0000-000000000001', name: 'Büro – Nord', parent: ALL_COMPUTERS }],
    })
    const { data } = await standin.server.call('groups', {}, signal)
    expect(data).toContainEqual({
      id: '5f6a0000-0000-0000-0000-000000000001',
      name: 'Büro – Nord',
      parent: ALL_COMPUTERS,
    })
  })
})
