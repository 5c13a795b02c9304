import type { Observation } from './asset.ts'
import { firstNames } from './first-names.ts'
import { suggest } from './suggest.ts'

/** What of a look these questions need. */
export interface NameOfLook {
  readonly name: string
  readonly team: string
  readonly machine: string | null
}

export function nameOfLook({ snapshot, machine }: Extract<Observation, { kind: 'seen' }>): NameOfLook {
  return { name: snapshot.asset.name, team: snapshot.asset.team, machine: machine ?? null }
}

/** Sentences about assets of teams that do not exist: nobody is asked about them. */
export function ofNoTeam(seen: Iterable<NameOfLook>, teams: readonly string[]): readonly string[] {
  const strays = new Map<string, string[]>()
  for (const { name, team } of seen) {
    if (teams.includes(team)) continue
    strays.set(team, [...(strays.get(team) ?? []), name])
  }
  return [...strays].map(([team, names]) => {
    const guess = suggest(team, teams)
    const hint = guess === null ? '' : ` (did you mean "${guess}"?)`
    return `${firstNames(names)}: the team ${JSON.stringify(team.slice(0, 60))} is not in "teams"${hint}, so nobody is asked about ${names.length === 1 ? 'this server' : 'these servers'}.`
  })
}

/** Machines that are listed under several names, with a sentence for each. */
export function underSeveralNames(
  seen: Iterable<NameOfLook>,
): readonly { readonly names: string; readonly what: string }[] {
  const machines = new Map<string, string[]>()
  for (const { name, machine } of seen) {
    if (machine === null) continue
    machines.set(machine, [...(machines.get(machine) ?? []), name])
  }
  return [...machines.values()]
    .filter((names) => names.length > 1)
    .map((names) => ({
      names: firstNames(names),
      what: `they are one machine (the same boot, machine id and host key): list it once, or it is patched as ${names.length}.`,
    }))
}
