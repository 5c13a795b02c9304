import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { assess } from '../../src/core/assessment/assess.ts'
import { withBuiltSources } from '../../src/core/assessment/built-from.ts'
import { catalogView } from '../../src/core/assessment/catalog-view.ts'
import { weaknessOf, whyNotOffered } from '../../src/core/assessment/why-not-offered.ts'
import { type AssetSnapshot, onlyLooks } from '../../src/core/asset.ts'
import { createSshInventory } from '../../src/integrations/ssh/index.ts'
import { anAsset } from '../support/asset.ts'
import { type Fleet, fleetReason, upFleet } from '../support/fleet.ts'
import { deployerRule } from '../support/priority-rules.ts'

const reason = await fleetReason()
if (reason !== null) console.warn(`skipped what hosts are not offered: ${reason}`)

const LISTS = '/var/lib/apt/lists'

describe.skipIf(reason !== null)('what the vendor has fixed and a real Debian host is not offered', () => {
  const { signal } = new AbortController()
  let fleet: Fleet
  /** The version of openssl that Debian's security archive has; the vendor's data calls it fixed. */
  let fixed: string

  beforeAll(async () => {
    fleet = await upFleet(1, { name: 'pwnoff' })
    const openssl = (await fleet.pending('web01')).find((update) => update.package === 'openssl')
    fixed = openssl?.candidate ?? ''
  })
  afterAll(() => fleet?.down())
  beforeEach(() => fleet.reset('all'))

  async function shell(command: string): Promise<string> {
    const { code, stdout, stderr } = await fleet.exec('web01', ['sh', '-c', command])
    if (code !== 0) throw new Error(`${command}: ${stdout}${stderr}`)
    return stdout
  }

  async function look(refresh = false): Promise<{ snapshot: AssetSnapshot; warnings: readonly string[] }> {
    const inventory = createSshInventory({
      name: 'lab',
      hosts: fleet.hosts.map(({ name, address }) => ({
        asset: anAsset(name, { address, platform: '' }),
        target: {
          host: address,
          user: 'patch',
          identityFile: fleet.identity,
          knownHostsFile: fleet.knownHosts,
          connectTimeoutSeconds: 5,
        },
      })),
      refresh,
      concurrency: 1,
      clock: () => new Date(),
    })
    for await (const observation of onlyLooks(inventory.observe({ signal }))) {
      if (observation.kind === 'unreachable') throw new Error(observation.reason)
      return observation
    }
    throw new Error('The host did not answer.')
  }

  /** What is offered and what is not, with the reasons, and what weakens the answer. */
  function judged(snapshot: AssetSnapshot) {
    const fix = { platform: 'debian:12', package: 'openssl', by: 'source', cves: ['CVE-2026-1'], fixedVersion: fixed }
    const now = new Date().toISOString()
    const catalog = catalogView([{ fixes: [{ ...fix, by: 'source' }] }])
    const { patches, assets } = assess({ snapshots: [withBuiltSources(snapshot)], catalog, rule: deployerRule, now })
    return {
      offered: patches.some(({ source, cves }) => source === 'openssl' && cves.includes('CVE-2026-1')),
      reasons: assets.flatMap(({ withheld }) => withheld.map(({ held }) => whyNotOffered(held, snapshot, now))),
      weakness: weaknessOf(snapshot, now),
    }
  }

  it('is nothing where all is in order, and each candidate has the source version of its archive', async () => {
    const { snapshot, warnings } = await look()
    expect(warnings).toEqual([])
    expect(snapshot.archives).toEqual({ security: true, problem: null })
    expect(judged(snapshot)).toEqual({ offered: true, reasons: [], weakness: null })
    expect(snapshot.pending.length).toBeGreaterThan(5)
    for (const { name, candidate, source, sourceVersion } of snapshot.pending) {
      // dpkg's own words for the source of a package file's stanza.
      const stanza = await shell(`apt-cache show ${name}=${candidate} | sed -n 's/^Source: //p' | head -n 1`)
      const [said = name, version = candidate] =
        stanza.trim() === '' ? [] : stanza.trim().replace(/[()]/g, '').split(' ')
      expect([name, source, sourceVersion]).toEqual([name, said, version])
    }
  })

  it('is said by a host whose security archive is disabled', async () => {
    await shell("sed -i '/security/s/^/# /' /etc/apt/sources.list")
    const { snapshot } = await look(true)
    expect(judged(snapshot)).toEqual({
      offered: false,
      reasons: ['its security archive is missing'],
      weakness: 'its security archive is missing',
    })
  })

  it('is said by a host whose lists are old and do not have it', async () => {
    // The lists of a time before the fix.
    await shell(
      `for list in ${LISTS}/*security*_Packages; do sed -i '/^Package: \\(openssl\\|libssl3\\)$/,/^$/d' $list; done; rm -f /var/cache/apt/*.bin; touch -d '9 days ago' ${LISTS} ${LISTS}/*; rm -f /var/lib/apt/periodic/update-success-stamp`,
    )
    const { snapshot } = await look()
    expect(snapshot.archives?.security).toBe(true)
    expect(judged(snapshot)).toEqual({
      offered: false,
      reasons: ['its package lists are 9 days old'],
      weakness: 'its package lists are 9 days old',
    })
  })

  it('is said by a host that holds it', async () => {
    await shell('apt-mark hold openssl libssl3')
    const { snapshot } = await look()
    expect(judged(snapshot)).toEqual({ offered: false, reasons: ['held by apt-mark'], weakness: null })
  })

  it('is said of the rest where only a part is held', async () => {
    await shell('apt-mark hold libssl3')
    const { reasons } = judged((await look()).snapshot)
    expect(reasons).toEqual(['held by apt-mark'])
  })

  it('may be more where the Release file of an archive has expired', async () => {
    await shell(`echo 'Acquire::Max-ValidTime "1";' >/etc/apt/apt.conf.d/99expired; rm -f ${LISTS}/*Release`)
    const { snapshot, warnings } = await look(true)
    expect(snapshot.archives?.problem).toMatch(/^E: Release file for .* is expired\. Updates for this repository/)
    expect(warnings.join()).toContain('could not be refreshed')
    expect(judged(snapshot).weakness).toContain('its package lists could not be refreshed (E: Release file for ')
  })

  it('may be more where an archive has another origin than before', async () => {
    await shell(
      `sed -i 's/^Origin: .*/Origin: Somebody else/' ${LISTS}/*InRelease; touch -d '2 days ago' ${LISTS}/*InRelease`,
    )
    const { snapshot } = await look(true)
    expect(snapshot.archives?.problem).toMatch(/changed its 'Origin' value from 'Somebody else' to 'Debian'/)
    expect(judged(snapshot).weakness).toContain('its package lists could not be refreshed')
  })
})
