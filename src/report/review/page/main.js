// The frame: tabs, keys, language, light and dark; and where the address leads.

const PARTS = [
  ['overview', overview], ['map', mapPart], ['timeline', timelinePart], ['flows', flowsPart], ['groups', groupsPart], ['steps', stepsPart], ['compare', comparePart],
];

let shownTab = 'overview';
const drawn = new Map();

const parts = () => PARTS.filter(([key]) => key !== 'compare' || find('data-compare'));

function go(hash) {
  if (location.hash === hash) follow();
  else location.hash = hash;
}

/** Shows what the address names: a tab, a step, a move, a thing. */
async function follow() {
  const [key, value] = decodeURIComponent(location.hash.slice(1)).split(/=(.*)/s);
  if (key === 'step') {
    if (!['steps', 'timeline'].includes(shownTab)) await select('steps');
    const at = await showStep(value);
    if (at === undefined) return;
    if (shownTab === 'steps' && stepList) stepList.reveal(at);
    if (shownTab === 'timeline') revealInTime(at);
  } else if (key === 'move') {
    if (!drawn.has(shownTab)) await select(shownTab);
    await showMove(value);
  } else if (key === 'thing') {
    if (!['map', 'flows'].includes(shownTab)) await select('map');
    await showThing(value);
  } else if (key === 'moment') {
    await select('map');
    mapView.move((await allSteps()).byId.get(value) + 1 || 0);
  } else if (parts().some(([known]) => known === key)) {
    await select(key);
  } else {
    await select('overview');
  }
}

async function select(key) {
  shownTab = key;
  for (const [known, draw] of parts()) {
    const tab = find('tab-' + known);
    const panel = find('panel-' + known);
    const here = known === key;
    tab.setAttribute('aria-selected', String(here));
    tab.tabIndex = here ? 0 : -1;
    panel.hidden = !here;
    if (here && !drawn.has(known)) drawn.set(known, draw(panel));
  }
  document.body.dataset.tab = key;
  const tab = find('tab-' + key);
  if (tab.scrollIntoView) tab.scrollIntoView({ block: 'nearest', inline: 'nearest' });
  await drawn.get(key);
  if (key === 'steps' && wantFilter) {
    stepList.only(wantFilter);
    wantFilter = null;
  }
  if (key === 'timeline') timelineShown();
  if (key === 'map') mapShown();
}

function frame() {
  document.documentElement.lang = lang;
  find('skip').textContent = t('skip');
  const language = h('button', { type: 'button', id: 'language', lang: lang === 'ja' ? 'en' : 'ja', on: { click: () => speak(lang === 'ja' ? 'en' : 'ja') } }, lang === 'ja' ? 'English' : '日本語');
  const theme = h('button', { type: 'button', id: 'theme', on: { click: turn } }, t('theme.' + document.documentElement.dataset.theme));
  const keys = h('button', { type: 'button', id: 'keys', 'aria-label': t('help'), on: { click: help } }, '?');
  const sort = head.blockers.length || head.broken.length ? 'bad' : head.proof.state === 'holds' ? 'good' : 'warn';
  show(find('top'),
    h('div', { class: 'title' }, h('h1', null, h('span', { class: 'mark', 'aria-hidden': 'true' }, '引'), ' ', name(head.migration)),
      h('p', null, chip(t(sort === 'bad' ? 'not applicable' : sort === 'good' ? 'proved short' : 'edited short'), sort), ' ',
        [t('account') + ' ' + head.account, head.region, head.vpc, t('plan') + ' ' + head.plan, t('seen', { at: head.taken_at })].join(' · '))),
    h('div', { class: 'switches' }, language, theme, keys));
  const nav = find('tabs');
  nav.setAttribute('aria-label', t('parts'));
  find('nav').setAttribute('aria-label', t('parts'));
  show(nav, parts().map(([key]) => h('button', { type: 'button', role: 'tab', id: 'tab-' + key, 'aria-controls': 'panel-' + key, 'aria-selected': String(key === shownTab), tabindex: key === shownTab ? '0' : '-1', on: { click: () => go('#' + key) } }, t('part.' + key))));
  show(find('main'), parts().map(([key]) => h('div', { role: 'tabpanel', id: 'panel-' + key, 'aria-labelledby': 'tab-' + key, hidden: key !== shownTab })));
  drawn.clear();
}

