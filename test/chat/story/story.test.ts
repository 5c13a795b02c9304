import { describe, expect, test } from 'vitest'
import { proposalReport } from '../../../src/chat/report.ts'
import { plain, sentence } from '../../../src/chat/rich-text.ts'
import { storyOf } from '../../../src/chat/story/story.ts'
import { GENESIS, type OpenedEvent } from '../../../src/core/audit.ts'
import type { ProposalEvent } from '../../../src/core/proposal/event.ts'
import { evolve } from '../../../src/core/proposal/evolve.ts'
import type { Actor, ProposalState } from '../../../src/core/proposal/proposal.ts'
import { nasty, unseen } from '../../support/hostile-text.ts'
import { machine, person } from '../../support/proposal-case.ts'
import { content, policy } from '../../support/proposals.ts'
import { sealedEntry } from '../../support/test-register.ts'

const until = '2026-12-01T00:00:00.000Z'
const opened: ProposalEvent = {
  type: 'opened',
  id: 'PW-1',
  number: 1,
  team: 'web',
  policy,
  ...content(4),
  expiresAt: '2026-11-27T00:00:00.000Z',
  noticeEndsAt: null,
}

function cast(choice: 'approve' | 'reject' | 'abstain', reason: string | null = null): ProposalEvent {
  return {
    type: 'vote-cast',
    vote: { person: 'tom', name: 'Tom', choice, revision: 1, at: until, via: 'console', reason },
  }
}

function verified(end: 'installed' | 'failed' | 'unreachable', reason: string): ProposalEvent {
  return {
    type: 'verification-recorded',
    asset: 'lab/web1',
    verification: { end, reason, packages: [], health: [], at: until },
  }
}

const log = Array.from({ length: 500 }, (_, line) => `line ${line}`).join('\n')
const started: readonly ProposalEvent[] = [
  {
    type: 'approved',
    by: {
      how: 'quorum',
      fills: [
        { role: 'owner', person: 'noor' },
        { role: 'security', person: 'tom' },
      ],
    },
  },
  { type: 'scheduled', window: { start: '2026-11-20T00:00:00.000Z', end: until }, reason: null },
  { type: 'rollout-started' },
  { type: 'batch-started', ring: 0, batch: 0, key: 'PW-1.r1.1.1', assets: ['lab/web1'] },
  { type: 'outcome-recorded', asset: 'lab/web1', outcome: { state: 'failed', reason: 'dpkg failed.', log } },
]

const testing: readonly ProposalEvent[] = [
  { type: 'test-started' },
  { type: 'batch-started', ring: 0, batch: 0, key: 'PW-1.r1.1.1', assets: ['lab/web1'] },
]

/** Plays events on a fresh proposal; the thread entries of the last one, and all events sealed. */
function tell(events: readonly (readonly [ProposalEvent, Actor] | ProposalEvent)[]) {
  let state: ProposalState | null = null
  const sealed: OpenedEvent[] = []
  let entries: ReturnType<typeof storyOf> = []
  for (const [index, item] of [opened, ...events].entries()) {
    const [event, actor] = 'type' in item ? [item, machine] : item
    const recorded = { stream: 'PW-1', seq: index + 1, at: '2026-11-20T00:00:00.000Z', actor, event }
    const next: ProposalState = evolve(state, recorded)
    entries = storyOf(recorded, state, next)
    const { hash } = sealedEntry(recorded, sealed.at(-1)?.hash ?? GENESIS)
    sealed.push({ ...recorded, hash })
    state = next
  }
  if (state === null) throw new Error('nothing happened')
  return { entries, sealed, state }
}

