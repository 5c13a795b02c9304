/** Acts of people: commands, freezes, rollbacks, and the details behind a card. */

import { actions } from '../../chat/actions.ts'
import { type ActRequest, type Answer, detailNames, type FreezeRequest, type Person } from '../../chat/desk.ts'
import { rich } from '../../chat/rich-text.ts'
import { namesIn } from '../../core/hands.ts'
import type { Act } from '../../core/permission/acts.ts'
import { whoMay } from '../../core/permission/answer.ts'
import { someOf } from '../../core/permission/names.ts'
import type { ProposalCommand } from '../../core/proposal/command.ts'
import type { ProposalEvent } from '../../core/proposal/event.ts'
import { glanceOf } from '../../core/proposal/glance.ts'
import { howItCounts } from '../../core/proposal/proof.ts'
import type { ProposalState } from '../../core/proposal/proposal.ts'
import { dayBegins, dayEnds, dayIsOver } from '../../core/time/calendar-day.ts'
import { teamOf } from '../../store/proposals.ts'
import { momentOf } from '../places.ts'
import { refusedAnswer } from './asking.ts'
import type { DeskParts } from './desk-parts.ts'
import { detailOf } from './details.ts'

export async function give(
  desk: DeskParts,
  proposal: string,
  command: ProposalCommand,
  person: Person,
  done: string,
): Promise<Answer> {
  const result = await desk.commands.execute(proposal, command, person)
  if (result.ok) {
    const confirmed = result.events.find((event) => event.type === 'act-confirmed')
    if (confirmed !== undefined) return { ok: true, message: rich(confirmedWords(confirmed, result.state)) }
    const agreed = result.events.find((event) => event.type === 'agreed')
    if (agreed !== undefined)
      return { ok: true, message: rich(await whatIsMissing(desk, agreed.to.act, result.state, person)) }
    const asked = result.events.find((event) => event.type === 'people-asked')
    if (asked !== undefined) return { ok: true, message: rich(askedWords(asked, result.state, desk)) }
    const counted = command.type === 'vote' || command.type === 'resume'
    const how = counted ? howItCounts(person, desk.teams.membersOf(result.state.team)) : null
    return { ok: true, message: rich(how === null ? done : `${done} ${how}`) }
  }
  return refusedAnswer(proposal, result.refusal)
}

/** Whom the question reaches, and how. */
function askedWords(
  { people }: Extract<ProposalEvent, { type: 'people-asked' }>,
  { id, team }: ProposalState,
  { teams }: DeskParts,
): string {
  const who = people.map(namesIn(teams.membersOf(team))).join(' and ')
  return `Asked ${who} about ${id}. It stands in the thread, and goes to ${who} as a direct message where Patchwarden knows an account of theirs.`
}

/** For an act that needs more than one person: who else can agree. */
async function whatIsMissing(desk: DeskParts, act: Act, state: ProposalState, { id: me }: Person): Promise<string> {
  const place = { ...(await momentOf(desk, state.team)), glance: glanceOf(state) }
  const others = whoMay(act, place).filter(({ id }) => id !== me)
  const who = others.length === 0 ? 'nobody can now' : `${someOf(others.map(({ name }) => name))} can`
  return `Your agreement is recorded. It takes somebody else, too: ${who}.`
}

export async function freezeTeam(
  desk: DeskParts,
  { team, action, until, reason }: FreezeRequest,
  person: Person,
): Promise<Answer> {
  const zone = desk.teams.timeZoneOf?.(team) ?? 'UTC'
  const change =
    action === 'freeze' ? { until: meant({ action, until }, zone) ?? '', reason: reason ?? '' } : ('lift' as const)
  const { ok, sentence } = await desk.commands.freezeTeam(team, change, person)
  return { ok, message: rich(sentence) }
}

/** A date without a time is meant in the zone of the team: a beginning from its first instant, an end to its last. */
function meant({ action, until }: Pick<ActRequest, 'action' | 'until'>, zone: string): string | null {
  if (until === null) return null
  if (action === 'postpone') return dayBegins(until, zone)
  return action === 'freeze' ? dayIsOver(until, zone) : dayEnds(until, zone)
}

export async function act(desk: DeskParts, request: ActRequest, person: Person): Promise<Answer> {
  const { command, done } = actions[request.action]
  if (command !== null) {
    const team = request.until === null ? null : await teamOf(desk.db, request.proposal)
    const zone = team === null ? 'UTC' : (desk.teams.timeZoneOf?.(team) ?? 'UTC')
    const given = command({ ...request, until: meant(request, zone) })
    if (given.type === 'roll-back') return desk.rollback.rollBack(request.proposal, given, person)
    if (given.type === 'freeze' || given.type === 'unfreeze') {
      // A freeze belongs to a team. The proposal only says which team.
      const of = team ?? (await teamOf(desk.db, request.proposal))
      if (of === null) return { ok: false, message: rich(`There is no proposal ${request.proposal}.`) }
      const { until, reason } = request
      return freezeTeam(desk, { team: of, action: given.type, until, reason }, person)
    }
    return give(desk, request.proposal, given, person, done)
  }
  const name = detailNames.find((item) => item === request.action)
  const shown = name ? await detailOf(desk, request.proposal, name) : null
  if (shown) return { ok: true, message: rich(shown.title), detail: shown }
  return { ok: false, message: rich(`There is nothing to show for ${request.proposal}.`) }
}

/** Says which act now counts as the person's own. */
function confirmedWords(
  { act, person }: Extract<ProposalEvent, { type: 'act-confirmed' }>,
  { id, votes }: ProposalState,
): string {
  const choice = votes.find((vote) => vote.person === person)?.choice ?? ''
  const what = act === 'vote' ? `vote to ${choice}` : act
  return `Confirmed: your ${what} on ${id} counts as your own from now on.`
}
