import { errorStack, stackFrames } from '../core/error-text.ts'
import { oncePerMinute } from '../store/repeated-error.ts'

/**
 * The last guard of a running service: a rejection or an error that no code caught is told in the log, with where it came
 * from, and the service goes on. What each connection needs to work again is its own supervisor's business; this is for what
 * a library lets escape beside it. Returns the function that takes the guard away.
 */
export function guardProcess(log: { warn(message: string): void }): () => void {
  const tell = oncePerMinute((error) => {
    try {
      log.warn(`Something failed that no code caught, in ${originOf(error)}: ${errorStack(error)}`)
    } catch {
      // The log itself is what failed.
    }
  })
  process.on('unhandledRejection', tell)
  process.on('uncaughtException', tell)
  return () => {
    process.off('unhandledRejection', tell)
    process.off('uncaughtException', tell)
  }
}

/** Whose code the stack names first: a library's, or ours with the file and line. */
export function originOf(error: Error): string {
  for (const line of stackFrames(error)) {
    const [, library] = /node_modules\/((?:@[^/]+\/)?[^/]+)\//.exec(line) ?? []
    if (library !== undefined) return `the library ${library}`
    const [, ours] = /\/((?:src|dist)\/[^:()]+:\d+)/.exec(line) ?? []
    if (ours !== undefined) return ours
  }
  return 'a place that its stack does not name'
}
