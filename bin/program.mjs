import { pathToFileURL } from 'node:url'

/** Imports the program's command line and runs it in this process, so that a signal reaches it once. */
export async function runProgram(file, argv) {
  process.setSourceMapsEnabled(true)
  // `patchwarden ... | head` ends when head does, without a stack trace.
  process.stdout.on('error', (error) => {
    if (error.code === 'EPIPE') process.exit(0)
    throw error
  })
  const { main } = await import(pathToFileURL(file).href)
  return main(argv)
}
