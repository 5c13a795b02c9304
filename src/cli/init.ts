/** `patchwarden init` asks a few questions, then writes a short patchwarden.yaml and a .env. */

import { existsSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { z } from 'zod'
import { user } from '../config/asset-settings.ts'
import { text, timeZone } from '../config/fields.ts'
import { configFileName } from '../config/load.ts'
import { describeProblem } from '../config/problem.ts'
import { firstNames } from '../core/first-names.ts'
import { parseSettings } from '../integrations/configuration.ts'
import { type HostsAnswer, otherOwners, readHostsAnswer } from './init-hosts.ts'
import { type InitAnswers, type InitHosts, initialEnvironment, initialYaml, nameId } from './init-text.ts'

export interface InitTools {
  /** Asks the person a question. Resolves to the typed text without the line end. An empty answer takes the default. */
  ask(question: string): Promise<string>
  /** Shows the person one line. */
  write(line: string): void
  /** The folder for the files. */
  readonly cwd: string
  /** The IANA zone that is suggested. Default: the zone of the machine. */
  readonly timeZone?: string
}

export type InitResult =
  | { readonly ok: true; readonly written: readonly string[] }
  | { readonly ok: false; readonly reason: string }

const TRIES = 5

/** Asks the questions, checks the answers, and writes the files. */
export async function init(tools: InitTools): Promise<InitResult> {
  const { cwd, write } = tools
  if (!(await mayWrite(tools, configFileName))) {
    const reason = `${configFileName} was left as it is. Run "patchwarden check" to see whether it is right.`
    return { ok: false, reason }
  }
  const files = (await mayWrite(tools, '.env')) ? [configFileName, '.env'] : [configFileName]
  const answers = await questions(tools)
  if (answers === null) return { ok: false, reason: 'Nothing was written: too many answers that cannot be used.' }
  const yaml = initialYaml(answers)
  const checked = parseSettings(yaml, configFileName)
  if (!checked.ok) return { ok: false, reason: checked.problems.map(describeProblem).join('\n') }
  for (const name of files) {
    if (name === configFileName) writeWhole(join(cwd, name), yaml, 0o644)
    else writeWhole(join(cwd, name), initialEnvironment, 0o600)
  }
  write(`Wrote ${files.join(' and ')}. Now run "npx patchwarden check", then "npm start".`)
  if (answers.hosts.kind === 'names' && answers.hosts.names.length === 0)
    write('No hosts: this machine is watched. Add hosts under "sources" when you like.')
  return { ok: true, written: files }
}

async function questions(tools: InitTools): Promise<InitAnswers | null> {
  const zone = tools.timeZone ?? Intl.DateTimeFormat().resolvedOptions().timeZone
  const name = await asked(tools, 'What is this installation called?', 'Patchwarden', oneOf(text('Write a name.', 100)))
  if (name === null) return null
  const timeZoneAnswer = await asked(tools, 'In which time zone are its windows?', zone, oneOf(timeZone))
  if (timeZoneAnswer === null) return null
  const team = await asked(tools, 'Which team decides first?', 'Web platform', oneOf(text('Write a name.', 100)))
  if (team === null) return null
  const listed = await asked(
    tools,
    'Which hosts can be reached by SSH? (names or aliases, separated by spaces; or a file that lists them: an Ansible inventory, a CSV)',
    'none',
    (answer) => readHostsAnswer(answer, tools.cwd),
  )
  if (listed === null) return null
  const hosts = await hostsOfTeam(tools, listed, team)
  if (hosts === null) return null
  const login =
    hosts.kind === 'names' && hosts.names.length === 0
      ? ''
      : await asked(tools, 'With which login? (it needs sudo for apt)', 'that of ~/.ssh/config', readLogin)
  if (login === null) return null
  const owner = await asked(tools, `Who approves for ${team}? (a name, such as Mara Keller)`, null, oneOf(personName))
  if (owner === null) return null
  const security = await asked(tools, 'Who approves for security? (somebody else)', null, (answer) => {
    const parsed = oneOf(personName)(answer)
    const same = parsed.ok && nameId(parsed.value) === nameId(owner)
    return same ? { ok: false, mend: 'Two different people must approve: write another name.' } : parsed
  })
  if (security === null) return null
  return { name, timeZone: timeZoneAnswer, team, hosts, login: login === '' ? null : login, owner, security }
}

type Read<T> = { readonly ok: true; readonly value: T } | { readonly ok: false; readonly mend: string }

const personName = text('Write the name of a person.', 100)

function oneOf(schema: z.ZodType<string>): (answer: string) => Read<string> {
  return (answer) => {
    const parsed = schema.safeParse(answer)
    if (parsed.success) return { ok: true, value: parsed.data }
    return { ok: false, mend: parsed.error.issues[0]?.message ?? 'Write something else.' }
  }
}

/** Tells what a list holds, and asks whose its hosts are where it names owners. */
async function hostsOfTeam(tools: InitTools, answer: HostsAnswer, team: string): Promise<InitHosts | null> {
  if (answer.kind === 'names') return answer
  for (const line of answer.told) tools.write(line)
  const owners = otherOwners(answer.list, team)
  if (owners.size === 0) return { kind: 'list', from: answer.from, owners: [] }
  const named = firstNames(
    [...owners].map(([owner, hosts]) => `${owner} (${hosts})`),
    8,
  )
  const all = await asked(tools, `It names owners: ${named}. Does ${team} decide for them, too?`, 'yes', readYesOrNo)
  if (all === null) return null
  if (!all) tools.write('Hosts of other owners are asked about once there are teams of those names under "teams".')
  return { kind: 'list', from: answer.from, owners: all ? [...owners.keys()] : [] }
}

function readYesOrNo(answer: string): Read<boolean> {
  const [, yes, no] = /^(y(?:es)?)$|^(no?)$/i.exec(answer) ?? []
  return yes || no ? { ok: true, value: yes !== undefined } : { ok: false, mend: 'Write yes or no.' }
}

function readLogin(answer: string): Read<string> {
  return answer === 'that of ~/.ssh/config' ? { ok: true, value: '' } : oneOf(user)(answer)
}

/** Asks until the answer is valid; `null`: too many answers were not. */
async function asked<T>(
  { ask, write }: InitTools,
  question: string,
  fallback: string | null,
  read: (answer: string) => Read<T> | Promise<Read<T>>,
): Promise<T | null> {
  for (let attempt = 0; attempt < TRIES; attempt++) {
    const typed = (await ask(fallback === null ? `${question} ` : `${question} [${fallback}] `)).trim()
    const answer = await read(typed === '' ? (fallback ?? '') : typed)
    if (answer.ok) return answer.value
    write(answer.mend)
  }
  return null
}

async function mayWrite({ ask, cwd }: InitTools, name: string): Promise<boolean> {
  if (!existsSync(join(cwd, name))) return true
  return /^y(es)?$/i.test((await ask(`${name} is there already. Write over it? [no] `)).trim())
}

/** Writes the file in one step, so that a killed process does not leave half a file. */
function writeWhole(path: string, content: string, mode: number): void {
  const temporary = `${path}.${process.pid}.new`
  writeFileSync(temporary, content, { mode, flag: 'wx' })
  renameSync(temporary, path)
}
