import { describe, expect, test } from 'vitest'
import type { CardAction } from '../../src/chat/card.ts'
import { cardActions } from '../../src/chat/card-actions.ts'
import { proposalCard } from '../../src/chat/proposal-card.ts'
import { plain } from '../../src/chat/rich-text.ts'
import type { Doer } from '../../src/core/permission/row.ts'
import type { Policy } from '../../src/core/policy.ts'
import type { ProposalState } from '../../src/core/proposal/proposal.ts'
import { placeOf } from '../support/place.ts'
import { members, person, proposalCase } from '../support/proposal-case.ts'
import { content, testedContent } from '../support/proposals.ts'

function doerCalled(id: string): Doer {
  const found = person(id)
  if (found.kind !== 'person') throw new Error(id)
  return found
}

/** A star marks a coloured button. */
function buttonText({ label, style }: CardAction): string {
  return `[${label}${style === 'plain' ? '' : '*'}]`
}

/** The card as one reads it, from top to bottom. */
function read(state: ProposalState, viewer: Doer | null = null): string {
  const card = proposalCard(placeOf(state, members), viewer)
  return [
    `[${card.tone}] ${plain(card.state)} · ${card.proposal}`,
    `${card.title}: ${plain(card.say)}`,
    card.actions
      .filter(({ rare }) => !rare)
      .map(buttonText)
      .join(' '),
    ...card.facts.map((fact) => `${fact.label}: ${plain(fact.value)}`),
    ...card.rings.map((ring) => `${ring.name} ${ring.good}/${ring.total} ${ring.status}`),
    ...card.notes.map((note) => plain(note.text)),
    plain(card.small),
    card.actions
      .filter(({ rare }) => rare)
      .map(buttonText)
      .join(' '),
  ].join('\n')
}

function approved(policy: Partial<Policy> = {}) {
  const one = proposalCase({ policy })
  one.vote('noor', 'approve')
  one.vote('tom', 'approve')
  return one
}

/** An open proposal whose test ring is at work on the first of two. */
function testing() {
  const one = proposalCase({ content: testedContent(4, 2), policy: { testRing: 'run' } })
  one.give({ type: 'start-test' })
  one.give({ type: 'start-batch' })
  return one
}

