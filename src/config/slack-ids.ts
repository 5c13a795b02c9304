/** Slack ids, alone or, if there are several workspaces, with their workspace: `T012AB3CD/U012AB3CD`. */

import { z } from 'zod'

const workspaceMend = 'Write the id of a Slack workspace, such as T012AB3CD.'

export const slackWorkspace = z.string({ error: workspaceMend }).regex(/^T[A-Z0-9]{6,20}$/, { error: workspaceMend })

function slackId(mend: string, letter: string, pattern: RegExp) {
  const error = `${mend}, such as "${letter}012AB3CD", with several workspaces "T012AB3CD/${letter}012AB3CD".`
  return z.string({ error }).regex(pattern, { error })
}

export const slackMember = slackId(
  'Write the member id from the Slack profile',
  'U',
  /^(T[A-Z0-9]{6,20}\/)?[UW][A-Z0-9]{6,20}$/,
)

export const slackChannel = slackId(
  'Write the channel id from Slack ("View channel details")',
  'C',
  /^(T[A-Z0-9]{6,20}\/)?[CG][A-Z0-9]{6,20}$/,
)

export const slackUserGroup = slackId('Write the id of the user group', 'S', /^(T[A-Z0-9]{6,20}\/)?S[A-Z0-9]{6,20}$/)
