// The account drawn: zones, subnets, what stands in them; at every moment of the plan.

const MANY = 26;
const OFF = /^(stopp|terminat|shutting|inactive|deleting|disabled|draining)/i;
let mapView = null;

const mapShown = () => mapView && mapView.draw();
const momentBy = (by) => mapView && shownTab === 'map' && mapView.move(mapView.when + by);
const lightUp = (at) => mapView && mapView.select(at);

async function mapPart(panel) {
  const [map, steps] = [await theMap(), await allSteps()];
  const last = map.stuck ? steps.byId.get(map.stuck[0]) : steps.list.length;
  const end = Math.min(last, endOf(steps, head.stages));
  const view = { when: mapView ? mapView.when : 0, selected: -1, playing: 0 };
  const slider = h('input', { type: 'range', id: 'moment', min: '0', max: String(last), step: '1', 'aria-label': t('moment of the plan') });
  const caption = h('div', { class: 'caption' });
  const stage = h('div', { class: 'stage-map' });
  const play = h('button', { type: 'button', on: { click: () => run(view.playing ? 0 : 1) } }, t('play'));
  const marks = h('div', { class: 'marks-row', role: 'group', 'aria-label': t('checkpoints') });
  const jump = (when, text, sort) => h('button', { type: 'button', class: sort || '', 'data-when': when, on: { click: () => view.move(when) } }, text);
  const ends = head.stages.map((one, at) => steps.list.reduce((found, step, place) => (step.stage === at ? place + 1 : found), 0));
  put(marks, [jump(0, t('before')), head.stages.map((one, at) => ends[at] <= last && jump(ends[at], word('stage', one.name), one.name === 'cleanup' ? 'late' : '')), jump(end, t('after'), 'end')]);
  const now = h('button', { type: 'button', class: 'run-now', hidden: true, on: { click: () => view.move(doneInOrder(steps)) } }, t('now'));
  marks.append(now);

  view.move = (when) => {
    view.when = Math.max(0, Math.min(last, when));
    view.draw();
    say();
  };
  view.select = (at) => {
    view.selected = at;
    view.draw();
  };
  view.draw = () => {
    slider.value = String(view.when);
    now.hidden = !progress;
    view.run = new Map(Object.entries(states).filter(([, state]) => ['running', 'waiting', 'failed'].includes(state)).map(([id, state]) => [steps.lanes[steps.list[steps.byId.get(id)]?.lane], state]));
    const step = view.when ? steps.list[view.when - 1] : null;
    const words = step ? t('after step', { n: view.when, all: steps.list.length, title: step.title }) : t('before the first step');
    slider.setAttribute('aria-valuetext', clean(words));
    for (const mark of marks.children) mark.setAttribute('aria-pressed', String(Number(mark.dataset.when) === view.when));
    show(caption, h('p', null, h('b', null, step ? stepLink(step.id) : t('today')), ' ', words,
      step && step.impact && chip(t('interrupts', { time: seconds(step.impact[0]) }) + ' ' + step.impact[1], 'bad')), changes(map, view.when));
    drawScene(stage, map, view, step && step.impact ? steps.lanes[step.lane] : null);
  };
  const say = later(() => tell(caption.textContent), 500);
  const run = (on) => {
    clearInterval(view.playing);
    view.playing = on ? setInterval(() => (view.when < last && !panel.hidden ? view.move(view.when + 1) : run(0)), 700) : 0;
    play.textContent = t(on ? 'stop' : 'play');
  };
  slider.addEventListener('input', framed(() => view.move(Number(slider.value))));
  mapView = view;
  show(panel,
    map.stuck && h('p', { class: 'box bad' }, t('map ends', { step: map.stuck[0] }) + ' ' + map.stuck[1]),
    h('div', { class: 'moments-bar' },
      h('div', { class: 'slide' }, jump(-1, '‹'), slider, jump(-2, '›'), play), marks, caption), stage, legend());
  const [back, on] = panel.querySelectorAll('.slide > button');
  for (const [button, by] of [[back, -1], [on, 1]]) {
    button.setAttribute('aria-label', t(by < 0 ? 'one step back' : 'one step on'));
    button.replaceWith(fresh(button, () => view.move(view.when + by)));
  }
  new ResizeObserver(framed(() => lines(stage, map, view))).observe(stage);
  view.draw();
}

