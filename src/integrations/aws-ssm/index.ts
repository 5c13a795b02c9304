/** Run Command of AWS Systems Manager: an engine for instances that Amazon's agent reaches. docs/integrations/aws-ssm.md */

export { createSsmEngine, type SsmEngineOptions } from './engine.ts'
