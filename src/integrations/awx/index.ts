/** AWX and Automation Controller: an engine that launches a job template. docs/integrations/awx.md */

export { type AwxEngineOptions, createAwxEngine } from './engine.ts'
