import { actions } from '../chat/actions.ts'
import type { ActRequest, Answer, Desk, Detail, DetailName, Person } from '../chat/desk.ts'
import { detailNames } from '../chat/desk.ts'
import { assetsDetail, explainDetail, planDetail } from '../chat/details.ts'
import { proposalCard } from '../chat/proposal-card.ts'
import { proposalReport } from '../chat/report.ts'
import { rich, strong } from '../chat/rich-text.ts'
import { parseSlash, slashHelp } from '../chat/slash.ts'
import { count } from '../chat/story.ts'
import type { Member } from '../core/policy.ts'
import type { ProposalCommand } from '../core/proposal/command.ts'
import { readStream } from '../store/events.ts'
import { findProposal, openProposals } from '../store/proposals.ts'
import type { Execute } from './execute.ts'
import type { WorkflowParts } from './ports.ts'

/** The desk on the real service: every request becomes a command or a look, whatever platform it came from. */
export function createDesk(parts: WorkflowParts, { execute }: Execute): Desk {
  const { db, teams } = parts

  async function give(proposal: string, command: ProposalCommand, person: Person, done: string): Promise<Answer> {
    const result = await execute(proposal, command, person)
    if (result.ok) return { ok: true, message: rich(done) }
    return { ok: result.refusal.code === 'already', message: rich(result.refusal.sentence) }
  }

  async function act(request: ActRequest, person: Person): Promise<Answer> {
    const { command, done } = actions[request.action]
    if (command !== null) return give(request.proposal, command(request), person, done)
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
      case 'act': {
        const state = await findProposal(db, asked.proposal)
        if (state === null) return { ok: false, message: rich(`There is no proposal ${asked.proposal}.`) }
        return act({ ...asked, revision: state.revision, owner: asked.owner ?? person.id }, person)
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
      const text = proposalReport(state, await readStream(db, proposal))
      return { title: `${proposal}: report`, lead, tables: [], lines: text.split('\n') }
    }
    if (subject.kind !== 'patches') return null
    switch (name) {
      case 'assets':
        return assetsDetail(state, subject)
      case 'explain':
        return explainDetail(state, subject)
      case 'plan':
        return planDetail(state, subject, teams.freezes, parts.clock().toISOString())
    }
  }

  return {
    act,
    slash,
    detail,
    comment: (proposal, text, person) => give(proposal, { type: 'comment', text }, person, ''),
    async card(proposal, person) {
      const state = await findProposal(db, proposal)
      if (state === null) return null
      const members = teams.membersOf(state.team)
      return proposalCard(state, members, person === null ? null : memberOf(members, person))
    },
  }
}

/** The person as the team sees them; without roles where the team does not know them. */
function memberOf(members: readonly Member[], person: Person): Member {
  return members.find((member) => member.id === person.id) ?? { id: person.id, name: person.name, roles: [] }
}