/** How many steps are done without one before them that is not. */
function doneInOrder(steps) {
  const open = steps.list.findIndex((step) => !['done', 'skipped'].includes(stateOf(step.id)));
  return open < 0 ? steps.list.length : open;
}

/** A button with another deed. */
function fresh(button, click) {
  const copy = button.cloneNode(true);
  delete copy.dataset.when;
  copy.addEventListener('click', click);
  return copy;
}

function legend() {
  const item = (sort, key) => h('span', null, h('i', { class: 'key ' + sort }), t(key));
  return h('p', { class: 'legend' }, item('public', 'public subnet'), item('private', 'private subnet'), item('changed', 'changes now'), item('differs', 'not as today'), item('off', 'stopped'), item('dot', 'has a public address'));
}

/** What the step has changed, thing by thing and field by field. */
function changes(map, when) {
  const list = (when ? map.changes.get(when) || [] : []);
  const line = (at) => {
    const node = map.nodes[at];
    const [was, is] = [standAt(node, when - 1), standAt(node, when)];
    if (!was) return h('li', null, thingLink(node), ' ', chip(t('new'), 'mark'));
    if (!is) return h('li', null, thingLink(node), ' ', chip(t('gone'), 'mark'));
    return h('li', null, thingLink(node), ' ', fieldChanges(map, was, is));
  };
  if (!list.length) return h('p', { class: 'dim' }, when ? t('nothing on the map changes') : '');
  return h('ul', { class: 'changes' }, list.slice(0, 6).map(line), list.length > 6 && h('li', { class: 'dim' }, t('and more', { n: list.length - 6 })));
}

/** The fields in which two moments differ. */
function fieldChanges(map, was, is) {
  const [before, now] = [new Map(standWords(map, was)), new Map(standWords(map, is))];
  const keys = new Set([...now.keys(), ...before.keys()]);
  return [...keys].filter((key) => before.get(key) !== now.get(key)).map((key) => difference(key, before.get(key) || '', now.get(key) || ''));
}

function difference(key, was, is) {
  const [old, now] = [was.split('\n'), is.split('\n')];
  if (old.length > 1 || now.length > 1) {
    const plus = now.filter((line) => line && !old.includes(line));
    const minus = old.filter((line) => line && !now.includes(line));
    return h('span', { class: 'field' }, key + ' ', minus.map((line) => h('del', null, line)), plus.map((line) => h('ins', null, line)));
  }
  return h('span', { class: 'field' }, key + ' ', was && h('del', null, was), is && h('ins', null, is));
}

function sceneAt(map, when) {
  const scene = { zones: new Map(), inside: new Map(), outside: [], groups: new Map(), stands: map.nodes.map((node) => standAt(node, when)) };
  map.nodes.forEach((node, at) => {
    const stand = scene.stands[at];
    if (!stand) return;
    if (node.role === 'subnet') {
      const zone = (stand.z || [])[0] || '';
      if (!scene.zones.has(zone)) scene.zones.set(zone, []);
      scene.zones.get(zone).push(at);
    } else if (node.role === 'group') {
      if (!scene.groups.has(at)) scene.groups.set(at, 0);
    } else {
      for (const group of stand.g || []) scene.groups.set(group, (scene.groups.get(group) || 0) + 1);
      const places = stand.s || [];
      // A part of something stands where it is; what may be in many subnets is drawn where it really is, if that is known.
      const real = places.filter((place) => !stand.z || !stand.z.length || !scene.stands[place] || stand.z.includes((map.nodes[place].hist[0][1] || {}).z?.[0] || ''));
      for (const place of real.length ? real : places) {
        if (!scene.inside.has(place)) scene.inside.set(place, []);
        scene.inside.get(place).push(at);
      }
      if (!places.length) scene.outside.push(at);
    }
  });
  return scene;
}

