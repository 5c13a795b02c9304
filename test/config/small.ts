/** A small, right configuration that tests break. */
export const small = `name: Test
people:
  mara: { name: Mara Keller }
  tom: { name: Tom Okafor, discord: "803511102246789120" }
  aisha: { name: Aisha Rahman }
roles:
  security: [tom, aisha]
teams:
  web:
    name: Web
    channel: web
    roles: { owner: [mara, tom] }
    policy: standard
    window: nights
    rollout: careful
    health:
      - { tcp: 22 }
channels:
  web: {}
policies:
  standard:
    kind: quorum
    approvals: { owner: 1, security: 1 }
    expiresAfter: 7 days
    stop: [owner]
    resume: { owner: 1 }
windows:
  nights:
    rules:
      - { days: [tue], start: "02:00", duration: 3 hours }
freezes:
  - { name: Year end, from: 2026-12-19, to: 2027-01-03 }
rollouts:
  careful:
    rings:
      - { name: all, select: rest, batch: 25% }
sources:
  lab:
    kind: ssh
    engine: apt
    team: web
    hosts: [web01, web02]
engines:
  apt: { kind: ssh-apt }
feeds:
  kev: { kind: kev }
`

/** The small configuration with one piece of its text replaced. */
export function smallWith(piece: string, replacement: string): string {
  if (small.split(piece).length !== 2) throw new Error(`"${piece}" must be in the small configuration once`)
  return small.replace(piece, () => replacement)
}
