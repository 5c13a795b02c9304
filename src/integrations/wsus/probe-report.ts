/** What `check` says of a WSUS server: a report that can be pasted, because it names no server, group, rule or person. */

import type { Wsus } from './ask.ts'
import type { WsusOpenFacts, WsusProbe, WsusRhythm } from './calls.ts'
import { readNamed } from './whole-groups.ts'

/** The code page of UTF-8. */
const UTF8 = 65_001
/** A clock that is off by more makes deadlines and reports wrong by as much. */
const CLOCK_SECONDS = 60
/** With more standing approvals the database of a server becomes slow. */
const MANY_APPROVALS = 500
const DAY_MS = 86_400_000

export interface ProbeReport {
  readonly lines: readonly string[]
  /** What must be changed before anything can be deployed through this server. */
  readonly obstacles: readonly string[]
}

/**
 * Asks the server, reading only, and returns the report as lines. Throws a WsusError. `wholeGroups`: the groups that may
 * be approved for as a whole; `null`: the configuration says that the server decides the groups.
 */
export async function checkServer(
  wsus: Pick<Wsus, 'ask'>,
  wholeGroups: readonly string[] | null,
  clock: () => Date,
  signal: AbortSignal,
): Promise<string> {
  const { lines, obstacles } = probeReport(
    await wsus.ask('probe', {}, signal),
    clock().toISOString(),
    wholeGroups !== null,
  )
  const named = wholeGroups === null ? [] : [await namedLine(wsus, wholeGroups, signal)]
  return ['What follows names nothing, and can be pasted:', ...lines, ...named, ...obstacles].join('\n')
}

/** The line of the engine in `check` has the names. */
async function namedLine(wsus: Pick<Wsus, 'ask'>, names: readonly string[], signal: AbortSignal): Promise<string> {
  const { groups } = await readNamed(wsus, names, await wsus.ask('groups', {}, signal), signal)
  const empty = groups.filter(({ members }) => members.size === 0).length
  const machines = groups.reduce((sum, { members }) => sum + members.size, 0)
  return `Groups that may be approved for as a whole: ${names.length} named, ${groups.length} usable, ${empty} empty; ${number(machines)} machines in them.`
}

/**
 * @param now ISO 8601, when the probe was answered
 * @param byClients the configuration says that policies decide the groups
 */
export function probeReport(probe: WsusProbe, now: string, byClients = false): ProbeReport {
  return {
    obstacles: obstaclesOf(probe, byClients),
    lines: [
      `WSUS ${probe.version}; Windows PowerShell ${probe.powershell} (${probe.edition}, ${probe.bits64 ? 64 : 32} bit), code page ${codePage(probe)}, language ${probe.culture || 'not known'}.`,
      `The login is ${roles[probe.role]}.`,
      probe.replica
        ? 'It is a replica: approvals come from the server above it.'
        : 'It is no replica: approvals are made here.',
      probe.targeting === 'Server'
        ? 'Groups are changed on the server (server-side targeting).'
        : 'A policy decides which groups a machine is in (client-side targeting).',
      `${number(probe.machines)} machines, ${known(probe.updates)} updates, ${approvals(probe)}.`,
      synchronisation(probe, now),
      `Languages of updates: ${probe.languages.join(', ') || 'all, or not known'}.`,
      automatic(probe),
      `Execution policy: ${probe.executionPolicy.map(({ scope, policy }) => `${scope} ${policy}`).join(', ') || 'not known'}.`,
      clock(probe, now),
      ...(probe.open == null ? [] : openLines(probe.open)),
      ...(probe.unknown ?? []).map((fact) => `Could not be read: ${fact}.`),
    ],
  }
}

/** What only a real server can tell. docs/integrations/wsus-over-ssh.md says why each is asked. */
function openLines(open: WsusOpenFacts): readonly string[] {
  const said = (fact: boolean | null, yes: string, no: string) => (fact === null ? [] : [fact ? yes : no])
  const counted = (count: number | null, of: string) => (count === null ? [] : [`${number(count)} ${of}.`])
  return [
    `API ${open.api ?? 'of an unknown version'}: ${open.members.join(', ') || 'its members are not known'}.`,
    ...said(
      open.builtInGroups,
      'All Computers and Unassigned Computers have the ids that are known.',
      'All Computers or Unassigned Computers has another id than is known: tell us.',
    ),
    ...(open.machines === null ? [] : machineLines(open.machines)),
    ...counted(open.renamed, 'machines changed their name lately (copies share an id)'),
    ...counted(open.downstreamServers, 'downstream servers'),
    ...said(
      open.refreshesApprovals,
      'A new revision takes over the approval of the one before.',
      'A new revision does not take over the approval of the one before.',
    ),
    ...counted(open.staleApprovals, 'updates with an approval of an earlier revision'),
    ...counted(open.otherPublishers, 'updates of other publishers'),
    ...(open.synchronising === null ? [] : [`Synchronisation now: ${open.synchronising}.`]),
    twoDeadlines(open.twoDeadlines),
    'Only a start can tell: whether a deadline also installs what waits beside it, and how soon a machine sees a new group.',
  ]
}