function drawScene(stage, map, view, hit) {
  const scene = sceneAt(map, view.when);
  const changed = new Set(view.when ? map.changes.get(view.when) : []);
  view.elements = new Map();
  view.scene = scene;
  const focused = document.activeElement && stage.contains(document.activeElement) ? document.activeElement.dataset.node : null;
  const thing = (at) => thingChip(map, view, scene, at, changed, hit);
  const zones = [...scene.zones].sort(([a], [b]) => a.localeCompare(b));
  const isPublic = (at) => /^igw-/.test(scene.stands[at].w || '');
  const subnet = (at) => {
    const node = map.nodes[at];
    const stand = scene.stands[at];
    const inside = scene.inside.get(at) || [];
    const box = h('section', { class: 'subnet ' + (isPublic(at) ? 'public' : 'private') + marks(map, view, scene, at, changed), 'aria-label': t('subnet') + ' ' + node.name },
      h('header', null, h('a', { href: '#thing=' + encodeURIComponent(node.id), 'data-node': at }, name(node.name)), h('code', null, node.range),
        h('small', { class: 'way' }, stand.w ? '→ ' + nameOf(map, stand.w) : t('no way out'))),
      h('div', { class: 'things' }, inside.length > MANY ? crowd(map, view, scene, at, inside, changed, thing) : inside.map(thing)));
    view.elements.set(at, box);
    return box;
  };
  const order = (a, b) => Number(isPublic(b)) - Number(isPublic(a)) || map.nodes[a].name.localeCompare(map.nodes[b].name);
  const groups = [...scene.groups].filter(([at]) => scene.stands[at] || scene.groups.get(at)).sort((a, b) => b[1] - a[1]);
  const worn = groups.slice(0, 40);
  show(stage, svg('svg', { class: 'lines', 'aria-hidden': 'true' }),
    h('div', { class: 'border' }, h('span', { class: 'sky' }, t('internet')), scene.outside.filter((at) => map.nodes[at].role !== 'workload').slice(0, 60).map(thing)),
    scene.outside.some((at) => map.nodes[at].role === 'workload') && h('div', { class: 'border' }, h('span', { class: 'sky' }, t('in no subnet')), scene.outside.filter((at) => map.nodes[at].role === 'workload').slice(0, 60).map(thing)),
    h('div', { class: 'zones', css: { '--zones': String(Math.max(1, zones.length)) } }, zones.map(([zone, list]) => h('div', { class: 'zone' }, h('h2', null, zone || t('all zones')), list.sort(order).map(subnet)))),
    h('div', { class: 'groups-row' }, h('h2', null, t('security groups')), worn.map(([at, n]) => {
      const element = h('a', { href: '#thing=' + encodeURIComponent(map.nodes[at].id), class: 'group' + marks(map, view, scene, at, changed), 'data-node': at }, name(map.nodes[at].name), h('small', null, ' ' + number(n)));
      view.elements.set(at, element);
      return element;
    }), groups.length > worn.length && h('span', { class: 'dim' }, t('and more', { n: number(groups.length - worn.length) }))));
  if (focused) stage.querySelector('[data-node="' + focused + '"]')?.focus({ preventScroll: true });
  lines(stage, map, view);
}

function marks(map, view, scene, at, changed) {
  const first = standAt(map.nodes[at], 0);
  const now = scene.stands[at];
  const differs = view.when > 0 && first !== now;
  return (changed.has(at) ? ' changed' : '') + (differs ? (first ? ' differs' : ' made') : '') + (view.selected === at ? ' selected' : '');
}

