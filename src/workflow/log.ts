/** Where the service says what an operator is to know. */
export interface WorkflowLog {
  info(message: string): void
  warn(message: string): void
}
