import { createHmac, timingSafeEqual } from 'node:crypto'

/** Slack's own limit for the age of a request, which Bolt keeps. */
const MOST_SECONDS = 300

/** `stale`: the signature is right, but the request is too old by our clock. `none`: it bears no signature of Slack. */
export type Signed = 'yes' | 'stale' | 'no' | 'none'

/** https://docs.slack.dev/authentication/verifying-requests-from-slack */
export function signedBySlack(
  secret: string,
  { signature, timestamp, body }: { readonly signature: string; readonly timestamp: string; readonly body: Buffer },
  nowSeconds: number,
): Signed {
  if (!/^v0=[0-9a-f]{64}$/.test(signature) || !/^\d{1,12}$/.test(timestamp)) return 'none'
  const wanted = createHmac('sha256', secret).update(`v0:${timestamp}:`).update(body).digest()
  if (!timingSafeEqual(wanted, Buffer.from(signature.slice(3), 'hex'))) return 'no'
  return nowSeconds - Number(timestamp) > MOST_SECONDS ? 'stale' : 'yes'
}