describe('the thread', () => {
  test.each<[string, readonly (ProposalEvent | readonly [ProposalEvent, Actor])[], RegExp]>([
    ['opening', [], /^Proposed by the assessment: 4 servers miss 1 patch\. Priority scheduled\.$/],
    ['an approval', [[cast('approve'), person('tom')]], /^Approved\.$/],
    [
      'an approval with a word',
      [[cast('approve', 'checked on staging'), person('tom')]],
      /^Approved: checked on staging/,
    ],
    [
      'a rejection',
      [{ type: 'rejected', deferral: { by: 'tom', reason: 'Friday!', owner: 'noor', until } }],
      /^Rejected: Friday! noor looks at it again/i,
    ],
    [
      'who approved, as what, and when it runs',
      started.slice(0, 2),
      /^Approved: .* as owner, .* as security\. Its window is open now\.$/,
    ],
    [
      'who approved, where it has no window',
      [...started.slice(0, 1), { type: 'start-refused', reason: 'it has no window' }],
      /^Approved: .* as owner, .* as security\. Not started, because it has no window\.$/,
    ],
    [
      'the start, with its rings and the servers of the first',
      started.slice(0, 3),
      /^Rollout started: canary \(1\), then broad \(3\)\. It begins with web1\.$/,
    ],
    [
      'a host that failed',
      [...started, verified('failed', 'dpkg failed (openssl is 3.0.20)')],
      /^web1 failed\. dpkg failed \(openssl is 3\.0\.20\)\.$/,
    ],
    [
      'a host that is silent',
      [...started, verified('unreachable', 'It does not answer')],
      /^web1 unreachable\. It does not answer\.$/,
    ],
    [
      'a stop by the gate',
      [...started, { type: 'halted', by: 'Patchwarden', reason: 'Ring canary stopped at its gate: 1 failed' }],
      /^Stopped\. Ring canary stopped at its gate: 1 failed\. 3 servers not touched\.$/,
    ],
    [
      'a test that is paused',
      [...testing, [{ type: 'test-paused', by: 'Jonas', reason: 'odd graphs' }, person('jonas')]],
      /^Paused the test: odd graphs\. Nothing more of it begins until it is resumed\.$/,
    ],
    [
      'a test that is halted, with what is at work',
      [...testing, [{ type: 'test-halted', by: 'Jonas', reason: 'alarms?' }, person('jonas')]],
      /^Halted the test: alarms\? web1 is at work and is brought to its end first\.$/,
    ],
    [
      'a test that is halted when nothing is at work',
      [{ type: 'test-started' }, [{ type: 'test-halted', by: 'Jonas', reason: 'alarms?' }, person('jonas')]],
      /^Halted the test: alarms\? No server is at work for the test\.$/,
    ],
    [
      'a test that is halted because its proposal was closed',
      [
        ...testing,
        [{ type: 'test-halted', by: 'Tom', reason: 'the proposal was rejected', closing: true }, person('tom')],
      ],
      /^The test ring is halted: the proposal was rejected\. web1 is at work and is brought to its end first\.$/,
    ],
    [
      'a test that goes on',
      [...testing, { type: 'test-resumed', by: ['Mara', 'Noor'] }],
      /^The test was resumed by Mara and Noor\.$/,
    ],
    [
      'the end of a halted test',
      [{ type: 'test-started' }, { type: 'test-ended', passed: false, reason: 'Halted by Jonas: alarms?' }],
      /^The test did not pass\. Halted by Jonas: alarms\? It touched nothing\.$/,
    ],
    [
      'a stop by a person',
      [...started, [{ type: 'halted', by: 'Jonas', reason: 'alarms?' }, person('jonas')]],
      /^Halted: alarms\? Nothing after it is touched\.$/,
    ],
    [
      'why it did not start',
      [{ type: 'start-refused', reason: 'nobody on call has acknowledged it yet' }],
      /^Not started, because nobody on call has acknowledged it yet\.$/,
    ],
    [
      'break-glass',
      [
        [
          { type: 'break-glass-used', person: 'jonas', name: 'Jonas', reason: 'exploited now', reviewBy: until },
          person('jonas'),
        ],
      ],
      /exploited now\. Approved without the usual votes, outside the window/,
    ],
    ['an expiry', [{ type: 'expired' }], /\.$/],
  ])('tells of %s', (_, events, text) => {
    const said = tell(events).entries.map((entry) => plain(entry.text))
    expect(said.join(' ')).toMatch(text)
  })

  test('shows the last lines of the log of a host that failed', () => {
    const [entry] = tell([...started, verified('failed', 'dpkg failed')]).entries
    expect(entry?.detail.at(-1)).toBe('line 499')
    expect(entry?.detail.length).toBeLessThan(50)
    expect(entry?.tone).toBe('urgent')
  })

  test('tells together what was not begun for the same reason', () => {
    const ids = ['lab/web2', 'lab/web3', 'lab/web4']
    const outcome = { state: 'not begun', reason: 'r', log: '' } as const
    const ended = (reason: string) => ({ end: 'not touched', reason, packages: [], health: [], at: until }) as const
    const { entries } = tell([
      ...started.slice(0, 3),
      { type: 'batch-started', ring: 1, batch: 0, key: 'PW-1.r1.2.1', assets: ids },
      { type: 'halted', by: 'Jonas', reason: 'no' },
      { type: 'outcomes-recorded', outcomes: ids.map((asset) => ({ asset, outcome })) },
      {
        type: 'verifications-recorded',
        verifications: ids.map((asset) => ({ asset, verification: ended(asset === 'lab/web4' ? 'late' : 'halted') })),
      },
    ])
    expect(entries.map(({ text }) => plain(text))).toEqual([
      'web2, web3 were not begun: halted.\nweb4 was not begun: late. They come when the rollout is resumed.',
    ])
  })

  test('is silent when a host is looked at again and nothing is new', () => {
    const same = verified('installed', 'It reports the promised versions')
    expect(tell([...started, same, { type: 'verifying-started' }, same]).entries).toEqual([])
    const changed = tell([...started, same, { type: 'verifying-started' }, verified('failed', 'not healthy')])
    expect(changed.entries.map((entry) => plain(entry.text)).join()).toMatch(
      /^web1 was installed, is now failed\. not healthy\.$/,
    )
  })
})

