/** The text of the files that `patchwarden init` writes. */

export interface InitAnswers {
  readonly name: string
  readonly timeZone: string
  readonly team: string
  readonly hosts: InitHosts
  readonly login: string | null
  /** `owner` and `security`: names of two people. */
  readonly owner: string
  readonly security: string
}

export type InitHosts =
  /** Without names, only this machine is watched. */
  | { readonly kind: 'names'; readonly names: readonly string[] }
  /** A file or a program, and the owners in it for whose hosts the team decides. */
  | { readonly kind: 'list'; readonly from: string | readonly string[]; readonly owners: readonly string[] }

/** Turns `Mara Keller` into `mara-keller`, a name for the configuration. */
export function nameId(name: string): string {
  const plain = name
    .normalize('NFKD')
    .replace(/\p{M}/gu, '')
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .replace(/^[^a-z]+|-+$/g, '')
    .slice(0, 40)
  if (plain !== '' && plain !== 'constructor') return plain
  // For names in other scripts. The result is stable, and differs for different names.
  return `x-${[...name].map((sign) => (sign.codePointAt(0) ?? 0).toString(36)).join('')}`.slice(0, 40)
}

export function initialYaml(answers: InitAnswers): string {
  const [owner, security, team] = [answers.owner, answers.security, answers.team].map(nameId)
  const scalar = (text: string) => JSON.stringify(text)
  return `# yaml-language-server: $schema=./patchwarden.schema.json
#
# patchwarden.example.yaml shows everything that may stand here. Check changes with "npx patchwarden check".
# Secrets do not belong here: they come from the environment or .env.

name: ${scalar(answers.name)}
timeZone: ${scalar(answers.timeZone)}

people: # with slack: or discord: ids, so that each counts as a person of their own (docs/slack.md, docs/discord.md)
  ${owner}: { name: ${scalar(answers.owner)} }
  ${security}: { name: ${scalar(answers.security)} }

roles: # for every team
  security: [${security}]
  operator: [${owner}]

teams:
  ${team}:
    name: ${scalar(answers.team)}
    channel: ${team}
    roles: { owner: [${owner}] }
    policy: standard
    window: nights
    rollout: careful

channels:
  ${team}: { title: ${scalar(answers.team)} }

policies:
  standard:
    kind: quorum
    approvals: { owner: 1, security: 1 } # two different people
    expiresAfter: 7 days
    stop: [owner, security] # each alone
    resume: { owner: 1 }
    breakGlass: { roles: [operator], reviewWithin: 1 day }
    reboot: never # or: if required

windows: # nothing is touched outside
  nights:
    rules:
      - { days: weekdays, start: "02:00", duration: 3 hours }

rollouts:
  careful:
    rings:
      - { name: canary, select: { count: 1 }, batch: 1, soak: 30 min }
      - { name: broad, select: rest, batch: 25% }

${sourcesYaml(answers, team ?? '')}
feeds:
  kev: { kind: kev }
  epss: { kind: epss }
  tracker: { kind: debian-tracker }
`
}

function sourcesYaml({ hosts, login }: InitAnswers, team: string): string {
  if (hosts.kind === 'names' && hosts.names.length === 0) {
    return `sources:
  this-machine: { kind: local, team: ${team} } # watched only
`
  }
  const user = login === null ? '' : `\n    user: ${JSON.stringify(login)}`
  return `sources:
  hosts:
    kind: ssh
    engine: apt # leave it out to watch only
    team: ${team}${user}
${hostsYaml(hosts, team)}
engines:
  apt: { kind: ssh } # with dnf and zypper, too
`
}

function hostsYaml(hosts: InitHosts, team: string): string {
  if (hosts.kind === 'names')
    return `    hosts:\n${hosts.names.map((name) => `      - ${JSON.stringify(name)}\n`).join('')}`
  const owners = hosts.owners.map((owner) => `      ${JSON.stringify(owner)}: ${team}\n`).join('')
  const teams = owners === '' ? '' : `    hostsTeams: # who decides for the hosts of an owner\n${owners}`
  return `    hostsFrom: ${JSON.stringify(hosts.from)} # read again at each look\n${teams}`
}

export const initialEnvironment = `# Variables of the process win over this file. Every secret may also come from a file: NAME_FILE=/run/secrets/...
# .env.example lists all of them.

# PostgreSQL. Left out, an embedded one is started in the data folder.
# DATABASE_URL=postgres://patchwarden:secret@localhost:5432/patchwarden
`
