import { describe, expect, it } from 'vitest'
import { describeProblem } from '../../src/config/problem.ts'
import { parseSettings } from '../../src/integrations/configuration.ts'
import { small, smallWith } from './small.ts'

function problemsOf(text: string): readonly string[] {
  const parsed = parseSettings(text, 'pw.yaml')
  return parsed.ok ? [] : parsed.problems.map(describeProblem)
}

function warningsOf(text: string): readonly string[] {
  const parsed = parseSettings(text, 'pw.yaml')
  return parsed.ok ? parsed.warnings.map(describeProblem) : ['(refused)']
}

const roleMend = 'Give it to somebody under "roles" or in a team.'
const satisfyMend =
  'Give the role to more people, under "roles" or in teams.web.roles, or let the policy ask for fewer.'
const unsatisfied = 'pw.yaml:13:13: teams.web.policy is "standard", which team web cannot satisfy:'

describe('the small configuration', () => {
  it('is right', () => {
    expect(problemsOf(small)).toEqual([])
    expect(warningsOf(small)).toEqual([])
  })
})

describe('one wrong value gives one sentence with its place', () => {
  it.each([
    // durations and shares
    [
      'expiresAfter: 7 days',
      'expiresAfter: 7',
      'pw.yaml:24:19: policies.standard.expiresAfter is the bare number 7. Write its unit, such as "7 days" if days are meant.',
    ],
    [
      'expiresAfter: 7 days',
      'expiresAfter: "7"',
      'pw.yaml:24:19: policies.standard.expiresAfter is the bare number 7, without a unit. Write its unit, such as "7 days" if days are meant.',
    ],
    [
      'expiresAfter: 7 days',
      'expiresAfter: 1 min',
      'pw.yaml:24:19: policies.standard.expiresAfter is "1 min", too short. Write a duration from 1 hour to 90 days.',
    ],
    [
      'batch: 25%',
      'batch: 0',
      'pw.yaml:36:43: rollouts.careful.rings[0].batch is the number 0. Write a number of servers, such as 2, or a share, such as "25%".',
    ],
    [
      'batch: 25%',
      'batch: 25% of all',
      'pw.yaml:36:43: rollouts.careful.rings[0].batch is "25% of all". Write a number of servers, such as 2, or a share, such as "25%".',
    ],
    // keys
    [
      'expiresAfter: 7 days',
      'expires_after: 7 days',
      'pw.yaml:24:5: policies.standard.expires_after is not a key that is known here. Did you mean "expiresAfter"?',
    ],
    [
      'engine: apt',
      'motor: apt',
      'pw.yaml:40:5: sources.lab.motor is not a key that is known here. Known here: kind, engine, user, port, identityFile, knownHostsFile, sshConfig, refresh, concurrency, connectTimeout, team, exposure, criticality, timeZone, tags, hosts, hostsFrom, hostsFormat, hostsColumns, hostsLeaveOut, hostsTeams and allowShrinking.',
    ],
    [
      '{ days: [tue], start: "02:00", duration: 3 hours }',
      '{ rrule: "FREQ=NEVER", duration: 3 hours }',
      'pw.yaml:30:18: windows.nights.rules[0].rrule has the FREQ "NEVER"; write one of SECONDLY, MINUTELY, HOURLY, DAILY, WEEKLY, MONTHLY, YEARLY. Write a recurrence rule (RFC 5545), such as "FREQ=MONTHLY;BYDAY=-1SU;BYHOUR=1;BYMINUTE=0".',
    ],
    [
      '{ days: [tue], start: "02:00", duration: 3 hours }',
      '{ rrule: "FREQ=DAILY", duration: 3 hours }',
      'pw.yaml:30:9: windows.nights.rules[0].startsAt is missing. Write the local date and time of the first window, such as "2026-01-07T02:00".',
    ],
    [
      '{ days: [tue], start: "02:00", duration: 3 hours }',
      '{ rrule: "FREQ=MINUTELY", duration: 3 hours }',
      'pw.yaml:30:18: windows.nights.rules[0].rrule has the FREQ MINUTELY. Use HOURLY or a longer one, with the duration that the window has.',
    ],
    [
      '{ days: [tue], start: "02:00", duration: 3 hours }',
      '{ afterPatchTuesday: 40, start: "02:00", duration: 3 hours }',
      'pw.yaml:30:30: windows.nights.rules[0].afterPatchTuesday is the number 40. Write a number of days from 0 to 27.',
    ],
    [
      '    window: nights\n',
      '    window: nights\n    windows: [{ tag: db, window: late }]\n',
      'pw.yaml:15:34: teams.web.windows[0].window names the window "late", which is not in "windows". Known: nights.',
    ],
    ['policies:', 'polices:', 'pw.yaml:20:1: polices is not a key that is known here. Did you mean "policies"?'],
    [
      '    stop: [owner]\n',
      '',
      'pw.yaml:21:3: policies.standard.stop is missing. Write who may stop a rollout, such as [owner, on-call].',
    ],
    [
      'stop: [owner]',
      'stop:',
      'pw.yaml:25:5: policies.standard.stop is empty. Write who may stop a rollout, such as [owner, on-call].',
    ],
    [
      'stop: [owner]',
      'stop: owner',
      'pw.yaml:25:11: policies.standard.stop is "owner", where a list belongs. Write who may stop a rollout, such as [owner, on-call].',
    ],
    [
      'stop: [owner]',
      'stop: []',
      'pw.yaml:25:11: policies.standard.stop is an empty list. Write who may stop a rollout, such as [owner, on-call].',
    ],
    [
      'kind: quorum',
      'kind: quorom',
      'pw.yaml:22:11: policies.standard.kind is "quorom". Did you mean "quorum"? Write quorum, lazy consensus or standing.',
    ],
    [
      '    kind: quorum\n',
      '',
      'pw.yaml:21:3: policies.standard.kind is missing. Write quorum, lazy consensus or standing.',
    ],
    [
      'name: Test',
      'name: 2024',
      'pw.yaml:1:7: name is the bare number 2024. Write a name, such as "Example Ltd". Digits, true and false are text only in quotes.',
    ],
    ['name: Test', 'name: "a\\u202eb"', 'pw.yaml:1:7: name is "a?b". Use one line without control characters.'],
    [
      '{ name: Mara Keller }',
      'Mara',
      'pw.yaml:3:9: people.mara is "Mara", where a group of keys belongs. Write its keys indented below it.',
    ],
    [
      '{ name: Mara Keller }',
      '{ name: Mara, discord: 80351110224678912 }',
      'pw.yaml:3:32: people.mara.discord is the bare number 80351110224678910. Write the Discord user id in quotes, such as "80351110224678912": a bare number loses digits.',
    ],
    [
      '  aisha: {',
      '  Aisha: {',
      'pw.yaml:5:3: people.Aisha is not a name that can be used here. A name here begins with a small letter and goes on with small letters, digits, ".", "_" or "-", such as "web-platform".',
    ],
    [
      'name: Test',
      'timeZone: Europe/Berln',
      'pw.yaml:1:11: timeZone is "Europe/Berln", not a known time zone. Write an IANA time zone, such as "Europe/Berlin" or "UTC".',
    ],
    [
      '[tue]',
      '[tues]',
      'pw.yaml:30:18: windows.nights.rules[0].days[0] is "tues". Did you mean "tue"? Write a list of mon, tue, wed, thu, fri, sat and sun, or weekdays, weekends or every day.',
    ],
    [
      '"02:00"',
      '"2:00"',
      'pw.yaml:30:31: windows.nights.rules[0].start is "2:00". Write a time of day in quotes, such as "02:00".',
    ],
    ['{ tcp: 22 }', '{ tcp: ssh }', 'pw.yaml:17:16: teams.web.health[0].tcp is "ssh". Write a port from 1 to 65535.'],
    [
      '{ tcp: 22 }',
      '{ http: "ftp://x/" }',
      'pw.yaml:17:17: teams.web.health[0].http is "ftp://x/". Write an address that begins with https:// or http://.',
    ],
    [
      '[web01, web02]',
      '[-oProxyCommand=x]',
      'pw.yaml:42:13: sources.lab.hosts[0] is "-oProxyCommand=x". Write a host name or an alias from the SSH configuration, such as web01.example.net.',
    ],
    [
      '[web01, web02]',
      '[web01, { name: web02, prt: 22 }]',
      'pw.yaml:42:35: sources.lab.hosts[1].prt is not a key that is known here. Did you mean "port"?',
    ],
    [
      'to: 2027-01-03',
      'to: 2027-02-30',
      'pw.yaml:32:45: freezes[0].to is "2027-02-30". There is no such date or time: look at the calendar.',
    ],
    // references
    [
      'policy: standard',
      'policy: standart',
      'pw.yaml:13:13: teams.web.policy names the policy "standart", which is not in "policies". Did you mean "standard"? Known: standard.',
    ],
    [
      'channel: web',
      'channel: constructor',
      'pw.yaml:11:14: teams.web.channel names the channel "constructor", which is not in "channels". Known: web.',
    ],
    [
      'security: [tom, aisha]',
      'security: [tom, aisha, tim]',
      'pw.yaml:7:26: roles.security[2] names the person "tim", which is not in "people". Did you mean "tom"? Known: mara, tom and aisha.',
    ],
    [
      'engine: apt',
      'engine: atp',
      'pw.yaml:40:13: sources.lab.engine names the engine "atp", which is not in "engines". Did you mean "apt"? Known: apt.',
    ],
    [
      'to: 2027-01-03',
      'to: 2027-01-03, teams: [wbe]',
      'pw.yaml:32:65: freezes[0].teams[0] names the team "wbe", which is not in "teams". Did you mean "web"? Known: web.',
    ],
    [
      'stop: [owner]',
      'stop: [onwer]',
      `pw.yaml:25:12: policies.standard.stop[0] names the role "onwer", which nobody holds in any team. Did you mean "owner"? ${roleMend}`,
    ],
    // policies
    [
      '{ owner: 1, security: 1 }',
      '{}',
      'pw.yaml:23:16: policies.standard.approvals asks for nobody: an empty policy cannot run. Write roles with a number, such as { owner: 1 }.',
    ],
    [
      'resume: { owner: 1 }',
      'resume: {}',
      'pw.yaml:26:13: policies.standard.resume asks for nobody: an empty requirement cannot run. Write roles with a number, such as { owner: 1 }.',
    ],
    [
      '{ owner: 1, security: 1 }',
      '{ owner: 0 }',
      'pw.yaml:23:25: policies.standard.approvals.owner is the number 0. Write how many different people must agree, 1 to 50.',
    ],
    [
      '{ owner: 1, security: 1 }',
      '{ owner: 3 }',
      `${unsatisfied} owner needs 3 different people and only 2 hold it. ${satisfyMend}`,
    ],
    [
      '{ owner: 1, security: 1 }',
      '{ owner: 2, security: 2 }',
      `${unsatisfied} owner: 2 and security: 2 needs 4 different people, each in one role, and mara, tom and aisha cannot fill them all. ${satisfyMend}`,
    ],
    [
      'resume: { owner: 1 }',
      'resume: { owner: 5 }',
      `${unsatisfied} to resume, owner needs 5 different people and only 2 hold it. ${satisfyMend}`,
    ],
    [
      'stop: [owner]',
      'stop: [owner]\n    acknowledgement: true',
      `${unsatisfied} it wants an acknowledgement, and nobody holds the role on-call. ${satisfyMend}`,
    ],
    [
      'kind: quorum\n    approvals: { owner: 1, security: 1 }',
      'kind: lazy consensus\n    notice: 8 days\n    objectors: [owner]',
      'pw.yaml:23:13: policies.standard.notice is not shorter than expiresAfter, so it could never pass. Make the notice shorter, or let proposals stay open longer.',
    ],
    // time
    [
      '3 hours }',
      '3 hours, every: 2 weeks }',
      'pw.yaml:30:9: windows.nights.rules[0].from is missing, and without it nobody can tell which weeks are meant. Write a date in a week in which the window opens.',
    ],
    [
      'to: 2027-01-03',
      'to: 2026-12-18',
      'pw.yaml:32:45: freezes[0].to is not after "from". Write when the freeze ends.',
    ],
    [
      'rules:\n      - { days: [tue], start: "02:00", duration: 3 hours }',
      'rules: []',
      'pw.yaml:14:13: teams.web.window is "nights", which has no rules: that means never. Add rules; any time is { days: every day, start: "00:00", duration: 24 hours }.',
    ],
    // fleet
    ['[web01, web02]', '[web01, web01]', 'pw.yaml:42:20: sources.lab.hosts[1] is "web01" again. List each host once.'],
    [
      '[web01, web02]',
      '[web01, { name: web02, address: WEB01 }]',
      'pw.yaml:42:20: sources.lab.hosts[1] has the same address as "web01". List each machine once: two names would be patched as two machines.',
    ],
    [
      '    kind: ssh\n',
      '    kind: local\n',
      'pw.yaml:42:5: sources.lab.hosts is not a key that is known here. Known here: kind, name, engine, team, exposure, criticality, timeZone and tags.',
    ],
    [
      'engine: apt\n    team: web',
      'engine: apt',
      'pw.yaml:41:13: sources.lab.hosts[0].team is missing. Write the team that owns the host, here or for the whole source.',
    ],
    [
      '    window: nights\n',
      '',
      'pw.yaml:9:3: teams.web.window is missing, and the source "lab" lets an engine change servers of this team. Write a name from windows, or take the rest away to only watch.',
    ],
    [
      '  web: {}',
      '  web: { console: false }',
      'pw.yaml:19:19: channels.web.console is false, so the channel would be shown nowhere. Write true: proposals that nobody sees would expire.',
    ],
    // YAML
    [
      'name: Test',
      'name: Test\nname: Again',
      'pw.yaml:2:1: name is written twice, the first time on line 1. Keep one of them.',
    ],
    [
      'name: Test',
      'name: a: b',
      'pw.yaml:1:7: the file has two keys on one line, or a colon in plain text. Put each key on its own line, and text with a colon in quotes.',
    ],
    ['    kind: quorum', '\tkind: quorum', 'pw.yaml:22:1: the file is indented with a tab here. Indent with spaces.'],
    [
      'name: Test',
      'name: *x',
      'pw.yaml:1:7: name refers to "*x", which nothing before it is called. Write the value itself, or put "&x" before an earlier one.',
    ],
    [
      'name: Test',
      'name: &x [*x]',
      'pw.yaml:1:11: name[0] refers to "*x", which contains it. Write the value itself, or put "&x" before an earlier one.',
    ],
    [
      'name: Test',
      '__proto__: { a: 1 }',
      'pw.yaml:1:1: the file has a key that is not a plain word. Write a word before the colon.',
    ],
    [
      'name: Test',
      '<<: { a: 1 }',
      'pw.yaml:1:1: ["<<"] is a merge key, which is not read here. Write the keys out, or use an alias for a whole value.',
    ],
    [
      'name: Test',
      'name: !thing x',
      'pw.yaml:1:7: the file has a tag such as !name, which is not read here. Write the plain value.',
    ],
    [
      'name: Test',
      'name: Test\n---\nname: Again',
      'pw.yaml:2:1: the file holds a second document after "---". Keep everything in one document.',
    ],
  ])('%j written as %j', (piece, replacement, sentence) => {
    expect(problemsOf(smallWith(piece, replacement))[0]).toBe(sentence)
  })
})

