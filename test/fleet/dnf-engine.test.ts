import { afterAll, beforeAll, describe } from 'vitest'
import { deployEngineContract } from '../contracts/deploy-engine.ts'
import { type Fleet, fleetReason, upFleet } from '../support/fleet.ts'
import { rpmBadDays } from '../support/rpm-bad-days.ts'
import { type RpmHosts, rpmHosts, rpmKinds } from '../support/rpm-scene.ts'

const reason = await fleetReason()
if (reason !== null) console.warn(`skipped the SSH engine on hosts with dnf: ${reason}`)

describe.skipIf(reason !== null)('the SSH engine on hosts with dnf', () => {
  let fleet: Fleet
  let hosts: RpmHosts

  beforeAll(async () => {
    fleet = await upFleet(2, { name: 'pwrpm', kind: 'dnf' })
    await fleet.publish('2.0', 'good')
    hosts = rpmHosts(fleet, rpmKinds.dnf)
  })
  afterAll(() => fleet?.down())

  deployEngineContract({ name: 'the SSH engine with dnf', scene: () => hosts.scene() })

  rpmBadDays({
    hosts: () => hosts,
    fleet: () => fleet,
    lock: 'dnf -q -C versionlock add demo-lib',
    occupy: 'sleep 60 >/dev/null 2>&1 & echo $! >/var/lib/dnf/rpmdb_lock.pid',
  })
})