test('the report documents decision, patches, assets, thread and record', () => {
  const { state, sealed } = tell([
    [cast('approve', 'a | b\nc'), person('tom')],
    ...started,
    verified('failed', 'dpkg failed'),
  ])
  const report = proposalReport(state, sealed, new Map())
  for (const part of ['# PW-1: openssl', '## Decision', '## Patches', '## Assets', '## Thread', '## Record']) {
    expect(report).toContain(`${part}\n`)
  }
  expect(report).toContain('| Tom | approve |')
  expect(report).toContain('a \\| b c |')
  expect(report).toContain(`\`${sealed.at(-1)?.hash}\``)
})

test('the report has the log of a host and the words of a person as text', () => {
  const { sealed } = tell([
    [cast('approve', `ok ${nasty}`), person('tom')],
    ...started,
    {
      type: 'outcome-recorded',
      asset: 'lab/web1',
      outcome: { state: 'failed', reason: nasty, log: `${nasty}\n\n${nasty}` },
    },
    verified('failed', `dpkg failed ${nasty}`),
  ])
  const titled = tell([[cast('approve', nasty), person('tom')]]).state
  const report = proposalReport({ ...titled, title: nasty, whyNow: nasty, team: nasty }, sealed, new Map())
  expect(unseen.exec(report)).toBeNull()
  expect(report).not.toMatch(/^\s*FORGED/m)
  expect(report.replace(/\\./g, '').replace(/`[^`\n]*`/g, '')).not.toMatch(/<|!\[|&#|https?:\/\//)
  const table = report.slice(report.indexOf('| person |'), report.indexOf('## Patches')).trim().split('\n')
  for (const row of table) expect(row.replace(/\\./g, '').split('|')).toHaveLength(7)
})

test.each([
  ['it failed', 'it failed.'],
  ['it failed.', 'it failed.'],
  ['really?', 'really?'],
  ['stop!  ', 'stop!'],
])('%j ends as a sentence', (said, ended) => {
  expect(sentence(said)).toBe(ended)
})