function thingChip(map, view, scene, at, changed, hit) {
  const node = map.nodes[at];
  const stand = scene.stands[at];
  const off = OFF.test(stand.st || '');
  const open = (stand.p && stand.p.length) || stand.n || node.sort === 'internet-facing';
  const cut = hit && node.move !== undefined && head.moves[node.move].id === hit;
  const run = node.move !== undefined && view.run.get(head.moves[node.move].id);
  const element = h('a', {
    href: '#thing=' + encodeURIComponent(node.id), 'data-node': at,
    class: 'thing ' + node.role + (run ? ' run-' + run : '') + (off ? ' off' : '') + (open ? ' open' : '') + (cut ? ' cut' : '') + marks(map, view, scene, at, changed),
    title: word('kind', node.kind) + ' ' + clean(node.name) + (stand.st ? ' · ' + clean(stand.st) : ''),
  }, h('span', { class: 'icon', 'aria-hidden': 'true' }, ICONS[node.kind] || ICONS[node.role] || '•'), name(node.name),
  h('span', { class: 'unseen' }, ' ' + word('kind', node.kind) + (off ? ', ' + t('stopped') : '') + (open ? ', ' + t('has a public address') : '') + (changed.has(at) ? ', ' + t('changes now') : '') + (run ? ', ' + word('state', run) : '')));
  if (!view.elements.has(at)) view.elements.set(at, element);
  return element;
}

const ICONS = { ec2_instance: '▣', lambda_function: 'λ', db_instance: '⛁', db_cluster: '⛁', replication_group: '◫', load_balancer: '⇶', nat_gateway: '⇡', internet_gateway: '☁', ecs_service: '◍', auto_scaling_group: '▥', batch_compute_environment: '▤', scheduled_task: '◷', endpoint: '⌁', workload: '■', gateway: '⇡' };

/** What stands in a crowded subnet: what changes now by name, the rest counted by kind; all of it on demand. */
function crowd(map, view, scene, subnet, inside, changed, thing) {
  const count = new Map();
  inside.forEach((at) => {
    const { kind } = map.nodes[at];
    const entry = count.get(kind) || [0, 0, 0];
    entry[0] += 1;
    entry[1] += view.when && standAt(map.nodes[at], 0) !== scene.stands[at] ? 1 : 0;
    entry[2] += OFF.test(scene.stands[at].st || '') ? 1 : 0;
    count.set(kind, entry);
  });
  const most = Math.max(...[...count.values()].map(([n]) => n));
  const now = inside.filter((at) => changed.has(at) || at === view.selected).slice(0, 8);
  return [
    h('ul', { class: 'bars' }, [...count].sort((a, b) => b[1][0] - a[1][0]).map(([kind, [n, differs, off]]) => h('li', null,
      h('span', null, word('kind', kind)), h('i', { css: { width: (100 * n) / most + '%' } }, h('i', { css: { width: (100 * differs) / n + '%' } })),
      h('small', null, number(n)),
      (differs > 0 || off > 0) && h('small', { class: 'aside' }, [differs > 0 && t('n not as today', { n: number(differs) }), off > 0 && t('n stopped', { n: number(off) })].filter(Boolean).join(' · '))))),
    now.map(thing),
    h('button', { type: 'button', on: { click: () => crowdSide(map, scene, subnet, inside) } }, t('all n', { n: number(inside.length) })),
  ];
}

function crowdSide(map, scene, subnet, inside) {
  const box = h('input', { type: 'search', class: 'filter', placeholder: t('filter'), 'aria-label': t('filter') });
  let shown = inside;
  const list = longList({
    label: t('all n', { n: inside.length }), row: 34, hint: t('nothing found'), open: (at) => go('#thing=' + encodeURIComponent(map.nodes[shown[at]].id)),
    draw: (at) => {
      const node = map.nodes[shown[at]];
      return [name(node.name), h('small', { class: 'dim' }, ' ' + word('kind', node.kind) + ' · ' + (scene.stands[shown[at]].st || ''))];
    },
  });
  list.element.classList.add('crowd');
  box.addEventListener('input', () => {
    const wanted = box.value.trim().toLowerCase();
    shown = inside.filter((at) => (map.nodes[at].name + ' ' + map.nodes[at].kind + ' ' + map.nodes[at].id).toLowerCase().includes(wanted));
    list.set(shown.length);
  });
  openSide(name(map.nodes[subnet].name), t('subnet'), h('p', null, h('code', null, map.nodes[subnet].range)), box, list.element);
  list.set(inside.length);
}

