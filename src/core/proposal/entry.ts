/**
 * Turns events of proposals into entries, and back. The table says for every member of every event how it is kept: as a
 * fact, as pseudonyms of people, or beside the entry because it is personal.
 */

import type { Through } from '../hands.ts'
import { type Member, type Policy, votingRoles } from '../policy.ts'
import { type Fill, fillWith } from '../quorum.ts'
import { type Beside, type Entry, type Fact, type Facts, readBeside, type SealedEntry } from '../record/entry.ts'
import { ERASED, type Register, throughWith } from '../record/register.ts'
import type { EventType, ProposalEvent, RecordedEvent } from './event.ts'
import { type Actor, type ApprovedBy, type Deferral, PATCHWARDEN, type Via, type Vote } from './proposal.ts'
import { accountIn, cameFrom, wordsIn } from './said.ts'
import { callsIn, type Named, outcomesIn, verificationsIn } from './written.ts'

/** How one member of an event is kept. `Holds`: whether members that may hold free text are allowed. */
interface Kept<Holds extends 'text' | 'no text' = 'text'> {
  /** For the compiler only. */
  readonly holds?: Holds | undefined
  readonly write: (
    value: unknown,
    key: string,
    writing: Writing,
  ) => { readonly facts?: Facts; readonly beside?: Beside }
  readonly read: (key: string, reading: Reading) => unknown
}

interface Writing {
  readonly actor: Actor
  readonly register: Register
}

interface Reading {
  readonly entry: Entry
  /** `null`: there is nothing beside the entry, or it was erased. */
  readonly beside: Beside | null
  readonly actor: Actor
  readonly register: Register
  readonly named: Named
}

const asFact: Pick<Kept, 'write' | 'read'> = {
  write: (value, key) => ({ facts: { [key]: value as Fact } }),
  read: (key, { entry }) => entry.facts[key],
}

/**
 * Numbers, booleans, and texts of a closed list. The compiler does not accept this for a member that may hold free
 * text.
 */
const fact: Kept<'no text'> = asFact

/**
 * Text that no person wrote and that quotes nobody: an id, a time, a hash, a name from the configuration or an
 * advisory.
 */
const ownText: Kept = asFact

/** A fact that has another name in the entry. */
function factAs(name: string): Kept {
  return {
    write: (value) => ({ facts: { [name]: value as Fact } }),
    read: (_key, { entry }) => entry.facts[name],
  }
}

/** A member that follows from other parts of the entry. */
function known(read: (reading: Reading) => unknown): Kept {
  return { write: () => ({}), read: (_key, reading) => read(reading) }
}

const people: Kept = {
  write: (value, key, { register }) => ({ facts: { [key]: strings(value).map(register.pseudonymOf) } }),
  read: (key, { entry, register }) => strings(entry.facts[key]).map((one) => register.personOf(one).id),
}

/** Text that a person wrote, or a sentence that may quote them; `null`: there is none. */
const words: Kept = {
  write: (value, _key, { actor }) => {
    if (typeof value === 'string') return { beside: { words: value } }
    // Something else stands beside this entry. Without the mark, erasing it would look as if words had been erased.
    return hasBeside(actor) ? { facts: { silent: true } } : {}
  },
  read: (_key, { entry, beside }) => {
    if (beside === null) return entry.commit === undefined || entry.facts.silent === true ? null : ERASED
    return typeof beside.words === 'string' ? beside.words : null
  },
}

/**
 * Does something stand beside the entry whatever the act is? That is the person's account, or the user and host of a
 * command line.
 */
function hasBeside(actor: Actor): boolean {
  return actor.kind === 'person' && (actor.account !== undefined || actor.through?.kind === 'command line')
}

/** A list that stands beside the entry; empty after it was erased. */
const besideList: Kept = {
  write: (value, key) => ({ beside: { [key]: value as Fact } }),
  read: (key, { beside }) => {
    const list = beside?.[key]
    return Array.isArray(list) ? list : []
  },
}