describe('all problems are told at once', () => {
  it('in the order of the file, wrong values and missing references alike', () => {
    const text = smallWith('kind: quorum', 'kind: quorom')
      .replace('window: nights', 'window: knights')
      .replace('kind: kev', 'kind: kve')
      .replace('batch: 25%', 'batch: no')
    expect(problemsOf(text).map((line) => line.split(' ')[1])).toEqual([
      'teams.web.window',
      'policies.standard.kind',
      'rollouts.careful.rings[0].batch',
      'feeds.kev.kind',
    ])
  })

  it('a wrong kind does not hide what is wrong beside it', () => {
    const text = smallWith('kind: quorum', 'kind: quorom')
      .replace('7 days', '7')
      .replace('stop: [owner]', 'stopp: [owner]')
    expect(problemsOf(text).map((line) => line.split(' ')[1])).toEqual([
      'policies.standard.stop',
      'policies.standard.kind',
      'policies.standard.expiresAfter',
      'policies.standard.stopp',
    ])
  })

  it('and what refers to an entry with a mistake is not wrong itself', () => {
    expect(problemsOf(smallWith('kind: quorum', 'kind: quorom'))).toHaveLength(1)
    expect(problemsOf(smallWith('policies:', 'polices:'))).toHaveLength(1)
    expect(problemsOf(smallWith('{ name: Mara Keller }', '{}'))).toHaveLength(1)
    expect(problemsOf(smallWith('windows:', 'windows: 5\nwindow:'))).toHaveLength(2)
  })

  it('up to a bound', () => {
    const hosts = Array.from({ length: 500 }, (_, index) => `{ name: h${index}, team: nobody }`).join(', ')
    const problems = problemsOf(smallWith('[web01, web02]', `[${hosts}]`))
    expect(problems).toHaveLength(101)
    expect(problems.at(-1)).toBe('pw.yaml: the file has 400 more problems. Mend these first.')
  })
})

