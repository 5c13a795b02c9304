/** The methods of Slack's Web API that Patchwarden uses: docs.slack.dev/reference/methods/* (answers and errors). */

import { randomBytes } from 'node:crypto'
import { blockProblems, modalProblems } from './block-kit.ts'
import { completeUpload, isShowable, startUpload } from './files.ts'
import { createWorkspace, type Json, type SlackMessage, type Workspace, type World } from './world.ts'

const TRIGGER_MS = 3_000

/** The scopes of which a method needs one: "Required scopes" on its page. */
export const methodScopes: Readonly<Record<string, readonly string[]>> = {
  'apps.connections.open': [],
  'auth.revoke': [],
  'auth.test': [],
  'chat.getPermalink': [],
  'chat.postEphemeral': ['chat:write'],
  'chat.postMessage': ['chat:write'],
  'chat.update': ['chat:write'],
  'files.completeUploadExternal': ['files:write'],
  'files.getUploadURLExternal': ['files:write'],
  'conversations.history': ['channels:history', 'groups:history', 'im:history'],
  'conversations.open': ['im:write'],
  'conversations.replies': ['channels:history', 'groups:history', 'im:history'],
  'usergroups.users.list': ['usergroups:read'],
  'users.info': ['users:read'],
  'views.open': [],
  'views.publish': [],
}

/** Answers a method for a workspace whose token was good. */
export function run(world: World, workspace: Workspace, method: string, body: Json): Json {
  const needed = methodScopes[method]
  if (needed === undefined) return { ok: false, error: 'unknown_method' }
  if (needed.length > 0 && !needed.some((scope) => workspace.scopes.has(scope)))
    return { ok: false, error: 'missing_scope', needed: needed[0], provided: [...workspace.scopes].join(',') }
  switch (method) {
    case 'auth.test':
      return { ok: true, team_id: workspace.id, team: workspace.name, user_id: 'U0BOT', bot_id: 'B0BOT' }
    case 'auth.revoke':
      workspace.tokenProblem = 'token_revoked'
      return { ok: true, revoked: true }
    case 'users.info':
      return userInfo(workspace, String(body.user))
    case 'usergroups.users.list':
      return groupMembers(workspace, String(body.usergroup))
    case 'conversations.open':
      return openDirect(workspace, String(body.users))
    case 'chat.postMessage':
      return post(world, workspace, body)
    case 'chat.update':
      return update(world, workspace, body)
    case 'chat.getPermalink':
      return permalink(world, workspace, body)
    case 'chat.postEphemeral':
      world.answers.push(body)
      return { ok: true, message_ts: world.nextTs() }
    case 'conversations.history':
      return history(world, workspace, body, null)
    case 'conversations.replies':
      return history(world, workspace, body, String(body.ts))
    case 'files.getUploadURLExternal':
      return startUpload(world, workspace, body)
    case 'files.completeUploadExternal':
      return completeUpload(world, workspace, body)
    case 'views.open':
      return openView(world, body)
    case 'views.publish':
      return publish(world, workspace, body)
    default:
      return { ok: false, error: 'unknown_method' }
  }
}

/** Exchanges the code of an installation: docs.slack.dev/reference/methods/oauth.v2.access. */
export function exchangeCode(world: World, body: Json): Json {
  if (body.client_id !== world.clientId || body.client_secret !== world.clientSecret)
    return { ok: false, error: 'bad_client_secret' }
  const id = world.codes.get(String(body.code))
  world.codes.delete(String(body.code))
  if (id === undefined) return { ok: false, error: 'invalid_code' }
  const workspace = world.workspaces.get(id) ?? createWorkspace(id, `Workspace ${id}`, '')
  workspace.botToken = `xoxb-${randomBytes(8).toString('hex')}`
  workspace.tokenProblem = null
  world.workspaces.set(id, workspace)
  // An organisation's id begins with E; the app is then installed in all its workspaces at once.
  const organisation = id.startsWith('E')
  const owner = { id, name: workspace.name }
  return {
    ok: true,
    app_id: 'A1',
    token_type: 'bot',
    access_token: workspace.botToken,
    bot_user_id: 'U0BOT',
    scope: [...workspace.scopes].join(','),
    team: organisation ? null : owner,
    enterprise: organisation ? owner : null,
    is_enterprise_install: organisation,
    authed_user: { id: 'U0ADMIN' },
  }
}

/**
 * docs.slack.dev/reference/objects/user-object: an id is unique in its workspace only. docs.slack.dev/apis/slack-connect: of
 * people elsewhere one sees the address too, and `is_stranger` is true only of those who share no channel with the app.
 */
function userInfo(workspace: Workspace, id: string): Json {
  const user = workspace.users.get(id)
  if (!user) return { ok: false, error: 'user_not_found' }
  const { kind } = user
  const mayRead = workspace.scopes.has('users:read.email')
  return {
    ok: true,
    user: {
      id,
      team_id: user.team ?? workspace.id,
      name: id.toLowerCase(),
      deleted: kind === 'deactivated',
      is_bot: kind === 'bot',
      is_restricted: kind === 'guest',
      is_stranger: kind === 'stranger',
      is_email_confirmed: user.confirmed ?? false,
      profile: mayRead && user.email !== undefined ? { email: user.email } : {},
    },
  }
}

function groupMembers(workspace: Workspace, id: string): Json {
  const users = workspace.userGroups.get(id)
  return users === undefined ? { ok: false, error: 'no_such_subteam' } : { ok: true, users }
}

