// All steps in the order in which they can be carried out.

let wantFilter = null;
let stepList = null;

async function stepsPart(panel) {
  const steps = await allSteps();
  const texts = steps.list.map((step) => (step.id + ' ' + step.title + ' ' + step.op + ' ' + steps.lanes[step.lane]).toLowerCase());
  const box = h('input', { type: 'search', class: 'filter', id: 'search-steps', placeholder: t('search steps'), 'aria-label': t('search steps') });
  const stages = h('select', { 'aria-label': t('stage') }, h('option', { value: '' }, t('all stages')),
    head.stages.map((stage, at) => h('option', { value: String(at) }, word('stage', stage.name) + ' (' + number(stage.steps) + ')')));
  const only = h('select', { 'aria-label': t('show') }, ['all', 'impact', 'path', 'last', 'held', 'failed', 'open'].map((key) => h('option', { value: key }, t('only.' + key))));
  const count = h('span', { class: 'dim', role: 'status' });
  let shown = [];
  const list = longList({
    label: t('steps'), row: 44, hint: t('nothing found'),
    draw: (at) => stepRow(steps, shown[at]), open: (at) => go('#step=' + encodeURIComponent(steps.list[shown[at]].id)),
  });
  list.element.classList.add('steps');
  const fits = {
    all: () => true, impact: (step) => step.impact, path: (step, at) => steps.onPath.has(at), last: (step) => step.last, held: (step) => step.held,
    failed: (step) => stateOf(step.id) === 'failed', open: (step) => !['done', 'skipped'].includes(stateOf(step.id)),
  };
  const update = () => {
    const wanted = box.value.trim().toLowerCase().split(/\s+/).filter(Boolean);
    const stage = stages.value === '' ? -1 : Number(stages.value);
    const fit = fits[only.value];
    shown = [];
    for (let at = 0; at < texts.length; at += 1) {
      const step = steps.list[at];
      if ((stage < 0 || step.stage === stage) && fit(step, at) && wanted.every((part) => texts[at].includes(part))) shown.push(at);
    }
    list.chosen = -1;
    list.active = -1;
    list.set(shown.length);
    count.textContent = t('n of n steps', { n: number(shown.length), all: number(texts.length) });
  };
  box.addEventListener('input', update);
  stages.addEventListener('change', update);
  only.addEventListener('change', update);
  box.addEventListener('keydown', (event) => {
    if (event.key !== 'ArrowDown') return;
    event.preventDefault();
    list.active = 0;
    list.element.focus();
    list.reveal(0);
  });
  if (wantFilter) only.value = wantFilter;
  wantFilter = null;
  show(panel, h('div', { class: 'tools' }, box, stages, only, count), list.element);
  update();
  stepList = {
    refresh: () => list.draw(),
    only: (key) => { only.value = key; update(); },
    reveal: (at) => {
      let place = shown.indexOf(at);
      if (place < 0) {
        box.value = '';
        stages.value = '';
        only.value = 'all';
        update();
        place = at;
      }
      list.choose(place, true);
    },
  };
}

function stepRow(steps, at) {
  const step = steps.list[at];
  const state = stateOf(step.id);
  return [
    h('span', { class: 'n' }, at + 1), h('span', { class: 'state state-' + state, title: word('state', state) }, h('span', { class: 'unseen' }, state === 'todo' ? '' : word('state', state))),
    h('span', { class: 'what' }, h('b', null, step.title), h('small', null, h('code', { class: 'id' }, step.id), ' · ', step.op)),
    h('span', { class: 'marks' }, step.impact && chip(t('interrupts', { time: seconds(step.impact[0]) }), 'bad'), step.last && chip(t('no way back'), 'warn'),
      step.held && chip(t('postponed'), 'warn'), steps.onPath.has(at) && chip(t('critical'), 'crit')),
    h('span', { class: 'stage dim' }, word('stage', head.stages[step.stage].name)), h('span', { class: 'time dim' }, seconds(step.at[1] - step.at[0])),
  ];
}
