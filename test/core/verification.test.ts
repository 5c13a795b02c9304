import { expect, test } from 'vitest'
import { frozen, type InstalledPackage, type Observation } from '../../src/core/asset.ts'
import type { DeploymentOutcome, HealthResult } from '../../src/core/ports.ts'
import type { EndState, PlannedAsset } from '../../src/core/proposal/proposal.ts'
import { type Look, verify } from '../../src/core/verification.ts'
import { anAsset } from '../support/asset.ts'

const now = '2026-11-20T03:00:00.000Z'
const asset = anAsset('web1')
const planned: PlannedAsset = {
  asset: frozen(asset),
  patches: ['p'],
  changes: [{ name: 'openssl', architecture: 'amd64', from: '3.0.20-1', to: '3.0.22-1~deb12u2' }],
  transaction: [],
  previewProblem: null,
}

function seen(version: string, more: { rebootRequired?: boolean; staleServices?: string[] } = {}): Observation {
  const openssl: InstalledPackage = {
    name: 'openssl',
    version,
    architecture: 'amd64',
    source: 'openssl',
    sourceVersion: version,
  }
  return {
    kind: 'seen',
    warnings: [],
    snapshot: {
      asset,
      packages: version === '' ? [{ ...openssl, name: 'bash', source: 'bash' }] : [openssl],
      pending: [],
      runningKernel: null,
      bootId: null,
      rebootRequired: more.rebootRequired ?? false,
      rebootPackages: more.rebootRequired ? ['libc6'] : [],
      staleServices: more.staleServices ?? [],
      observedAt: now,
      listsRefreshedAt: null,
    },
  }
}

const gone: Observation = { kind: 'unreachable', asset, reason: 'no route to host.', at: now }
const unlisted: Look = { kind: 'gone', asset: asset.id }
const succeeded: DeploymentOutcome = { state: 'succeeded', changed: [], rebooted: false, log: '' }
const rebooted: DeploymentOutcome = { ...succeeded, rebooted: true }
const failed: DeploymentOutcome = { state: 'failed', reason: 'dpkg could not set up openssl.', log: '' }
const heldBack: DeploymentOutcome = { state: 'held back', reason: 'no room on the disk.', log: '' }
const notBegun: DeploymentOutcome = { state: 'not begun', reason: 'Mara stopped the rollout: no.', log: '' }
const stillDrained: HealthResult = { check: 'undrain', healthy: false, detail: 'exit status 3' }
const silent: DeploymentOutcome = { state: 'unreachable', reason: 'it was silent', touched: true, log: '' }
const never: DeploymentOutcome = { ...silent, touched: false }
const healthy: HealthResult = { check: 'http', healthy: true, detail: '200' }
const sick: HealthResult = { check: 'http', healthy: false, detail: '503' }
const promised = '3.0.22-1~deb12u2'

test.each<[string, DeploymentOutcome, Look, HealthResult, EndState, RegExp]>([
  ['what was promised is there', succeeded, seen(promised), healthy, 'installed', /reports the promised/],
  ['something newer is there', succeeded, seen('3.0.22-1'), healthy, 'installed', /reports/],
  [
    'the engine says done, and the host says otherwise',
    succeeded,
    seen('3.0.20-1'),
    healthy,
    'still missing',
    /reported success, but openssl is 3\.0\.20-1/,
  ],
  ['the package is not there at all', succeeded, seen(''), healthy, 'still missing', /not installed/],
  ['a version that only looks higher as text', succeeded, seen('3.0.9-1'), healthy, 'still missing', /3\.0\.9-1/],
  ['it is installed and sick', succeeded, seen(promised), sick, 'failed', /not healthy: http: 503/],
  ['the installation failed', failed, seen('3.0.20-1'), healthy, 'failed', /could not set up openssl \(openssl is/],
  [
    'it failed, and the versions are there',
    failed,
    seen(promised),
    healthy,
    'failed',
    /reports the promised versions all the same/,
  ],
  ['it was held back', heldBack, seen('3.0.20-1'), healthy, 'held back', /no room/],
  [
    'it was held back, and somebody else installed it',
    heldBack,
    seen(promised),
    healthy,
    'installed',
    /by somebody else/,
  ],
  ['nothing was begun on it', notBegun, seen('3.0.20-1'), healthy, 'not touched', /^Mara stopped the rollout: no$/],
  ['nothing was begun on it, and it is sick', notBegun, seen('3.0.20-1'), sick, 'not touched', /stopped the rollout/],
  ['nothing was begun on it, and it went silent', notBegun, gone, healthy, 'not touched', /stopped the rollout/],
  [
    'nothing was begun on it, and it is not back in service',
    notBegun,
    seen('3.0.20-1'),
    stillDrained,
    'failed',
    /^Nothing was begun on it, but the step undrain failed: exit status 3$/,
  ],
  [
    'a service still runs the old library',
    succeeded,
    seen(promised, { staleServices: ['nginx'] }),
    healthy,
    'installed',
    /promised versions; nginx still runs what was replaced: restart it or reboot/,
  ],
  [
    'many services still run the old library',
    succeeded,
    seen(promised, { staleServices: ['cron', 'exim4', 'nginx', 'ntpsec', 'rsyslog', 'ssh', 'vsftpd'] }),
    healthy,
    'installed',
    /; cron, exim4, nginx, ntpsec, rsyslog and 2 more still run what was replaced: restart them or reboot/,
  ],
  ['it wants a reboot', succeeded, seen(promised, { rebootRequired: true }), healthy, 'waiting for reboot', /libc6/],
  ['it was rebooted', rebooted, seen(promised), healthy, 'rebooted and re-scanned', /rebooted, and seen again/],
  [
    'it does not answer any more',
    succeeded,
    gone,
    healthy,
    'unreachable',
    /\(no route to host\); what it holds now is unknown/,
  ],
  ['it was held back, and went silent', heldBack, gone, healthy, 'unreachable', /nothing was started on it/],
  [
    'it is gone from the inventory',
    succeeded,
    unlisted,
    healthy,
    'unreachable',
    /^It is gone from the inventory, so that nobody knows where to reach it; what it holds now is unknown$/,
  ],
  [
    'it was held back, and is gone from the inventory',
    heldBack,
    unlisted,
    healthy,
    'held back',
    /^no room on the disk$/,
  ],
  ['it never answered, and is gone from the inventory', never, unlisted, healthy, 'unreachable', /nothing was started/],
  ['nothing was begun on it, and it is gone', notBegun, unlisted, healthy, 'not touched', /stopped the rollout/],
  ['it never answered', never, gone, healthy, 'unreachable', /nothing was started on it/],
  [
    'it was silent and answers again, without the update',
    silent,
    seen('3.0.20-1'),
    healthy,
    'still missing',
    /answers again/,
  ],
  ['it was silent and answers again, with the update', silent, seen(promised), healthy, 'installed', /reports/],
])('%s', (_, outcome, observation, health, end, reason) => {
  const verification = verify(planned, outcome, observation, { health: [health], now })
  expect(verification).toMatchObject({ end, reason: expect.stringMatching(reason), at: now })
  expect(verification.reason).not.toMatch(/\.$|\.\./)
})
