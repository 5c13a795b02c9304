/** The service's messages for the operator. */
export interface WorkflowLog {
  info(message: string): void
  warn(message: string): void
}
