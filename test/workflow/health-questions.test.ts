/** Health checks that Fleet puts to a machine, which other sources know under another name. */

import { describe, expect, it } from 'vitest'
import { type Asset, isLook, type Observation } from '../../src/core/asset.ts'
import { hardwareId } from '../../src/core/identity.ts'
import type { HealthCheck, HealthProbe } from '../../src/core/ports.ts'
import { readAssets } from '../../src/store/inventory.ts'
import { saveObservations } from '../../src/store/save-looks.ts'
import { withQuestions } from '../../src/workflow/health-questions.ts'
import { aHost, fleetScene, looksOf, NOW, signal } from '../integrations/fleet/scene.ts'
import { anAsset, aSnapshot } from '../support/asset.ts'
import { useDatabase } from '../support/database.ts'

const database = useDatabase()

const question = (name: string, source = 'fleet'): HealthCheck => ({
  kind: 'query',
  query: `SELECT 1 FROM processes WHERE name = '${name}'`,
  source,
  timeoutSeconds: 5,
})
const port: HealthCheck = { kind: 'tcp', port: 22, timeoutSeconds: 5 }
const always: HealthProbe = {
  check: async (_, checks) => checks.map(() => ({ check: 'tcp port 22', healthy: true, detail: 'connected' })),
}

/** web01 over SSH is host1.corp.example in Fleet: only its hardware id says so. */
async function oneMachine(changed: Parameters<typeof aHost>[1] = {}) {
  const { db } = database()
  const scene = fleetScene({ hosts: [aHost(1, changed)] })
  const looks = (await looksOf(scene.source)).filter(isLook)
  const hardware = hardwareId('00000001-1111-4222-8333-444455556666')
  const bash = { name: 'bash', version: '1', architecture: 'amd64', source: 'bash', sourceVersion: '1' }
  const own = anAsset('host1', { source: 'lab', id: 'lab/host1' })
  const overSsh: Observation = {
    kind: 'seen',
    snapshot: { ...aSnapshot(own), packages: [bash], observedAt: NOW, identity: { hardware } },
    warnings: [],
  }
  await saveObservations(db, [overSsh, ...looks], NOW)
  const assets = await readAssets(db, ['lab/host1', 'fleet/host1.corp.example'])
  const [asset] = [...assets.values()]
  expect(assets.size).toBe(1)
  return { asset: asset as Asset, probe: withQuestions({ db, sources: [scene.source], health: always }) }
}

describe('a health check that Fleet asks', () => {
  it('reaches the machine by what Fleet calls it, and stands in its place among the others', async () => {
    const { asset, probe } = await oneMachine()
    const results = await probe.check(asset, [question('sshd'), port, question('nginx')], signal)
    expect(results.map(({ healthy, detail }) => `${healthy} ${detail}`)).toEqual([
      'true 1 row at 2026-11-20 10:00 UTC, by fleet',
      'true connected',
      'false 0 rows at 2026-11-20 10:00 UTC, by fleet',
    ])
  })

  it.each([
    ['is offline', { online: false }, question('sshd'), /nobody could look: Fleet says that it is offline/],
    ['is asked through nobody', {}, question('sshd', 'prom'), /nobody could look: prom cannot ask servers/],
  ])('is not healthy where the machine %s', async (_, host, check, detail) => {
    const { asset, probe } = await oneMachine(host)
    const [result] = await probe.check(asset, [check], signal)
    expect(result).toMatchObject({ healthy: false, detail: expect.stringMatching(detail) })
  })

  it('is not healthy where Fleet does not know the machine', async () => {
    const { probe } = await oneMachine()
    const [result] = await probe.check(anAsset('web77'), [question('sshd')], signal)
    expect(result).toMatchObject({ healthy: false, detail: expect.stringMatching(/fleet does not know this server/) })
  })
})
