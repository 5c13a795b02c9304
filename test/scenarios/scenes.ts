/** The same scenes on Slack, Discord and the console: from proposal to verified, with every refusal. */

import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { ChatConnection } from '../../src/chat/platform.ts'
import { contentHash } from '../../src/core/proposal/decision-content.ts'
import type { ProposalState } from '../../src/core/proposal/proposal.ts'
import { findProposal } from '../../src/store/proposals.ts'
import { useDatabase } from '../support/database.ts'
import { type ExampleOptions, exampleService, jonas, nights, webProposal } from '../support/example-service.ts'
import type { Stage } from './stage.ts'

const { signal } = new AbortController()
const DAY = 86_400_000

/** What the platform's connection and the console complained about. */
const log = { said: [] as string[], warn: (message: string) => void log.said.push(message) }

export type BuildStage = (log: { warn(message: string): void }) => Stage | Promise<Stage>

/**
 * Plays the scenes on one platform; each has a test file of its own, so that they run side by side. `the first`: those
 * that show that every kind of click and command arrives, where all the others are played over another way in.
 */
export function playScenes(name: string, build: BuildStage, which: 'all' | 'the first' = 'all'): void {
  describe(`on ${name}`, () => {
    const database = useDatabase()
    let stage: Stage
    let service: Awaited<ReturnType<typeof exampleService>>
    let connection: ChatConnection | null
    let later: number

    beforeEach(async () => {
      log.said = []
      later = 0
      stage = await build(log)
    })
    afterEach(async () => {
      const complaints = stage.complaints()
      await connection?.stop()
      await stage.close()
      await service.remove()
      expect(complaints).toEqual([])
    })

    // A function, because the compiler does not see that `connect` has set it.
    const started = () => connection

    /** Opens the example's proposals; the web team's is returned. */
    async function open(options: ExampleOptions = {}, by?: 'mara'): Promise<ProposalState> {
      const { db } = database()
      connection = null
      service = await exampleService(db, {
        ...options,
        clock: () => new Date(Date.now() + later),
        connect(desk) {
          connection = stage.connect(desk, db, stage.accounts)
          return connection === null ? [] : [connection.platform]
        },
      })
      if ('open' in stage && typeof stage.open === 'function') await stage.open(service, db)
      await started()?.start()
      await stage.arrive()
      await service.workflow.syncFeeds(signal)
      await service.workflow.syncInventory(signal)
      const who = { kind: 'person', id: 'mara', name: 'Mara', via: 'cli' } as const
      await service.workflow.propose(signal, by === undefined ? {} : { by: who })
      const found = await webProposal(db)
      await service.workflow.deliver()
      return found
    }

    async function now(state: ProposalState): Promise<ProposalState> {
      await service.workflow.deliver()
      const found = await findProposal(database().db, state.id)
      if (!found) throw new Error(`${state.id} is gone.`)
      return found
    }

    async function advance(state: ProposalState): Promise<ProposalState> {
      await service.workflow.advance(state.id, signal)
      return now(state)
    }

    test('from proposal to verified: two people, three rings, one card, one thread', async () => {
      const web = await open()
      expect(await stage.card(web.id)).toContain('openssl')
      expect(await stage.click('mara', web.id, 'approve')).toContain('Your approval is recorded.')
      expect((await now(web)).status).toBe('open')
      expect(await stage.card(web.id)).toContain('(owner) approved')
      expect(await stage.click('tom', web.id, 'approve')).toContain('Your approval is recorded.')
      expect((await now(web)).status).toBe('scheduled')
      expect((await advance(web)).status).toBe('completed')
      expect(await stage.card(web.id)).toContain('Completed')
      const thread = await stage.thread(web.id)
      for (const said of ['Proposed by', 'Approved', 'Rollout started', 'installed', 'Done.'])
        expect(thread.join('\n')).toContain(said)
      expect(await stage.cards()).toBe(1)
      expect([...log.said, ...service.warnings]).toEqual([])
    })

    test('who may not is told why, and nothing is counted', async () => {
      const web = await open({}, 'mara')
      expect(await stage.click('mara', web.id, 'approve').catch(String)).toMatch(/You proposed PW-\d+, so you cannot/)
      expect(await stage.type('jonas', `approve ${web.id}`)).toMatch(/takes the role owner or security/)
      expect(await stage.type('jonas', `freeze ${web.id} until 2020-01-01 because no`)).toMatch(/is over already/)
      expect(await stage.type('tom', `halt ${web.id} because no`)).toMatch(/takes the role owner or on-call/)
      expect(await stage.type('tom', 'approve PW-999')).toContain('There is no proposal PW-999')
      expect(await stage.type('tom', `break-glass ${web.id} because now`)).toContain('has no break-glass')
      if (stage.name !== 'the console')
        expect(await stage.type('stranger', `approve ${web.id}`)).toContain('Patchwarden does not know you yet')
      else expect(await stage.type('stranger', `approve ${web.id}`)).toContain('is not known to team web-platform')
      expect((await now(web)).votes).toEqual([])
    })

    test('a dialog opens only for who may answer it; everybody else reads at once why not', async () => {
      const web = await open()
      const typed = { reason: 'The release is on Friday.', owner: 'jonas', until: '2020-01-01' }
      expect(await stage.click('jonas', web.id, 'reject', typed)).toContain('takes the role owner or security')
      if (stage.name !== 'the console')
        expect(await stage.click('stranger', web.id, 'reject', typed)).toContain('Patchwarden does not know you yet')
      expect(stage.dialogs()).toBe(0)
      expect(await stage.click('tom', web.id, 'reject', typed)).toContain('still to come')
      expect(stage.dialogs()).toBe(stage.name === 'the console' ? 0 : 1)
      expect((await now(web)).status).toBe('open')
    })

    test('a vote is counted once, changed, and withdrawn', async () => {
      const web = await open()
      await stage.click('mara', web.id, 'approve')
      expect(await stage.type('mara', `approve ${web.id}`)).toContain('one person counts once')
      expect((await now(web)).votes).toHaveLength(1)
      expect(await stage.type('mara', `abstain ${web.id}`)).toContain('Your abstention is recorded')
      expect((await now(web)).votes).toMatchObject([{ person: 'mara', choice: 'abstain' }])
      expect(
        await stage.click('mara', web.id, 'withdraw-vote').catch(() => stage.type('mara', `withdraw-vote ${web.id}`)),
      ).toContain('withdrawn')
      expect((await now(web)).votes).toEqual([])
    })

    test('a rejection is kept with reason, owner and date', async () => {
      const web = await open()
      const until = new Date(Date.now() + 20 * DAY).toISOString().slice(0, 10)
      const typed = { reason: 'The release is on Friday.', owner: 'mara' }
      expect(await stage.click('tom', web.id, 'reject', { ...typed, until: '2020-01-01' })).toContain('still to come')
      expect((await now(web)).status).toBe('open')
      await stage.click('tom', web.id, 'reject', { ...typed, until })
      expect((await now(web)).deferral).toMatchObject({ by: 'tom', owner: 'mara', reason: typed.reason })
      if (stage.name !== 'the console') expect((await stage.direct('mara')).join()).toContain('You are named to look')
    })

    if (which === 'the first') return

    test('a named person is asked: they get the question, what the card says, and their buttons', async () => {
      const web = await open()
      expect(await stage.type('jonas', `ask mara ${web.id} can you judge openssl?`)).toContain(
        `Asked Mara about ${web.id}`,
      )
      await now(web)
      expect((await stage.thread(web.id)).at(-1)).toMatch(/jonas.*Asked Mara: “can you judge openssl\?”/i)
      expect((await now(web)).questions).toMatchObject([{ person: 'mara', by: 'jonas' }])
      if (stage.name !== 'the console') {
        const [told = ''] = await stage.direct('mara')
        expect(told).toContain(`asks you about ${web.id}`)
        expect(told).toContain('can you judge openssl?')
        expect(told).toMatch(/Needs Mara.*press/)
        expect(told).toContain('Approve')
      }
      expect(await stage.type('tom', `ask mara ${web.id}`)).toContain('Not asked again: Jonas asked Mara at')
      expect(await stage.type('jonas', `ask zoe ${web.id}`)).toMatch(
        /Not asked: nobody of web-platform is called .*zoe/,
      )
      expect(await stage.click('mara', web.id, 'ask', { person: 'tom', reason: 'Is it urgent?' })).toContain(
        `Asked Tom about ${web.id}`,
      )
      await now(web)
      if (stage.name !== 'the console') expect((await stage.direct('tom')).join()).toContain('Is it urgent?')
    })

    test('clicks on an old revision, and after expiry, change nothing', async () => {
      const web = await open()
      const { title, priority, whyNow, dueAt } = web
      if (web.subject.kind !== 'patches') throw new Error('not patches')
      const subject = { ...web.subject, failureBudget: 7 }
      const content = { title, subject, contentHash: contentHash(subject), priority, whyNow, dueAt }
      const command = { type: 'revise', content, reason: 'web-06 is gone' } as const
      await service.workflow.execute(web.id, command, { kind: 'system', part: 'assessment' })
      // The card may be drawn anew while the click is on its way: either it is refused, or it is for what was seen.
      const said = await stage.click('mara', web.id, 'approve')
      const { votes } = await now(web)
      expect(said).toMatch(/Look at the new card|Your approval is recorded/)
      expect(votes.map(({ revision }) => revision)).toEqual(said.includes('Look at') ? [] : [2])
      later = 8 * DAY
      await advance(web)
      expect((await now(web)).status).toBe('expired')
      expect(await stage.type('tom', `approve ${web.id}`)).toContain('it is expired')
    })

    test('a rollout is paused, halted and resumed; stopping takes one, going on takes the owner', async () => {
      const web = await open({ soakSeconds: 3_600 })
      await stage.click('mara', web.id, 'approve')
      await stage.click('tom', web.id, 'approve')
      await advance(web)
      expect((await now(web)).status).toBe('rolling out')
      expect(await stage.click('jonas', web.id, 'pause')).toContain('no further batch starts')
      expect((await now(web)).status).toBe('paused')
      expect(await stage.type('jonas', `resume ${web.id}`)).toContain('takes the role owner')
      expect(await stage.click('mara', web.id, 'resume')).toContain('recorded')
      expect((await now(web)).status).toBe('rolling out')
      expect(await stage.click('jonas', web.id, 'halt', { reason: 'Customers call.' })).toContain(
        'nothing further is started',
      )
      expect((await now(web)).stopped).toMatchObject({ reason: 'Customers call.' })
      // Mara may resume it.
      if (stage.name !== 'the console') expect((await stage.direct('mara')).join()).toContain('Halted: Customers call.')
      await stage.click('mara', web.id, 'resume')
      later = 2 * 3_600_000
      expect((await advance(web)).status).toBe('completed')
    })

    test('it is postponed, its team is frozen, and the freeze is lifted', async () => {
      const web = await open({ window: nights })
      await stage.click('mara', web.id, 'approve')
      await stage.click('tom', web.id, 'approve')
      const first = (await now(web)).schedule?.start ?? ''
      const until = new Date(Date.parse(first) + 2 * DAY).toISOString().slice(0, 10)
      expect(await stage.click('jonas', web.id, 'postpone', { until, reason: 'The audit is on.' })).toContain(
        'Postponed',
      )
      const second = (await now(web)).schedule?.start ?? ''
      expect(Date.parse(second)).toBeGreaterThanOrEqual(Date.parse(until))
      expect((await stage.thread(web.id)).join()).toContain('The audit is on.')
      const frozen = new Date(Date.parse(second) + 3 * DAY).toISOString().slice(0, 10)
      expect(await stage.type('jonas', `freeze ${web.id} until ${frozen} because the year ends`)).toMatch(
        /starts before/,
      )
      expect(Date.parse((await now(web)).schedule?.start ?? '')).toBeGreaterThan(Date.parse(frozen))
      expect(await stage.type('jonas', `unfreeze ${web.id}`)).toContain('takes the role owner')
      expect(await stage.type('mara', `unfreeze ${web.id}`)).toContain('lifted')
      expect(Date.parse((await now(web)).schedule?.start ?? '')).toBeLessThan(Date.parse(frozen))
    })

    test('those on call are asked before it starts, again, and one step up; it waits for them', async () => {
      const asking = {
        askBeforeSeconds: 1_800,
        remindEverySeconds: 600,
        escalateAfterSeconds: 1_200,
        escalateTo: ['owner'],
        otherwise: 'wait',
      } as const
      const web = await open({ window: nights, policy: { acknowledgement: asking } })
      await stage.click('mara', web.id, 'approve')
      await stage.click('tom', web.id, 'approve')
      const start = Date.parse((await now(web)).schedule?.start ?? '')
      const at = async (minutes: number) => {
        later = start + minutes * 60_000 - Date.now() + 1_000
        return advance(web)
      }
      await at(-31)
      expect((await now(web)).asked).toBeNull()
      await at(-30)
      expect((await stage.thread(web.id)).at(-1)).toContain('Asked to acknowledge before it starts: Jonas.')
      await at(-19)
      await at(-9)
      expect((await stage.thread(web.id)).at(-1)).toContain('Jonas, Mara')
      expect((await at(1)).status).toBe('scheduled')
      expect((await now(web)).notStarted).toContain('nobody on call has acknowledged')
      if (stage.name !== 'the console') {
        expect((await stage.direct('jonas')).length).toBeGreaterThanOrEqual(3)
        expect((await stage.direct('jonas')).join()).toContain('acknowledge')
        expect((await stage.direct('tom')).join()).not.toContain('acknowledges')
      }
      expect(await stage.click('jonas', web.id, 'acknowledge')).toContain('Acknowledged.')
      expect(await stage.type('jonas', `acknowledge ${web.id}`)).toContain('acknowledged already')
      expect((await advance(web)).status).toBe('completed')
      expect(await stage.type('jonas', `acknowledge ${web.id}`)).toContain('nothing to acknowledge')
      expect((await now(web)).status).toBe('completed')
    })

    test('silence climbs its ladder, and the requester learns the outcome', async () => {
      const policy = {
        remindAfterSeconds: 86_400,
        messageAfterSeconds: 2 * 86_400,
        escalateAfterSeconds: 4 * 86_400,
        escalateTo: ['on-call'],
      }
      const web = await open({ policy }, 'mara')
      const told = async (days: number) => {
        later = days * DAY + 60_000
        await advance(web)
        return (await stage.thread(web.id)).at(-1) ?? ''
      }
      expect(await told(1)).toContain('Still waiting for Tom')
      if (stage.name !== 'the console') expect(await stage.direct('tom')).toEqual([])
      expect(await told(2)).toContain('Still waiting for Tom')
      // What falls due within half a minute is one list.
      later += 30_000
      await advance(web)
      if (stage.name !== 'the console') {
        expect((await stage.direct('tom')).join()).toContain('wait for you, the most urgent first:')
        expect((await stage.direct('tom')).join()).toContain(web.id)
      }
      expect(await told(4)).toContain(`Nobody has decided, so ${jonas.name} is told`)
      expect(await told(7)).toContain('Expired')
      if (stage.name !== 'the console') expect((await stage.direct('mara')).join()).toContain('Expired: nobody decided')
    })

    test('what was rolled out is rolled back at once, by one who may stop, and is not proposed again', async () => {
      const web = await open()
      await stage.click('mara', web.id, 'approve')
      await stage.click('tom', web.id, 'approve')
      await advance(web)
      expect(await stage.type('tom', `roll-back ${web.id} because it is slow`)).toContain(
        'takes the role owner or on-call',
      )
      const said = await stage.click('jonas', web.id, 'roll-back', { reason: 'Pages have been slow since.' })
      const [id = ''] = /PW-\d+(?= rolls|\*+ rolls|<\/strong> rolls)/.exec(said) ?? /PW-[3-9]/.exec(said) ?? []
      const back = await findProposal(database().db, id)
      if (back === null) throw new Error(`Nothing was opened: ${said}`)
      expect(back.approvedBy).toMatchObject({ how: 'roll back', person: 'jonas', proposal: web.id })
      expect(await stage.type('mara', `roll-back ${web.id} because it is slow`)).toContain(
        `Not rolled back: ${id} does that already.`,
      )
      await service.workflow.advance(id, signal)
      const done = await now(back)
      expect(done.status).toBe('completed')
      const ends = Object.values(done.rollout?.deployments ?? {}).map(({ verification }) => verification?.end)
      expect(new Set(ends)).toEqual(new Set(['rolled back']))
      expect(ends).toHaveLength(8)
      expect((await stage.thread(id)).join()).toContain(`rolls ${web.id} back`)
      expect(await stage.card(id)).toContain('Completed')
      await service.workflow.syncInventory(signal)
      const { opened } = await service.workflow.propose(signal)
      expect(opened).toEqual([])
      expect(await stage.type('jonas', `roll-back ${id} because again`)).toContain('itself')
      expect(await stage.type('jonas', `roll-back ${web.id} because again`)).toContain(
        `${id} has rolled ${web.id} back.`,
      )
      expect(await stage.card(web.id)).toContain(`Rolled back by ${id}`)
      expect(await stage.card(web.id)).not.toContain('Roll back…')
    })

    test('what can be shown is shown: assets, evidence, plan, report, and lists', async () => {
      const web = await open()
      expect(await stage.click('jonas', web.id, 'assets')).toContain('web-01')
      expect(await stage.click('jonas', web.id, 'explain')).toContain('CVE-')
      expect(await stage.click('jonas', web.id, 'plan')).toContain('canary')
      expect(await stage.click('jonas', web.id, 'report')).toContain(web.id)
      expect(await stage.type('jonas', 'list')).toContain(web.id)
      expect(await stage.type('mara', 'mine')).toContain(web.id)
      expect(await stage.type('jonas', 'mine')).toContain('Nothing waits for you')
      await stage.click('mara', web.id, 'approve')
      await stage.click('tom', web.id, 'approve')
      expect(await stage.type('jonas', 'running')).toContain(web.id)
      expect(await stage.type('mara', 'mine')).toMatch(/Decided by you[\s\S]*approve/)
      expect(await stage.type('mara', 'help')).toContain('/patch postpone')
      // Discord offers only the commands there are.
      if (!stage.name.startsWith('Discord'))
        expect(await stage.type('mara', 'conquer')).toContain('There is no command')
    })

    test('a ring that the policy calls risky is confirmed in the console', async () => {
      const web = await open({ policy: { stepUpRings: ['broad'] } })
      const said = await stage.click('mara', web.id, 'approve')
      const votes = (await now(web)).votes.length
      if (stage.name === 'the console') expect([said, votes]).toEqual([expect.stringContaining('recorded'), 1])
      else {
        expect(said).toContain('approve it in the console, then confirm that by an account of your own')
        expect(said).toContain(`https://patchwarden.example.net/p/${web.id}`)
        expect(votes).toBe(0)
      }
    })
  })
}