describe('the card', () => {
  test('of an open proposal says what, why now, where, how, who is missing and until when', () => {
    const one = proposalCase()
    one.vote('noor', 'approve')
    expect(read(one.state())).toMatchInlineSnapshot(`
      "[neutral] Scheduled · 1 vote missing · PW-1
      openssl: test. Noor (owner) approved. Needs Mara or Tom (security): press Approve or Reject.
      [Approve*] [Reject…] [4 servers]
      Updates 1: openssl 3.0.20 → 3.0.22
      No reboot.
      Servers 4: web1, web2, web3, web4.
      Order: canary 1, then broad 3; each watched for up to 60 s; stops at the first failure; window "always".
      When: If approved now, it begins 2026-11-20 00:00 UTC and ends about 2026-11-20 00:31 UTC at the earliest.
      Health: Nobody looks whether 4 servers work afterwards: no health check is for them.
      canary 0/1 waiting
      broad 0/3 waiting
      Asked 2026-11-20 00:00 UTC by Patchwarden. Undecided, it expires 2026-11-27 00:00 UTC.
      [Why scheduled?] [Plan] [Report] [Abstain] [Ask somebody…] [Withdraw my vote] [Freeze…] [Withdraw…]"
    `)
  })

  test('of a test ring that is paused says who did it, why, what is at work, and who lets it go on', () => {
    const one = testing()
    one.give({ type: 'pause', reason: 'odd graphs' }, person('jonas'))
    expect(read(one.state())).toMatchInlineSnapshot(`
      "[warning] Test paused by Jonas · PW-1
      openssl: test. The test is paused by Jonas: “odd graphs”. Mara or Noor can Resume. Needs Mara or Noor (owner) and Mara or Tom (security): press Approve or Reject.
      [Approve*] [Reject…] [Resume] [4 servers]
      Updates 1: openssl 3.0.20 → 3.0.22
      No reboot.
      Servers 4: web1, web2, web3, web4.
      Tested: The test on ring test is paused: 0 of 2 servers done.
      Order: test 2, then broad 2; no wait between them; stops at the first failure; window "always".
      When: If approved now, it begins 2026-11-20 00:00 UTC and ends about 2026-11-20 00:10 UTC at the earliest.
      Health: Nobody looks whether 4 servers work afterwards: no health check is for them.
      test 0/2 running
      broad 0/2 waiting
      web1 is at work and is brought to its end first.
      Asked 2026-11-20 00:00 UTC by Patchwarden. Undecided, it expires 2026-11-27 00:00 UTC.
      [Why scheduled?] [Plan] [Report] [Halt…] [Abstain] [Ask somebody…] [Freeze…] [Withdraw…]"
    `)
  })

  test('of a proposal that was rejected says which assets of its test are brought to their end', () => {
    const one = testing()
    one.vote('tom', 'reject', { reason: 'not now', until: '2026-12-24' })
    expect(read(one.state())).toMatchInlineSnapshot(`
      "[neutral] Rejected until 2026-12-24 00:00 UTC · PW-1
      openssl: Tom: “not now”. Tom looks again by 2026-12-24 00:00 UTC.
      [4 servers]
      Updates 1: openssl 3.0.20 → 3.0.22
      No reboot.
      Servers 4: web1, web2, web3, web4.
      Tested: The test on ring test is halted: 0 of 2 servers done.
      Order: test 2, then broad 2; no wait between them; stops at the first failure; window "always".
      Why: test.
      Votes: Tom: reject.
      test 0/2 running
      broad 0/2 waiting
      web1 is at work and is brought to its end first.
      Ended 2026-11-20 00:00 UTC. Asked 2026-11-20 00:00 UTC by Patchwarden. Priority: scheduled.
      [Why scheduled?] [Plan] [Report]"
    `)
    one.finishBatch()
    expect(read(one.state())).toMatchInlineSnapshot(`
      "[neutral] Rejected until 2026-12-24 00:00 UTC · PW-1
      openssl: Tom: “not now”. Tom looks again by 2026-12-24 00:00 UTC.
      [4 servers]
      Updates 1: openssl 3.0.20 → 3.0.22
      No reboot.
      Servers 4: web1, web2, web3, web4.
      Tested: Did not pass. Halted by Tom: the proposal was rejected. 1 of 1 test server took it and ended well.
      Order: test 2, then broad 2; no wait between them; stops at the first failure; window "always".
      Why: test.
      Votes: Tom: reject.
      test 1/2 failed
      broad 0/2 waiting
      Ended 2026-11-20 00:00 UTC. Asked 2026-11-20 00:00 UTC by Patchwarden. Priority: scheduled.
      [Why scheduled?] [Plan] [Report]"
    `)
  })

  test('of a halted rollout says who or what stopped it, and why', () => {
    const one = approved()
    one.give({ type: 'start' })
    one.finishBatch('failed')
    expect(read(one.state())).toMatchInlineSnapshot(`
      "[urgent] Halted 2026-11-20 00:00 UTC · PW-1
      openssl: 1 failed, 0 of 4 done, 3 untouched. web1 failed: it says so. Mara or Noor (owner): press Retry web1 or Resume without it.
      [Retry web1…*] [Resume without it] [4 servers]
      Failed 1: web1 failed: it says so.
      Updates 1: openssl 3.0.20 → 3.0.22
      No reboot.
      Servers 4: web1, web2, web3, web4.
      Order: canary 1, then broad 3; each watched for up to 60 s; stops at the first failure; window "always".
      Why: test.
      Decided: Approved 2026-11-20 00:00 UTC by Noor (owner) and Tom (security).
      canary 0/1 failed
      broad 0/3 waiting
      Ring canary stopped at its gate: 1 of 1 failed, more than the 0 this ring allows.
      Started 2026-11-20 00:00 UTC. Asked 2026-11-20 00:00 UTC by Patchwarden.
      [Why scheduled?] [Plan] [Report] [Ask somebody…] [Skip a server…] [Freeze…] [Roll back…] [End it here…]"
    `)
  })

  test('of a completed one says what came of it', () => {
    const one = approved()
    one.give({ type: 'start' })
    one.finishBatch()
    one.pass(1)
    one.give({ type: 'end-soak' })
    one.finishBatch()
    one.finishBatch()
    for (const asset of Object.keys(one.state().rollout?.deployments ?? {})) {
      const verification = { end: 'installed' as const, reason: 'still', packages: [], health: [], at: one.now() }
      one.give({ type: 'record-verifications', verifications: [{ asset, verification }] })
    }
    one.give({ type: 'complete' })
    expect(read(one.state())).toMatchInlineSnapshot(`
      "[good] Completed · 4 of 4 done · PW-1
      openssl: 4 of 4 done. Nothing to do.
      [4 servers]
      Updates 1: openssl 3.0.20 → 3.0.22
      No reboot.
      Servers 4: web1, web2, web3, web4.
      Order: canary 1, then broad 3; each watched for up to 60 s; stops at the first failure; window "always".
      Why: test.
      Decided: Approved 2026-11-20 00:00 UTC by Noor (owner) and Tom (security).
      canary 1/1 passed
      broad 3/3 passed
      Started 2026-11-20 00:00 UTC. Ended 2026-11-20 01:00 UTC. Asked 2026-11-20 00:00 UTC by Patchwarden. Priority: scheduled.
      [Why scheduled?] [Plan] [Report] [Roll back…]"
    `)
  })

  test('warns when people have left and nobody can satisfy the policy any more', () => {
    const one = proposalCase()
    const left = members.filter(({ id }) => id === 'noor' || id === 'jonas')
    const { state, say, tone } = proposalCard(placeOf(one.state(), left), null)
    expect([tone, plain(state)]).toEqual(['urgent', 'Cannot be decided'])
    expect(plain(say)).toContain(
      'Nobody who can vote is security: correct teams and roles in patchwarden.yaml. Needs Noor (owner): press Approve or Reject.',
    )
  })

  test('stays short with 3,000 servers and 400 CVEs', () => {
    const big = content(3_000)
    if (big.subject.kind !== 'patches') throw new Error('not patches')
    const [patch] = big.subject.patches
    if (!patch) throw new Error('no patch')
    const cves = Array.from({ length: 400 }, (_, index) => `CVE-2026-${10_000 + index}`)
    const patches = Array.from({ length: 50 }, (_, index) => ({
      ...patch,
      id: `p${index}`,
      source: `source-${index}`,
      cves,
    }))
    const text = read(proposalCase({ content: { ...big, subject: { ...big.subject, patches } } }).state())
    expect(text).toContain('Updates 50: source-0')
    expect(text).toContain('and 45 more')
    expect(text).toContain('and 2996 more')
    expect(text.length).toBeLessThan(2_000)
  })
})

