import type ICAL from 'ical.js'

/**
 * Who comes to an event: e-mail addresses, or names where no address is given. Those who declined or handed their part
 * on, who are only informed, and rooms are left out. `null`: the event invites nobody.
 */
export function attendeesOf(event: ICAL.Component): readonly string[] | null {
  const invited = event.getAllProperties('attendee').filter(isInvited)
  if (invited.length === 0) return null
  return invited.filter((one) => !['DECLINED', 'DELEGATED'].includes(parameter(one, 'partstat'))).map(nameOf)
}

function isInvited(one: ICAL.Property): boolean {
  return parameter(one, 'role') !== 'NON-PARTICIPANT' && !['ROOM', 'RESOURCE'].includes(parameter(one, 'cutype'))
}

function nameOf(one: ICAL.Property): string {
  const address = String(one.getFirstValue() ?? '').replace(/^mailto:/i, '')
  const named = [address, String(one.getParameter('email') ?? '').replace(/^mailto:/i, '')]
  return named.find((text) => text.includes('@')) ?? String(one.getParameter('cn') ?? address)
}

function parameter(one: ICAL.Property, name: string): string {
  return String(one.getParameter(name) ?? '').toUpperCase()
}
