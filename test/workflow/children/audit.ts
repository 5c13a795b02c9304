/** Exports, checks or rebuilds a record in a process of its own, and says how much memory that took at most. */

import { once } from 'node:events'
import { createWriteStream } from 'node:fs'
import { connect } from '../../../src/store/database.ts'
import { exportRecord, verifyRecord } from '../../../src/workflow/audit.ts'
import { mara, tom } from '../../support/example-service.ts'

const [what = '', url = '', file = ''] = process.argv.slice(2)
const now = new Date().toISOString()
let verdict: unknown = null

if (what === 'export') {
  const clients = connect(url, 2)
  const out = createWriteStream(file)
  await exportRecord({ db: clients.db, url }, now, async (line) => {
    if (!out.write(line)) await once(out, 'drain')
  })
  out.end()
  await once(out, 'close')
  await clients.end()
} else if (what === 'verify' || what === 'rebuild') {
  verdict = await verifyRecord(url, { rebuild: what === 'rebuild', membersOf: () => [mara, tom], now })
} else throw new Error(`"${what}" is not known here`)
console.log(JSON.stringify({ verdict, megabytes: Math.round(process.resourceUsage().maxRSS / 1024) }))
