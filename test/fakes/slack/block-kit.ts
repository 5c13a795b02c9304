/**
 * What Slack refuses in blocks. Counts and lengths: https://docs.slack.dev/reference/block-kit/blocks and the pages of
 * each block, element and composition object; the sum over all blocks is measured, not documented (bolt-js#2509).
 */

type Json = Readonly<Record<string, unknown>>

const MESSAGE_BLOCKS = 50
const VIEW_BLOCKS = 100
const ALL_CHARACTERS = 13_200

/**
 * The problems, as JSON pointers with a sentence; none when Slack would take the blocks.
 * @param showable whether a file of Slack may be shown there
 */
export function blockProblems(
  blocks: unknown,
  surface: 'message' | 'view' | 'home',
  showable: (file: string) => boolean = () => false,
): readonly string[] {
  const problems: string[] = []
  const say = (where: string, what: string) => problems.push(`${where}: ${what}`)
  if (!Array.isArray(blocks)) return ['/blocks: must be a list']
  if (blocks.length > (surface === 'message' ? MESSAGE_BLOCKS : VIEW_BLOCKS)) say('/blocks', 'too many blocks')
  const ids = new Set<string>()
  const actionIds = new Set<string>()
  for (const [index, block] of blocks.entries()) {
    const where = `/blocks/${index}`
    if (!isObject(block)) {
      say(where, 'must be an object')
      continue
    }
    if (typeof block.block_id === 'string') {
      if (block.block_id.length > 255) say(`${where}/block_id`, 'more than 255 characters')
      if (ids.has(block.block_id)) say(`${where}/block_id`, 'used twice')
      ids.add(block.block_id)
    }
    if (block.type === 'image') imageProblem(block, where, say, showable)
    else blockProblem(block, where, surface, say, actionIds)
  }
  if (surface === 'message' && characters(blocks) > ALL_CHARACTERS) say('/blocks', 'msg_blocks_too_long')
  return problems
}

type Say = (where: string, what: string) => void

/** docs.slack.dev/reference/block-kit/blocks/image-block and composition-objects/slack-file-object */
function imageProblem(block: Json, where: string, say: Say, showable: (file: string) => boolean): void {
  const { alt_text: alt, image_url: address, slack_file: file } = block
  if (typeof alt !== 'string' || alt === '' || alt.length > 2_000)
    say(`${where}/alt_text`, 'needs 1 to 2000 characters')
  if (block.title !== undefined) text(block.title, `${where}/title`, 2_000, say, 'plain_text')
  if ((address === undefined) === (file === undefined)) say(where, 'needs either image_url or slack_file')
  if (typeof address === 'string' && address.length > 3_000) say(`${where}/image_url`, 'more than 3000 characters')
  if (file === undefined) return
  const id = isObject(file) && file.url === undefined ? file.id : undefined
  if (typeof id === 'string' && showable(id)) return
  // As Slack words it.
  say(`[ERROR] invalid slack file [json-pointer:${where}/slack_file]`, 'unknown, not shared here, or not processed')
}

function blockProblem(block: Json, where: string, surface: string, say: Say, actionIds: Set<string>): void {
  switch (block.type) {
    case 'section': {
      if (block.text === undefined && block.fields === undefined) say(where, 'needs text or fields')
      if (block.text !== undefined) text(block.text, `${where}/text`, 3_000, say)
      list(block.fields, `${where}/fields`, 10, say, (field, at) => text(field, at, 2_000, say))
      return
    }
    case 'header':
      text(block.text, `${where}/text`, 150, say, 'plain_text')
      return
    case 'divider':
      return
    case 'context':
      if (!Array.isArray(block.elements) || block.elements.length === 0) say(where, 'needs elements')
      list(block.elements, `${where}/elements`, 10, say, (item, at) => text(item, at, 3_000, say))
      return
    case 'actions':
      if (!Array.isArray(block.elements) || block.elements.length === 0) say(where, 'needs elements')
      list(block.elements, `${where}/elements`, 25, say, (item, at) => element(item, at, say, actionIds))
      return
    case 'input':
      if (surface === 'message') say(where, 'input is for views')
      text(block.label, `${where}/label`, 2_000, say, 'plain_text')
      if (block.hint !== undefined) text(block.hint, `${where}/hint`, 2_000, say, 'plain_text')
      element(block.element, `${where}/element`, say, actionIds)
      return
    default:
      say(where, `unsupported type ${String(block.type)}`)
  }
}

