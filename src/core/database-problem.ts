import { connectionWords } from './connection-words.ts'

/** A problem with the database itself; the message says what to do. Every other error is a fault of the program. */
export class DatabaseProblem extends Error {}

/** Seconds that connecting may take. */
export const connectSeconds = 10

/** One sentence about what the database or the connection does, and one about what to do. */
export interface Trouble {
  readonly what: string
  readonly fix: string
}

/** A schema or a table that the migrations create is missing. */
const otherTables: Trouble = {
  what: 'A table of Patchwarden is missing there.',
  fix: 'Restore the database from a backup, or name the right one.',
}

/** By SQLSTATE: the PostgreSQL manual, appendix A. */
const troubles: Readonly<Record<string, Trouble>> = {
  '08004': { what: 'It refuses the connection.', fix: 'Look at its log.' },
  '08P01': { what: 'What answers there does not speak as PostgreSQL does.', fix: 'Check host and port.' },
  '25006': {
    what: 'It takes no writes: it is a standby in recovery, or set to read-only.',
    fix: 'Use the primary, or switch default_transaction_read_only off.',
  },
  '28P01': { what: 'It refuses the user or the password.', fix: 'Check both.' },
  '3D000': { what: 'It has no such database.', fix: 'Create it, or check the name.' },
  '42501': {
    what: 'The user may not do there what Patchwarden needs.',
    fix: 'Make the user the owner of the database, or grant it CREATE on the database and on the schema public.',
  },
  '3F000': otherTables,
  '42P01': otherTables,
  '53000': { what: 'It is short of resources.', fix: 'Look at its log.' },
  '53100': { what: 'Its disk is full.', fix: 'Make room there; work then goes on by itself.' },
  '53200': { what: 'It is out of memory or shared memory.', fix: 'Give it more, or lower max_connections.' },
  '53300': {
    what: 'It takes no more connections.',
    fix: 'Raise max_connections or the limit of the user there, or end programs that use it.',
  },
  '55P03': { what: 'Another process has kept it locked for too long.', fix: 'End that process, or try again later.' },
  '57014': { what: 'It cut the work short, for it took too long.', fix: 'Try again, or raise statement_timeout.' },
  '57P01': { what: 'It is being stopped.', fix: 'Try again in a moment.' },
  '57P02': { what: 'It has crashed and is starting again.', fix: 'Try again in a moment.' },
  '57P03': { what: 'It is starting or stopping.', fix: 'Try again in a moment.' },
  '57P04': { what: 'Its database was dropped.', fix: 'Restore it from a backup.' },
  '57P05': { what: 'It closed a connection that had been idle.', fix: 'Try again.' },
  '58030': { what: 'It cannot read or write its files.', fix: 'Look at its log and its disk.' },
}

const unreachable = /^(ECONN|EHOST|ENET|EADDR|EPIPE|ETIMEDOUT|ENOTFOUND|EAI_|ENOENT$|EACCES$)/
const closed = /^(CONNECTION_(CLOSED|ENDED|DESTROYED)|CONNECT_TIMEOUT)$/
const certificate = /^(EPROTO$|ERR_TLS_|ERR_SSL_|CERT_|DEPTH_ZERO_|SELF_SIGNED_|UNABLE_TO_)/
const withoutTls = /before secure TLS connection|server does not support SSL/i

/**
 * What an error that occurred while the database was used says about the database; `null`: nothing, so it is a fault of
 * the program. `fromDatabase`: only the database was asked when the error occurred.
 */
export function databaseTrouble(error: unknown, fromDatabase = false): Trouble | null {
  if (error instanceof AggregateError) return databaseTrouble(error.errors[0], fromDatabase || isMarked(error))
  if (!(error instanceof Error)) return null
  const code = 'code' in error && typeof error.code === 'string' ? error.code : ''
  if ('severity' in error) {
    const trouble = bySqlState(code, error.message)
    if (trouble !== null) return trouble
  }
  if (closed.test(code) || fromDatabase || isMarked(error)) {
    const trouble = onTheWay(code, error)
    if (trouble !== null) return trouble
  }
  return databaseTrouble(error.cause, fromDatabase || isMarked(error))
}

/** The sentence to show for an error; `null`: the error does not come from the database. */
export function databaseSentence(error: unknown): string | null {
  if (error instanceof DatabaseProblem) return error.message
  const trouble = databaseTrouble(error)
  return trouble === null ? null : `The database cannot be used just now. ${trouble.what} ${trouble.fix}`
}

/** Whether a database library marked the error: both libraries above the driver add the failed query to it. */
function isMarked(error: Error): boolean {
  return 'query' in error && typeof error.query === 'string'
}

function bySqlState(code: string, message: string): Trouble | null {
  const known = troubles[code]
  if (known !== undefined)
    return { ...known, what: `${known.what.slice(0, -1)} (${(message.split('\n')[0] ?? '').replace(/\.$/, '')}).` }
  if (code === '28000') {
    const fix = /no encryption/.test(message)
      ? 'It wants TLS: add ?sslmode=require to the address.'
      : 'Check user and host, and pg_hba.conf there.'
    return { what: `It refuses this login (${message}).`, fix }
  }
  if (code === '42704' && /unrecognized configuration parameter/.test(message))
    return { what: `It does not know a part of the address after the "?" (${message}).`, fix: 'Leave that part out.' }
  if (/^(08|53|57P|58|XX00[12])/.test(code)) return { what: `It says: ${message}.`, fix: 'Look at its log.' }
  return null
}

function onTheWay(code: string, error: Error): Trouble | null {
  const words = connectionWords(code)
  const why = words === null ? '.' : `: ${words}.`
  if (code === 'ENOTFOUND' || code.startsWith('EAI_'))
    return { what: 'Its host name cannot be resolved.', fix: 'Check the host.' }
  if (code === 'CONNECT_TIMEOUT')
    return { what: `It did not answer within ${connectSeconds} seconds.`, fix: 'Look at it, or check host and port.' }
  if (withoutTls.test(error.message))
    return {
      what: 'It has no TLS, or closes the connection before TLS begins, and sslmode wants TLS.',
      fix: 'Switch TLS on there, or change sslmode in the address.',
    }
  if (certificate.test(code)) return { what: `No TLS connection to it can be made${why}`, fix: 'Check sslmode, too.' }
  if (unreachable.test(code) || closed.test(code))
    return { what: `It does not answer${why}`, fix: 'Try again in a moment, start it, or check host and port.' }
  return null
}
