// Elements, words, numbers, long lists: what every part uses. Text only ever becomes text nodes.

const find = (id) => document.getElementById(id);

/** Text without what misleads a reader: control characters and marks that turn the direction of writing. */
// eslint-disable-next-line no-control-regex
const HARMFUL = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u200e\u200f\u2028\u2029\u202a-\u202e\u2066-\u2069]/g;
const clean = (text) => String(text).replace(HARMFUL, '·');

/** An element: `h('b', { class: 'x', on: { click } }, 'text', [more])`. */
function h(tag, props, ...kids) {
  return fill(document.createElement(tag), props, kids);
}

function svg(tag, props, ...kids) {
  return fill(document.createElementNS('http://www.w3.org/2000/svg', tag), props, kids);
}

function fill(element, props, kids) {
  for (const [key, value] of Object.entries(props || {})) {
    if (value === undefined || value === null || value === false) continue;
    if (key === 'on') for (const [what, hear] of Object.entries(value)) element.addEventListener(what, hear);
    else if (key === 'css') for (const [name, to] of Object.entries(value)) element.style.setProperty(name, to);
    else element.setAttribute(key, value === true ? '' : clean(value));
  }
  put(element, kids);
  return element;
}

function put(element, kids) {
  for (const kid of kids) {
    if (kid === undefined || kid === null || kid === false || kid === '') continue;
    if (Array.isArray(kid)) put(element, kid);
    else element.append(kid instanceof Node ? kid : document.createTextNode(clean(kid)));
  }
}

function show(element, ...kids) {
  element.replaceChildren();
  put(element, kids);
}

/** A name from the account: its own direction of writing stays its own. */
const name = (text, props) => h('bdi', props, text);

const kept = {
  get(key) {
    try { return localStorage.getItem('hikkoshi-' + key); } catch { return null; }
  },
  set(key, value) {
    try { localStorage.setItem('hikkoshi-' + key, value); } catch { /* a page from disk may have no storage */ }
  },
};

let lang = kept.get('lang') || (/^ja\b/.test(navigator.language || '') ? 'ja' : 'en');

/** The words of a key in the language, with `{what}` replaced. */
function t(key, values) {
  const both = WORDS[values && String(values.n) === '1' && WORDS[key + '.1'] ? key + '.1' : key];
  const text = both ? both[lang === 'ja' ? 1 : 0] : key;
  return values ? text.replace(/\{(\w+)\}/g, (all, what) => (what in values ? String(values[what]) : all)) : text;
}

/** The words of a value that comes from the plan, such as a stage or a verdict; else the value itself. */
const word = (group, value) => (WORDS[group + '.' + value] ? t(group + '.' + value) : String(value));

const number = (value) => Number(value).toLocaleString('en-US');

function seconds(value) {
  const ja = lang === 'ja';
  if (value < 120) return value + (ja ? ' 秒' : ' s');
  if (value < 7200) return Math.ceil(value / 60) + (ja ? ' 分' : ' min');
  const minutes = String(Math.floor((value % 3600) / 60)).padStart(2, '0');
  return Math.floor(value / 3600) + (ja ? ' 時間 ' + minutes + ' 分' : ' h ' + minutes + ' min');
}

const atMost = (value) => (value ? '≤ ' + seconds(value) : t('none'));

function money(cents, sign) {
  const text = '$' + (Math.abs(cents) / 100).toLocaleString('en-US', { minimumFractionDigits: 2, maximumFractionDigits: 2 });
  return (cents < 0 ? '−' : sign && cents > 0 ? '+' : '') + text;
}

/** Tells a screen reader. */
function tell(text) {
  find('told').textContent = clean(text);
}

/** `hear`, when nothing has happened for a while. */
function later(hear, ms) {
  let timer;
  return (...args) => {
    clearTimeout(timer);
    timer = setTimeout(() => hear(...args), ms);
  };
}

/** Once per frame at most. */
function framed(work) {
  let asked = false;
  return () => {
    if (asked) return;
    asked = true;
    requestAnimationFrame(() => {
      asked = false;
      work();
    });
  };
}

let serial = 0;
const unique = (stem) => stem + '-' + ++serial;

/**
 * A list of any length of which only what is seen is there. `row`: the height of a row in pixels; `draw(at)`: what is in it;
 * `open(at)`: what happens when one is chosen.
 */