function openDirect(workspace: Workspace, user: string): Json {
  const known = workspace.users.get(user)
  if (!known) return { ok: false, error: 'user_not_found' }
  if (known.kind === 'bot') return { ok: false, error: 'cannot_dm_bot' }
  const id = `D${user.slice(1)}`
  workspace.channels.add(id)
  return { ok: true, channel: { id } }
}

function refusal(world: World, workspace: Workspace, channel: string, body: Json): Json | null {
  if (!workspace.channels.has(channel)) return { ok: false, error: 'channel_not_found' }
  if (world.archived.has(channel)) return { ok: false, error: 'is_archived' }
  if (body.blocks === undefined && String(body.text ?? '') === '') return { ok: false, error: 'no_text' }
  const showable = (file: string) => isShowable(world, channel, file)
  const problems = body.blocks === undefined ? [] : blockProblems(body.blocks, 'message', showable)
  if (problems.length > 0) return { ok: false, error: 'invalid_blocks', response_metadata: { messages: problems } }
  if (String(body.text ?? '').length > 40_000) return { ok: false, error: 'msg_too_long' }
  return null
}

/** Ids of channels count in their workspace only, too. */
function messagesIn(world: World, workspace: Workspace, channel: string): SlackMessage[] {
  return world.messages.filter((item) => item.workspace === workspace.id && item.channel === channel)
}

function post(world: World, workspace: Workspace, body: Json): Json {
  const channel = String(body.channel)
  const refused = refusal(world, workspace, channel, body)
  if (refused) return refused
  const thread = typeof body.thread_ts === 'string' ? body.thread_ts : null
  const parent = messagesIn(world, workspace, channel).find((item) => item.ts === thread)
  if (thread !== null && parent?.thread !== null) return { ok: false, error: 'thread_not_found' }
  if (thread !== null && world.locked.has(thread)) return { ok: false, error: 'restricted_action_thread_locked' }
  const message: SlackMessage = {
    workspace: workspace.id,
    channel,
    ts: world.nextTs(),
    thread,
    // docs.slack.dev/reference/methods/chat.postMessage: only a reply in a thread can be shown in its channel, too.
    broadcast: thread !== null && String(body.reply_broadcast) === 'true',
    text: String(body.text ?? ''),
    blocks: (body.blocks as readonly Json[] | undefined) ?? [],
    files: [],
    metadata: (body.metadata as SlackMessage['metadata']) ?? null,
    edits: 0,
  }
  world.messages.push(message)
  return { ok: true, channel, ts: message.ts }
}

function update(world: World, workspace: Workspace, body: Json): Json {
  const refused = refusal(world, workspace, String(body.channel), body)
  if (refused) return refused
  if (Buffer.byteLength(String(body.text ?? '')) > 4_000) return { ok: false, error: 'msg_too_long' }
  const message = messagesIn(world, workspace, String(body.channel)).find((item) => item.ts === body.ts)
  if (!message) return { ok: false, error: 'message_not_found' }
  message.text = String(body.text ?? '')
  message.blocks = (body.blocks as readonly Json[] | undefined) ?? []
  message.edits++
  return { ok: true, channel: message.channel, ts: message.ts }
}

function permalink(world: World, workspace: Workspace, body: Json): Json {
  const found = messagesIn(world, workspace, String(body.channel)).find((item) => item.ts === body.message_ts)
  if (!found) return { ok: false, error: 'message_not_found' }
  const link = `https://example.slack.com/archives/${found.channel}/p${found.ts.replace('.', '')}`
  return { ok: true, channel: found.channel, permalink: link }
}

function history(world: World, workspace: Workspace, body: Json, thread: string | null): Json {
  if (!workspace.channels.has(String(body.channel))) return { ok: false, error: 'channel_not_found' }
  const found = messagesIn(world, workspace, String(body.channel)).filter((item) =>
    thread === null ? item.thread === null : item.thread === thread || item.ts === thread,
  )
  const marked = String(body.include_all_metadata) === 'true'
  const list = found.reverse().slice(0, Math.min(Number(body.limit ?? 100), 999))
  return {
    ok: true,
    messages: list.map(({ ts, text, metadata, files }) => ({
      ts,
      text,
      ...(files.length === 0 ? {} : { files: files.map(({ id, name, title }) => ({ id, name, title })) }),
      ...(marked && metadata ? { metadata } : {}),
    })),
  }
}

function openView(world: World, body: Json): Json {
  const trigger = world.triggers.get(String(body.trigger_id))
  world.triggers.delete(String(body.trigger_id))
  if (!trigger || Date.now() - trigger.at > TRIGGER_MS) return { ok: false, error: 'expired_trigger_id' }
  const view = body.view as Json
  const problems = modalProblems(view)
  world.views.push({ user: trigger.user, view, problems })
  return problems.length > 0
    ? { ok: false, error: 'invalid_arguments', response_metadata: { messages: problems } }
    : { ok: true, view: { id: 'V1' } }
}

function publish(world: World, workspace: Workspace, body: Json): Json {
  const user = String(body.user_id)
  if (!workspace.users.has(user)) return { ok: false, error: 'user_not_found' }
  const view = body.view as Json
  const problems = blockProblems(view.blocks, 'home')
  world.homes.set(user, { user, view, problems })
  return problems.length > 0
    ? { ok: false, error: 'invalid_arguments', response_metadata: { messages: problems } }
    : { ok: true, view: { id: 'V2' } }
}
