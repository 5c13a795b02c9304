import { type AccountEntry, accountWords, linkedWords } from '../../chat/linked-accounts.ts'
import { oneLine } from '../../chat/visible.ts'
import { isOwn } from '../../core/hands.ts'
import type { PersonRow, Viewer } from '../console-port.ts'
import { type Html, html } from '../html.ts'
import { richText } from '../rich-text.ts'
import { tableHtml } from './table.ts'

export function peopleHtml(rows: readonly PersonRow[], accounts: readonly AccountEntry[], viewer: Viewer): Html {
  return tableHtml(
    'People',
    ['Name', 'Roles', 'Accounts', 'Sign-in'],
    rows.map((row) => [
      html`<span id="${row.id}">${row.name}</span>`,
      row.roles.join(', ') || 'none',
      html`${accounts.filter(({ person }) => person === row.id).map((entry) => accountHtml(entry, viewer))}`,
      viewer.isOperator
        ? html`<form method="post" action="/people/${row.id}/link"><button>Make a sign-in link</button></form>`
        : '',
    ]),
  )
}

/**
 * An account, with a button to revoke it. Accounts in the configuration have none. In a session from a sign-in link,
 * only operators may revoke, and only accounts of other people.
 */
function accountHtml(entry: AccountEntry, viewer: Viewer): Html {
  const said = html`<p>${oneLine(accountWords(entry))}, ${richText(linkedWords(entry), viewer.timeZone)}</p>`
  const mine = entry.person === viewer.person
  if (entry.linked === null || !(mine ? isOwn(viewer) : viewer.isOperator)) return said
  return html`<form method="post" action="/people/${entry.person}/accounts/revoke">${said}<input type="hidden" name="platform" value="${entry.platform}">
<input type="hidden" name="account" value="${entry.account}"><button class="danger">Revoke</button></form>`
}

/** The question after a sign-in link was opened. The form carries the token on, so it stands in no further address. */
export function signInHtml(token: string, address: string): Html {
  return html`<p>This browser will be signed in to the Patchwarden console at <strong>${address}</strong>. If nobody gave you this link for yourself, close the page.</p>
<form method="post" action="/sign-in"><input type="hidden" name="token" value="${token}"><button class="big primary">Sign in</button></form>`
}