describe('a warning is no refusal', () => {
  it.each<[string, string, string | string[]]>([
    [
      '  aisha: { name: Aisha Rahman }',
      '  aisha: { name: Aisha Rahman }\n  jo: { name: Jo }',
      'pw.yaml:6:3: people.jo holds no role. Give it one under "roles" or in a team: without, it cannot vote.',
    ],
    [
      'owner: [mara, tom]',
      'owner: [mara]',
      [
        'pw.yaml:13:13: teams.web.policy is "standard", which cannot be satisfied when mara proposes: nobody approves what is their own. Give the roles to one more person, so that there is somebody to stand in.',
        'pw.yaml:13:13: teams.web.policy is "standard": nobody could resume a rollout while mara is away. Give the roles to one more person, so that there is somebody to stand in.',
        'pw.yaml:13:13: teams.web.policy is "standard": nobody could lift a freeze while mara is away. Give the roles to one more person, so that there is somebody to stand in.',
      ],
    ],
    [
      '[tom, aisha]',
      '[tom, aisha, tom]',
      'pw.yaml:7:26: roles.security[2] lists "tom" twice. Once is enough: a person counts once.',
    ],
    [
      'select: rest',
      'select: { percent: 50 }',
      'pw.yaml:36:30: rollouts.careful.rings[0].select ends the rollout, and servers that no ring selects are left out. End with a ring that selects the rest.',
    ],
    ['  web: {}', '  web: {}\n  spare: {}', 'pw.yaml:20:3: channels.spare is used nowhere. Use it, or leave it out.'],
    [
      '  kev: { kind: kev }',
      '  {}',
      'pw.yaml:46:3: feeds is empty, so nothing tells how urgent a patch is. Add feeds, such as kev: { kind: kev } and epss: { kind: epss }.',
    ],
    [
      'expiresAfter: 7 days',
      'expiresAfter: 12 hours',
      'pw.yaml:21:3: policies.standard.remindAfter is not before expiresAfter, so nobody is reminded. Remind earlier, or write never.',
    ],
  ])('%j written as %j', (piece, replacement, sentence) => {
    expect(warningsOf(smallWith(piece, replacement))).toEqual([sentence].flat())
  })
})

