import pino from 'pino'
import { visibleJson } from '../chat/visible.ts'
import type { Environment } from '../config/environment.ts'
import { withoutParameters } from '../core/error-text.ts'
import type { WorkflowLog } from '../workflow/log.ts'

/**
 * The log on standard error, as JSON Lines. People may read it in a terminal, so control characters in it are made
 * visible and cannot control that terminal.
 */
export function createLog(
  level: Environment['logLevel'],
  write = (line: string) => void standardError.write(line),
): WorkflowLog {
  const logger = pino({ level, base: null }, { write: (line: string) => write(visibleJson(line)) })
  return {
    info: (message) => logger.info(withoutParameters(message)),
    warn: (message) => logger.warn(withoutParameters(message)),
  }
}

const standardError = pino.destination({ dest: 2, sync: true })