describe('its buttons', () => {
  function names(state: ProposalState, who: string): readonly string[] {
    return cardActions(placeOf(state, members), doerCalled(who))
      .map((action) => action.name)
      .filter((name) => !['explain', 'assets', 'plan', 'report', 'ask'].includes(name))
  }

  test('are those that make sense for the reader: who cannot vote sees none for it', () => {
    const one = proposalCase()
    expect(names(one.state(), 'tom')).toEqual(['approve', 'reject', 'abstain'])
    expect(names(one.state(), 'jonas')).toEqual(['freeze', 'withdraw'])
    one.vote('tom', 'approve')
    expect(names(one.state(), 'tom')).toEqual(['reject', 'withdraw-vote', 'abstain'])
  })

  test('stop a test ring and let it go on', () => {
    const one = testing()
    expect(names(one.state(), 'jonas')).toEqual(['pause', 'halt', 'freeze', 'withdraw'])
    expect(names(one.state(), 'noor')).toEqual(['approve', 'reject', 'pause', 'halt', 'abstain', 'freeze', 'withdraw'])
    expect(names(one.state(), 'tom')).toEqual(['approve', 'reject', 'abstain'])
    one.give({ type: 'pause', reason: null }, person('jonas'))
    expect(names(one.state(), 'jonas')).toEqual(['halt', 'freeze', 'withdraw'])
    expect(names(one.state(), 'noor')).toEqual(['approve', 'reject', 'resume', 'halt', 'abstain', 'freeze', 'withdraw'])
    one.give({ type: 'halt', reason: 'no' }, person('jonas'))
    expect(names(one.state(), 'jonas')).toEqual(['freeze', 'withdraw'])
  })

  test('follow the rollout', () => {
    const acknowledgement = {
      askBeforeSeconds: 1_800,
      remindEverySeconds: 600,
      escalateAfterSeconds: 1_200,
      escalateTo: ['owner'],
      otherwise: 'go on',
    } as const
    expect(names(approved().state(), 'jonas')).toEqual(['postpone', 'freeze', 'withdraw'])
    const one = approved({ acknowledgement })
    expect(names(one.state(), 'jonas')).toEqual(['acknowledge', 'postpone', 'freeze', 'withdraw'])
    one.give({ type: 'start' })
    expect(names(one.state(), 'jonas')).toEqual(['pause', 'halt', 'skip', 'acknowledge', 'freeze'])
    one.give({ type: 'pause', reason: null }, person('jonas'))
    expect(names(one.state(), 'jonas')).toEqual(['halt', 'skip', 'freeze', 'withdraw'])
    expect(names(one.state(), 'noor')).toEqual(['resume', 'halt', 'skip', 'freeze', 'withdraw'])
  })

  test('carry the revision that the reader saw', () => {
    const one = proposalCase()
    one.give({ type: 'revise', content: content(3), reason: 'web4 is gone' })
    for (const action of cardActions(placeOf(one.state(), members), null)) expect(action.revision).toBe(2)
  })
})
