import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import path from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath, pathToFileURL } from 'node:url'

const root = fileURLToPath(new URL('../..', import.meta.url))
const tsx = pathToFileURL(path.join(root, 'node_modules', 'tsx', 'dist', 'esm', 'index.mjs')).href

/** A TypeScript program of the tests in a process of its own, to be killed. */
export interface Child {
  readonly pid: number
  /** The next line it prints; throws with its stderr when it ends instead. */
  readonly line: () => Promise<string>
  /** Ends it with a signal and waits until it is gone. */
  readonly kill: (signal?: NodeJS.Signals) => Promise<void>
}

/**
 * @param file relative to the repository, e.g. `test/store/children/embedded.ts`
 * @param ofNode such as `--max-old-space-size=96`
 */
export function startChild(file: string, args: readonly string[], ofNode: readonly string[] = []): Child {
  const child = spawn(process.execPath, [...ofNode, '--import', tsx, path.join(root, file), ...args], {
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const { pid } = child
  if (pid === undefined) throw new Error(`${file} did not start`)
  let complaints = ''
  child.stderr.on('data', (chunk) => {
    complaints += String(chunk)
  })
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]()
  return {
    pid,
    line: async () => {
      const next = await lines.next()
      if (next.done === true) throw new Error(`${file} ended: ${complaints}`)
      return next.value
    },
    kill: (signal = 'SIGKILL') => end(child, signal),
  }
}

async function end(child: ChildProcess, signal: NodeJS.Signals): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const gone = once(child, 'exit')
  child.kill(signal)
  await gone
}