function element(value: unknown, where: string, say: Say, actionIds: Set<string>): void {
  if (!isObject(value)) {
    say(where, 'must be an object')
    return
  }
  const id = value.action_id
  if (typeof id !== 'string' || id === '' || id.length > 255) say(`${where}/action_id`, 'needs 1 to 255 characters')
  else if (actionIds.has(id)) say(`${where}/action_id`, `"${id}" used twice`)
  else actionIds.add(id)
  switch (value.type) {
    case 'button':
      text(value.text, `${where}/text`, 75, say, 'plain_text')
      if (typeof value.value === 'string' && value.value.length > 2_000)
        say(`${where}/value`, 'more than 2000 characters')
      if (typeof value.url === 'string' && value.url.length > 3_000) say(`${where}/url`, 'more than 3000 characters')
      if (value.confirm !== undefined) confirmProblem(value.confirm, `${where}/confirm`, say)
      if (value.style !== undefined && value.style !== 'primary' && value.style !== 'danger')
        say(`${where}/style`, 'unknown')
      return
    case 'overflow':
      // https://docs.slack.dev/reference/block-kit/block-elements/overflow-menu-element
      if (!Array.isArray(value.options) || value.options.length < 2) say(`${where}/options`, 'needs two options')
      list(value.options, `${where}/options`, 5, say, (option, at) => choice(option, at, say))
      return
    case 'static_select':
      if (!Array.isArray(value.options) || value.options.length === 0) say(`${where}/options`, 'needs options')
      list(value.options, `${where}/options`, 100, say, (option, at) => choice(option, at, say))
      return
    case 'plain_text_input':
      if (typeof value.max_length === 'number' && value.max_length > 3_000) say(`${where}/max_length`, 'more than 3000')
      return
    case 'datepicker':
      if (typeof value.initial_date === 'string' && !/^\d{4}-\d{2}-\d{2}$/.test(value.initial_date))
        say(`${where}/initial_date`, 'not YYYY-MM-DD')
      return
    default:
      say(where, `unsupported element ${String(value.type)}`)
  }
}

/** https://docs.slack.dev/reference/block-kit/composition-objects/option-object */
function choice(option: unknown, where: string, say: Say): void {
  if (!isObject(option)) {
    say(where, 'must be an object')
    return
  }
  text(option.text, `${where}/text`, 75, say)
  if (typeof option.value !== 'string' || option.value.length > 150) say(`${where}/value`, 'needs up to 150 characters')
}

/** https://docs.slack.dev/reference/block-kit/composition-objects/confirmation-dialog-object */
function confirmProblem(value: unknown, where: string, say: Say): void {
  if (!isObject(value)) {
    say(where, 'must be an object')
    return
  }
  const limits = { title: 100, text: 300, confirm: 30, deny: 30 }
  for (const [part, limit] of Object.entries(limits)) text(value[part], `${where}/${part}`, limit, say, 'plain_text')
}

/** https://docs.slack.dev/reference/views/modal-views */
export function modalProblems(view: unknown): readonly string[] {
  if (!isObject(view)) return ['/view: must be an object']
  const problems = [...blockProblems(view.blocks, 'view')]
  const say: Say = (where, what) => problems.push(`${where}: ${what}`)
  for (const part of ['title', 'submit', 'close']) {
    if (view[part] !== undefined) text(view[part], `/view/${part}`, 24, say, 'plain_text')
  }
  if (view.title === undefined) say('/view/title', 'is missing')
  if (typeof view.private_metadata === 'string' && view.private_metadata.length > 3_000)
    say('/view/private_metadata', 'more than 3000 characters')
  if (typeof view.callback_id === 'string' && view.callback_id.length > 255)
    say('/view/callback_id', 'more than 255 characters')
  const inputs = Array.isArray(view.blocks) && view.blocks.some((block) => isObject(block) && block.type === 'input')
  if (inputs && view.submit === undefined) say('/view/submit', 'is needed where there is an input')
  return problems
}

function text(value: unknown, where: string, limit: number, say: Say, only: 'plain_text' | null = null): void {
  if (!isObject(value) || typeof value.text !== 'string') {
    say(where, 'must be a text object')
    return
  }
  if (value.type !== 'plain_text' && (value.type !== 'mrkdwn' || only !== null))
    say(`${where}/type`, 'is not allowed here')
  if (value.text.length === 0) say(where, 'must be more than 0 characters')
  if (value.text.length > limit) say(where, `must be less than ${limit + 1} characters`)
}

function list(
  value: unknown,
  where: string,
  limit: number,
  say: Say,
  each: (item: unknown, where: string) => void,
): void {
  if (value === undefined) return
  if (!Array.isArray(value)) {
    say(where, 'must be a list')
    return
  }
  if (value.length > limit) say(where, `more than ${limit} items`)
  for (const [index, item] of value.entries()) each(item, `${where}/${index}`)
}

function characters(value: unknown): number {
  if (Array.isArray(value)) return value.reduce((sum: number, item) => sum + characters(item), 0)
  if (!isObject(value)) return 0
  const own = [value.text, value.alt_text].map((item) => (typeof item === 'string' ? item : '')).join('').length
  return (
    own + Object.values(value).reduce((sum: number, item) => sum + (typeof item === 'object' ? characters(item) : 0), 0)
  )
}

function isObject(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/**
 * Who would be notified by a text in mrkdwn: users, groups, here, channel, everyone.
 * https://docs.slack.dev/messaging/formatting-message-text#mentioning-users
 */
export function mentions(value: unknown): readonly string[] {
  if (typeof value === 'string')
    return [...value.matchAll(/<(@[UW][A-Z0-9]+|![a-z]+(?:\^[A-Z0-9]+)?)(?:\|[^>]*)?>/g)].map((match) => match[1] ?? '')
  if (Array.isArray(value)) return value.flatMap((item) => mentions(item))
  if (!isObject(value)) return []
  return Object.values(value).flatMap((item) => mentions(item))
}