function longList({ label, count, row, draw, open, role, max, hint }) {
  const id = unique('list');
  const inner = h('div', { class: 'rows' });
  const element = h('div', {
    class: 'long', role: role || 'listbox', tabindex: '0', 'aria-label': label, id,
    css: max ? { 'max-height': max } : undefined,
  }, inner);
  const list = { element, count: 0, active: -1, chosen: -1 };
  const draws = framed(() => list.draw());
  list.draw = () => {
    const first = Math.max(0, Math.floor(element.scrollTop / row) - 6);
    const last = Math.min(list.count, Math.ceil((element.scrollTop + (element.clientHeight || 600)) / row) + 6);
    const rows = [];
    for (let at = first; at < last; at += 1) {
      rows.push(h('div', {
        class: 'row' + (at === list.active ? ' active' : '') + (at === list.chosen ? ' chosen' : ''),
        role: role === 'list' ? 'listitem' : 'option', id: id + '-' + at, 'data-at': at, 'aria-posinset': at + 1, 'aria-setsize': list.count,
        'aria-selected': role === 'list' ? undefined : String(at === list.chosen),
        css: { top: at * row + 'px', height: row + 'px' },
      }, draw(at)));
    }
    inner.replaceChildren(...rows);
    if (!list.count && hint) inner.append(h('p', { class: 'none' }, hint));
    const seen = list.active >= first && list.active < last;
    if (seen) element.setAttribute('aria-activedescendant', id + '-' + list.active);
    else element.removeAttribute('aria-activedescendant');
  };
  list.set = (to) => {
    list.count = to;
    list.active = Math.min(list.active, to - 1);
    inner.style.height = to * row + 'px';
    list.draw();
  };
  list.reveal = (at) => {
    const top = at * row;
    if (top < element.scrollTop || top + row > element.scrollTop + element.clientHeight) {
      element.scrollTop = Math.max(0, top - element.clientHeight / 3);
    }
    list.draw();
  };
  list.choose = (at, quiet) => {
    if (at < 0 || at >= list.count) return;
    list.active = at;
    list.chosen = at;
    list.reveal(at);
    if (!quiet && open) open(at);
  };
  element.addEventListener('scroll', draws, { passive: true });
  element.addEventListener('click', (event) => {
    const hit = event.target.closest('.row');
    if (hit && !event.target.closest('button, a')) list.choose(Number(hit.dataset.at));
  });
  element.addEventListener('keydown', (event) => {
    const page = Math.max(1, Math.floor(element.clientHeight / row) - 1);
    const to = { ArrowDown: list.active + 1, ArrowUp: list.active - 1, PageDown: list.active + page, PageUp: list.active - page, Home: 0, End: list.count - 1 }[event.key];
    if (to !== undefined) {
      event.preventDefault();
      list.active = Math.max(0, Math.min(list.count - 1, to));
      list.reveal(list.active);
    } else if ((event.key === 'Enter' || event.key === ' ') && list.active >= 0) {
      event.preventDefault();
      list.choose(list.active);
    }
  });
  new ResizeObserver(draws).observe(element);
  list.set(count || 0);
  return list;
}

/** A table of the document's own: heads and rows of cells. */
function table(heads, rows, props) {
  return h('div', { class: 'wide' }, h('table', props,
    heads && h('thead', null, h('tr', null, heads.map((head) => h('th', { scope: 'col' }, head)))),
    h('tbody', null, rows.map((row) => h('tr', null, row.map((cell) => h('td', null, cell)))))));
}

function copyButton(text) {
  const button = h('button', { class: 'copy', type: 'button', on: { click: () => copy(text, button) } }, t('copy'));
  return button;
}

/** Into the clipboard; by selecting where a page from disk may not write to it. */
async function copy(text, button) {
  let done = false;
  try {
    await navigator.clipboard.writeText(text);
    done = true;
  } catch {
    const area = h('textarea', { class: 'unseen' });
    area.value = text;
    document.body.append(area);
    area.select();
    done = document.execCommand('copy');
    area.remove();
    button.focus();
  }
  button.textContent = t(done ? 'copied' : 'copy failed');
  tell(button.textContent);
  setTimeout(() => { button.textContent = t('copy'); }, 1600);
}

const chip = (text, sort) => h('span', { class: 'chip ' + (sort || '') }, text);

function section(title, ...kids) {
  const id = unique('head');
  return h('section', { class: 'part', 'aria-labelledby': id }, h('h2', { id }, title), kids);
}
