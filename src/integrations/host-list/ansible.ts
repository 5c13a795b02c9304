/** Reads Ansible inventories: INI, YAML, and what `ansible-inventory --list` prints. */

import { parseDocument } from 'yaml'
import { z } from 'zod'
import { errorText } from '../../core/error-text.ts'
import { describeSyntaxError } from '../../core/yaml-error.ts'
import { parseJson } from '../json-text.ts'
import { addHost, emptyInventory, groupNamed, type Inventory, type Variables } from './inventory.ts'
import { expandRanges } from './ranges.ts'

/** Reads an inventory in INI, or a list with one name a line. Throws a sentence. */
export function readIni(text: string, what: string): Inventory {
  const inventory = emptyInventory()
  let [section, kind] = ['ungrouped', 'hosts']
  for (const [index, raw] of text.split(/\r\n|\n|\r/).entries()) {
    const line = raw.trim()
    if (line === '' || line.startsWith('#') || line.startsWith(';')) continue
    const wrong = (why: string) => new Error(`${what}, line ${index + 1}: ${why}`)
    const header = /^\[([^\]:]+)(?::(\w+))?\]\s*(?:[#;].*)?$/.exec(line)
    if (header !== null) {
      ;[, section = '', kind = 'hosts'] = header
      if (!['hosts', 'children', 'vars'].includes(kind))
        throw wrong(`[${section}:${kind}] is no section of an inventory`)
      groupNamed(inventory, section)
      continue
    }
    if (kind === 'vars') Object.assign(groupNamed(inventory, section).variables, assignment(line))
    else if (kind === 'children') {
      const [child = ''] = words(line)
      groupNamed(inventory, section).children.add(child)
      groupNamed(inventory, child)
    } else {
      const [pattern = '', ...more] = words(line)
      const variables = Object.assign({}, ...more.map(assignment))
      try {
        for (const { name, port } of namesOf(pattern)) addHost(inventory, section, name, { ...port, ...variables })
      } catch (error) {
        throw wrong(errorText(error))
      }
    }
  }
  return inventory
}

function namesOf(pattern: string): readonly { readonly name: string; readonly port: Variables }[] {
  const [, host = pattern, port] = /^(\[[0-9a-fA-F:.]+\]|[^:[]*(?:\[[^\]]*\][^:[]*)*):(\d+)$/.exec(pattern) ?? []
  return expandRanges(host).map((name) => ({ name, port: port === undefined ? {} : { ansible_port: Number(port) } }))
}

function assignment(text: string): Variables {
  const at = text.indexOf('=')
  if (at < 1) return {}
  return {
    [text.slice(0, at).trim()]: text
      .slice(at + 1)
      .trim()
      .replace(/^(["'])(.*)\1$/, '$2'),
  }
}

/** Splits a line at blanks that are not in quotation marks; a comment ends it. */
function words(line: string): readonly string[] {
  const found: string[] = []
  for (const [word] of line.matchAll(/(?:[^\s"'#]|"(?:[^"\\]|\\.)*"|'[^']*'|(?<=\S)#)+|#.*$/g)) {
    if (word.startsWith('#')) break
    found.push(
      word.replace(/"((?:[^"\\]|\\.)*)"|'([^']*)'/g, (_, double?: string, simple?: string) => double ?? simple ?? ''),
    )
  }
  return found
}

/** Reads an inventory in YAML. Values that only a vault can open are left alone. Throws a sentence. */
export function readYaml(text: string, what: string): Inventory {
  const inventory = emptyInventory()
  const top = asRecord(yamlValue(text, what))
  if (top === null) throw new Error(`${what} holds no group: write all: { hosts: { web01: } }`)
  for (const [name, group] of Object.entries(top)) addGroup(inventory, name, group, what)
  return inventory
}

function yamlValue(text: string, what: string): unknown {
  let problem: string
  try {
    const document = parseDocument(text, { logLevel: 'silent', prettyErrors: true })
    const [error] = document.errors
    if (error === undefined) return document.toJS({ maxAliasCount: 1_000 })
    const { what: said, mend } = describeSyntaxError(error.code)
    problem = `line ${error.linePos?.[0].line ?? 1}: it ${said}. ${mend.replace(/\.$/, '')}`
  } catch (error) {
    // An alias without its anchor, more aliases than the limit, or more levels than the parser can go down.
    if (!(error instanceof ReferenceError || error instanceof RangeError)) throw error
    problem = 'it has an alias (*name) to nothing, too many aliases, or too many levels'
  }
  throw new Error(`${what}, ${problem}`)
}

function addGroup(inventory: Inventory, name: string, value: unknown, what: string): void {
  const { hosts, children, vars } = asRecord(value) ?? {}
  const group = groupNamed(inventory, name)
  Object.assign(group.variables, asRecord(vars))
  for (const [pattern, own] of entriesOf(hosts))
    for (const host of namesIn(pattern, what)) addHost(inventory, name, host, asRecord(own) ?? {})
  for (const [child, inner] of entriesOf(children)) {
    group.children.add(child)
    addGroup(inventory, child, inner, what)
  }
}

function namesIn(pattern: string, what: string): readonly string[] {
  try {
    return expandRanges(pattern)
  } catch (error) {
    throw new Error(`${what}: ${errorText(error)}`)
  }
}

/** The keys of an object with their values, or the items of a list. */
function entriesOf(value: unknown): readonly (readonly [string, unknown])[] {
  if (Array.isArray(value)) return value.map((name) => [String(name), null])
  return Object.entries(asRecord(value) ?? {})
}

const listed = z.object({
  hosts: z.array(z.string()).optional(),
  children: z.array(z.string()).optional(),
  vars: z.record(z.string(), z.unknown()).optional(),
})

/** Reads what `ansible-inventory --list` or a program of dynamic inventory prints. Throws a sentence. */
export function readList(text: string, what: string): Inventory {
  const inventory = emptyInventory()
  const value = parseJson(text, what)
  if (Array.isArray(value)) {
    for (const name of value) addHost(inventory, 'ungrouped', String(name), {})
    return inventory
  }
  const top = asRecord(value)
  if (top === null) throw new Error(`${what} is no inventory: it must be an object of groups, or a list of names`)
  const own = asRecord(asRecord(top._meta)?.hostvars) ?? {}
  for (const [name, group] of Object.entries(top)) {
    if (name === '_meta') continue
    const read = Array.isArray(group)
      ? { success: true as const, data: { hosts: group.map(String) } }
      : listed.safeParse(group)
    if (!read.success)
      throw new Error(`${what}: the group ${JSON.stringify(name.slice(0, 80))} is no group of an inventory`)
    const { hosts = [], children = [], vars = {} }: z.infer<typeof listed> = read.data
    Object.assign(groupNamed(inventory, name).variables, vars)
    for (const host of hosts) addHost(inventory, name, host, asRecord(own[host]) ?? {})
    for (const child of children) groupNamed(inventory, name).children.add(child)
  }
  for (const [host, variables] of Object.entries(own))
    if (!inventory.hosts.has(host)) addHost(inventory, 'ungrouped', host, asRecord(variables) ?? {})
  return inventory
}

function asRecord(value: unknown): Record<string, unknown> | null {
  const read = z.record(z.string(), z.unknown()).safeParse(value)
  return read.success ? read.data : null
}