const actorsId = known(({ actor }) => (actor.kind === 'person' ? actor.id : ''))
const actorsName = known(({ actor }) => (actor.kind === 'person' ? actor.name : PATCHWARDEN))
const actorsVia = known(({ actor }) => (actor.kind === 'person' ? actor.via : undefined))

/**
 * The name of the person who stopped something, or Patchwarden. An event after a person's act may still be
 * Patchwarden's own.
 */
const stopper: Kept = {
  write: (value, _key, { actor }) =>
    value === PATCHWARDEN && actor.kind === 'person' ? { facts: { patchwarden: true } } : {},
  read: (_key, { entry, actor }) =>
    actor.kind === 'person' && entry.facts.patchwarden !== true ? actor.name : PATCHWARDEN,
}

/** Only choice, revision and reason are written. The other members follow from the entry and its actor. */
const vote: Kept = {
  write: (value, key, writing) => {
    const { choice, revision, reason } = value as Vote
    const said = words.write(reason, key, writing)
    return { ...said, facts: { choice, revision, ...said.facts } }
  },
  read: (key, reading) => {
    const { actor, entry } = reading
    if (actor.kind !== 'person') throw new Error('is a vote of nobody')
    const { id: person, name, via, through } = actor
    const { choice, revision } = entry.facts
    const came = through === undefined ? {} : { through }
    return { person, name, choice, reason: words.read(key, reading), revision, at: entry.at, via, ...came }
  },
}

const approval: Kept = {
  write: (value, _key, { register: { pseudonymOf } }) => {
    const by = value as ApprovedBy
    switch (by.how) {
      case 'quorum': {
        const fills = by.fills.map((fill) => ({ ...fillWith(fill, pseudonymOf) }))
        return { facts: { how: by.how, fills } }
      }
      case 'break-glass':
      case 'roll back': {
        const { reason, person, ...rest } = by
        return { facts: { ...rest, person: pseudonymOf(person) }, beside: { words: reason } }
      }
      default:
        return { facts: { ...by } }
    }
  },
  read: (_key, { entry, beside, register: { personOf } }) => {
    const { how, fills, person, proposal, rule, expiresAt, noticeEndedAt } = entry.facts
    const id = () => personOf(String(person)).id
    switch (how) {
      case 'quorum': {
        const filled = (Array.isArray(fills) ? fills : []) as readonly Fill[]
        return { how, fills: filled.map((fill) => fillWith(fill, (pseudonym) => personOf(pseudonym).id)) }
      }
      case 'break-glass':
        return { how, person: id(), reason: wordsIn(beside) }
      case 'roll back':
        return { how, person: id(), proposal, reason: wordsIn(beside) }
      case 'standing approval':
        return { how, rule, proposal, expiresAt }
      default:
        return { how, noticeEndedAt }
    }
  },
}

const deferral: Kept = {
  write: (value, _key, { register }) => {
    const { owner, until, reason } = value as Deferral
    return { facts: { owner: register.pseudonymOf(owner), until }, beside: { words: reason } }
  },
  read: (_key, { entry, beside, actor, register }) => ({
    by: actor.kind === 'person' ? actor.id : '',
    reason: wordsIn(beside),
    owner: register.personOf(String(entry.facts.owner)).id,
    until: entry.facts.until,
  }),
}

/** The policy is content, named by its hash. So the record shows under which policy people decided. */
const policy: Kept = {
  write: () => ({}),
  read: (_key, { entry, named }) => named.policy(String(entry.facts.policy)),
}

const subject = known(({ entry: { facts }, named }) =>
  named.subject({ decision: String(facts.content), evidence: String(facts.evidence) }),
)

const whyNow: Kept = {
  write: (value) => ({ beside: { whyNow: String(value) } }),
  read: (_key, { beside }) => wordsIn(beside, 'whyNow'),
}

const content = {
  title: ownText,
  subject,
  contentHash: factAs('content'),
  evidence: ownText,
  priority: ownText,
  whyNow,
  dueAt: ownText,
} as const

