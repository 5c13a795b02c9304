import type { HeldReason, InstalledPackage, PendingUpdate } from '../../core/asset.ts'

/** A package with a newer version, even if an upgrade would not install that version. */
export interface Newer {
  readonly name: string
  readonly architecture: string
  readonly candidate: string
  /** Name of the repository with the newer version. */
  readonly repository: string
  readonly security: boolean
}

/** A package that an upgrade of everything would install. */
export interface Planned {
  readonly name: string
  readonly architecture: string
  readonly from: string | null
  readonly to: string
  readonly repository: string | null
}

export interface PendingAnswer {
  readonly newer: readonly Newer[]
  /** `null`: the package manager could not be asked. */
  readonly planned: readonly Planned[] | null
  /** Whether somebody locked or excluded the package. */
  readonly locked: (name: string, architecture: string) => boolean
  readonly warnings: readonly string[]
}

/**
 * All newer versions: those that an upgrade would install now, and those that it would not install, with the reason.
 */
export function pendingUpdates(packages: readonly InstalledPackage[], answer: PendingAnswer): readonly PendingUpdate[] {
  const installed = new Map(packages.map((one) => [keyOf(one), one]))
  const newer = new Map(answer.newer.map((one) => [keyOf(one), one]))
  const pending: PendingUpdate[] = []
  const taken = new Set<string>()
  for (const { name, architecture, from, to, repository } of answer.planned ?? []) {
    const key = `${name}.${architecture}`
    taken.add(key)
    const known = newer.get(key)
    const origin = repository ?? known?.repository
    pending.push({
      name,
      architecture,
      installed: from,
      candidate: to,
      source: installed.get(key)?.source ?? null,
      origins: origin === undefined ? [] : [origin],
      security: known?.security ?? false,
      held: null,
    })
  }
  for (const [key, { name, architecture, candidate, repository, security }] of newer) {
    if (taken.has(key)) continue
    const here = installed.get(key)
    pending.push({
      name,
      architecture,
      installed: here?.version ?? null,
      candidate,
      source: here?.source ?? null,
      origins: [repository],
      security,
      held: answer.planned === null ? null : heldReason(answer.locked(name, architecture)),
    })
  }
  return pending
}

function heldReason(locked: boolean): HeldReason {
  return locked ? 'hold' : 'kept back'
}

function keyOf({ name, architecture }: { readonly name: string; readonly architecture: string }): string {
  return `${name}.${architecture}`
}
