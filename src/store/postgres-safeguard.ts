import { sizeText } from '../core/size-text.ts'
import {
  type CopyPlan,
  copyCluster,
  copyUpTo,
  type FreeBytes,
  isNoRoom,
  lastRunOn,
  noteRun,
  planCopy,
} from './cluster-copy.ts'
import { passwordSentence } from './postgres-cluster.ts'
import { hasUsers, type Membership } from './postgres-guard.ts'
import { isServerOf, type Launch, noteServer, type Server, startServer, stopServer } from './postgres-server.ts'

/** Keeps a copy of the cluster from before a migration without a way back. */
export interface Safeguard {
  /**
   * The first migration without a way back that is still to be applied to the database at `url`, whose files are in
   * `dataDir`; `null`: none.
   */
  readonly ahead: (url: string, dataDir: string) => Promise<string | null>
  /** The operator has made a copy by hand, so none is made. */
  readonly withoutCopy: boolean
  readonly freeBytes?: FreeBytes | undefined
}

interface Start {
  readonly launch: Launch
  readonly server: Server
  /** The server's last run before this start, as `lastRunOn` gives it. */
  readonly runBefore: number
  /** `null`: this start found no users to join. */
  readonly joined: Membership | null
  readonly safeguard: Safeguard
  readonly warn: (message: string) => void
}

/**
 * If a migration without a way back is to be applied, stops the server, copies its files and starts it again. The
 * caller holds the folder's lock, so that no other process begins to use the server meanwhile. If that fails, leaves
 * the server and throws a sentence.
 */
export async function safeguarded(start: Start): Promise<Server> {
  try {
    return await copyWhereNeeded(start)
  } catch (error) {
    const { launch, joined } = start
    if (joined !== null) await joined.release()
    else if (!hasUsers(launch.placement.directory)) await stopServer(launch)
    throw error
  }
}

async function copyWhereNeeded({ launch, server, runBefore, joined, safeguard, warn }: Start): Promise<Server> {
  const { placement, cluster, durable, log } = launch
  const { pgdata } = cluster
  const migration = await safeguard.ahead(cluster.url(server.port), placement.directory)
  if (migration === null) return server
  // If the server was already running, others may have written to it since the copy.
  const kept = joined === null ? copyUpTo(placement, migration, runBefore) : null
  if (kept !== null) {
    noteRun(placement, kept, lastRunOn(pgdata))
    warn(`${whatStartChanges(migration)} The copy made before is ${kept}. ${wayBack(kept, pgdata)}`)
    return server
  }
  if (safeguard.withoutCopy) {
    warn(
      `${whatStartChanges(migration)} ${pgdata} is not copied, because PATCHWARDEN_UPGRADE is without-copy: the only way back is the copy that you made.`,
    )
    return server
  }
  if (joined === null ? hasUsers(placement.directory) : !joined.isAlone()) {
    throw new Error(
      `${whatStartChanges(migration)} ${pgdata} has to be copied before, and other processes of Patchwarden use it. Stop them all, then start again.`,
    )
  }
  const plan = planCopy(placement, migration, safeguard.freeBytes)
  if (plan.free < plan.needed) throw new Error(noRoom(migration, plan, `and ${sizeText(plan.free)} are free there`))
  log(`Copying the embedded database (${sizeText(plan.bytes)}) to ${plan.copy}.`)
  await stopServer(launch)
  if (isServerOf(server.pid, cluster)) {
    throw new Error(
      `The embedded database (process ${server.pid}) has to be copied and does not stop. End that process, then start again.`,
    )
  }
  await copyCluster(placement, plan, durable).catch((error: unknown) => {
    throw isNoRoom(error)
      ? new Error(noRoom(migration, plan, 'and the disk became full before, or its quota is used up'), { cause: error })
      : error
  })
  const again = await startServer(launch)
  if (again === 'password refused') throw new Error(passwordSentence(cluster))
  noteServer(launch, again)
  noteRun(placement, plan.copy, lastRunOn(pgdata))
  warn(`${whatStartChanges(migration)} ${pgdata} was copied to ${plan.copy} before. ${wayBack(plan.copy, pgdata)}`)
  return again
}

/** The first sentence of everything that a start says about a migration without a way back. */
export function whatStartChanges(migration: string): string {
  return `This start changes how things are stored (${migration}).`
}

function wayBack(copy: string, pgdata: string): string {
  return `To go back: stop Patchwarden, move ${pgdata} away, put ${copy} in its place, and run the earlier version.`
}

function noRoom(migration: string, { pgdata, copy, needed }: CopyPlan, butThere: string): string {
  return `${whatStartChanges(migration)} ${pgdata} has to be copied to ${copy} before, which needs ${sizeText(needed)}, ${butThere}. Make room and start again, or copy ${pgdata} elsewhere while Patchwarden is stopped, and start with PATCHWARDEN_UPGRADE=without-copy.`
}
