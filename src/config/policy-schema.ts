import { z } from 'zod'
import { DAY_SECONDS, HOUR_SECONDS } from '../core/time/instant.ts'
import { count, duration, moment, optional, patchType, reference, roles, text, yesOrNo } from './fields.ts'

const countsMend = 'Write roles with a number, such as { owner: 1, security: 1 }.'

/** Number of different people of each role who must agree. cross-check.ts checks that it is not empty. */
const roleCounts = z.record(reference('a role'), count(1, 50, 'Write how many different people must agree, 1 to 50.'), {
  error: countsMend,
})

const breakGlass = z.strictObject({
  roles: roles('Write who may start without approval, such as [operator].').describe(
    'Roles whose holders may start a rollout without approval, with a written reason, for everybody to see.',
  ),
  reviewWithin: duration({ unit: 'days', minimum: HOUR_SECONDS, maximum: 30 * DAY_SECONDS })
    .prefault('1 day')
    .describe('By when somebody else must have reviewed it.'),
})

const orNever = z.union([
  z.literal('never').transform(() => null),
  duration({ unit: 'days', minimum: 60, maximum: 90 * DAY_SECONDS }),
])

const someTime = duration({ unit: 'hours', minimum: 60, maximum: 30 * DAY_SECONDS })

const urgent = z.strictObject({
  messageAfter: someTime
    .prefault('1 hour')
    .describe('Silence after which those who can act are sent a direct message.'),
  escalateAfter: someTime.prefault('2 hours').describe('Silence after which escalateTo is told, loudly.'),
  repeatEvery: duration({ unit: 'days', minimum: HOUR_SECONDS, maximum: 30 * DAY_SECONDS })
    .prefault('1 day')
    .describe('How often the direct messages are sent after that.'),
})

const shortWhile = duration({ unit: 'min', minimum: 60, maximum: DAY_SECONDS })

const acknowledgement = z.strictObject({
  ask: shortWhile.prefault('30 min').describe('How long before the window opens they are asked first.'),
  remindEvery: shortWhile.prefault('10 min').describe('How often they are asked again.'),
  escalateAfter: shortWhile.prefault('20 min').describe('Silence after which escalateTo is asked, too.'),
  escalateTo: optional(roles('Write roles, such as [operator].')).describe('Default: those who may stop a rollout.'),
  otherwise: z
    .enum(['wait', 'go on'], { error: 'Write wait or go on.' })
    .default('wait')
    .describe('What happens when the window opens and nobody has acknowledged.'),
})

