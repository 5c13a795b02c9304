/** Answers the text after /patch. */

import { actions, numberNamedAlone } from '../../chat/actions.ts'
import type { Answer, Desk, Detail, Person } from '../../chat/desk.ts'
import { accountsDetail } from '../../chat/linked-accounts.ts'
import { overviewDetail } from '../../chat/overview.ts'
import { rich } from '../../chat/rich-text.ts'
import { parseSlash, slashHelp } from '../../chat/slash.ts'
import { count } from '../../chat/words.ts'
import { limits } from '../../core/limits.ts'
import { listProposals, openTeams, readLines } from '../../store/proposal-pages.ts'
import { act } from './acts.ts'
import type { DeskParts } from './desk-parts.ts'
import { overviewFor } from './overview.ts'

export async function slash(
  desk: DeskParts,
  text: string,
  where: Parameters<Desk['slash']>[1],
  person: Person,
): Promise<Answer> {
  const asked = parseSlash(text, where.proposal)
  switch (asked.kind) {
    case 'help': {
      const lead = rich(asked.problem ?? 'Commands you can type here:')
      const help: Detail = { title: 'Commands', lead, tables: [], lines: slashHelp }
      return { ok: asked.problem === null, message: lead, detail: help }
    }
    case 'list':
      return list(desk, where.channel)
    case 'mine': {
      const { waiting, decided } = await overviewFor(desk, person)
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
      const { running } = await overviewFor(desk, person)
      const message = rich(
        running.length === 0 ? 'Nothing is running or scheduled.' : `${count(running.length, 'rollout')}:`,
      )
      return { ok: true, message, detail: overviewDetail('Running', [['Running and scheduled', running]]) }
    }
    case 'link':
      if (asked.code !== null) return desk.linking.useCode(asked.code, asked.confirmed, person)
      return {
        ok: true,
        message: rich(`You are known here as ${person.name}. Type /patch link where you are not known yet.`),
      }
    case 'accounts':
      return { ok: true, ...accountsDetail(await desk.linking.accountsOf(person.id)) }
    case 'away':
      return desk.absences.away({ ...asked, person: asked.person ?? person.id }, person, desk.teams)
    case 'back':
      return desk.absences.back(person)
    case 'unlink':
      return desk.linking.revoke({ platform: asked.platform, account: asked.account, person: person.id }, person)
    case 'act': {
      const [line] = await readLines(desk.db, [asked.proposal])
      if (line === undefined) return { ok: false, message: rich(`There is no proposal ${asked.proposal}.`) }
      const revision = numberNamedAlone(asked.action, line.revision)
      const answer = await act(desk, { ...asked, revision, owner: asked.owner ?? person.id }, person)
      if (answer.ok && actions[asked.action].command !== null) await desk.absences.returned(person)
      return answer
    }
  }
}

/** The open proposals of a channel; with `null`, of all channels. */
async function list(desk: DeskParts, channel: string | null): Promise<Answer> {
  const mine = (await openTeams(desk.db)).filter((team) => channel === null || desk.teams.channelOf(team) === channel)
  const most = limits.pageRows
  const open = await listProposals(desk.db, { teams: mine, status: 'open', text: '' }, null, most + 1)
  if (open.length === 0) return { ok: true, message: rich('Nothing is open in this channel.') }
  const shown = open.slice(0, most).map(({ id }) => id)
  const lines = (await readLines(desk.db, shown)).map(
    ({ id, status, priority, title }) => `${id}  ${status}  ${priority}  ${title}`,
  )
  const message = rich(
    open.length > most ? `The newest ${most} open proposals:` : `${count(open.length, 'open proposal')}:`,
  )
  return { ok: true, message, detail: { title: 'Open proposals', lead: rich(''), tables: [], lines } }
}
