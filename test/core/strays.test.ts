import { describe, expect, it } from 'vitest'
import { ofNoTeam, underSeveralNames } from '../../src/core/strays.ts'

const look = (name: string, team: string, machine: string | null = null) => ({ name, team, machine })

describe('assets that a list gives in a wrong way are told', () => {
  it('of a team that does not exist, with the team that is meant', () => {
    const seen = [look('web01', 'web'), look('web02', 'Web'), look('web03', 'nosuch'), look('web04', 'Web')]
    expect(ofNoTeam(seen, ['web', 'db'])).toEqual([
      'web02, web04: the team "Web" is not in "teams" (did you mean "web"?), so nobody is asked about these servers.',
      'web03: the team "nosuch" is not in "teams", so nobody is asked about this server.',
    ])
  })

  it('one machine under two names, and nothing of machines that cannot be told apart', () => {
    const seen = [
      look('web01', 'web', 'boot-1 id'),
      look('web01.example.net', 'web', 'boot-1 id'),
      look('db', 'web', 'boot-2 id'),
    ]
    expect(underSeveralNames(seen)).toEqual([
      { names: 'web01, web01.example.net', what: expect.stringContaining('one machine') },
    ])
    expect(underSeveralNames([look('a', 'web'), look('b', 'web')])).toEqual([])
  })
})
