// The program from its TypeScript sources, for `patchwarden dev`; tsx is loaded before this file.
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { runProgram } from './program.mjs'

const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '..')
process.exit(await runProgram(path.join(root, 'src', 'cli', 'cli.ts'), process.argv.slice(2)))
