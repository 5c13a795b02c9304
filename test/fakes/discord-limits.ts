/**
 * What Discord refuses in messages and dialogs. https://discord.com/developers/docs/resources/message (lengths),
 * https://discord.com/developers/docs/components/reference (components, V2 totals), .../interactions/receiving-and-responding
 */

type Json = Readonly<Record<string, unknown>>

const COMPONENTS_V2 = 1 << 15

/** The problems, each with its place; none when Discord would take the message. */
export function messageProblems(body: Json): readonly string[] {
  const problems: string[] = []
  const say = (where: string, what: string) => problems.push(`${where}: ${what}`)
  const v2 = (Number(body.flags ?? 0) & COMPONENTS_V2) !== 0
  const content = String(body.content ?? '')
  if (content.length > 2_000) say('content', 'Must be 2000 or fewer in length.')
  if (v2 && (content !== '' || body.embeds !== undefined)) say('content', 'cannot be used with components V2')
  if (!v2 && content.trim() === '') say('content', 'Cannot send an empty message')
  if (typeof body.nonce === 'string' && body.nonce.length > 25) say('nonce', 'Must be 25 or fewer in length.')
  const all = flatten(body.components)
  if (all.length > 40) say('components', 'more than 40 components in total')
  const characters = all.reduce((sum, item) => sum + (item.type === 10 ? String(item.content).length : 0), 0)
  if (characters > 4_000) say('components', 'more than 4000 characters in all text displays')
  const ids = new Set<string>()
  for (const [index, item] of all.entries()) componentProblem(item, `components.${index}`, say, ids)
  return problems
}

type Say = (where: string, what: string) => void

function componentProblem(item: Json, where: string, say: Say, ids: Set<string>): void {
  const children = Array.isArray(item.components) ? item.components.length : 0
  if (item.type === 17 && children === 0) say(where, 'a container needs components')
  if (item.type === 1 && (children < 1 || children > 5)) say(where, 'an action row has 1 to 5 buttons')
  if (item.type === 10 && String(item.content ?? '').length === 0) say(where, 'a text display cannot be empty')
  if (item.type !== 2) return
  const id = String(item.custom_id ?? '')
  if (id.length < 1 || id.length > 100) say(`${where}.custom_id`, 'Must be between 1 and 100 in length.')
  if (ids.has(id)) say(`${where}.custom_id`, 'Component custom id cannot be duplicated')
  ids.add(id)
  if (String(item.label ?? '').length > 80 || String(item.label ?? '') === '')
    say(`${where}.label`, 'Must be between 1 and 80 in length.')
}

export function modalProblems(data: Json): readonly string[] {
  const problems: string[] = []
  const title = String(data.title ?? '')
  if (title.length < 1 || title.length > 45) problems.push('title: Must be between 1 and 45 in length.')
  const rows = Array.isArray(data.components) ? data.components : []
  if (rows.length < 1 || rows.length > 5) problems.push('components: Must be between 1 and 5.')
  for (const field of flatten(rows).filter((item) => item.type === 4)) {
    if (String(field.label ?? '').length > 45)
      problems.push(`${String(field.custom_id)}.label: Must be 45 or fewer in length.`)
    if (Number(field.max_length ?? 1) > 4_000)
      problems.push(`${String(field.custom_id)}.max_length: Must be 4000 or less.`)
  }
  return problems
}

/** https://discord.com/developers/docs/interactions/application-commands#application-command-object */
export function commandProblems(command: Json, depth = 0): readonly string[] {
  const problems: string[] = []
  const name = String(command.name ?? '')
  if (!/^[-_\p{L}\p{N}]{1,32}$/u.test(name) || name !== name.toLowerCase()) problems.push(`${name}: not a name`)
  const description = String(command.description ?? '')
  if (description.length < 1 || description.length > 100)
    problems.push(`${name}.description: Must be between 1 and 100 in length.`)
  const options = Array.isArray(command.options) ? (command.options as Json[]) : []
  if (options.length > 25) problems.push(`${name}.options: more than 25`)
  let optional = false
  for (const option of options) {
    if (depth > 0 && option.required === true && optional) problems.push(`${name}: required options must come first`)
    optional ||= option.required !== true
    problems.push(...commandProblems(option, depth + 1))
  }
  return problems
}

function flatten(components: unknown): Json[] {
  if (!Array.isArray(components)) return []
  return components.flatMap((item: Json) => [item, ...flatten(item.components)])
}

/** Who a text would notify, were mentions allowed. */
export function mentioned(body: Json): readonly string[] {
  const allowed = body.allowed_mentions as
    | { parse?: readonly string[]; users?: readonly string[]; roles?: readonly string[] }
    | undefined
  if (allowed !== undefined && allowed.parse?.length === 0 && !allowed.users?.length && !allowed.roles?.length)
    return []
  return [...JSON.stringify([body.content, body.components]).matchAll(/@everyone|@here|<@[!&]?\d+>/g)].map(
    (match) => match[0],
  )
}
