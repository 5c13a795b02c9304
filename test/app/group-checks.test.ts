/** What `check` says of the groups that other systems keep: Slack on the wire, a calendar, and one that cannot be read. */

import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Installation } from '@slack/bolt'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { buildGroupReaders, buildOnCall } from '../../src/app/build.ts'
import { readEnvironment } from '../../src/app/environment.ts'
import { groupChecks } from '../../src/app/group-checks.ts'
import { buildPeople } from '../../src/app/people.ts'
import { contact } from '../../src/cli/contact.ts'
import { describeProblem } from '../../src/config/problem.ts'
import type { Config } from '../../src/config/schema.ts'
import { parseSettings } from '../../src/integrations/configuration.ts'
import { createSlackInstallations } from '../../src/store/slack-installations.ts'
import { createAccounts } from '../../src/workflow/accounts.ts'
import { small } from '../config/small.ts'
import { createFakeSlack, type FakeSlack, WORKSPACE } from '../fakes/slack/fake-slack.ts'
import { useDatabase } from '../support/database.ts'
import { type SlackByRequests, slackByRequests } from '../support/slack-by-requests.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'

const database = useDatabase()
const now = () => new Date('2026-12-01T12:00:00Z')

/** The small configuration with these groups, each of which holds a role, and Slack ids of two people. */
function configured(groups: string): Config {
  const names = [...groups.matchAll(/^ {2}(\w+):/gm)].map(([, name]) => `"group:${name}"`)
  const text = small
    .replace('{ name: Mara Keller }', '{ name: Mara Keller, slack: U000MARA, email: mara@example.net }')
    .replace('{ name: Aisha Rahman }', '{ name: Aisha Rahman, slack: U000AISHA }')
    .replace('roles: { owner: [mara, tom] }', `roles: { owner: [mara, tom], on-call: [${names.join(', ')}] }`)
  const parsed = parseSettings(`${text}groups:\n${groups}`, 'pw.yaml')
  if (!parsed.ok) throw new Error(parsed.problems.map(describeProblem).join('\n'))
  return { ...parsed.settings, file: null, example: false }
}

describe('check asks the groups', () => {
  let slack: FakeSlack
  let opened: SlackByRequests | null

  beforeEach(async () => {
    slack = await createFakeSlack()
    opened = null
  })
  afterEach(async () => {
    await opened?.service.remove()
    opened?.server.close()
    await slack.close()
  })

  /** What `check` prints of the groups. */
  async function said(groups: string): Promise<readonly string[]> {
    const config = configured(groups)
    const { db } = database()
    const accounts = createAccounts(db, buildPeople(config), ['slack'])
    const access = { mode: 'http', botToken: slack.botToken, signingSecret: slack.world.signingSecret } as const
    const installations = createSlackInstallations<Installation>(db, 'a secret', now)
    opened = await slackByRequests(db, slack, { access, accounts, named: [], places: new Map(), installations }, [])
    const environment = readEnvironment({ variables: {}, cwd: '/nowhere' })
    if (!environment.ok) throw new Error('the environment must be right')
    const { values } = environment.environment
    const readers = buildGroupReaders(config, values, { connections: [opened.connection], accounts, clock: now })
    const checks = groupChecks(config, buildOnCall(config, values, now), readers)
    const asked = { sources: [], feeds: [], engines: new Map(), connections: [], groups: checks }
    const lines: string[] = []
    for await (const { kind, name, ok, what } of contact(asked, new AbortController().signal))
      lines.push(...`${ok ? 'ok' : 'FAIL'} ${kind} ${name}: ${what}`.split('\n'))
    return lines
  }

  it('of Slack: who is in one now, and which members are nobody here', async () => {
    const home = slack.world.workspaces.get(WORKSPACE)
    home?.userGroups.set('S0000DUTY', ['U000MARA', 'U000AISHA', 'U0STRANGER'])
    home?.userGroups.set('S000EMPTY', ['U0STRANGER'])
    const groups = [
      '  duty: { kind: slack user group, id: S0000DUTY }',
      '  strangers: { kind: slack user group, id: S000EMPTY }',
      '  gone: { kind: slack user group, id: S00000GONE, fallback: [tom] }',
      '',
    ]
    expect(await said(groups.join('\n'))).toEqual([
      'ok group duty: Mara Keller, Aisha Rahman now',
      'warning: its member U0STRANGER is nobody\'s account of slack in "people", and linked with nobody.',
      'FAIL group strangers: nobody is in it now',
      'warning: its member U0STRANGER is nobody\'s account of slack in "people", and linked with nobody.',
      expect.stringMatching(
        /^FAIL group gone: Slack does not say who is in the user group S00000GONE: .*no_such_subteam.* Tom Okafor then holds it, as its fallback\.$/,
      ),
    ])
  })

  it('of calendars: whom one names in vain, and one that is missing', async () => {
    const folder = temporaryFolder('pw-groups')
    const event = (title: string, day: string) =>
      ['BEGIN:VEVENT', `UID:${title}`, `SUMMARY:${title}`, `DTSTART:${day}T000000Z`, 'DURATION:P1D', 'END:VEVENT'].join(
        '\r\n',
      )
    const text = ['BEGIN:VCALENDAR', 'VERSION:2.0', event('Mara Keller', '20261201'), event('Mara Kellner', '20261224')]
    writeFileSync(join(folder, 'duty.ics'), [...text, 'END:VCALENDAR', ''].join('\r\n'))
    const groups = [
      `  duty: { kind: calendar, location: ${join(folder, 'duty.ics')} }`,
      `  lost: { kind: calendar, location: ${join(folder, 'missing.ics')} }`,
      '',
    ]
    expect(await said(groups.join('\n'))).toEqual([
      'ok group duty: Mara Keller now',
      'warning: the calendar duty.ics names somebody in vain: "Mara Kellner" is nobody\'s e-mail address, id or whole name in "people".',
      'FAIL group lost: the calendar missing.ics cannot be read: there is no such file. What it said last counts for a day. Then nobody holds it: give it a fallback.',
    ])
  })
})
