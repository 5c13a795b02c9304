/** Checks an export as the command line does, in a process of its own, and says how much memory that took at most. */

import { main } from '../../../src/cli/cli.ts'

const [file = ''] = process.argv.slice(2)
const code = await main(['audit', 'verify', file])
console.log(JSON.stringify({ code, megabytes: Math.round(process.resourceUsage().maxRSS / 1024) }))
