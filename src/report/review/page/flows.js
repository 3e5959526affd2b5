// Who talks to whom, how one knows, what the proof says; and what the internet reaches, before and after.

const CELLS = 1600;
const WORST = ['broken', 'interrupted', 'dead', 'unproved', 'holds'];

async function flowsPart(panel) {
  const flows = await load('flows').then(allFlows);
  const box = h('input', { type: 'search', class: 'filter', placeholder: t('filter flows'), 'aria-label': t('filter flows') });
  const verdicts = h('select', { 'aria-label': t('verdict') }, h('option', { value: '' }, t('all verdicts')), WORST.filter((one) => flows.list.some((flow) => flow[4] === one)).map((one) => h('option', { value: one }, word('verdict', one))));
  const picked = h('span', { class: 'picked' });
  const count = h('span', { class: 'dim', role: 'status' });
  let shown = [];
  let cell = null;
  let texts = null;
  const list = longList({
    label: t('flows'), row: innerWidth < 700 ? 62 : 36, max: '56vh', hint: t('nothing found'), draw: (at) => flowRow(flows, shown[at]),
    open: (at) => {
      const [from, to] = flows.list[shown[at]];
      const node = flows.ends[to].node ?? flows.ends[from].node;
      if (node !== undefined) theMap().then((map) => go('#thing=' + encodeURIComponent(map.nodes[node].id)));
    },
  });
  list.element.classList.add('flows');
  const update = () => {
    const wanted = box.value.trim().toLowerCase().split(/\s+/).filter(Boolean);
    if (wanted.length && !texts) texts = flows.list.map(([from, to, ports, evidence]) => [flows.ends[from].name, flows.ends[to].name, flows.texts[ports], ...evidence.map((one) => flows.texts[one])].join(' ').toLowerCase());
    shown = [];
    for (let at = 0; at < flows.list.length; at += 1) {
      const flow = flows.list[at];
      if ((!verdicts.value || flow[4] === verdicts.value) && (!cell || cell.fits(flow)) && wanted.every((part) => texts[at].includes(part))) shown.push(at);
    }
    list.set(shown.length);
    count.textContent = t('n of n flows', { n: number(shown.length), all: number(flows.list.length) });
    show(picked, cell && h('button', { type: 'button', on: { click: () => pick(null) } }, clean(cell.text) + ' ×'));
  };
  const pick = (to) => {
    cell = to;
    update();
  };
  box.addEventListener('input', update);
  verdicts.addEventListener('change', update);
  const map = await theMap();
  show(panel, exposure(flows),
    flows.unknown ? section(t('flows that must survive'), h('p', { class: 'box warn' }, flows.unknown))
      : section(t('flows that must survive', {}) + ' (' + number(flows.count) + ')',
        flows.left_out > 0 && h('p', { class: 'note' }, t('flows left out', { n: number(flows.left_out) })),
        matrix(flows, map, pick), h('div', { class: 'tools' }, box, verdicts, picked, count), list.element));
  if (flows.list.length < 16) list.element.style.height = flows.list.length * 36 + 2 + 'px';
  update();
}

function flowRow(flows, at) {
  const [from, to, ports, evidence, verdict, why] = flows.list[at];
  return [
    h('span', { class: 'ends' }, name(flows.ends[from].name), h('span', { class: 'dim' }, ' → '), name(flows.ends[to].name)), h('code', null, flows.texts[ports]),
    h('span', { class: 'dim evidence' }, evidence.map((one) => flows.texts[one]).join('; ')), chip(word('verdict', verdict), verdict),
    why !== null && h('small', { class: 'dim' }, verdict === 'interrupted' ? stepLink(flows.texts[why]) : flows.texts[why]),
  ];
}

/** Who opens by who accepts; where there are too many, by kind. */
function matrix(flows, map, pick) {
  const single = (end) => flows.ends[end].name;
  const kind = (end) => {
    const party = flows.ends[end];
    return party.sort === 'resource' && party.node !== undefined ? word('kind', map.nodes[party.node].kind) : word('sort', party.sort);
  };
  const froms = new Set(flows.list.map((flow) => single(flow[0])));
  const tos = new Set(flows.list.map((flow) => single(flow[1])));
  const by = froms.size * tos.size > CELLS ? kind : single;
  const rows = new Map();
  const columns = new Map();
  for (const flow of flows.list) {
    const [from, to] = [by(flow[0]), by(flow[1])];
    columns.set(to, (columns.get(to) || 0) + 1);
    if (!rows.has(from)) rows.set(from, new Map());
    const cells = rows.get(from);
    if (!cells.has(to)) cells.set(to, []);
    cells.get(to).push(flow);
  }
  const heads = [...columns.keys()];
  const cellOf = (from, to, list) => {
    if (!list) return h('td', null);
    const worst = WORST.find((one) => list.some((flow) => flow[4] === one));
    const ports = new Set(list.map((flow) => flows.texts[flow[2]].replace(/^tcp /, '')));
    const text = list.length > 3 || [...ports].join(' ').length > 14 ? number(list.length) : [...ports].join(' ');
    return h('td', { class: worst }, h('button', {
      type: 'button', title: clean(from + ' → ' + to) + ': ' + [...ports].slice(0, 8).join(', '), 'aria-label': from + ' → ' + to + ': ' + text + ', ' + t('n flows', { n: number(list.length) }) + ', ' + word('verdict', worst),
      on: { click: () => pick({ text: from + ' → ' + to, fits: (flow) => by(flow[0]) === from && by(flow[1]) === to }) },
    }, text));
  };
  return h('div', { class: 'wide matrix' }, h('table', null, h('caption', null, t(by === kind ? 'matrix by kind' : 'matrix')),
    h('thead', null, h('tr', null, h('td', null), heads.map((to) => h('th', { scope: 'col' }, h('span', null, name(to)))))),
    h('tbody', null, [...rows].map(([from, cells]) => h('tr', null, h('th', { scope: 'row' }, name(from)), heads.map((to) => cellOf(from, to, cells.get(to))))))));
}

function exposure(flows) {
  const side = (title, doors) => {
    if (!doors) return h('div', null, h('h3', null, title), h('p', { class: 'none' }, t('not played to the end')));
    const meant = doors.filter((door) => door.meant);
    const other = doors.filter((door) => !door.meant);
    const rows = (list) => longDoors(list);
    return h('div', null, h('h3', null, title, ' ', h('span', { class: 'count ' + (other.length ? 'bad' : 'good') }, t('n doors', { n: number(other.length), meant: number(meant.length) }))),
      other.length > 0 && [h('h4', null, t('open')), rows(other)], meant.length > 0 && [h('h4', null, t('meant')), rows(meant)], !doors.length && h('p', { class: 'none' }, t('nothing is reached')));
  };
  return section(t('what the internet reaches'), h('div', { class: 'two' }, side(t('today'), flows.open_before), side(t('after the last step before cleanup'), flows.open_after)));
}

function longDoors(doors) {
  const list = longList({
    label: t('what the internet reaches'), row: 30, role: 'list', max: '32vh',
    draw: (at) => [name(doors[at].name), ' ', h('code', null, doors[at].ports), h('span', { class: 'dim' }, ' ' + t('from') + ' ' + doors[at].from.join(', '))],
  });
  list.element.classList.add('doors');
  if (doors.length < 10) list.element.style.height = doors.length * 30 + 2 + 'px';
  else list.element.style.height = '32vh';
  list.set(doors.length);
  return list.element;
}
