/** What the machines behind the stand-in do. The server keeps what they say; what they know is kept here. */

import type { StandIn } from './standin.ts'

/** How a machine answers to what it is told. */
export type Course = 'installs' | 'fails' | 'waits for a restart' | 'silent'

interface Approval {
  readonly update: string
  readonly group: string
  readonly action: string
  readonly deadline: string | null
}

interface Row {
  readonly id: string
  readonly groups: readonly string[]
  lastSync?: string
  lastReported?: string
}

interface Held {
  readonly computers: readonly Row[]
  readonly approvals: readonly Approval[]
  readonly groups: readonly { readonly id: string; readonly name: string; readonly parent: string | null }[]
  readonly states: { machine: string; update: string; state: string; at: string }[]
  readonly events: { machine: string; update: string; at: string; status: string; code?: number; message?: string }[]
}

/** ERROR_INSTALL_FAILURE, as Windows Installer gives it. */
const FAILURE_CODE = -2147023293

export function machinesOf(standin: StandIn, courses: Readonly<Record<string, Course>>) {
  const learned = new Map<string, readonly Approval[]>()
  const held = () => ({ approvals: [], groups: [], events: [], ...(standin.site() as object) }) as unknown as Held

  return {
    /** What the server keeps. */
    held,
    change: (edit: (site: Held) => void) => {
      const site = held()
      edit(site)
      standin.load(site as never)
    },
    /** Every machine asks: it learns what is approved for its groups. */
    ask(at: Date): void {
      const site = held()
      for (const one of site.computers) {
        learned.set(
          one.id,
          site.approvals.filter(({ group }) => one.groups.includes(group)),
        )
        one.lastSync = at.toISOString()
        if (courses[one.id] !== undefined) one.lastReported = at.toISOString()
      }
      standin.load(site as never)
    },
    /** Every machine does what is due by then, and those that are not silent say so. */
    work(at: Date): void {
      const site = held()
      for (const one of site.computers) {
        const course = courses[one.id]
        if (course === undefined || course === 'silent') continue
        for (const { update, action, deadline } of learned.get(one.id) ?? []) {
          if (action !== 'Install' || (deadline !== null && Date.parse(deadline) > at.getTime())) continue
          const now = at.toISOString()
          site.states.push({ machine: one.id, update, state: stateAfter[course], at: now })
          if (course === 'fails') {
            const message = 'Installationsfehler – 0x80070643'
            site.events.push({ machine: one.id, update, at: now, status: 'Failed', code: FAILURE_CODE, message })
          }
        }
        one.lastSync = at.toISOString()
        one.lastReported = at.toISOString()
      }
      standin.load(site as never)
    },
  }
}

const stateAfter: Readonly<Record<Exclude<Course, 'silent'>, string>> = {
  installs: 'Installed',
  fails: 'Failed',
  'waits for a restart': 'InstalledPendingReboot',
}
