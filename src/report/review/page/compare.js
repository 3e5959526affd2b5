// Two plans: what has changed since the last meeting.

async function comparePart(panel) {
  const all = await load('compare');
  const value = (key, n) => (/_s$/.test(key) ? seconds(n) : /^cents/.test(key) ? money(n, true) : number(n));
  const less = new Set(['interrupted', 'interruption_s', 'length_s', 'cents_month', 'blockers', 'broken', 'no_return', 'unvouched']);
  const totals = all.totals.map(([key, then, now]) => h('tr', { class: then === now ? 'same' : '' }, h('th', { scope: 'row' }, t('total.' + key)), h('td', null, value(key, then)), h('td', null, value(key, now)),
    h('td', { class: then === now || !less.has(key) ? 'dim' : now > then ? 'bad' : 'good' }, then === now ? '=' : (now > then ? '+' : '−') + value(key, Math.abs(now - then)).replace(/^\+/, ''))));
  const nothing = !all.moves.length && !all.rules.length && !all.steps.length && !all.texts.length;
  show(panel, h('p', { class: 'summary' }, t('against') + ' ', h('code', null, all.against), nothing && [' ', chip(t('nothing has changed'), 'good')]),
    section(t('in numbers'), h('table', { class: 'sums compare' }, h('thead', null, h('tr', null, h('td', null), [t('then'), t('now'), ''].map((one) => h('th', { scope: 'col' }, one)))), h('tbody', null, totals))),
    changed(t('moves'), all.moves, 62, (one) => [changeChip(one.change), h('b', null, name(one.name)), ' ', h('small', { class: 'dim' }, word('kind', one.kind)), h('br'), moveChange(one.then, one.now)]),
    changed(t('blockers, warnings, gates'), all.texts, 44, (one) => [changeChip(one.change), chip(t('text.' + one.sort)), ' ', one.text]),
    changed(t('security groups'), all.rules, 34, (one) => [changeChip(one.change), chip(t('rule.' + one.sort), one.sort), ' ', name(one.group), ' ', h('code', null, one.ports), ' ', name(one.from), h('span', { class: 'dim' }, ' ' + one.because)]),
    changed(t('steps'), all.steps, 34, (one) => [changeChip(one.change), h('code', { class: 'id' }, one.id), ' ', one.title, h('small', { class: 'dim' }, ' ' + word('stage', one.stage))], stepChange));
}

const changeChip = (change) => h('span', { class: 'change ' + change }, t('change.' + change));

function moveChange(then, now) {
  const text = (one) => [word('strategy', one.strategy), t('interruption') + ' ' + atMost(one.interruption_s), seconds(one.duration_s), t('risk') + ' ' + word('risk', one.risk)].join(' · ');
  return [then && h('del', null, text(then)), ' ', now && h('ins', null, text(now))];
}

function stepChange(one) {
  openSide(one.title, t('change.' + one.change) + ' · ' + t('step'), h('p', { class: 'facts' }, one.change === 'gone' ? h('code', { class: 'id' }, one.id) : stepLink(one.id)),
    one.lines ? h('pre', { class: 'diff' }, one.lines.map((line) => h(/^ {2}\+/.test(line) ? 'ins' : /^ {2}-/.test(line) ? 'del' : 'span', null, line + '\n'))) : h('p', null, t('change.' + one.change)));
}

function changed(title, all, row, draw, open) {
  if (!all.length) return null;
  if (!open && all.length <= 60) return section(title + ' (' + number(all.length) + ')', h('ul', { class: 'changed' }, all.map((one) => h('li', null, draw(one)))));
  const list = longList({ label: title, row, role: open ? undefined : 'list', max: '44vh', draw: (at) => draw(all[at]), open: open && ((at) => open(all[at])) });
  list.element.classList.add('changed-list');
  list.element.style.height = Math.min(all.length * row + 2, 440) + 'px';
  list.set(all.length);
  return section(title + ' (' + number(all.length) + ')', list.element);
}
