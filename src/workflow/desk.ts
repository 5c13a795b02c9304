import { actions } from '../chat/actions.ts'
import type { ActRequest, Answer, Desk, Detail, DetailName, Overview, Person } from '../chat/desk.ts'
import { detailNames } from '../chat/desk.ts'
import { assetsDetail, explainDetail, planDetail } from '../chat/details.ts'
import { accountsDetail } from '../chat/linked-accounts.ts'
import { overviewDetail, overviewOf } from '../chat/overview.ts'
import { proposalCard } from '../chat/proposal-card.ts'
import { logsInReport, proposalReport } from '../chat/report.ts'
import { rich, strong } from '../chat/rich-text.ts'
import { parseSlash, slashHelp } from '../chat/slash.ts'
import { count } from '../chat/story.ts'
import type { Member } from '../core/policy.ts'
import type { ProposalCommand } from '../core/proposal/command.ts'
import type { ProposalEvent } from '../core/proposal/event.ts'
import { howItCounts } from '../core/proposal/proof.ts'
import type { ProposalState } from '../core/proposal/proposal.ts'
import { readLogs } from '../store/content.ts'
import { readStream } from '../store/events.ts'
import { toldPictures } from '../store/outbox.ts'
import { findProposal, openProposals, recentProposals } from '../store/proposals.ts'
import { announceTest } from '../store/timers.ts'
import type { Estimates } from './estimates.ts'
import { type Execute, freezesOf } from './execute.ts'
import type { Linking, WorkflowParts } from './ports.ts'
import type { Rollback } from './rollback.ts'

/** How far back an overview looks. */
const RECENT = 200

