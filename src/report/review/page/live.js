// A run as it goes: the same words from a journal that was read, and from whoever calls `hikkoshi.live(state)`.

let progress = null;

/** Takes note of a state: `{steps: {ID: state}, events: [{at, text}], eta_s, bound_s, paused, postponed: [ID], lease}`. */
function take(state) {
  progress = state;
  states = state.steps || {};
}

/** Shows a state, in every part that has been looked at. */
function live(state) {
  take(state);
  drawProgress();
  if (stepList) stepList.refresh();
  if (shownTab === 'timeline') timelineShown();
  if (shownTab === 'map') mapShown();
  const done = Object.values(states).filter((one) => one === 'done').length;
  say(t('n of n done', { n: number(done), all: number(stepCount()) }));
}

const say = later(tell, 1000);

function drawProgress() {
  const place = find('progress');
  if (!place || !progress) return;
  const all = stepCount();
  const count = {};
  Object.values(states).forEach((state) => { count[state] = (count[state] || 0) + 1; });
  const part = (state) => count[state] > 0 && h('i', { class: 'state-' + state, css: { width: (100 * count[state]) / all + '%' } });
  const at = (state) => Object.keys(states).filter((id) => states[id] === state);
  const line = (state) => at(state).length > 0 && h('li', null, chip(word('state', state), 'state-' + state), ' ', at(state).slice(0, 12).map((id, n) => [n ? ', ' : '', stepLink(id)]), at(state).length > 12 && ' ' + t('and more', { n: at(state).length - 12 }));
  const paused = progress.paused && h('p', { class: 'box warn' }, t('paused') + (typeof progress.paused === 'string' ? ' ' + progress.paused : ''));
  const postponed = progress.postponed || [];
  show(place, h('section', { class: 'run', 'aria-label': t('progress') },
    h('h2', null, t('n of n done', { n: number((count.done || 0) + (count.skipped || 0)), all: number(all) }),
      progress.eta_s !== undefined && progress.eta_s !== null && h('small', null, ' ' + t('eta', { time: seconds(progress.eta_s) })), progress.bound_s !== undefined && progress.bound_s !== null && h('small', { class: 'dim' }, ' ' + t('bound', { time: seconds(progress.bound_s) }))),
    h('div', { class: 'gauge', role: 'progressbar', 'aria-valuemin': '0', 'aria-valuemax': all, 'aria-valuenow': count.done || 0, 'aria-label': t('progress') }, ['done', 'skipped', 'running', 'waiting', 'failed', 'undone'].map(part)),
    paused, progress.lease && h('p', { class: 'dim' }, t('lease') + ' ' + (progress.lease.who || progress.lease.holder || '')),
    h('ul', null, ['failed', 'running', 'waiting', 'undone'].map(line), postponed.length > 0 && h('li', null, chip(t('postponed'), 'warn'), ' ', postponed.slice(0, 12).map((id, n) => [n ? ', ' : '', stepLink(id)]))),
    (progress.events || []).length > 0 && h('details', null, h('summary', null, t('last events')), h('ol', { class: 'events' }, progress.events.slice(-40).reverse().map((event) => h('li', null, h('time', null, event.at), ' ', event.text))))));
}
