/** What `patchwarden init` makes of the answer to the question for hosts: names, or where they are listed. */

import { accessSync, constants, existsSync, readFileSync, statSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { sentence } from '../chat/rich-text.ts'
import { count } from '../chat/words.ts'
import { absolutePath } from '../config/absolute-path.ts'
import { host } from '../config/asset-settings.ts'
import { comparable } from '../core/comparable.ts'
import { errorText } from '../core/error-text.ts'
import { firstNames } from '../core/first-names.ts'
import type { HostList } from '../integrations/host-list/read.ts'
import { type ListFrom, readList, shownPlace } from '../integrations/ssh/hosts-from.ts'
import { hostListDefaults } from '../integrations/ssh/kind.ts'
import { reasonLines } from './same-reasons.ts'

/** A file that lists hosts, or a program that prints them. */
export type Listed = ListFrom['hostsFrom']

export type HostsAnswer =
  | { readonly kind: 'names'; readonly names: readonly string[] }
  | { readonly kind: 'list'; readonly from: Listed; readonly list: HostList; readonly told: readonly string[] }

export type ReadHosts =
  | { readonly ok: true; readonly value: HostsAnswer }
  | { readonly ok: false; readonly mend: string }

/** Reads the answer; `cwd`: the folder from which its paths count. */
export async function readHostsAnswer(answer: string, cwd: string): Promise<ReadHosts> {
  if (answer === 'none') return { ok: true, value: { kind: 'names', names: [] } }
  const from = listIn(answer, cwd)
  if (from === null) return namesIn(answer)
  try {
    const list = await readList({ ...hostListDefaults, hostsFrom: from.read }, AbortSignal.timeout(90_000))
    if (list.hosts.length === 0) return { ok: false, mend: `${shownPlace(from.written)} lists no host. Write another.` }
    const told = [...from.told, ...summary(shownPlace(from.written), list)]
    return { ok: true, value: { kind: 'list', from: from.written, list, told } }
  } catch (error) {
    return { ok: false, mend: `${sentence(errorText(error))} Write another file, or names.` }
  }
}

function namesIn(answer: string): ReadHosts {
  const names = [...new Set(answer.split(/[\s,]+/).filter((name) => name !== ''))]
  for (const name of names) {
    if (!host.safeParse(name).success) {
      const mend = `${JSON.stringify(name)} is not a host name. Write names only, such as web01 web02, or the path of a file that lists them.`
      return { ok: false, mend }
    }
  }
  return { ok: true, value: { kind: 'names', names } }
}

interface Place {
  /** As it is written into the configuration. */
  readonly written: Listed
  /** As it is read now: with an absolute path. */
  readonly read: Listed
  readonly told: readonly string[]
}

/** The file or program that the answer names; `null`: it names hosts. */
function listIn(answer: string, cwd: string): Place | null {
  const path = absolutePath(answer, cwd)
  if (existsSync(path) && (answer.includes('/') || /inventor/i.test(answer) || statSync(path).isFile()))
    return listAt(answer, path)
  const words = answer.split(/\s+/)
  if (words.length > 1 && words.some((word) => word.startsWith('-')) && host.safeParse(words[0]).success)
    return program(words)
  return /^[^\s,]*\/|\.(ini|ya?ml|json|csv|txt)(\.gz)?$/i.test(answer) ? file(answer, path) : null
}

/** Ansible alone reads a folder, and the variables that stand beside an inventory. */
function listAt(answer: string, path: string): Place {
  const list = ['ansible-inventory', '-i', path, '--list']
  if (statSync(path).isDirectory()) return program(list, [`${answer} is a folder, so ansible-inventory reads it.`])
  if (isProgram(path)) return program([path, '--list'], [`${answer} is a program, so it is run.`])
  const beside = ['group_vars', 'host_vars'].filter((name) => existsSync(join(dirname(path), name)))
  if (beside.length === 0 || /\.(csv|txt)$/i.test(path)) return file(answer, path)
  const names = beside.join(' and ')
  return hasAnsible()
    ? program(list, [`There is ${names} beside it, so ansible-inventory reads it.`])
    : file(answer, path, [`What stands in ${names} is not read, because there is no Ansible here.`])
}

function file(written: string, read: string, told: readonly string[] = []): Place {
  return { written, read, told }
}

function program(words: readonly string[], told: readonly string[] = []): Place {
  return { written: words, read: words, told }
}

function isProgram(path: string): boolean {
  try {
    accessSync(path, constants.X_OK)
    return readFileSync(path).subarray(0, 2).toString('latin1') === '#!'
  } catch {
    return false
  }
}

function hasAnsible(): boolean {
  return (process.env.PATH ?? '').split(':').some((folder) => existsSync(join(folder, 'ansible-inventory')))
}

/** What was found and what was left out, a line each. */
function summary(name: string, { hosts, leftOut }: HostList): readonly string[] {
  const lost = hosts.flatMap(({ name, problem }) => (problem === null ? [] : [{ name, reason: `${name} ${problem}.` }]))
  const out = [...leftOut].map(([why, many]) => `${many} ${why}`)
  const tags = counted(hosts.flatMap((one) => one.tags))
  const found = `${name} lists ${count(hosts.length, 'host')}`
  return [
    tags.length === 0 ? `${found}.` : `${found}, with the tags ${firstNames(tags, 8)}.`,
    ...(out.length === 0 ? [] : [`Left out: ${out.join(', ')}.`]),
    ...(lost.length === 0 ? [] : [`${count(lost.length, 'host')} cannot be reached as listed:`, ...reasonLines(lost)]),
  ]
}

/** The owners whose hosts do not belong to the team by themselves, each with the number of its hosts. */
export function otherOwners({ hosts }: HostList, team: string): ReadonlyMap<string, number> {
  const owners = hosts.flatMap(({ owner }) => (owner === null || comparable(owner) === comparable(team) ? [] : [owner]))
  return frequencies(owners)
}

function counted(words: readonly string[]): readonly string[] {
  return [...frequencies(words)].sort(([, a], [, b]) => b - a).map(([word, times]) => `${word} (${times})`)
}

function frequencies(words: readonly string[]): ReadonlyMap<string, number> {
  const times = new Map<string, number>()
  for (const word of words) times.set(word, (times.get(word) ?? 0) + 1)
  return times
}