/** The desk on the real service: every request becomes a command or a look, whatever platform it came from. */
export function createDesk(
  parts: WorkflowParts,
  { execute, freezeTeam }: Execute,
  rollback: Rollback,
  estimates: Estimates,
  linking: Linking,
): Desk {
  const { db, teams } = parts
  const now = () => parts.clock().toISOString()

  async function overview(person: Person): Promise<Overview> {
    const known = (team: string) => teams.membersOf(team).find((member) => member.id === person.id) ?? null
    return overviewOf(await recentProposals(db, RECENT), person.id, known)
  }

  async function give(proposal: string, command: ProposalCommand, person: Person, done: string): Promise<Answer> {
    const result = await execute(proposal, command, person)
    if (result.ok) {
      const confirmed = result.events.find((event) => event.type === 'act-confirmed')
      if (confirmed !== undefined) return { ok: true, message: rich(confirmedWords(confirmed, result.state)) }
      const counted = command.type === 'vote' || command.type === 'resume'
      const how = counted ? howItCounts(person, teams.membersOf(result.state.team)) : null
      return { ok: true, message: rich(how === null ? done : `${done} ${how}`) }
    }
    const { code, sentence } = result.refusal
    const link = code === 'step-up' ? { link: `/p/${proposal}` } : {}
    return { ok: code === 'already', message: rich(sentence), ...link }
  }

  /** A freeze is the team's: the proposal only says of which one. */
  async function freeze(proposal: string, command: ProposalCommand, person: Person): Promise<Answer> {
    const state = await findProposal(db, proposal)
    if (state === null) return { ok: false, message: rich(`There is no proposal ${proposal}.`) }
    const change = command.type === 'freeze' ? { until: command.until, reason: command.reason } : 'lift'
    const { ok, sentence } = await freezeTeam(state.team, change, person)
    return { ok, message: rich(sentence) }
  }

  async function act(request: ActRequest, person: Person): Promise<Answer> {
    const { command, done } = actions[request.action]
    if (command !== null) {
      const given = command(request)
      if (given.type === 'roll-back') return rollback.rollBack(request.proposal, given, person)
      if (given.type === 'freeze' || given.type === 'unfreeze') return freeze(request.proposal, given, person)
      return give(request.proposal, given, person, done)
    }
    const name = detailNames.find((item) => item === request.action)
    const shown = name ? await detail(request.proposal, name) : null
    if (shown) return { ok: true, message: rich(shown.title), detail: shown }
    return { ok: false, message: rich(`There is nothing to show for ${request.proposal}.`) }
  }

  async function slash(text: string, where: Parameters<Desk['slash']>[1], person: Person): Promise<Answer> {
    const asked = parseSlash(text, where.proposal)
    switch (asked.kind) {
      case 'help': {
        const lead = rich(asked.problem ?? 'Commands you can type here:')
        const help: Detail = { title: 'Commands', lead, tables: [], lines: slashHelp }
        return { ok: asked.problem === null, message: lead, detail: help }
      }
      case 'list':
        return list(where.channel)
      case 'mine': {
        const { waiting, decided } = await overview(person)
        const message = rich(
          waiting.length === 0 ? 'Nothing waits for you.' : `${count(waiting.length, 'proposal')} for you:`,
        )
        const parts = [
          ['Waiting for you', waiting],
          ['Decided by you', decided],
        ] as const
        return { ok: true, message, detail: overviewDetail('Mine', parts) }
      }
      case 'running': {
        const { running } = await overview(person)
        const message = rich(
          running.length === 0 ? 'Nothing is running or scheduled.' : `${count(running.length, 'rollout')}:`,
        )
        return { ok: true, message, detail: overviewDetail('Running', [['Running and scheduled', running]]) }
      }
      case 'link':
        if (asked.code !== null) return linking.useCode(asked.code, asked.confirmed, person)
        return {
          ok: true,
          message: rich(`You are known here as ${person.name}. Type /patch link where you are not known yet.`),
        }
      case 'accounts':
        return { ok: true, ...accountsDetail(await linking.accountsOf(person.id)) }
      case 'unlink':
        return linking.revoke({ platform: asked.platform, account: asked.account, person: person.id }, person)
      case 'act': {
        const state = await findProposal(db, asked.proposal)
        if (state === null) return { ok: false, message: rich(`There is no proposal ${asked.proposal}.`) }
        const revision = asked.action === 'confirm' ? null : state.revision
        return act({ ...asked, revision, owner: asked.owner ?? person.id }, person)
      }
    }
  }

  /** What is open in a channel; with `null`, anywhere. */
  async function list(channel: string | null): Promise<Answer> {
    const open = (await openProposals(db)).filter(
      (state) => channel === null || teams.channelOf(state.team) === channel,
    )
    if (open.length === 0) return { ok: true, message: rich('Nothing is open in this channel.') }
    const lines = open.map((state) => `${state.id}  ${state.status}  ${state.priority}  ${state.title}`)
    const message = rich(`${count(open.length, 'open proposal')}:`)
    return { ok: true, message, detail: { title: 'Open proposals', lead: rich(''), tables: [], lines } }
  }

  async function detail(proposal: string, name: DetailName): Promise<Detail | null> {
    const state = await findProposal(db, proposal)
    if (state === null) return null
    const { subject } = state
    if (name === 'report') {
      const lead = rich('Markdown, as ', strong(`npx patchwarden report ${proposal}`), ' prints it.')
      const events = await readStream(db, proposal)
      const text = proposalReport(state, events, await readLogs(db, logsInReport(events)))
      return { title: `${proposal}: report`, lead, tables: [], lines: text.split('\n') }
    }
    if (subject.kind !== 'patches') return null
    switch (name) {
      case 'assets':
        return assetsDetail(state, subject)
      case 'explain':
        return explainDetail(state, subject)
      case 'plan': {
        const freezes = await freezesOf(db, parts, state.team, now())
        return planDetail(state, subject, freezes, now(), await estimates(db, state.team, subject))
      }
    }
  }

  return {
    act,
    slash,
    detail,
    overview,
    askLink: (account) => linking.askCode(account),
    async suggest(what, typed) {
      const wanted = typed.toLowerCase()
      const known =
        what === 'person'
          ? teams.plans
              .flatMap(({ team }) => teams.membersOf(team))
              .map(({ id, name }) => ({ name: `${name} (${id})`, value: id }))
          : (await openProposals(db))
              .map((state) => ({ name: `${state.id} ${state.title}`, value: state.id }))
              .reverse()
      const unique = [...new Map(known.map((choice) => [choice.value, choice])).values()]
      return unique.filter(({ name }) => name.toLowerCase().includes(wanted)).slice(0, 25)
    },
    tested: (nonce) => announceTest(db, nonce),
    comment: (proposal, text, person) => give(proposal, { type: 'comment', text }, person, ''),
    async card(proposal, person) {
      const state = await findProposal(db, proposal)
      if (state === null) return null
      const members = teams.membersOf(state.team)
      const told = await toldPictures(db, proposal)
      return proposalCard(state, members, person === null ? null : memberOf(members, person), told)
    },
  }
}

/** What it was that counts as the person's own now. */
function confirmedWords(
  { act, person }: Extract<ProposalEvent, { type: 'act-confirmed' }>,
  { id, votes }: ProposalState,
): string {
  const choice = votes.find((vote) => vote.person === person)?.choice ?? ''
  const what = act === 'vote' ? `vote to ${choice}` : act
  return `Confirmed: your ${what} on ${id} counts as your own from now on.`
}

/** The person as the team sees them; without roles where the team does not know them. */
function memberOf(members: readonly Member[], person: Person): Member {
  return members.find((member) => member.id === person.id) ?? { id: person.id, name: person.name, roles: [] }
}
