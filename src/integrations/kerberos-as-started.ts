/**
 * The variables of MIT Kerberos as the service was started. Whoever makes tokens for several systems changes those of the process,
 * which children must not get.
 */
export const kerberosAsStarted: Readonly<
  Record<'KRB5_CONFIG' | 'KRB5CCNAME' | 'KRB5_CLIENT_KTNAME', string | undefined>
> = {
  KRB5_CONFIG: process.env.KRB5_CONFIG,
  KRB5CCNAME: process.env.KRB5CCNAME,
  KRB5_CLIENT_KTNAME: process.env.KRB5_CLIENT_KTNAME,
}
