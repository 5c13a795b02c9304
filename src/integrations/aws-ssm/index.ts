/**
 * Engine for instances with Amazon's agent, through Run Command of AWS Systems Manager. docs/integrations/aws-ssm.md
 */

export { createSsmEngine, type SsmEngineOptions } from './engine.ts'
