/** Calls as clauses with names for people, and the server with its calls written down. */

import type { PlannedCall } from '../../core/ports.ts'
import { createCallBook, type Made } from '../delegating/call-book.ts'
import type { Api } from './api.ts'
import type { Context } from './context.ts'
import type { StartNote } from './note.ts'

/** So many are named; of more, how many there are besides. */
const NAMED = 5

function some(names: readonly string[]): string {
  if (names.length <= NAMED) return names.join(', ')
  return `${names.slice(0, NAMED).join(', ')} and ${names.length - NAMED} more`
}

export function installWords(
  name: string,
  patches: readonly string[],
  machines: readonly string[],
  policy: string,
  undone: boolean,
): string {
  return `make the configuration "${name}": ${undone ? 'take off' : 'install'} ${some(patches)} on ${some(machines)}, by the deployment policy "${policy}"`
}

export const suspendWords = (name: string): PlannedCall['what'] => `suspend the configuration "${name}"`
export const trashWords = (names: readonly string[]): PlannedCall['what'] =>
  `move ${some(names.map((name) => `"${name}"`))} to the trash`

const changes: ReadonlySet<string> = new Set(['install', 'suspend', 'moveToTrash'])
const readBack: ReadonlySet<string> = new Set(['configurations', 'targets'])

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
      install: (asked, signal) => written('install', { ...asked }, () => api.install(asked, signal)),
      suspend: (id, signal) => written('suspend', { configuration: id }, () => api.suspend(id, signal)),
      moveToTrash: (ids, signal) =>
        ids.length === 0
          ? Promise.resolve(true)
          : written('moveToTrash', { configurations: ids }, () => api.moveToTrash(ids, signal)),
      configurations: async (signal) => {
        let all: Awaited<ReturnType<Api['configurations']>> = []
        // What others made there is none of the record's.
        await written('configurations', {}, async () => {
          all = await api.configurations(signal)
          return all.filter(({ name }) => name.includes(` ${key} `))
        })
        return all
      },
      targets: (id, signal) => written('targets', { configuration: id }, () => api.targets(id, signal)),
    },
  }
}

async function wordsOf({ known }: Context, note: StartNote | null): Promise<(one: Made) => string> {
  const { signal } = new AbortController()
  const [machines, patches, { policies }] = [
    await known.machines(signal),
    await known.patches(signal),
    await known.arranged(signal),
  ]
  const machineName = (id: string) => machines.byId.get(id)?.name.toLowerCase() ?? `machine ${id}`
  const patchName = (id: string) => {
    const kb = patches.byId.get(id)?.kb
    return kb == null ? `patch ${id}` : `KB${kb}`
  }
  const configurationName = (id: string) =>
    note?.configurations.find((one) => one.id === id)?.name ?? `configuration ${id}`
  return ({ op, asked }) => {
    const of = asked as Readonly<Record<string, unknown>>
    if (op === 'install') {
      const policy = policies.find(({ id }) => id === of.policy)?.name ?? String(of.policy)
      return installWords(
        String(of.name),
        names(of.patches, patchName),
        names(of.machines, machineName),
        policy,
        of.undone === true,
      )
    }
    if (op === 'suspend') return suspendWords(configurationName(String(of.configuration)))
    if (op === 'moveToTrash') return trashWords(names(of.configurations, configurationName))
    if (op === 'targets') return `read which machines "${configurationName(String(of.configuration))}" has`
    return 'read the configurations of this start'
  }
}

function names(ids: unknown, name: (id: string) => string): readonly string[] {
  return Array.isArray(ids) ? ids.map((id) => name(String(id))) : []
}