describe('a text that is no configuration gives one sentence', () => {
  const bomb = ['a0: &a0 [x, x, x, x, x, x, x, x, x]']
  for (let level = 1; level < 12; level++) {
    bomb.push(`a${level}: &a${level} [${new Array(9).fill(`*a${level - 1}`).join(', ')}]`)
  }
  it.each([
    ['empty', '', 'pw.yaml:1:1: the file is empty. Run "patchwarden init", or start from patchwarden.example.yaml.'],
    [
      'comments alone',
      '# nothing\n',
      'pw.yaml:1:1: the file is empty. Run "patchwarden init", or start from patchwarden.example.yaml.',
    ],
    ['prose', 'hello there', 'pw.yaml:1:1: the file holds no "key: value" lines. Start from patchwarden.example.yaml.'],
    ['a list', '- a\n- b', 'pw.yaml:1:1: the file holds no "key: value" lines. Start from patchwarden.example.yaml.'],
    [
      'two million brackets',
      '['.repeat(1_900_000),
      'pw.yaml:1:1: the file nests lists or groups more than 30 deep. Nothing here needs that: is it the right file?',
    ],
    [
      'half a million dashes',
      `${'- '.repeat(500_000)}x`,
      'pw.yaml:1:1: the file nests lists or groups more than 30 deep. Nothing here needs that: is it the right file?',
    ],
    [
      '150 brackets',
      `a: ${'['.repeat(150)}${']'.repeat(150)}`,
      'pw.yaml:1:1: the file nests lists or groups more than 30 deep. Nothing here needs that: is it the right file?',
    ],
    [
      'aliases that multiply',
      bomb.join('\n'),
      'pw.yaml:1:1: the file holds more than 200,000 values once its aliases are followed. Write large lists of hosts in several sources, without aliases.',
    ],
  ])('%s', (_, text, sentence) => {
    expect(problemsOf(text)).toEqual([sentence])
  })
})
