import { WebAPIPlatformError } from '@slack/web-api'
import type { Card } from '../card.ts'
import { type Picture, pictureAlt } from '../picture/picture.ts'
import { type createPictures, markOf } from '../picture/sending.ts'
import type { Posts } from '../platform.ts'
import type { CardFile, SlackMessage } from './card-blocks.ts'

export interface CardFilesParts {
  readonly posts: Posts
  readonly pictures: Pick<ReturnType<typeof createPictures>, 'kept'>
}

const SLACK = 'slack'
/** After this many refusals we expect that the file was deleted or will never be ready. */
const REFUSALS = 8
const LONGEST_WAIT_SECONDS = 60

/**
 * The pictures of cards. They are files that were uploaded into the thread, so everybody in the channel can see them.
 * Slack refuses messages with a file until it has processed the file (python-slack-sdk#1521). Asking whether a file is
 * ready needs another scope, so we just try again.
 */
export function createCardFiles({ posts, pictures }: CardFilesParts) {
  const refusals = new Map<string, number>()
  const refusalsOf = (file: string) => refusals.get(file) ?? 0

  function keyOf(proposal: string, picture: Picture): string {
    return `card picture ${proposal} ${markOf(picture)}`
  }

  return {
    /** The thread has the picture now, so the card can show it. */
    async keep(proposal: string, place: string, picture: Picture, file: string): Promise<void> {
      const key = keyOf(proposal, picture)
      await posts.begin(SLACK, { key, proposal, place })
      await posts.sent(SLACK, key, file)
    },
    async of(card: Card): Promise<readonly CardFile[]> {
      const found: CardFile[] = []
      for (const picture of card.pictures) {
        const post = await posts.find(SLACK, keyOf(card.proposal, picture))
        if (post?.message && refusalsOf(post.message) < REFUSALS)
          found.push({ id: post.message, alt: pictureAlt(picture) })
      }
      return found
    },
    shown(files: readonly CardFile[]): void {
      for (const { id } of files) refusals.delete(id)
    },
    /** Seconds until the files may be ready; `null`: they are not tried again. */
    refused(files: readonly string[]): number | null {
      for (const file of files) refusals.set(file, refusalsOf(file) + 1)
      const fewest = Math.min(...files.map(refusalsOf))
      if (fewest < REFUSALS) return Math.min(2 ** fewest, LONGEST_WAIT_SECONDS)
      pictures.kept(`it refused the file of a card ${REFUSALS} times; it may have been deleted.`)
      return null
    },
  }
}

/** The files that made Slack refuse the message: those that the error names, or else all. */
export function refusedFiles(error: unknown, { blocks }: SlackMessage): readonly string[] {
  if (!(error instanceof WebAPIPlatformError) || error.data.error !== 'invalid_blocks') return []
  const said = JSON.stringify(error.data)
  const files = blocks.flatMap((block, index) =>
    block.type === 'image' && 'slack_file' in block && 'id' in block.slack_file && block.slack_file.id !== undefined
      ? [{ id: block.slack_file.id, named: said.includes(`/blocks/${index}/slack_file`) }]
      : [],
  )
  const named = files.filter((file) => file.named)
  return (named.length > 0 ? named : files).map(({ id }) => id)
}