function machineLines(of: WsusRhythm): readonly string[] {
  const share = (count: number) => `${number(count)} of ${number(of.all)}`
  return [
    `Machines that asked in the last 22 hours: ${share(of.askedIn22Hours)}; 26 hours: ${share(of.askedIn26Hours)}; not for 30 days: ${number(of.askedNotIn30Days)}.`,
    `Machines that reported in the last 48 hours: ${share(of.reportedIn48Hours)}; that asked and did not: ${number(of.askedAndDidNotReport)}; that never did: ${number(of.neverReported)}.`,
    `Machines with all four numbers of their Windows: ${share(of.withBuild)}; with a GUID as id: ${share(of.withGuid)}; with the name of another: ${number(of.namedTwice)}.`,
    `Instants of the API say of themselves: ${of.instants || 'not known'}.`,
  ]
}

function twoDeadlines(found: WsusOpenFacts['twoDeadlines']): string {
  if (found === null) return 'Not known whether an update has two deadlines.'
  const { updates, earlier, later } = found
  if (updates === 0) return 'No update has two deadlines, so nobody can see which of two counts.'
  if (earlier + later === 0) return `${number(updates)} updates have two deadlines, and no machine is in both groups.`
  return `Of two deadlines the earlier one counts for ${number(earlier)} machines, the later one for ${number(later)}.`
}

const roles: Readonly<Record<WsusProbe['role'], string>> = {
  Unauthorized: 'not allowed to read',
  Reporter: 'allowed to read (WSUS Reporters)',
  Administrator: 'allowed to read and to deploy (WSUS Administrators)',
}

function obstaclesOf(probe: WsusProbe, byClients: boolean): readonly string[] {
  const obstacles: string[] = []
  if (probe.role === 'Unauthorized') obstacles.push('Add the login to the local group "WSUS Reporters".')
  if (probe.role === 'Reporter') {
    obstacles.push('To deploy, add the login to the local group "WSUS Administrators".')
  }
  if (probe.replica) obstacles.push('To deploy, connect to the server above this replica.')
  if (probe.targeting === 'Client' && !byClients) {
    obstacles.push(
      'To deploy, let the server decide the groups (server-side targeting), or name those that may be approved for ("targeting: client" and "groups").',
    )
  }
  if (probe.targeting === 'Server' && byClients)
    obstacles.push('To deploy, leave "targeting: client" and "groups" out: the server decides the groups.')
  if (probe.approvals === 0) {
    obstacles.push(
      'Nothing is approved here. If it is a software update point of Configuration Manager, deploy through that instead.',
    )
  }
  return obstacles
}

function codePage({ codePage: page }: WsusProbe): string {
  return page === UTF8 ? 'UTF-8' : String(page)
}

function approvals({ approvals: standing }: WsusProbe): string {
  if (standing === null) return 'not known how many approvals for installation'
  const many = standing > MANY_APPROVALS ? ', so many that the database may answer slowly' : ''
  return `${number(standing)} standing approvals for installation${many}`
}

function synchronisation({ synchronised, nextSynchronisation, unknown }: WsusProbe, now: string): string {
  const next =
    nextSynchronisation === null ? 'no next one is planned' : `the next is planned for ${nextSynchronisation}`
  if (synchronised === null) {
    const isUnread = (unknown ?? []).some((fact) => fact.startsWith('last synchronisation'))
    return `${isUnread ? 'The last synchronisation is not known' : 'It never synchronised'}; ${next}.`
  }
  const { result, endedAt, error } = synchronised
  if (endedAt === null) return `The last synchronisation has not ended; ${next}.`
  const days = Math.floor((Date.parse(now) - Date.parse(endedAt)) / DAY_MS)
  const ago = days >= 2 ? `, ${days} days ago` : ''
  // The server's own words may hold names.
  const why = error === '' ? '' : ' (the server says why in its console)'
  return `Last synchronisation: ${result} at ${endedAt}${ago}${why}; ${next}.`
}

function automatic({ automatic: rules, unknown }: WsusProbe): string {
  if ((unknown ?? []).some((fact) => fact.startsWith('automatic rules'))) {
    return 'Not known whether rules approve updates without a vote.'
  }
  const enabled = rules.filter((rule) => rule.enabled)
  if (enabled.length === 0) return 'No rule approves updates without a vote.'
  return `${enabled.length} of ${rules.length} automatic rules approve updates without a vote.`
}

function clock(probe: WsusProbe, now: string): string {
  const seconds = Math.round((Date.parse(probe.clock) - Date.parse(now)) / 1_000)
  if (Math.abs(seconds) <= CLOCK_SECONDS) return 'Its clock agrees with the one here.'
  return `Its clock is ${Math.abs(seconds)} s ${seconds > 0 ? 'ahead of' : 'behind'} the one here: deadlines are off by as much.`
}

function known(count: number | null): string {
  return count === null ? 'not known how many' : number(count)
}

function number(count: number): string {
  return count.toLocaleString('en')
}
