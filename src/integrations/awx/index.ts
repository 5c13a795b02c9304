/** Engine that launches a job template of AWX or Automation Controller. docs/integrations/awx.md */

export { type AwxEngineOptions, createAwxEngine } from './engine.ts'
