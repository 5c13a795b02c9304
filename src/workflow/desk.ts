import { actions, numberNamedAlone } from '../chat/actions.ts'
import type {
  ActRequest,
  Answer,
  Desk,
  Detail,
  DetailName,
  DetailPart,
  Overview,
  PartOfDetail,
  Person,
} from '../chat/desk.ts'
import { detailNames } from '../chat/desk.ts'
import { assetPageDetail, explainDetail, planDetail, toldPlanDetail } from '../chat/details.ts'
import { accountsDetail } from '../chat/linked-accounts.ts'
import { OVERVIEW_LINES, overviewDetail, overviewOf } from '../chat/overview.ts'
import { proposalCard } from '../chat/proposal-card.ts'
import { logsInReport, proposalReport } from '../chat/report.ts'
import { rich, strong } from '../chat/rich-text.ts'
import { parseSlash, slashHelp } from '../chat/slash.ts'
import { count } from '../chat/words.ts'
import { limits } from '../core/limits.ts'
import type { ProposalCommand } from '../core/proposal/command.ts'
import type { ProposalEvent } from '../core/proposal/event.ts'
import { howItCounts } from '../core/proposal/proof.ts'
import type { ProposalState } from '../core/proposal/proposal.ts'
import { readLogs } from '../store/content.ts'
import { type AssetsAsked, assetsOfProposal, patchesOfProposal, planOfProposal } from '../store/decision-pages.ts'
import { readStream } from '../store/events.ts'
import { announceTest } from '../store/notify.ts'
import { toldPictures } from '../store/outbox.ts'
import {
  findGlance,
  listProposals,
  openTeams,
  readGlances,
  readLines,
  teamsAsked,
  underWay,
  votedBy,
  waitingFor,
} from '../store/proposal-pages.ts'
import { findProposal, teamOf } from '../store/proposals.ts'
import { createAsking, refusedAnswer } from './asking.ts'
import { freezesOf } from './commands/context.ts'
import type { Execute } from './commands/execute.ts'
import type { Estimates } from './estimates.ts'
import { placeOf, placesOf } from './places.ts'
import type { Linking, WorkflowParts } from './ports.ts'
import type { Rollback } from './rollback.ts'