const page = { page: ownText, counts: fact } as const

type OfType<Type> = Extract<ProposalEvent, { readonly type: Type }>

/** Whether a value may hold free text, at any depth. */
type MayHoldText<Value> = Value extends string
  ? string extends Value
    ? true
    : false
  : Value extends readonly (infer Item)[]
    ? MayHoldText<Item>
    : Value extends object
      ? MayHoldText<Value[keyof Value]>
      : false
type KeptFor<Value> = true extends MayHoldText<Value> ? Kept : Kept<'text' | 'no text'>

/** For each member that may hold free text, the table must say whether people write it (`words`) or not (`ownText`). */
type Table = {
  readonly [Type in EventType]: {
    readonly [Key in Exclude<keyof OfType<Type>, 'type'>]-?: KeptFor<OfType<Type>[Key]>
  }
}

/** For events that only earlier versions wrote. They have no entry. */
const before = known(() => undefined)

const table: Table = {
  opened: {
    ...content,
    id: known(({ entry }) => entry.stream),
    number: fact,
    team: ownText,
    policy,
    expiresAt: ownText,
    noticeEndsAt: ownText,
  },
  revised: {
    ...content,
    revision: fact,
    reason: words,
    votesKept: fact,
    expiresAt: ownText,
    noticeEndsAt: ownText,
    raised: fact,
  },
  'content-kept': { was: ownText, contentHash: factAs('content'), evidence: ownText, subject },
  'vote-cast': { vote },
  'vote-withdrawn': { person: actorsId, name: actorsName },
  'act-confirmed': { person: actorsId, name: actorsName, act: fact, of: fact },
  commented: { text: words, via: actorsVia },
  'people-asked': { people, person: actorsId, name: actorsName, question: words },
  reminded: { step: fact, waitingFor: people, rungs: fact },
  'standing-refused': { reason: words },
  approved: { by: approval },
  'approval-lapsed': { reason: words },
  rejected: { deferral },
  expired: {},
  withdrawn: { reason: words },
  superseded: { by: factAs('proposal') },
  'roll-back-opened': { proposal: ownText },
  'roll-back-ended': { proposal: ownText, assets: ownText, more: fact },
  'followed-up': { advisory: ownText, mends: ownText, proposal: ownText },
  scheduled: { window: ownText, reason: words },
  postponed: { person: actorsId, name: actorsName, reason: words, window: ownText },
  frozen: { person: actorsId, name: actorsName, until: ownText, reason: words },
  unfrozen: { person: actorsId, name: actorsName },
  'acknowledgement-asked': { people, escalated: fact },
  'start-refused': { reason: words },
  'asset-awaited': { asset: ownText, proposal: ownText, until: ownText, full: ownText },
  yielded: { to: ownText, assets: ownText },
  'took-over': { from: ownText, assets: ownText },
  acknowledged: { person: actorsId, name: actorsName },
  'rollout-started': {},
  'batch-started': {
    ring: fact,
    batch: fact,
    key: ownText,
    assets: ownText,
    waiting: ownText,
    queued: fact,
    notBefore: ownText,
    notAfter: ownText,
  },
  'batch-queued': { ring: fact, assets: ownText },
  'assets-started': { ring: fact, batch: fact, key: ownText, assets: ownText, notBefore: ownText, notAfter: ownText },
  'outcome-recorded': { asset: before, outcome: before, log: before },
  'outcomes-recorded': { ...page, outcomes: known(({ entry, named }) => outcomesIn(String(entry.facts.page), named)) },
  'verification-recorded': { asset: before, verification: before },
  'verifications-recorded': {
    ...page,
    verifications: known(({ entry, named }) => verificationsIn(String(entry.facts.page), named)),
  },
  'calls-recorded': {
    ...page,
    key: ownText,
    calls: known(({ entry, named }) => callsIn(String(entry.facts.page), named)),
  },
  'asset-skipped': { asset: ownText, name: actorsName, reason: words },
  'retry-asked': { assets: ownText, name: actorsName },
  'window-extended': { until: ownText, person: actorsId, name: actorsName, reason: words },
  agreed: { to: ownText, reason: words, person: actorsId, name: actorsName },
  'go-given': { ring: fact, person: actorsId, name: actorsName },
  // The name and the detail of a check may contain an address.
  'gate-checked': { ring: fact, results: besideList, healthy: fact },
  'window-announced': { window: ownText },
  'test-started': {},
  'test-paused': { by: stopper, reason: words },
  'test-halted': { by: stopper, reason: words, closing: fact },
  // Beside the entry, because these are names. The entries before it say who agreed.
  'test-resumed': { by: besideList },
  'test-ended': { passed: fact, reason: words },
  'assets-compared': { assets: ownText, more: fact },
  noted: { text: words },
  'taken-back': { why: words, stopped: fact, may: fact, until: ownText, atWork: fact, untold: fact, was: fact },
  drifted: { asset: ownText, what: ownText },
  'heard-late': { asset: ownText, word: ownText },
  'ring-soaking': { ring: fact, until: ownText },
  'ring-passed': { ring: fact },
  'gate-failed': { ring: fact, reason: words },
  paused: { by: stopper, reason: words },
  halted: { by: stopper, reason: words },
  'waiting-ended': { by: stopper, reason: words },
  'resume-agreed': { person: actorsId, name: actorsName },
  resumed: { by: besideList },
  'verifying-started': {},
  completed: {},
  'break-glass-used': { person: actorsId, name: actorsName, reason: words, reviewBy: ownText },
  'break-glass-reviewed': { person: actorsId, name: actorsName },
}

