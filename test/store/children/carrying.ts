import { carryOver } from '../../../src/store/carry-over.ts'
import { connect } from '../../../src/store/database.ts'

/** Carries over what an earlier version left, as a start does: first what lives, then what is over. Says when it begins, and what it did. */
const [url = ''] = process.argv.slice(2)
const clients = connect(url, 2)
await clients.sql`select 1`
console.log('begins')
const live = await carryOver(clients.db, 'live', new Date().toISOString())
const over = await carryOver(clients.db, 'over', new Date().toISOString())
console.log(JSON.stringify({ carried: live.carried + over.carried, problems: [...live.problems, ...over.problems] }))
await clients.end()