/** What is suggested while somebody types: as much as Discord shows. */
const SUGGESTED = 25
/** Patches that are explained together: each has a table of its own. */
const PATCHES_AT_ONCE = 20

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
    const known = new Map(
      (await teamsAsked(db)).flatMap((team) => {
        const member = teams.membersOf(team).find(({ id }) => id === person.id)
        return member === undefined ? [] : [[team, member] as const]
      }),
    )
    const roles = new Map([...known].map(([team, member]) => [team, member.roles]))
    const [waiting, running, decided] = await Promise.all([
      waitingFor(db, { id: person.id, roles }, OVERVIEW_LINES),
      underWay(db, OVERVIEW_LINES),
      votedBy(db, person.id, OVERVIEW_LINES),
    ])
    const glances = await readGlances(db, [...new Set([...waiting, ...running, ...decided])])
    const places = await placesOf(parts, glances)
    const of = (ids: readonly string[]) => ids.flatMap((id) => places.find(({ glance }) => glance.id === id) ?? [])
    const given = { waiting: of(waiting), running: of(running), decided: of(decided) }
    return overviewOf(given, person)
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
    return refusedAnswer(proposal, result.refusal)
  }

  /** A freeze is the team's: the proposal only says of which one. */
  async function freeze(proposal: string, command: ProposalCommand, person: Person): Promise<Answer> {
    const team = await teamOf(db, proposal)
    if (team === null) return { ok: false, message: rich(`There is no proposal ${proposal}.`) }
    const change = command.type === 'freeze' ? { until: command.until, reason: command.reason } : 'lift'
    const { ok, sentence } = await freezeTeam(team, change, person)
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
        const [line] = await readLines(db, [asked.proposal])
        if (line === undefined) return { ok: false, message: rich(`There is no proposal ${asked.proposal}.`) }
        const revision = numberNamedAlone(asked.action, line.revision)
        return act({ ...asked, revision, owner: asked.owner ?? person.id }, person)
      }
    }
  }

  /** What is open in a channel; with `null`, anywhere. */
  async function list(channel: string | null): Promise<Answer> {
    const mine = (await openTeams(db)).filter((team) => channel === null || teams.channelOf(team) === channel)
    const most = limits.pageRows
    const open = await listProposals(db, { teams: mine, status: 'open', text: '' }, null, most + 1)
    if (open.length === 0) return { ok: true, message: rich('Nothing is open in this channel.') }
    const shown = open.slice(0, most).map(({ id }) => id)
    const lines = (await readLines(db, shown)).map(
      ({ id, status, priority, title }) => `${id}  ${status}  ${priority}  ${title}`,
    )
    const message = rich(
      open.length > most ? `The newest ${most} open proposals:` : `${count(open.length, 'open proposal')}:`,
    )
    return { ok: true, message, detail: { title: 'Open proposals', lead: rich(''), tables: [], lines } }
  }

  async function detail(
    proposal: string,
    name: DetailName,
    { after, only = null }: DetailPart = { after: null },
  ): Promise<PartOfDetail | null> {
    if (name === 'assets') return assetsPart(proposal, { after, only })
    if (name === 'explain') return explainPart(proposal, after)
    const told = name === 'plan' ? await largePlan(proposal) : null
    if (told !== null) return told
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
    const freezes = await freezesOf(db, parts, state.team, now())
    return planDetail(state, subject, freezes, now(), await estimates(db, state.team, subject))
  }

  async function assetsPart(proposal: string, asked: AssetsAsked): Promise<PartOfDetail | null> {
    const part = await assetsOfProposal(db, proposal, asked, limits.pageRows)
    if (part === null) return null
    const { state, total, more } = part
    const last = state.subject.assets.at(-1)?.asset.id
    const shown = assetPageDetail(state, state.subject, { total, only: asked.only })
    return more && last !== undefined ? { ...shown, next: last } : shown
  }

  /** The plan of a proposal with very many assets; `null`: it has few. */
  async function largePlan(proposal: string): Promise<Detail | null> {
    const glance = await findGlance(db, proposal)
    if (glance?.subject.kind !== 'patches' || glance.subject.assets <= limits.plannedNow) return null
    const found = await planOfProposal(db, glance)
    if (found === null) return null
    const { rings, simulated } = glance.subject
    const plan = {
      ...found.plan,
      simulated,
      rings: found.plan.rings.map((ring, index) => ({ ...ring, assets: rings[index]?.assets ?? 0 })),
    }
    const told = (await toldPictures(db, proposal)).findLast((picture) => picture.kind === 'plan') ?? null
    const freezes = await freezesOf(db, parts, glance.team, now())
    return toldPlanDetail(glance, plan, { first: found.first, told, freezes, now: now() })
  }

  async function explainPart(proposal: string, after: string | null): Promise<PartOfDetail | null> {
    const glance = await findGlance(db, proposal)
    if (glance === null || glance.subject.kind !== 'patches') return null
    const from = Math.max(0, Number(after) || 0)
    const { patches, total } = await patchesOfProposal(db, glance, from, PATCHES_AT_ONCE)
    const next = from + patches.length
    const shown = explainDetail(glance, { patches })
    return next < total ? { ...shown, next: String(next) } : shown
  }

  /** Open proposals that have this in the title or the id, newest first. */
  async function openCalled(text: string) {
    const found = await listProposals(db, { teams: await openTeams(db), status: 'open', text }, null, SUGGESTED)
    const lines = await readLines(
      db,
      found.map(({ id }) => id),
    )
    return lines.map(({ id, title }) => ({ name: `${id} ${title}`, value: id }))
  }

  return {
    act,
    slash,
    detail,
    overview,
    askLink: (account) => linking.askCode(account),
    asking: createAsking(parts),
    async owners(proposal) {
      const team = await teamOf(db, proposal)
      return team === null ? [] : teams.membersOf(team).map(({ id, name }) => ({ id, name }))
    },
    suggest: openCalled,
    tested: (nonce) => announceTest(db, nonce),
    comment: (proposal, text, person) => give(proposal, { type: 'comment', text }, person, ''),
    async card(proposal, person) {
      const place = await placeOf(parts, proposal)
      return place === null ? null : proposalCard(place, person, await toldPictures(db, proposal))
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
