import { describe, expect, test } from 'vitest'
import { frozen, type InstalledPackage, type Observation, type PendingUpdate } from '../../src/core/asset.ts'
import type { DeploymentOutcome, HealthResult } from '../../src/core/ports.ts'
import type { EndState, PlannedAsset } from '../../src/core/proposal/proposal.ts'
import { type Look, lookedAt, type OwnWork, verify } from '../../src/core/verification.ts'
import { anAsset, aSnapshot } from '../support/asset.ts'

const now = '2026-11-20T03:00:00.000Z'
const asset = anAsset('web1')
const planned: PlannedAsset = {
  asset: frozen(asset),
  patches: ['p'],
  changes: [{ name: 'openssl', architecture: 'amd64', from: '3.0.20-1', to: '3.0.22-1~deb12u2' }],
  transaction: [],
  previewProblem: null,
}

interface More {
  rebootRequired?: boolean
  staleServices?: string[]
  halfDone?: string
}

function seen(version: string, more: More = {}): Observation {
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
      ...(more.halfDone === undefined ? {} : { halfDone: [{ name: more.halfDone, how: 'is half-configured' }] }),
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
  [
    'the version is there, and its installation was interrupted before our start',
    { ...heldBack, reason: 'an earlier installation was interrupted.' },
    seen(promised, { halfDone: 'openssl' }),
    healthy,
    'held back',
    /^an earlier installation was interrupted; left half done there: openssl is half-configured$/,
  ],
  [
    'it was silent, and answers with the version half installed',
    silent,
    seen(promised, { halfDone: 'openssl' }),
    healthy,
    'failed',
    /reports the promised versions, but an installation was interrupted; left half done there: openssl is/,
  ],
  [
    'something that was not promised lies there half done',
    succeeded,
    seen(promised, { halfDone: 'vim' }),
    healthy,
    'installed',
    /reports the promised/,
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
    'it was held back, and no journal was asked who installed it',
    heldBack,
    seen(promised),
    healthy,
    'installed',
    /^The promised versions are there already; it is not known who installed them$/,
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
  [
    'it was rebooted',
    rebooted,
    seen(promised),
    healthy,
    'rebooted and re-scanned',
    /Installed, rebooted, and seen again/,
  ],
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

const facts = { health: [healthy], now }

/** A look at the asset with these packages, and these updates that wait. */
function found(
  packages: readonly (Pick<InstalledPackage, 'name' | 'version'> & { readonly architecture?: string })[],
  pending: readonly PendingUpdate[] = [],
): Observation {
  const installed = packages.map(({ name, version, architecture = 'amd64' }) => {
    return { name, version, architecture, source: name, sourceVersion: version }
  })
  return { kind: 'seen', warnings: [], snapshot: aSnapshot(asset, { packages: installed, pending, observedAt: now }) }
}

function waits(name: string, more: Partial<PendingUpdate> = {}): PendingUpdate {
  const update = { installed: '1', candidate: '2', source: name, origins: [], security: true, held: null }
  return { name, architecture: 'amd64', ...update, ...more }
}

const two: PlannedAsset = {
  ...planned,
  changes: ['libssl3', 'openssl'].map((name) => ({ name, architecture: 'amd64', from: '1', to: '2' })),
}

describe('a package', () => {
  const versionIn = (look: Look) => verify(planned, succeeded, look, facts).packages[0]?.version

  test('is the one of its architecture, where there are several', () => {
    const look = found([
      { name: 'openssl', version: '1', architecture: 'i386' },
      { name: 'openssl', version: '2' },
    ])
    expect(versionIn(look)).toBe('2')
  })

  test('of another architecture stands for it only where it is the only one', () => {
    const i386 = { name: 'openssl', version: '3', architecture: 'i386' }
    expect(versionIn(found([i386]))).toBe('3')
    expect(versionIn(found([i386, { ...i386, architecture: 'arm64' }]))).toBeNull()
  })

  test('is told with what was promised of it, and what is there', () => {
    const { packages } = verify(two, succeeded, found([{ name: 'openssl', version: '2' }]), facts)
    expect(packages).toEqual([
      { name: 'libssl3', promised: '2', version: null, result: 'missing' },
      { name: 'openssl', promised: '2', version: '2' },
    ])
    expect(verify(two, succeeded, gone, facts).packages).toEqual([
      { name: 'libssl3', promised: '2', version: null, result: 'not known' },
      { name: 'openssl', promised: '2', version: null, result: 'not known' },
    ])
  })
})

test('of several packages that are not as promised it is said how many', () => {
  const { end, reason } = verify(two, succeeded, found([{ name: 'bash', version: '5' }]), facts)
  expect([end, reason]).toEqual([
    'still missing',
    'The engine reported success, but 2 of 2 packages are not as promised',
  ])
  expect(verify(two, succeeded, found([{ name: 'libssl3', version: '2' }]), facts).reason).toMatch(
    /openssl is not installed, 2 was promised/,
  )
})

describe('what the package manager of the asset keeps away', () => {
  const old = [
    { name: 'libssl3', version: '1' },
    { name: 'openssl', version: '1' },
  ]
  const reasonWith = (pending: readonly PendingUpdate[], outcome: DeploymentOutcome = succeeded) => {
    const { end, reason } = verify(two, outcome, found(old, pending), facts)
    return [end, reason]
  }

  test.each<[NonNullable<PendingUpdate['held']>, string]>([
    ['hold', 'openssl is on hold there'],
    ['phased', 'openssl is phased by the vendor: this server gets it later'],
    ['kept back', 'openssl is kept back: its dependencies conflict or are not available'],
    ['needs a subscription', 'openssl needs a subscription'],
  ])('%s', (held, words) => {
    const pending = [waits('openssl', { held })]
    expect(reasonWith(pending)).toEqual(['held back', `2 of 2 packages are not as promised: ${words}`])
    expect(reasonWith(pending, heldBack)).toEqual(['held back', `no room on the disk; ${words}`])
  })

  test('is told once for each reason', () => {
    const held = 'hold' as const
    expect(reasonWith([waits('libssl3', { held }), waits('openssl', { held })])[1]).toMatch(
      /: libssl3, openssl is on hold there$/,
    )
    expect(reasonWith([waits('libssl3', { held }), waits('openssl', { held: 'phased' })])[1]).toMatch(
      /: libssl3 is on hold there; openssl is phased by the vendor/,
    )
  })

  test('is told only of what was promised, and of what is kept away', () => {
    expect(reasonWith([waits('curl', { held: 'hold' }), waits('openssl')])).toEqual([
      'still missing',
      'The engine reported success, but 2 of 2 packages are not as promised',
    ])
    expect(reasonWith([waits('openssl')], heldBack)).toEqual(['held back', 'no room on the disk'])
  })
})

describe('security updates that wait', () => {
  const newIn = (...pending: readonly PendingUpdate[]) =>
    verify(planned, succeeded, found([{ name: 'openssl', version: promised }], pending), facts).newUpdates

  test('are told, by name and version', () => {
    expect(newIn(waits('curl', { candidate: '8.1' }), waits('zlib1g'))).toEqual(['curl 8.1', 'zlib1g 2'])
  })

  test('are none of what was promised, is kept away, or is for other reasons', () => {
    expect(newIn(waits('openssl'), waits('curl', { held: 'hold' }), waits('vim', { security: false }))).toBeUndefined()
    expect(newIn()).toBeUndefined()
  })
})

describe('health', () => {
  const endWith = (health: readonly HealthResult[], before?: readonly HealthResult[]) =>
    verify(planned, succeeded, seen(promised), { health, now, ...(before === undefined ? {} : { before }) })

  test('that was as bad before is told so', () => {
    expect(endWith([sick], [sick]).reason).toMatch(/it is not healthy, as it was before: http: 503$/)
    expect(endWith([sick], [healthy]).reason).toMatch(/it is not healthy: http: 503$/)
    const disk: HealthResult = { check: 'disk', healthy: false, detail: 'full' }
    expect(endWith([healthy, disk, sick], [sick]).reason).toMatch(/it is not healthy: disk: full; http: 503$/)
  })

  test('is kept as it was before and after, where somebody looked before', () => {
    expect(endWith([healthy], [sick])).toMatchObject({ health: [healthy], healthBefore: [sick], end: 'installed' })
    expect(endWith([healthy])).not.toHaveProperty('healthBefore')
    expect(verify(planned, succeeded, gone, { ...facts, before: [sick] })).toMatchObject({ healthBefore: [sick] })
    expect(verify(planned, succeeded, gone, facts)).not.toHaveProperty('healthBefore')
  })
})

describe('a rollback', () => {
  const back = { ...facts, rollsBack: true }

  test('promised the version from before, and no newer one', () => {
    const undone: PlannedAsset = {
      ...planned,
      changes: [{ name: 'openssl', architecture: 'amd64', from: '3.0.22-1', to: promised }],
    }
    expect(verify(undone, succeeded, seen(promised), back)).toMatchObject({
      end: 'rolled back',
      reason: 'It reports the versions from before',
    })
    expect(verify(undone, succeeded, seen('3.0.22-1'), back).end).toBe('still missing')
  })

  test('asks for no reboot', () => {
    expect(verify(planned, succeeded, seen(promised, { rebootRequired: true }), back).end).toBe('rolled back')
  })
})

test('services that run what was replaced are kept with it, where there are any', () => {
  expect(verify(planned, succeeded, seen(promised, { staleServices: ['nginx'] }), facts)).toMatchObject({
    staleServices: ['nginx'],
  })
  expect(verify(planned, succeeded, seen(promised), facts)).not.toHaveProperty('staleServices')
})

test('five services that run what was replaced are all named', () => {
  const staleServices = ['cron', 'exim4', 'nginx', 'ntpsec', 'rsyslog']
  expect(verify(planned, succeeded, seen(promised, { staleServices }), facts).reason).toMatch(
    /; cron, exim4, nginx, ntpsec, rsyslog still run/,
  )
})

test('a reboot that nobody says why is asked for without a reason', () => {
  const { snapshot } = seen(promised, { rebootRequired: true }) as Extract<Observation, { kind: 'seen' }>
  const look: Look = { kind: 'seen', warnings: [], snapshot: { ...snapshot, rebootPackages: [] } }
  expect(verify(planned, succeeded, look, facts).reason).toBe('Installed; a reboot is still needed')
})

test('whatever came of a look, it is known at which asset', () => {
  expect([seen(promised), gone, unlisted].map(lookedAt)).toEqual([asset.id, asset.id, asset.id])
})

test('a reason is a part of a sentence: without a full stop at its end, with those in it', () => {
  const outcome: DeploymentOutcome = { ...heldBack, reason: 'dpkg 1.22 is locked.\n' }
  expect(verify(planned, outcome, seen('3.0.20-1'), facts).reason).toBe('dpkg 1.22 is locked')
})

test('what simply went well is said in few words', () => {
  expect(verify(planned, succeeded, seen(promised), facts).reason).toBe('It reports the promised versions')
})

describe('who did it is read from the journals of our starts', () => {
  const startedAt = '2026-11-20T01:08:00.000Z'
  const ours: OwnWork = { kind: 'ours', startedAt, outcome: succeeded }
  const atWork: OwnWork = { kind: 'at work', startedAt, progress: 'unpacking 3 of 20' }
  const began = 'what Patchwarden began on 2026-11-20 01:08 UTC'
  const there = 'The promised versions are there already'
  const byUs = `It reports the promised versions: ${began} installed them, as its own journal says`

  test.each<[string, DeploymentOutcome, OwnWork, string]>([
    ['by an earlier start of ours', heldBack, ours, byUs],
    ['by the start whose connection was lost', silent, ours, byUs],
    ['by a start that was taken for failed, because it took too long', failed, ours, byUs],
    [
      'by somebody else, where no journal has it',
      heldBack,
      { kind: 'not ours' },
      `${there}, installed by somebody else`,
    ],
    ['by nobody knows whom', heldBack, { kind: 'not known' }, `${there}; it is not known who installed them`],
    [
      'by whom its system says',
      heldBack,
      { kind: 'not known', says: 'Another group did it.' },
      `${there}; who installed them, only its system can say: Another group did it`,
    ],
    ['by a start that has not ended', heldBack, atWork, `${there}; ${began} has not ended there (unpacking 3 of 20)`],
  ])('%s', (_, outcome, own, reason) => {
    expect(verify(planned, outcome, seen(promised), { ...facts, own })).toMatchObject({ end: 'installed', reason })
  })

  test('what is missing may still come, where a start of ours is at work', () => {
    const { end, reason } = verify(planned, silent, seen('3.0.20-1'), { ...facts, own: atWork })
    expect(end).toBe('still missing')
    expect(reason).toContain(`3.0.22-1~deb12u2 was promised; ${began} has not ended there (unpacking 3 of 20)`)
  })
})

describe('our own reboot is named', () => {
  const rebootedAt = '2026-11-20T08:08:00.000Z'

  test('as the cause where the server stays away', () => {
    const reason =
      'web1 was rebooted by Patchwarden at 2026-11-20 08:08 UTC and did not come back within 10 min: no route'
    const lost: DeploymentOutcome = { state: 'unreachable', touched: true, rebootedAt, reason: `${reason}.`, log: '' }
    expect(verify(planned, lost, gone, facts)).toMatchObject({
      end: 'unreachable',
      reason: `${reason}; what it holds now is unknown`,
    })
  })

  test('where it comes back with the old kernel', () => {
    const { snapshot } = seen(promised, { rebootRequired: true }) as Extract<Observation, { kind: 'seen' }>
    const look: Look = { kind: 'seen', warnings: [], snapshot: { ...snapshot, runningKernel: '6.1.0-9-amd64' } }
    const outcome: DeploymentOutcome = { state: 'succeeded', changed: [], rebooted: true, rebootedAt, log: '' }
    expect(verify(planned, outcome, look, facts)).toMatchObject({
      end: 'waiting for reboot',
      reason:
        'Installed; rebooted by Patchwarden at 2026-11-20 08:08 UTC, it came back with the kernel 6.1.0-9-amd64: a reboot is still needed (asked for by libc6)',
    })
  })
})

test('what the installation left for people to see to is told', () => {
  const kept = 'the edited /etc/demo-app.conf was kept, and the new one lies beside it as /etc/demo-app.conf.dpkg-dist'
  const outcome: DeploymentOutcome = { state: 'succeeded', changed: [], rebooted: false, notes: [kept], log: '' }
  expect(verify(planned, outcome, seen(promised), facts).reason).toBe(`It reports the promised versions; ${kept}`)
})

test('where another program holds the lock, it is said that it is ours', () => {
  const own: OwnWork = { kind: 'at work', startedAt: '2026-11-20T01:08:00.000Z', progress: 'setting up 2 of 3' }
  const locked: DeploymentOutcome = { ...heldBack, reason: 'Another program did not finish with dpkg: process 4711.' }
  expect(verify(planned, locked, seen('3.0.20-1'), { ...facts, own }).reason).toBe(
    'Another program did not finish with dpkg: process 4711; what Patchwarden began on 2026-11-20 01:08 UTC has not ended there (setting up 2 of 3)',
  )
})
