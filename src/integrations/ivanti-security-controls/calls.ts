/** Calls as clauses with names for people, and the console with its calls written down. */

import { firstNames } from '../../core/first-names.ts'
import { createCallBook, type Made } from '../delegating/call-book.ts'
import type { Api } from './api.ts'
import { type Context, keyIn } from './context.ts'
import type { StartNote } from './note.ts'

export const groupWords = (name: string) => `make the patch group "${name}"`
export const fillWords = (kbs: readonly string[]) => `put ${firstNames(kbs)} into it, and read back what it holds`
export const templateWords = (name: string) => `make the scan template "${name}", which looks for that group only`
export const scanWords = (name: string, machines: readonly string[]) => `scan ${firstNames(machines)} as "${name}"`
export const deployWords = (scan: string, template: string) =>
  `deploy what the scan "${scan}" found, by the deployment template "${template}"`

const changes: ReadonlySet<string> = new Set([
  ...['makeGroup', 'addToGroup', 'removeFromGroup', 'removeGroup', 'makeScanTemplate', 'removeScanTemplate'],
  ...['startScan', 'removeScan', 'deploy', 'cancelOperation'],
])
const readBack: ReadonlySet<string> = new Set(['groupMembers', 'scanMachines', 'deployments'])

/** The caller holds the start alone. `before`: its note until now, because a start that is tidied has none any more. */
export function openCalls(
  context: Context,
  key: string,
  before: StartNote | null,
): { readonly api: Api; save(): Promise<void> } {
  const { api, notes, clock } = context
  const { written, save } = createCallBook({
    ...{ notes, clock, key },
    isChange: (op) => changes.has(op),
    isReadBack: (op) => readBack.has(op),
    words: async () => wordsOf(context, (await notes.read(key)) ?? before),
  })
  return {
    save,
    api: {
      ...api,
      makeGroup: (name, signal) => written('makeGroup', { name }, () => api.makeGroup(name, signal)),
      addToGroup: (group, vulnerabilities, signal) =>
        written('addToGroup', { group, vulnerabilities }, () => api.addToGroup(group, vulnerabilities, signal)),
      removeFromGroup: (group, vulnerability, signal) =>
        written('removeFromGroup', { group, vulnerability }, () => api.removeFromGroup(group, vulnerability, signal)),
      removeGroup: (group, signal) => written('removeGroup', { group }, () => api.removeGroup(group, signal)),
      makeScanTemplate: (name, group, signal) =>
        written('makeScanTemplate', { name, group }, () => api.makeScanTemplate(name, group, signal)),
      removeScanTemplate: (id, signal) =>
        written('removeScanTemplate', { id }, () => api.removeScanTemplate(id, signal)),
      startScan: (asked, signal) => written('startScan', { ...asked }, () => api.startScan(asked, signal)),
      removeScan: (id, signal) => written('removeScan', { id }, () => api.removeScan(id, signal)),
      deploy: (asked, signal) => written('deploy', { ...asked }, () => api.deploy(asked, signal)),
      cancelOperation: (id, signal) => written('cancelOperation', { id }, () => api.cancelOperation(id, signal)),
      groupMembers: (group, signal) => written('groupMembers', { group }, () => api.groupMembers(group, signal)),
      scanMachines: (scan, signal) => written('scanMachines', { scan }, () => api.scanMachines(scan, signal)),
      deployments: async (since, signal) => {
        let all: Awaited<ReturnType<Api['deployments']>> = []
        // What others deployed is none of the record's.
        await written('deployments', { since }, async () => {
          all = await api.deployments(since, signal)
          const users = new Set((await notes.read(key))?.runs.flatMap(({ user }) => user ?? []))
          return all.filter(({ creator }) => users.has(creator ?? ''))
        })
        return all
      },
    },
  }
}

async function wordsOf({ known, ...context }: Context, note: StartNote | null): Promise<(one: Made) => string> {
  const templates = await known.deployTemplates(new AbortController().signal)
  const named = (id: unknown) => {
    const kb = known.kbOf(Number(id))
    return kb === null ? `patch ${id}` : `KB${kb}`
  }
  const kbs = (ids: unknown) => [...new Set((Array.isArray(ids) ? ids : [ids]).map(named))]
  const scanNamed = (id: unknown) =>
    note?.runs.find(({ scan }) => scan === id)?.name ?? note?.looks.find(({ scan }) => scan === id)?.name ?? String(id)
  return ({ op, asked }) => {
    const of = asked as Readonly<Record<string, unknown>>
    const text = (field: string) => String(of[field])
    switch (op) {
      case 'makeGroup':
        return groupWords(text('name'))
      case 'addToGroup':
        return `put ${firstNames(kbs(of.vulnerabilities))} into the patch group ${text('group')}`
      case 'removeFromGroup':
        return `take ${firstNames(kbs(of.vulnerability))} out of the patch group ${text('group')}`
      case 'removeGroup':
        return `remove the patch group ${text('group')}`
      case 'makeScanTemplate':
        return templateWords(text('name'))
      case 'removeScanTemplate':
        return `remove the scan template ${text('id')}`
      case 'startScan':
        return scanWords(text('name'), Array.isArray(of.machines) ? of.machines.map(String) : [])
      case 'removeScan':
        return `remove the scan "${scanNamed(of.id)}"`
      case 'deploy': {
        const template = templates.find(({ id }) => id === of.template)?.name ?? text('template')
        return deployWords(scanNamed(of.scan), template)
      }
      case 'cancelOperation':
        return `cancel the deployment ${text('id')}`
      case 'groupMembers':
        return `read what the patch group ${text('group')} holds`
      case 'scanMachines':
        return `read which machines the scan "${scanNamed(of.scan)}" has`
      default:
        return `look for deployments of ${keyIn(context, note?.runs[0]?.name ?? null) ?? 'this start'}`
    }
  }
}
