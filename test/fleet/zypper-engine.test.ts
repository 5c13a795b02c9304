import { afterAll, beforeAll, describe } from 'vitest'
import { deployEngineContract } from '../contracts/deploy-engine.ts'
import { type Fleet, fleetReason, upFleet } from '../support/fleet.ts'
import { rpmBadDays } from '../support/rpm-bad-days.ts'
import { type RpmHosts, rpmHosts, rpmKinds } from '../support/rpm-scene.ts'

const reason = await fleetReason()
if (reason !== null) console.warn(`skipped the SSH engine on hosts with zypper: ${reason}`)

describe.skipIf(reason !== null)('the SSH engine on hosts with zypper', () => {
  let fleet: Fleet
  let hosts: RpmHosts

  beforeAll(async () => {
    fleet = await upFleet(2, { name: 'pwrpz', kind: 'zypper' })
    await fleet.publish('2.0', 'good')
    hosts = rpmHosts(fleet, rpmKinds.zypper)
  })
  afterAll(() => fleet?.down())

  deployEngineContract({ name: 'the SSH engine with zypper', scene: () => hosts.scene() })

  rpmBadDays({
    hosts: () => hosts,
    fleet: () => fleet,
    lock: 'zypper --non-interactive addlock demo-lib',
    occupy: 'sleep 60 >/dev/null 2>&1 & echo $! >/run/zypp.pid',
  })
})
