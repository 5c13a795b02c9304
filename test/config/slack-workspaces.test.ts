import { describe, expect, it } from 'vitest'
import { describeProblem } from '../../src/config/problem.ts'
import { parseSettings } from '../../src/integrations/configuration.ts'
import { smallWith } from './small.ts'

const people = '  mara: { name: Mara Keller }\n  tom: { name: Tom Okafor, discord: "803511102246789120" }\n'
const ONE = 'T012AB3CD'
const TWO = 'T098ZY7XW'

interface Written {
  readonly named?: readonly string[]
  readonly mara?: string
  readonly tom?: string
  readonly channel?: string
  readonly group?: string
}

/** What is said of the small configuration with these ids of Slack in it. */
function said({ named, mara, tom, channel, group }: Written): readonly string[] {
  const slack = (id: string | undefined) => (id === undefined ? '' : `, slack: ${id}`)
  const withPeople = smallWith(
    people,
    `  mara: { name: Mara Keller${slack(mara)} }\n  tom: { name: Tom Okafor${slack(tom)} }\n`,
  )
  const text = [
    withPeople.replace('  web: {}\n', `  web: { console: true${slack(channel)} }\n`),
    named === undefined ? '' : `identity: { slackWorkspaces: [${named.join(', ')}] }\n`,
    group === undefined ? '' : `groups: { leads: { kind: slack user group, id: ${group} } }\n`,
  ].join('')
  const parsed = parseSettings(
    group === undefined ? text : text.replace('[tom, aisha]', '[tom, aisha, "group:leads"]'),
    'pw',
  )
  return parsed.ok ? [] : parsed.problems.map((problem) => describeProblem(problem).replace(/^pw:\d+:\d+: /, ''))
}

describe('ids of Slack', () => {
  it.each<[string, Written]>([
    ['alone, and no workspace named', { mara: 'U012AB3CD', channel: 'C012AB3CD', group: 'S012AB3CD' }],
    ['alone, and one workspace named', { named: [ONE], mara: 'U012AB3CD', channel: 'C012AB3CD', group: 'S012AB3CD' }],
    [
      'with their workspace, and no workspace named',
      { mara: `${ONE}/U012AB3CD`, channel: `${ONE}/C012AB3CD`, group: `${ONE}/S012AB3CD` },
    ],
    [
      'with one of two named workspaces; the same id in both is two accounts',
      {
        named: [ONE, TWO],
        mara: `${ONE}/U012AB3CD`,
        tom: `${TWO}/U012AB3CD`,
        channel: `${TWO}/C012AB3CD`,
        group: `${ONE}/S012AB3CD`,
      },
    ],
  ])('may be written %s', (_, written) => {
    expect(said(written)).toEqual([])
  })

  it('say their workspace where several are named', () => {
    const mend = (id: string) =>
      `Write its workspace before it, such as "${ONE}/${id}": the same id may be another's in another workspace.`
    expect(said({ named: [ONE, TWO], mara: 'U012AB3CD', channel: 'C012AB3CD', group: 'S012AB3CD' })).toEqual([
      `people.mara.slack is "U012AB3CD" alone, and identity.slackWorkspaces names several. ${mend('U012AB3CD')}`,
      `channels.web.slack is "C012AB3CD" alone, and identity.slackWorkspaces names several. ${mend('C012AB3CD')}`,
      `groups.leads.id is "S012AB3CD" alone, and identity.slackWorkspaces names several. ${mend('S012AB3CD')}`,
    ])
  })

  it('are of a workspace that is named, where any is', () => {
    const where = `is of the workspace "${TWO}", which identity.slackWorkspaces does not name`
    const mend = `Add ${TWO} there if its members are to be trusted, or write an id of ${ONE}.`
    expect(
      said({ named: [ONE], mara: `${TWO}/U012AB3CD`, channel: `${TWO}/C012AB3CD`, group: `${TWO}/S012AB3CD` }),
    ).toEqual([
      `people.mara.slack ${where}. ${mend}`,
      `channels.web.slack ${where}. ${mend}`,
      `groups.leads.id ${where}. ${mend}`,
    ])
  })

  it.each<[string, Written]>([
    ['with and without the workspace', { named: [ONE], mara: 'U012AB3CD', tom: `${ONE}/U012AB3CD` }],
    ['also where no workspace is named', { mara: `${ONE}/U012AB3CD`, tom: 'U012AB3CD' }],
    ['in one of several workspaces', { named: [ONE, TWO], mara: `${TWO}/U012AB3CD`, tom: `${TWO}/U012AB3CD` }],
  ])('are not the account of two people, %s', (_, written) => {
    expect(said(written)).toEqual(['people.tom.slack is also the account of mara. One account is one person.'])
  })

  it('are ids', () => {
    expect(said({ named: ['example'] })).toEqual([
      'identity.slackWorkspaces[0] is "example". Write the id of a Slack workspace, such as T012AB3CD.',
    ])
    expect(said({ named: [ONE, ONE] })).toEqual([
      'identity.slackWorkspaces names a workspace twice. Name each workspace once.',
    ])
    expect(said({ mara: 'C012AB3CD/U012AB3CD' })).toEqual([
      'people.mara.slack is "C012AB3CD/U012AB3CD". Write the member id from the Slack profile, such as "U012AB3CD", with several workspaces "T012AB3CD/U012AB3CD".',
    ])
    expect(said({ group: 'T012AB3CD/U012AB3CD' })).toEqual([
      'groups.leads.id is "T012AB3CD/U012AB3CD". Write the id of the user group, such as "S012AB3CD", with several workspaces "T012AB3CD/S012AB3CD".',
    ])
  })
})
