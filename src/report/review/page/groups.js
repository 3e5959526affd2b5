// Security groups: the rules of today and the new ones side by side, each with its evidence or with who loses what.

async function groupsPart(panel) {
  const groups = await load('groups');
  const text = (unit) => (unit.members.join(' ') + ' ' + (unit.group || '') + ' ' + unit.old.map((at) => groups.old[at].name).join(' ')).toLowerCase();
  const box = h('input', { type: 'search', class: 'filter', placeholder: t('filter groups'), 'aria-label': t('filter groups') });
  const only = h('select', { 'aria-label': t('show') }, ['all', 'new', 'unvouched', 'kept'].map((key) => h('option', { value: key }, t('groups.' + key))));
  const count = h('span', { class: 'dim', role: 'status' });
  const detailed = h('div', { class: 'group-detail', tabindex: '-1' });
  let shown = [];
  const list = longList({
    label: t('security groups'), row: 46, hint: t('nothing found'), open: (at) => showGroup(detailed, groups, groups.units[shown[at]]),
    draw: (at) => {
      const unit = groups.units[shown[at]];
      return [h('b', null, name(unit.group || unit.members[0])), h('small', null, unit.group ? [h('span', { class: 'plus' }, '+' + unit.rules.length), ' ', unit.unvouched.length > 0 && h('span', { class: 'bad' }, '?' + unit.unvouched.length), ' ', h('span', { class: 'minus' }, '−' + unit.dropped.length)] : t('kept as it is'), h('span', { class: 'dim' }, ' ' + members(unit)))];
    },
  });
  list.element.classList.add('units');
  const fits = { all: () => true, new: (unit) => unit.group, unvouched: (unit) => unit.unvouched.length, kept: (unit) => !unit.group };
  const update = () => {
    const wanted = box.value.trim().toLowerCase();
    shown = groups.units.map((unit, at) => at).filter((at) => fits[only.value](groups.units[at]) && (!wanted || text(groups.units[at]).includes(wanted)));
    list.chosen = -1;
    list.set(shown.length);
    count.textContent = t('n of n groups', { n: number(shown.length), all: number(groups.units.length) });
    if (shown.length) list.choose(0);
    else show(detailed);
  };
  box.addEventListener('input', update);
  only.addEventListener('change', update);
  const sum = (of) => groups.units.reduce((n, unit) => n + of(unit), 0);
  const unvouched = sum((unit) => unit.unvouched.length);
  show(panel, h('p', { class: 'summary' }, t('groups summary', { groups: number(sum((unit) => (unit.group ? 1 : 0))), rules: number(sum((unit) => unit.rules.length)), dropped: number(sum((unit) => unit.dropped.length)) }), ' ',
    h('span', { class: unvouched ? 'bad' : 'good' }, t('n unvouched', { n: number(unvouched) }))),
  h('div', { class: 'tools' }, box, only, count), groups.units.length ? h('div', { class: 'master' }, list.element, detailed) : h('p', { class: 'none' }, t('no groups')));
  update();
}

const members = (unit) => unit.members.slice(0, 3).join(', ') + (unit.members.length > 3 ? ' ' + t('and more', { n: unit.members.length - 3 }) : '');

function showGroup(place, groups, unit) {
  const rule = (sign, sort) => ([ports, from, why]) => h('tr', { class: sort }, h('td', { class: 'sign' }, sign), h('td', null, h('code', null, ports)), h('td', null, name(from)), h('td', { class: 'dim' }, why));
  const oldRule = (sign) => ([ports, peer]) => h('tr', null, h('td', { class: 'sign dim' }, sign), h('td', null, h('code', null, ports)), h('td', null, name(peer)));
  const some = (list, draw) => [list.slice(0, 300).map(draw), list.length > 300 && h('tr', null, h('td', { colspan: '4', class: 'dim' }, t('and more', { n: list.length - 300 })))];
  const part = (title, list, sign, sort) => list.length > 0 && [h('tr', { class: 'part-head' }, h('th', { colspan: '4', scope: 'colgroup' }, title + ' (' + number(list.length) + ')')), some(list, rule(sign, sort))];
  show(place,
    h('h2', null, name(unit.group || t('kept as it is'))), h('p', null, t('worn by') + ' ', unit.moves.slice(0, 20).map((at, n) => [n ? ', ' : '', moveLink(head.moves[at])]), !unit.moves.length && members(unit), unit.moves.length > 20 && ' ' + t('and more', { n: unit.moves.length - 20 })),
    h('div', { class: 'two' },
      h('div', null, h('h3', null, t('today')), unit.old.map((at) => {
        const old = groups.old[at];
        return h('div', { class: 'wide' }, h('table', { class: 'rules' }, h('caption', null, name(old.name), ' ', h('code', null, old.id), h('small', { class: 'dim' }, ' ' + t('worn by n', { n: number(old.wearers) }))),
          h('tbody', null, some(old.ingress, oldRule('←')), some(old.egress, oldRule('→')))));
      }), !unit.old.length && h('p', { class: 'none' }, t('no group today'))),
      h('div', null, h('h3', null, t('afterwards')), unit.group
        ? h('div', { class: 'wide' }, h('table', { class: 'rules' }, h('tbody', null, part(t('let in, on evidence'), unit.rules, '+', 'plus'), part(t('let in, nobody vouches'), unit.unvouched, '?', 'unvouched'), part(t('dropped'), unit.dropped, '−', 'minus'),
          !unit.rules.length && !unit.unvouched.length && h('tr', null, h('td', { colspan: '4', class: 'dim' }, t('nobody is let in'))))))
        : h('p', null, t('kept why')))));
}