/** What an entry says about the moment, in addition to its event. */
export interface Circumstances {
  /** Hash of the content that people decide on at that moment. */
  readonly content: string
  /** Hash of the policy. */
  readonly policy: string
  /** Number of the entry in the stream `rights` that was in force; `null`: there was none. */
  readonly rights: number | null
  readonly members: readonly Member[]
  readonly rule: Policy
}

/**
 * An entry names the people who may vote, if that takes at most so many bytes. If not, the rights in force say who they
 * were.
 */
const ELIGIBLE_BYTES = 32_000

/** An event as facts and as data beside them. `circumstances`: `null` if nobody decided anything. */
export function entryOf(
  { actor, event }: RecordedEvent,
  register: Register,
  circumstances: Circumstances | null,
): Pick<Entry, 'by' | 'event' | 'facts'> & { readonly beside: Beside } {
  const members: Readonly<Record<string, Kept<'text' | 'no text'>>> = table[event.type]
  const whose = actorFacts(actor, register)
  let facts: Facts = {
    ...whose.facts,
    ...(circumstances === null ? {} : circumstanceFacts(event, actor, register, circumstances)),
  }
  let beside: Beside = whose.beside
  for (const [key, value] of Object.entries(event)) {
    if (key === 'type' || value === undefined) continue
    const kept = members[key]
    if (kept === undefined) throw new Error(`"${key}" of ${event.type} is neither a fact nor personal.`)
    const out = kept.write(value, key, { actor, register })
    facts = { ...facts, ...out.facts }
    beside = { ...beside, ...out.beside }
  }
  return { by: whose.by, event: event.type, facts, beside }
}

/** The actor, and the way in which the act came. */
export function actorFacts(
  actor: Actor,
  { pseudonymOf }: Pick<Register, 'pseudonymOf'>,
): { readonly by: string; readonly facts: Facts; readonly beside: Beside } {
  if (actor.kind === 'system') return { by: actor.part, facts: {}, beside: {} }
  const { id, via, account, through, linkedAt } = actor
  const facts = { via, linkedAt, through: through && throughFacts(through, pseudonymOf) }
  const place = through?.kind === 'command line' ? { user: through.user, host: through.host } : {}
  const beside = { ...place, ...(account === undefined ? {} : { account }) }
  return { by: pseudonymOf(id), facts, beside }
}

