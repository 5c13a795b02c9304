/** Extended streams of a distribution: a platform such as `rhel:9.4-eus` that branched off the main one, `rhel:9`. */

import type { Platform } from './asset.ts'

interface Stream {
  /** The platform from which the stream branched off. */
  readonly main: Platform
  /** Other streams whose fixes it has, because they are of the same branch and ended earlier. */
  readonly also: readonly Platform[]
  /** The minor release with which it branched off; `null`: fixes of the main platform do not say theirs. */
  readonly minor: number | null
}

/** Returns what a platform branched off from; `null`: it is no extended stream. */
function streamOf(platform: Platform): Stream | null {
  // Asked for very often, and most platforms end here.
  if (!platform.includes('-')) return null
  const [, major, minor, kind] = /^rhel:(\d+)(?:\.(\d+))?-(eus|aus|tus|e4s|els)$/.exec(platform) ?? []
  if (major !== undefined) {
    const main = `rhel:${major}`
    // Extended life begins when the last minor release has ended.
    if (minor === undefined || kind === 'els') return { main, also: [], minor: null }
    return { main, also: kind === 'eus' ? [] : [`${main}.${minor}-eus`], minor: Number(minor) }
  }
  const [, pack] = /^(sles:\d+(?:\.\d+)?)-ltss$/.exec(platform) ?? []
  return pack === undefined ? null : { main: pack, also: [], minor: null }
}

/** The platforms whose fixes count on a platform: its own first, the one that it branched off from last. */
export function platformsOf(platform: Platform): readonly Platform[] {
  const stream = streamOf(platform)
  return stream === null ? [platform] : [platform, ...stream.also, stream.main]
}

/**
 * A test of whether a build of the main platform came after the stream branched off, so that the stream never gets it. The minor
 * release is in the build's version: `5.14.0-427.20.1.el9_4`, `1.module+el8.6.0+1`. A build without one counts as
 * older, because a false alarm is better than a missed flaw.
 */
export function afterBranch(platform: Platform): (built: Built) => boolean {
  const { main, minor } = streamOf(platform) ?? { main: null, minor: null }
  if (minor === null) return () => false
  return (built) => {
    if (built.platform !== main) return false
    const [, ofPlain, ofModule] = /\.el\d+_(\d+)|\.module[_+]el\d+\.(\d+)/.exec(built.version) ?? []
    const own = ofPlain ?? ofModule
    return own !== undefined && Number(own) > minor
  }
}

interface Built {
  readonly platform: Platform
  readonly version: string
}