/** Settings of every policy, whatever its kind. */
const everyPolicy = {
  selfApproval: z
    .enum(['forbidden', 'allowed'], { error: 'Write forbidden or allowed.' })
    .default('forbidden')
    .describe('Whether the person who proposed may approve.'),
  cli: z
    .enum(['refused', 'recorded'], { error: 'Write refused or recorded.' })
    .default('refused')
    .describe(
      'Whether what people decide is taken from the command line; recorded: all of it is one hand together. Looking, stopping and proposing are always open to it.',
    ),
  expiresAfter: duration({ unit: 'days', minimum: HOUR_SECONDS, maximum: 90 * DAY_SECONDS })
    .prefault('7 days')
    .describe('How long a proposal stays open before it expires undecided.'),
  remindAfter: orNever
    .prefault('1 day')
    .describe('Silence after which the thread names those who have not voted; "never" leaves them alone.'),
  messageAfter: orNever
    .prefault('2 days')
    .describe('Silence after which those who have not voted are sent a direct message; or "never".'),
  escalateAfter: orNever.prefault('4 days').describe('Silence after which escalateTo is told; or "never".'),
  escalateTo: optional(roles('Write roles, such as [operator].')).describe(
    'Roles whose holders are told when nobody decides. Default: those who may stop.',
  ),
  urgent: z
    .union([z.literal('never').transform(() => null), urgent], {
      error: 'Write never, or a group with messageAfter, escalateAfter and repeatEvery.',
    })
    .prefault({})
    .describe('How people are reminded of what is exploited and open, and of a halt that nobody answers.'),
  stop: roles('Write who may stop a rollout, such as [owner, on-call].').describe(
    'Roles whose holders may pause or halt a rollout, each alone.',
  ),
  resume: roleCounts.describe('Who must agree before a halted rollout goes on.'),
  breakGlass: optional(breakGlass).describe('Who may start without approval in an emergency. Default: nobody.'),
  reboot: z
    .enum(['never', 'if required'], { error: 'Write never or if required.' })
    .default('never')
    .describe('Whether an asset that asks for a reboot after patching is rebooted.'),
  restartServices: z
    .enum(['never', 'if required'], { error: 'Write never or if required.' })
    .default('never')
    .describe('Whether services that still run replaced files are restarted after patching.'),
  testRing: z
    .enum(['never', 'run', 'required'], { error: 'Write never, run or required.' })
    .default('never')
    .describe('Whether a ring with beforeVote runs while people vote; required: an approval needs it to have passed.'),
  inventoryMaxAge: duration({ unit: 'days', minimum: 60, maximum: 30 * DAY_SECONDS })
    .prefault('1 day')
    .describe('A rollout does not start on an inventory older than this.'),
  acknowledgement: z
    .union([yesOrNo, acknowledgement], { error: 'Write true, false, or a group with ask, remindEvery and so on.' })
    .default(false)
    .describe('Somebody with the role on-call is asked to acknowledge before the first ring starts.'),
  stepUp: z
    .array(reference('a ring'), { error: 'Write a list of rings, such as [broad].' })
    .default([])
    .describe(
      'Rings for which an approval is given in the console and counts once its person confirmed it by an account of their own.',
    ),
}

const notice = duration({ unit: 'days', minimum: 60, maximum: 30 * DAY_SECONDS })
const objectors = roles('Write who may object, such as [owner, security].')

const quorumPolicy = z.strictObject({
  kind: z.literal('quorum').describe('How many people of each role must approve.'),
  approvals: roleCounts.describe('How many different people of each role must approve; one person fills one role.'),
  ...everyPolicy,
})

const lazyPolicy = z.strictObject({
  kind: z.literal('lazy consensus').describe('It goes ahead when the notice has passed and nobody objected.'),
  notice: notice.describe('How long people have to object.'),
  objectors: objectors.describe('Roles whose holders may object.'),
  ...everyPolicy,
})

const standingPolicy = z.strictObject({
  kind: z.literal('standing').describe('It goes ahead after the notice under a rule that was itself voted.'),
  rule: reference('a standing approval').describe('The rule: a name from standingApprovals.'),
  notice: notice.describe('How long people have to object.'),
  objectors: objectors.describe('Roles whose holders may object.'),
  fallback: roleCounts.describe('Who must approve where the rule does not apply.'),
  ...everyPolicy,
})

export const policy = z.discriminatedUnion('kind', [quorumPolicy, lazyPolicy, standingPolicy], {
  error: 'Write quorum, lazy consensus or standing.',
})

export const standingApproval = z.strictObject({
  team: reference('a team').describe('The team whose proposals it pre-approves.'),
  tags: z
    .array(text('Write a tag, such as dev.', 64), { error: 'Write a list of tags, such as [dev].' })
    .min(1, { error: 'Write at least one tag: a rule for every server is too wide.' })
    .describe('Every asset of the proposal must carry one of these tags.'),
  types: z
    .array(patchType, { error: 'Write a list, such as [security, bugfix].' })
    .min(1, { error: 'Write a list, such as [security, bugfix].' })
    .describe('Types of patches it covers.'),
  expires: moment.describe(
    'It pre-approves nothing from then on; a date counts to the end of that day, in the zone of the team.',
  ),
  decidedBy: reference('a policy').describe('The policy under which the rule itself is voted, of kind quorum.'),
})

export type PolicyConfig = z.infer<typeof policy>
export type StandingApprovalConfig = z.infer<typeof standingApproval>
