// Live updates: the server says that something changed, and htmx fetches those parts again. Typed text is kept.
// biome-ignore lint/complexity/noExcessiveLinesPerFunction: the one scope of a script that no bundler touches.
;(() => {
  const offline = document.getElementById('offline')
  let timer = null
  let changed = new Set()
  let isNew = false
  function tell() {
    // A change without a proposal may concern every proposal.
    const names = changed.has(null) ? ['all'] : [...changed]
    changed = new Set()
    for (const name of names) document.body.dispatchEvent(new CustomEvent(`changed-${name}`))
    document.body.dispatchEvent(new CustomEvent('patchwarden-changed'))
    if (isNew) location.reload()
  }
  function refresh(proposal) {
    changed.add(proposal)
    clearTimeout(timer)
    timer = setTimeout(tell, 150)
  }
  let wasLost = false
  function listen() {
    const live = new EventSource('/live')
    live.addEventListener('change', (event) => {
      const { channel, proposal } = JSON.parse(event.data)
      const known = proposal === null || document.getElementById(proposal) !== null
      const typing =
        document.activeElement?.matches('input[name=text], textarea') && document.activeElement.value !== ''
      const cards = document.getElementById('cards')
      const here = cards !== null && 'live' in cards.dataset && cards.dataset.channel === channel
      isNew ||= !known && here && !typing
      refresh(proposal)
    })
    live.addEventListener('alive', () => {
      offline.hidden = true
      if (wasLost) refresh(null)
      wasLost = false
    })
    live.addEventListener('signed-out', leave)
    live.onerror = () => {
      offline.hidden = false
      wasLost = true
      // The browser reconnects after a lost connection, but not after an answer that was no stream.
      if (live.readyState === EventSource.CLOSED) void comeBack()
    }
  }
  // The page belongs to the person who was signed in, so leave it.
  const leave = () => location.replace('/')
  async function comeBack() {
    const { status } = await fetch('/live', { method: 'HEAD' }).catch(() => ({ status: 0 }))
    if (status === 401) leave()
    else setTimeout(listen, 5_000)
  }
  if (document.getElementById('nav')) listen()
  document.body.addEventListener('htmx:afterRequest', (event) => {
    const form = event.detail.elt
    if (!(form instanceof HTMLFormElement) || !event.detail.successful) return
    form.querySelector('input[name=text]')?.form.reset()
    form.closest('details')?.removeAttribute('open')
    refresh(form.closest('article.card')?.id ?? form.querySelector('input[name=proposal]')?.value ?? null)
  })
  document.body.addEventListener('htmx:beforeSwap', (event) => {
    const { xhr, requestConfig } = event.detail
    // Show an error answer under the button that was clicked. A part of the page that could not be fetched again stays.
    if (requestConfig.verb === 'post' && [400, 500, 503].includes(xhr.status)) event.detail.shouldSwap = true
  })
  // Keep the newest entry visible unless the person scrolled up. On a phone the page scrolls, so this does nothing.
  let follows = true
  let last = 0
  const entries = () => document.getElementById('entries')
  function showNewest() {
    const list = entries()
    if (follows && list !== null) list.scrollTop = list.scrollHeight
  }
  document.addEventListener(
    'scroll',
    ({ target }) => {
      if (target !== entries()) return
      // A picture that has just loaded also moves the end away. Only scrolling up shows that the person wants to stay.
      const atEnd = target.scrollHeight - target.scrollTop - target.clientHeight < 40
      follows = atEnd || (follows && target.scrollTop >= last)
      last = target.scrollTop
    },
    true,
  )
  // Pictures make the list longer when they load.
  document.addEventListener('load', ({ target }) => entries()?.contains(target) && showNewest(), true)
  document.body.addEventListener('htmx:afterSwap', showNewest)
  showNewest()
  // Ask the server before a dialog opens, because the page may be old. If the person may not act, show why instead.
  let asking = new AbortController()
  document.addEventListener('click', (event) => {
    const dialog = event.target.closest('details.ask > summary')?.parentElement
    asking.abort()
    if (!dialog?.dataset.asks || dialog.open) return
    event.preventDefault()
    asking = new AbortController()
    void openDialog(dialog, asking.signal)
  })
  async function openDialog(dialog, signal) {
    const proposal = dialog.closest('article.card').id
    const refused = await fetch(dialog.dataset.asks, { signal })
      .then((answer) => (answer.status === 200 ? answer.text() : ''))
      .catch(() => '')
    if (signal.aborted) return
    if (refused === '') {
      // If the server cannot be asked, open the dialog. Its answer will say what is wrong.
      dialog.open = true
      return
    }
    document.getElementById(`answer-${proposal}`).innerHTML = refused
    refresh(proposal)
  }
  document.addEventListener('keydown', (event) => {
    if (event.key === 'Escape') asking.abort()
    const open = event.key === 'Escape' && document.querySelector('details.ask[open]')
    if (!open) return
    open.removeAttribute('open')
    open.querySelector('summary').focus()
  })
})()