async function speak(to) {
  lang = to;
  kept.set('lang', to);
  frame();
  await select(shownTab); // what is shown is drawn anew, whatever the address names besides
  await follow();
  find('language').focus();
}

function turn() {
  const order = ['auto', 'light', 'dark'];
  const root = document.documentElement;
  root.dataset.theme = order[(order.indexOf(root.dataset.theme) + 1) % order.length];
  kept.set('theme', root.dataset.theme);
  find('theme').textContent = t('theme.' + root.dataset.theme);
  tell(t('theme.' + root.dataset.theme));
  timelineShown();
}

const KEYS = [['1 … 7', 'key.tabs'], ['← →', 'key.arrows'], ['/', 'key.search'], ['↑ ↓ Enter', 'key.list'], ['[ ]', 'key.moment'], ['+ − 0', 'key.zoom'], ['Esc', 'key.close'], ['l', 'key.language'], ['d', 'key.theme'], ['?', 'key.help']];

function help() {
  const box = find('help');
  box.setAttribute('aria-label', t('help'));
  show(box, h('h2', null, t('help')), h('dl', null, KEYS.map(([key, what]) => [h('dt', null, h('kbd', null, key)), h('dd', null, t(what))])),
    h('p', { class: 'dim' }, t('ids')), h('p', { class: 'dim' }, 'hikkoshi ' + head.program),
    h('form', { method: 'dialog' }, h('button', { autofocus: true }, t('close'))));
  box.showModal();
}

function search() {
  const box = document.querySelector('#panel-' + shownTab + ' input[type=search]');
  if (box) box.focus();
  else select('steps').then(() => { location.hash = '#steps'; find('search-steps').focus(); });
}

function keyed(event) {
  if (event.ctrlKey || event.metaKey || event.altKey || find('help').open) return;
  const typing = event.target.closest('input:not([type=range]):not([type=checkbox]), select, textarea');
  if (event.key === 'Escape') {
    if (typing && typing.value && typing.type === 'search') return;
    if (typing) typing.blur();
    return closeSide();
  }
  if (typing) return;
  const tabs = parts().map(([key]) => key);
  const at = tabs.indexOf(shownTab);
  const onTab = event.target.closest('#tabs') || event.target === document.body || event.target === find('main');
  const act = {
    '/': search, '?': help, l: () => find('language').click(), d: turn, '[': () => momentBy(-1), ']': () => momentBy(1),
    '+': () => zoomBy(1.5), '=': () => zoomBy(1.5), '-': () => zoomBy(1 / 1.5), 0: () => zoomBy(0),
  }[event.key] || (/^[1-7]$/.test(event.key) && tabs[event.key - 1] && (() => go('#' + tabs[event.key - 1])))
    || (onTab && { ArrowRight: () => toTab(tabs[(at + 1) % tabs.length]), ArrowLeft: () => toTab(tabs[(at + tabs.length - 1) % tabs.length]), Home: () => toTab(tabs[0]), End: () => toTab(tabs[tabs.length - 1]) }[event.key]);
  if (!act) return;
  event.preventDefault();
  act();
}

function toTab(key) {
  go('#' + key);
  find('tab-' + key).focus();
}

async function begin() {
  head = await load('head');
  document.documentElement.dataset.theme = kept.get('theme') || 'auto';
  const progress = await load('progress');
  if (progress) take(progress);
  frame();
  window.addEventListener('hashchange', follow);
  window.addEventListener('keydown', keyed);
  window.addEventListener('beforeprint', printed);
  await follow();
  document.documentElement.dataset.ready = '';
  ahead([allSteps, () => load('groups'), allFlows]);
}

/** What is asked for next is read while nothing else is to do: tabs open at once, and paper has everything. */
function ahead(rest) {
  const soon = window.requestIdleCallback || ((work) => setTimeout(work, 200));
  if (rest.length) soon(() => rest[0]().then(() => ahead(rest.slice(1))));
  else document.documentElement.dataset.idle = '';
}

window.hikkoshi = { live, ready: begin() };