function throughFacts(through: Through, pseudonymOf: (person: string) => string): Fact {
  return through.kind === 'command line' ? { kind: through.kind } : { ...throughWith(through, pseudonymOf) }
}

/** Events whose entries name the people who could decide. */
const asksWho: readonly EventType[] = ['opened', 'revised', 'approved', 'rejected']

function circumstanceFacts(
  event: ProposalEvent,
  actor: Actor,
  { pseudonymOf }: Register,
  { content, policy, rights, members, rule }: Circumstances,
): Facts {
  const decides = asksWho.includes(event.type)
  const roles = votingRoles(rule.approval)
  const eligible = decides ? eligibleFacts(members, roles, pseudonymOf) : undefined
  return {
    ...(rights !== null && (decides || actor.kind === 'person') ? { rights } : {}),
    ...(event.type === 'vote-cast' || event.type === 'approved' || event.type === 'rejected' ? { content } : {}),
    ...(event.type === 'opened' ? { policy } : {}),
    ...(eligible === undefined ? {} : { eligible }),
  }
}

/** People who hold one of the roles; `undefined`: the list would be too long. */
function eligibleFacts(
  members: readonly Member[],
  roles: readonly string[],
  pseudonymOf: (person: string) => string,
): readonly Fact[] | undefined {
  const named = members.flatMap(({ id, roles: held }) => {
    const mine = held.filter((role) => roles.includes(role))
    return mine.length === 0 ? [] : [{ person: pseudonymOf(id), roles: mine }]
  })
  return Buffer.byteLength(JSON.stringify(named)) <= ELIGIBLE_BYTES ? named : undefined
}

/**
 * The event of an entry. Throws a clause if the event type is unknown, or if something that the entry names is missing.
 */
export function recordedOf(
  entry: Entry,
  beside: SealedEntry['beside'],
  register: Register,
  named: Named,
): RecordedEvent {
  if (!isEventType(entry.event)) throw new Error(`is of the type "${entry.event}", which no proposal knows`)
  const members: Readonly<Record<string, Kept<'text' | 'no text'>>> = table[entry.event]
  const besideFacts = readBeside(beside?.text ?? null)
  const actor = actorOf(entry, besideFacts, register)
  const reading: Reading = { entry, beside: besideFacts, actor, register, named }
  const event: Record<string, unknown> = { type: entry.event }
  for (const [key, kept] of Object.entries(members)) {
    const value = kept.read(key, reading)
    if (value !== undefined) event[key] = value
  }
  const { stream, seq, at } = entry
  return { stream, seq, at, actor, event: event as unknown as ProposalEvent }
}

const parts: readonly string[] = ['assessment', 'timer', 'rollout', 'verification', 'operator', 'inventory', 'feeds']

/** The actor of an entry. */
export function actorOf(
  { by, facts }: Pick<Entry, 'by' | 'facts'>,
  beside: Beside | null,
  { personOf }: Register,
): Actor {
  if (parts.includes(by)) return { kind: 'system', part: by as Extract<Actor, { kind: 'system' }>['part'] }
  const { id, name } = personOf(by)
  const { via, through, linkedAt } = facts as Facts & { readonly through?: Through }
  return {
    kind: 'person',
    id,
    name,
    via: via as Via,
    ...accountIn(beside),
    ...(through === undefined ? {} : { through: throughOf(through, beside, personOf) }),
    ...(typeof linkedAt === 'string' ? { linkedAt } : {}),
  }
}

function throughOf(through: Through, beside: Beside | null, personOf: Register['personOf']): Through {
  if (through.kind === 'command line') return { ...through, ...cameFrom(beside) }
  return throughWith(through, (pseudonym) => personOf(pseudonym).id)
}

function isEventType(name: string): name is EventType {
  return Object.hasOwn(table, name)
}

function strings(value: unknown): readonly string[] {
  return Array.isArray(value) ? value.map(String) : []
}
