// Live updates: the server says that something changed, and htmx fetches those parts again and changes them in place.
// Without this script everything can be read and decided, too: forms post, and dialogs are pages.
// biome-ignore lint/complexity/noExcessiveLinesPerFunction: the one scope of a script that no bundler touches.
;(() => {
  const byId = (id) => document.getElementById(id)
  const offline = byId('offline')

  // ---------------------------------------------------------------- what a change must not take away

  const isControl = (node) => node instanceof HTMLElement && node.matches('input, textarea, select')
  function isChanged(control) {
    if (control.matches('select')) {
      // Where no option is named as the chosen one, it is the first.
      const named = [...control.options].findLastIndex((one) => one.defaultSelected)
      return control.selectedIndex !== Math.max(0, named)
    }
    return control.value !== control.defaultValue || control.checked !== control.defaultChecked
  }
  const callbacks = globalThis.Idiomorph?.defaults.callbacks
  if (callbacks) {
    callbacks.beforeAttributeUpdated = (name, node) => !(name === 'open' && node.matches('dialog, details'))
    callbacks.beforeNodeMorphed = (node) => {
      if (node instanceof HTMLElement && 'keep' in node.dataset && node.childNodes.length > 0) return false
      return !(isControl(node) && isChanged(node))
    }
    // Whoever looks at a dialog decides when it goes.
    callbacks.beforeNodeRemoved = (node) => !(node instanceof HTMLDialogElement && node.open)
  }

  // ---------------------------------------------------------------- live

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
  const isTyping = () => [...document.querySelectorAll('input, textarea, select')].some((one) => isChanged(one))
  let wasLost = false
  function listen() {
    const live = new EventSource('/live')
    live.addEventListener('change', (event) => {
      const { channel, proposal } = JSON.parse(event.data)
      const known = proposal === null || byId(proposal) !== null
      const cards = byId('cards')
      const here = cards !== null && 'live' in cards.dataset && cards.dataset.channel === channel
      isNew ||= !known && here && !isTyping()
      refresh(proposal)
    })
    live.addEventListener('alive', () => {
      offline.hidden = true
      if (wasLost) {
        byId('said').textContent = 'Live again.'
        refresh(null)
      }
      wasLost = false
    })
    live.addEventListener('signed-out', leave)
    live.onerror = () => {
      if (offline.hidden) byId('said').textContent = 'Not live: reconnecting.'
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
  if (byId('nav')) listen()

  // A halt speaks up once, on whatever page one is.
  const title = document.title.replace(/^\(\d+ stopped\) /, '')
  const stopped = () =>
    new Map([...document.querySelectorAll('#stopped li')].map((one) => [one.dataset.id, one.textContent]))
  let known = stopped()
  function tellHalts() {
    const now = stopped()
    const news = [...now].filter(([id]) => !known.has(id)).map(([, text]) => text)
    known = now
    document.title = now.size === 0 ? title : `(${now.size} stopped) ${title}`
    if (news.length === 0) return
    const words = `Stopped: ${news.join('; ')}`
    byId('alert').textContent = words
    const line = byId('halted')
    line.querySelector('span:nth-of-type(2)').textContent = words
    line.hidden = false
  }

  // ---------------------------------------------------------------- forms

  document.body.addEventListener('htmx:afterRequest', (event) => {
    const form = event.detail.elt
    if (!(form instanceof HTMLFormElement) || !event.detail.successful) return
    const proposal = form.closest('article.card')?.id ?? form.querySelector('input[name=proposal]')?.value ?? null
    const dialog = form.closest('dialog')
    const refused = dialog?.querySelector('.answer .only.warn')
    if (dialog && !refused) {
      // The answer is read on the page, not in a dialog that is gone.
      byId(`answer-${proposal}`).replaceChildren(...dialog.querySelector('.answer').childNodes)
      dialog.close()
    }
    if (!refused) form.reset()
    refresh(proposal)
  })
  document.body.addEventListener('htmx:beforeSwap', (event) => {
    const { xhr, requestConfig } = event.detail
    // Show an error answer under the button that was clicked. A part of the page that could not be fetched again stays.
    if (requestConfig.verb === 'post' && [400, 500, 503].includes(xhr.status)) event.detail.shouldSwap = true
  })

  // ---------------------------------------------------------------- the thread

  // Keep the newest entry visible unless the person scrolled up. On a phone the page scrolls, so this does nothing.
  let follows = true
  let last = 0
  const entries = () => byId('entries')
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
  document.body.addEventListener('htmx:afterSwap', () => {
    showNewest()
    tellHalts()
  })
  showNewest()

  // ---------------------------------------------------------------- dialogs

  let opener = null
  function show(dialog, from) {
    opener = from
    if (dialog.open) dialog.close()
    dialog.showModal()
    dialog.querySelector('h2[tabindex]')?.focus()
  }
  document.addEventListener(
    'close',
    ({ target }) => {
      if (!(target instanceof HTMLDialogElement)) return
      const back = document.querySelector(`[data-dialog="${CSS.escape(target.id)}"]`) ?? opener
      if (document.activeElement === document.body || target.contains(document.activeElement)) back?.focus()
    },
    true,
  )
  // Ask the server before a dialog opens, because the page may be old. If the person may not act, show why instead.
  let asking = new AbortController()
  async function openDialog(button, signal) {
    const dialog = byId(button.dataset.dialog)
    const proposal = dialog.closest('article.card').id
    const refused = await fetch(button.dataset.asks, { signal })
      .then((answer) => (answer.status === 200 ? answer.text() : ''))
      .catch(() => '')
    if (signal.aborted) return
    if (refused === '') {
      // If the server cannot be asked, open the dialog. Its answer will say what is wrong.
      show(dialog, button)
      return
    }
    byId(`answer-${proposal}`).innerHTML = refused
    refresh(proposal)
  }
  document.addEventListener('click', (event) => {
    const { target } = event
    const button = target.closest('[data-dialog]')
    asking.abort()
    if (button) {
      event.preventDefault()
      asking = new AbortController()
      void openDialog(button, asking.signal)
    } else if (target.closest('[data-close]')) {
      event.preventDefault()
      target.closest('dialog').close()
    } else if (target.closest('[data-seen]')) byId('halted').hidden = true
    else if (target.closest('[data-reload]')) location.reload()
    else if (target.closest('[data-print]')) print()
  })
  // ---------------------------------------------------------------- the palette

  const palette = byId('palette')
  const typed = byId('palette-text')
  let looking = new AbortController()
  async function look() {
    looking.abort()
    looking = new AbortController()
    const { signal } = looking
    const found = await fetch(`/fragment/find?text=${encodeURIComponent(typed.value)}`, { signal })
      .then((answer) => (answer.ok ? answer.text() : ''))
      .catch(() => '')
    if (signal.aborted || found === '') return
    byId('palette-found').innerHTML = found
    choose(0)
  }
  function choose(index) {
    const options = [...palette.querySelectorAll('[role=option]')]
    const chosen = options[(index + options.length) % options.length]
    for (const option of options) option.setAttribute('aria-selected', String(option === chosen))
    if (chosen) typed.setAttribute('aria-activedescendant', chosen.id)
    chosen?.scrollIntoView({ block: 'nearest' })
  }
  const selected = () => palette.querySelector('[aria-selected=true]')
  function openPalette(from) {
    if (palette.open) return
    opener = from
    palette.showModal()
    typed.focus()
    typed.select()
    void look()
  }
  if (palette) {
    typed.addEventListener('input', () => void look())
    typed.addEventListener('keydown', (event) => {
      const at = [...palette.querySelectorAll('[role=option]')].indexOf(selected())
      if (event.key === 'ArrowDown') choose(at + 1)
      else if (event.key === 'ArrowUp') choose(at - 1)
      else if (event.key === 'Enter') location.assign(selected().dataset.path)
      else return
      event.preventDefault()
    })
    palette.addEventListener('click', ({ target }) => {
      const option = target.closest('[role=option]')
      if (option) location.assign(option.dataset.path)
      else if (target === palette) palette.close()
    })
    document.addEventListener('keydown', (event) => {
      const isCommand = event.key.toLowerCase() === 'k' && (event.ctrlKey || event.metaKey)
      if (!isCommand && (event.key !== '/' || isControl(event.target))) return
      event.preventDefault()
      openPalette(document.activeElement)
    })
    document.querySelector('[data-palette]').addEventListener('click', (event) => {
      event.preventDefault()
      openPalette(event.currentTarget)
    })
  }

  // A dialog that came open with the page is for browsers without scripts.
  for (const dialog of document.querySelectorAll('dialog[open]')) show(dialog, null)
  document.addEventListener('keydown', (event) => {
    if (event.key === 'Escape') asking.abort()
    if (event.key === 'Enter' && (event.ctrlKey || event.metaKey) && event.target.matches('.say textarea'))
      event.target.form.requestSubmit()
  })
})()
