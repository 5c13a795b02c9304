import { readTable } from '../../src/config/decision-tables.ts'
import { shippedRule } from '../../src/core/priority/rule.ts'

export const deployerRule = shippedRule('ssvc-deployer', readTable('ssvc-deployer'))
export const bodRule = shippedRule('cisa-bod-26-04', readTable('cisa-bod-26-04'))
