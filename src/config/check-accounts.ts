import { comparable } from '../core/comparable.ts'
import { type RealmId, readRealmId } from '../core/realm.ts'
import { isSlackGroup } from './group-settings.ts'
import type { Notes } from './notes.ts'
import { list, quote } from './problem.ts'
import type { Settings } from './schema.ts'

/** Checks that each chat account belongs to one person, and that Slack ids belong to configured workspaces. */
export function checkAccounts(settings: Settings, notes: Notes): void {
  for (const platform of ['slack', 'discord'] as const) {
    const known: { readonly account: RealmId; readonly owner: string }[] = []
    for (const [owner, person] of Object.entries(settings.people)) {
      const written = person[platform]
      if (written === null) continue
      const account = readRealmId(written)
      // If two people shared an account, one human would have two votes.
      const other = known.find((item) => mayBeSame(item.account, account))
      if (other !== undefined) {
        const what = `is also the account of ${other.owner}`
        notes.problem(['people', owner, platform], what, 'One account is one person.')
      }
      known.push({ account, owner })
    }
  }
  checkAddresses(settings, notes)
  checkWorkspaces(settings, notes)
}

/** An address that two people share stands for none of them, on chat platforms and in calendars. */
function checkAddresses({ people, groups }: Settings, notes: Notes): void {
  const owners = new Map<string, string>()
  const named = new Map<string, string>()
  const byName = Object.values(groups).some((group) => group.kind === 'calendar' || group.kind === 'pagerduty')
  for (const [id, { email, name }] of Object.entries(people)) {
    const address = email === null ? null : comparable(email)
    const other = address === null ? undefined : owners.get(address)
    if (other !== undefined) {
      const what = `is also the address of ${other}`
      notes.problem(['people', id, 'email'], what, 'One address is one person: leave a shared mailbox out.')
    }
    if (address !== null) owners.set(address, id)
    const namesake = named.get(comparable(name))
    if (namesake !== undefined && byName) {
      const what = `is also the name of ${namesake}, so a calendar or schedule that gives it means neither`
      notes.warning(['people', id, 'name'], what, 'Let it give e-mail addresses.')
    }
    named.set(comparable(name), id)
  }
}

function mayBeSame(one: RealmId, other: RealmId): boolean {
  return one.id === other.id && (one.realm === other.realm || one.realm === null || other.realm === null)
}

function checkWorkspaces({ identity, people, channels, groups }: Settings, notes: Notes): void {
  const named = identity.slackWorkspaces
  const [first] = named
  if (first === undefined) return

  function check(path: readonly PropertyKey[], written: string | null): void {
    if (written === null) return
    const { realm, id } = readRealmId(written)
    if (realm === null && named.length > 1) {
      const what = `is ${quote(id)} alone, and identity.slackWorkspaces names several`
      const fix = `Write its workspace before it, such as "${first}/${id}": the same id may be another's in another workspace.`
      notes.problem(path, what, fix)
    }
    if (realm !== null && !named.includes(realm)) {
      const what = `is of the workspace ${quote(realm)}, which identity.slackWorkspaces does not name`
      const fix = `Add ${realm} there if its members are to be trusted, or write an id of ${list(named, 'or')}.`
      notes.problem(path, what, fix)
    }
  }

  for (const [name, { slack }] of Object.entries(people)) check(['people', name, 'slack'], slack)
  for (const [name, { slack }] of Object.entries(channels)) check(['channels', name, 'slack'], slack)
  for (const [name, group] of Object.entries(groups)) if (isSlackGroup(group)) check(['groups', name, 'id'], group.id)
}