/** Beside the subnets up to the border, and along it to the gateway. */
function toBorder(subnet, gateway, origin) {
  const [from, to] = [subnet.getBoundingClientRect(), gateway.getBoundingClientRect()];
  const along = gateway.closest('.border').getBoundingClientRect().bottom - origin.top + 9;
  return 'M' + (from.left - origin.left) + ',' + (from.top - origin.top + 14) + 'h-7V' + along + 'H' + (to.left - origin.left + to.width / 2) + 'V' + (to.bottom - origin.top);
}

/** Beside the subnets to the one in which the NAT gateway is. */
function toNat(subnet, gateway, origin) {
  const [from, to] = [subnet.getBoundingClientRect(), gateway.closest('.subnet').getBoundingClientRect()];
  const [x, X] = [from.left - origin.left, to.left - origin.left];
  const [y, Y] = [from.top - origin.top + 14, to.bottom - origin.top - 10];
  return 'M' + x + ',' + y + 'h-4' + (Math.abs(x - X) < 2 ? '' : 'V' + (to.bottom - origin.top + 5) + 'H' + (X - 4)) + 'V' + Y + 'H' + X;
}

/** From each subnet to its gateway; and from what is selected to whom it talks. */
async function lines(stage, map, view) {
  const canvas = stage.querySelector('svg.lines');
  if (!canvas || !view.elements) return;
  const origin = stage.getBoundingClientRect();
  if (!origin.width) return;
  const spot = (element, up) => {
    const box = element.getBoundingClientRect();
    return [box.left - origin.left + box.width / 2, (up ? box.top : box.top + box.height / 2) - origin.top];
  };
  const drawn = [];
  const line = (from, to, sort) => {
    const [[x, y], [X, Y]] = [from, to];
    const bend = Math.max(20, Math.abs(Y - y) / 2);
    drawn.push(svg('path', { d: 'M' + x + ',' + y + 'C' + x + ',' + (y - bend) + ' ' + X + ',' + (Y + bend) + ' ' + X + ',' + Y, class: sort }));
  };
  for (const [at, element] of view.elements) {
    const way = map.nodes[at].role === 'subnet' && view.scene.stands[at].w;
    const gateway = way && view.elements.get(map.byId.get(way));
    if (gateway) drawn.push(svg('path', { d: gateway.closest('.subnet') ? toNat(element, gateway, origin) : toBorder(element, gateway, origin), class: gateway.closest('.subnet') ? 'to-nat' : 'to-internet' }));
  }
  if (view.selected >= 0 && view.elements.has(view.selected)) {
    const flows = await allFlows();
    const place = (node) => view.elements.get(node) || (view.scene.stands[node]?.s || []).map((subnet) => view.elements.get(subnet))[0];
    for (const flow of (flows.ofNode.get(view.selected) || []).slice(0, 60)) {
      const [from, to, , , verdict] = flows.list[flow];
      const [a, b] = [flows.ends[from], flows.ends[to]].map(({ node, sort }) => (node !== undefined ? place(node) : sort === 'internet' && stage.querySelector('.sky')));
      if (a && b && a !== b) line(spot(a), spot(b), 'flow ' + verdict);
    }
    if (map.nodes[view.selected].role === 'group') {
      for (const [at, element] of view.elements) if ((view.scene.stands[at]?.g || []).includes(view.selected)) line(spot(view.elements.get(view.selected)), spot(element), 'flow worn');
    }
  }
  canvas.replaceChildren(...drawn);
}
