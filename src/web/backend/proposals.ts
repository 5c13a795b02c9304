/** The details behind a proposal, and comments on it. */

import { z } from 'zod'
import { type Answer, type DetailName, type DetailPart, detailNames, type PartOfDetail } from '../../chat/desk.ts'
import type { Picture } from '../../chat/picture/picture.ts'
import { rich } from '../../chat/rich-text.ts'
import { consolePicture } from '../../store/outbox.ts'
import type { Click, Viewer } from '../console-port.ts'
import { cursorAt, placeIn } from '../cursor.ts'
import { type Backend, personOf } from './parts.ts'

export async function detailOf(
  { service }: Backend,
  id: string,
  name: DetailName,
  { after, only = null }: DetailPart,
): Promise<PartOfDetail | null> {
  const list = { proposal: id, name, only }
  const part = await service.workflow.desk.detail(id, name, { after: placeIn(after, list, z.string()), only })
  return part?.next === undefined ? part : { ...part, next: cursorAt(list, part.next) }
}

export async function pictureOf({ service }: Backend, id: string, which: string): Promise<Picture | null> {
  const name = detailNames.find((item) => item === which)
  if (name !== undefined) return (await service.workflow.desk.detail(id, name))?.picture ?? null
  const entry = Number(which)
  return Number.isSafeInteger(entry) && entry > 0 && entry < 2 ** 31 ? consolePicture(service.db, id, entry) : null
}

/** Reads everything again before it decides, because the page may be older than the facts. */
export async function refusalOfDialog({ service }: Backend, click: Click, viewer: Viewer): Promise<Answer | null> {
  const found = await service.workflow.desk.asking(click, personOf(viewer))
  return 'ok' in found ? found : null
}

/** Handles a comment or a slash command. */
export async function say(
  { service }: Backend,
  channel: string,
  proposal: string | null,
  text: string,
  viewer: Viewer,
): Promise<Answer> {
  const { desk } = service.workflow
  const [, typed] = /^\s*\/(?:patch\b)?([\s\S]*)$/.exec(text) ?? []
  if (typed !== undefined) return desk.slash(typed, { channel, proposal }, personOf(viewer))
  if (proposal !== null) return desk.comment(proposal, text, personOf(viewer))
  return { ok: false, message: rich('Open a proposal to comment on it; a comment belongs to its thread.') }
}
