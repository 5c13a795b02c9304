import { errorStack, stackFrames } from '../core/error-text.ts'
import { oncePerMinute } from '../store/repeated-error.ts'

/**
 * The last guard of a running service. It logs errors and rejections that no code caught, with their origin, and the
 * service goes on. Each connection reopens itself; this guard is for errors that a library lets escape. Returns a
 * function that removes the guard.
 */
export function guardProcess(log: { warn(message: string): void }): () => void {
  const tell = oncePerMinute((error) => {
    try {
      log.warn(`Something failed that no code caught, in ${originOf(error)}: ${errorStack(error)}`)
    } catch {
      // The log itself has failed.
    }
  })
  process.on('unhandledRejection', tell)
  process.on('uncaughtException', tell)
  return () => {
    process.off('unhandledRejection', tell)
    process.off('uncaughtException', tell)
  }
}

/** The origin of the error, from the first useful line of its stack: a library, or our file and line. */
export function originOf(error: Error): string {
  for (const line of stackFrames(error)) {
    const [, library] = /node_modules\/((?:@[^/]+\/)?[^/]+)\//.exec(line) ?? []
    if (library !== undefined) return `the library ${library}`
    const [, ours] = /\/((?:src|dist)\/[^:()]+:\d+)/.exec(line) ?? []
    if (ours !== undefined) return ours
  }
  return 'a place that its stack does not name'
}
