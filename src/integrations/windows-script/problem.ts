/** A call to a script that was refused, or whose answer is lost. */
export class ScriptProblem extends Error {
  /** True: nobody knows whether it was done. */
  readonly sent: boolean
  /** True: the server cannot answer so much at once. Ask for half of it. */
  readonly tooMuch: boolean

  constructor(
    sentence: string,
    { sent, tooMuch = false, cause }: { readonly sent: boolean; readonly tooMuch?: boolean; readonly cause?: unknown },
  ) {
    super(sentence, cause === undefined ? {} : { cause })
    this.sent = sent
    this.tooMuch = tooMuch
  }
}
