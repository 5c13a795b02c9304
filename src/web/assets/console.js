// Live updates: the server says that something changed; htmx fetches the pieces again. Typed text is never touched.
// biome-ignore lint/complexity/noExcessiveLinesPerFunction: the one scope of a script that no bundler touches.
;(() => {
  const offline = document.getElementById('offline')
  let timer = null
  let changed = new Set()
  let isNew = false
  function tell() {
    // What is about no single proposal may be about each.
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
      // A browser comes back by itself after a lost connection, not after an answer that was no stream.
      if (live.readyState === EventSource.CLOSED) void comeBack()
    }
  }
  // What is shown is for whoever was signed in.
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
    // Why a click did nothing stands under its button; a part of the page that could not be renewed stays as it is.
    if (requestConfig.verb === 'post' && [400, 500, 503].includes(xhr.status)) event.detail.shouldSwap = true
  })
  // The newest entry is in sight, unless somebody reads further up. On a phone the thread scrolls with the page: never there.
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
      // A picture that has just arrived leaves it short of the end, too: only going up is somebody's wish.
      const atEnd = target.scrollHeight - target.scrollTop - target.clientHeight < 40
      follows = atEnd || (follows && target.scrollTop >= last)
      last = target.scrollTop
    },
    true,
  )
  // Pictures make it longer when they arrive.
  document.addEventListener('load', ({ target }) => entries()?.contains(target) && showNewest(), true)
  document.body.addEventListener('htmx:afterSwap', showNewest)
  showNewest()
  // A dialog opens for whoever may answer it; anybody else reads at once why they may not. The page may be older than that.
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
      // Where nothing could be asked, whoever answers reads it then.
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
