// The panel beside: a step, a move or a thing, with everything that leads on from it.

/** Where a run stands, by step; empty without one. */
let states = {};

const stateOf = (id) => states[id] || 'todo';

function openSide(title, kind, ...kids) {
  const side = find('side');
  const close = h('button', { type: 'button', class: 'close', 'aria-label': t('close'), on: { click: closeSide } }, '×');
  show(side, h('div', { class: 'side-head' }, h('div', null, h('small', null, kind), h('h2', { id: 'side-title', tabindex: '-1' }, title)), close), kids);
  side.hidden = false;
  side.setAttribute('aria-labelledby', 'side-title');
  document.body.classList.add('beside');
  side.scrollTop = 0;
  tell(kind + ' ' + title);
}

function closeSide() {
  if (find('side').hidden) return;
  find('side').hidden = true;
  document.body.classList.remove('beside');
  if (/^#(step|move|thing|moment)=/.test(location.hash)) go('#' + shownTab);
  const back = document.querySelector('#main [role=tabpanel]:not([hidden]) .long, #tabs [aria-selected=true]');
  if (back) back.focus({ preventScroll: true });
}

const link = (hash, text, props) => h('a', { href: hash, ...props }, text);
const stepLink = (id) => link('#step=' + encodeURIComponent(id), id, { class: 'id' });
const momentLink = (id) => link('#moment=' + encodeURIComponent(id), t('on the map'));
const moveLink = (move) => link('#move=' + encodeURIComponent(move.id), name(move.name));
const thingLink = (node) => link('#thing=' + encodeURIComponent(node.id), name(node.name));

/** Parameters as people read them: YAML's look, without its rules; and the references of a plan marked. */
function params(value) {
  const out = h('pre', { class: 'params' });
  const lines = [];
  write(value, '', lines);
  lines.forEach((line, at) => {
    if (at) out.append('\n');
    line.split(/(\$\{[^}]*\})/).forEach((part) => {
      if (!part.startsWith('${')) out.append(clean(part));
      else if (/^\$\{(self|each)\./.test(part)) out.append(h('span', { class: 'ref' }, part));
      else out.append(h('a', { class: 'ref', href: '#step=' + encodeURIComponent(part.slice(2, -1).replace(/\.[^.]*$/, '')) }, part));
    });
  });
  return out;
}

function write(value, indent, lines) {
  if (Array.isArray(value)) {
    for (const element of value) {
      if (plain(element)) lines.push(indent + '- ' + scalar(element));
      else {
        const from = lines.length;
        write(element, indent + '  ', lines);
        lines[from] = indent + '- ' + lines[from].slice(indent.length + 2);
      }
    }
    return;
  }
  for (const [key, element] of Object.entries(value)) {
    if (plain(element)) lines.push(indent + key + ': ' + scalar(element));
    else {
      lines.push(indent + key + ':');
      write(element, indent + '  ', lines);
    }
  }
}

const plain = (value) => value === null || typeof value !== 'object' || Object.keys(value).length === 0;
const scalar = (value) => (typeof value === 'string' ? value : JSON.stringify(value));

function expected(expect) {
  if (typeof expect === 'string') return t('expect.' + expect);
  const [[how, value]] = Object.entries(expect);
  const list = Array.isArray(value) ? value.map(scalar).join(', ') : scalar(value);
  return t('expect.' + how, { value: list });
}

/** The command line of a call: what the AWS CLI takes, with a button. References are put in by hand. */
function cli(line) {
  return h('div', { class: 'cli' }, h('pre', null, line), copyButton(line));
}

function check(one) {
  return h('li', null, one.what,
    h('details', null, h('summary', null, h('code', null, one.op), ' · ', h('code', null, one.path), ' ', expected(one.expect)), params(one.params), one.aws && cli(one.aws)));
}

function wait(one) {
  const more = [t('usually', { time: seconds(one.usual_s) }), t('gives up', { time: seconds(one.timeout_s) })];
  if (one.least_s) more.push(t('at least', { time: seconds(one.least_s) }));
  if (one.never) more.push(t('never', { value: one.never.map(scalar).join(', ') }));
  const item = check(one);
  item.insertBefore(h('small', null, ' · ' + more.join(' · ')), item.querySelector('details'));
  if (one.otherwise) item.append(h('p', { class: 'note' }, one.otherwise));
  return item;
}

const listed = (title, items, draw) => items && items.length > 0 && [h('h3', null, title), h('ul', null, items.map(draw))];

async function showStep(id) {
  const steps = await allSteps();
  const at = steps.byId.get(id);
  if (at === undefined) return openSide(id, t('step'), h('p', null, t('no such step')));
  const step = steps.list[at];
  const full = await detail(at);
  const move = head.moves.find((one) => one.id === steps.lanes[step.lane]);
  const needs = (step.needs || []).map(([need, why]) => [steps.list[need].id, steps.becauses[why]]);
  const needers = neededBy(steps, at).map(([needer, why]) => [steps.list[needer].id, steps.becauses[why]]);
  const stage = head.stages[step.stage].name;
  openSide(step.title, t('step n of', { n: at + 1, all: steps.list.length }),
    h('p', { class: 'facts' }, h('code', { class: 'id' }, step.id), copyButton(step.id), momentLink(step.id), stateChip(stateOf(step.id))),
    h('p', { class: 'facts' }, chip(word('stage', stage)), move ? moveLink(move) : steps.lanes[step.lane],
      h('span', null, t('takes', { time: seconds(step.at[1] - step.at[0]) })), h('span', null, t('begins', { time: seconds(step.at[0]) })),
      steps.onPath.has(at) && chip(t('critical'), 'crit'), step.held && chip(t('postponed'), 'warn')),
    step.impact && h('p', { class: 'box bad' }, h('b', null, t('interrupts', { time: seconds(step.impact[0]) })), ' ', step.impact[1]),
    full.irreversible && h('p', { class: 'box bad' }, h('b', null, t('no way back')), ' ', full.irreversible),
    listed(t('before the call'), full.before, check),
    listed(t('waits before'), full.ready, wait),
    h('h3', null, t('call')), h('p', null, h('code', { class: 'op' }, step.op)), params(full.call.params),
    full.call.aws && [h('h4', null, t('aws command')), cli(full.call.aws)],
    full.once && h('p', { class: 'note' }, t('once', { time: seconds(full.once[0]) })),
    full.capture && [h('h4', null, t('remembers')), h('ul', null, full.capture.map((one) => h('li', null, h('code', null, one.name), ' ', h('code', null, one.op), ' ', h('code', null, one.path))))],
    listed(t('answer must show'), full.answer, (one) => h('li', null, one.what, ' ', h('code', null, one.path), ' ', expected(one.expect))),
    listed(t('waits for'), full.wait, wait),
    listed(t('checks'), full.verify, check),
    undone(full),
    full.probe && h('details', { class: 'more' }, h('summary', null, t('probe')), h('p', null, h('code', null, full.probe.op), ' · ', h('code', null, full.probe.path), ' ', expected(full.probe.expect)), params(full.probe.params)),
    listed(t('needs'), needs, because), listed(t('needed by'), needers.slice(0, 60), because),
    needers.length > 60 && h('p', { class: 'none' }, t('and more', { n: needers.length - 60 })));
  return at;
}

const because = ([id, why]) => h('li', null, stepLink(id), h('span', { class: 'dim' }, ' ' + why));

function undone(full) {
  if (full.nothing) return [h('h3', null, t('way back')), h('p', null, full.nothing)];
  if (!full.undo) return null;
  return [h('h3', null, t('way back')), h('ol', null, full.undo.map((call) => h('li', null,
    h('code', { class: 'op' }, call.op), call.each && h('small', null, ' ' + t('for each') + ' ' + call.each.op + ' ' + call.each.path),
    h('small', null, ' · ' + t('unless', { what: call.unless })), params(call.params), call.aws && cli(call.aws),
    call.wait && h('ul', null, call.wait.map(wait)))))];
}

function stateChip(state) {
  return state !== 'todo' && chip(word('state', state), 'state-' + state);
}

async function showMove(id) {
  const move = head.moves.find((one) => one.id === id);
  if (!move) return openSide(id, t('move'), h('p', null, t('no such move')));
  const [steps, map] = [await allSteps(), await theMap()];
  const lane = steps.laneOf.get(id);
  const own = lane === undefined ? [] : steps.ofLane[lane];
  const node = map.byId.get(move.workload);
  if (shownTab === 'map' && node !== undefined) lightUp(node);
  openSide(name(move.name), word('kind', move.kind),
    h('p', { class: 'facts' }, chip(word('strategy', move.strategy), 'strategy'), h('code', null, move.workload)),
    h('p', null, move.reason),
    table(null, [
      [t('interruption'), h('span', { class: move.interruption_s ? 'bad' : '' }, atMost(move.interruption_s))],
      [t('duration'), seconds(move.duration_s)], [t('risk'), word('risk', move.risk)],
      node !== undefined && [t('on the map'), thingLink(map.nodes[node])],
    ].filter(Boolean)),
    listed(t('strategies not taken'), move.rejected, (one) => h('li', { class: 'tight' }, chip(word('strategy', one.strategy), 'strategy'), ' ',
      one.impossible ? t('impossible') : one.rejected ? t('not by itself') : t('second best'), h('br'), one.reason, h('br'),
      h('small', null, [t('interruption') + ' ' + atMost(one.interruption_s), seconds(one.duration_s), t('risk') + ' ' + word('risk', one.risk), t('way back') + ' ' + word('back', one.way_back), money(one.cost_cents_month || 0, true) + t('a month')].join(' · ')))),
    own.length > 200 && h('p', { class: 'none' }, t('and more', { n: own.length - 200 })),
    listed(t('its steps', { n: own.length }), own.slice(0, 200), (at) => h('li', null, stepLink(steps.list[at].id), ' ', h('span', { class: 'dim' }, steps.list[at].title))));
}

function standWords(map, stand) {
  if (!stand) return t('not there');
  const names = (places) => (places || []).map((at) => map.nodes[at].name).join(', ');
  return [
    stand.s && [t('subnets'), names(stand.s)], stand.z && [t('zones'), stand.z.join(', ')],
    stand.w !== undefined && [t('default route'), nameOf(map, stand.w)], stand.t && [t('route table'), stand.t],
    stand.g && [t('groups'), names(stand.g)], stand.a && [t('private addresses'), stand.a.slice(0, 12).join(', ')],
    (stand.p || stand.n) && [t('public addresses'), (stand.p || []).join(', ') || t('public name')], stand.st && [t('state'), stand.st],
    stand.r && [t('inbound'), stand.r[0].map((at) => map.rules[at]).join('\n')], stand.r && [t('outbound'), stand.r[1].map((at) => map.rules[at]).join('\n')],
  ].filter((row) => row && row[1]);
}

const nameOf = (map, id) => (map.byId.has(id) ? map.nodes[map.byId.get(id)].name : id);

async function showThing(id) {
  const [map, steps, flows] = [await theMap(), await allSteps(), await allFlows()];
  const at = map.byId.get(id);
  if (at === undefined) return openSide(id, t('thing'), h('p', null, t('no such thing')));
  const node = map.nodes[at];
  const move = node.move === undefined ? null : head.moves[node.move];
  const moments = node.hist.map(([when, stand], n) => h('li', null, when ? stepLink(steps.list[when - 1].id) : h('b', null, t('today')), ' ',
    !stand ? t('not there') : n && node.hist[n - 1][1] ? fieldChanges(map, node.hist[n - 1][1], stand)
      : table(null, standWords(map, stand).map(([key, value]) => [key, h('span', { class: 'pre' }, value)]), { class: 'stand' })));
  const own = flows.ofNode.get(at) || [];
  openSide(name(node.name), word('kind', node.kind),
    h('p', { class: 'facts' }, h('code', null, node.id), node.sort && chip(word('sort', node.sort)), node.range && h('code', null, node.range)),
    node.heir_of !== undefined && h('p', null, t('made in the place of'), ' ', thingLink(map.nodes[node.heir_of])),
    move && h('p', null, chip(word('strategy', move.strategy), 'strategy'), ' ', moveLink(move)),
    node.note && h('p', { class: 'box' }, node.note),
    node.listens && h('p', null, t('listens on') + ' ' + node.listens.join(', ')),
    h('h3', null, t('what becomes of it')), h('ol', { class: 'moments' }, moments),
    own.length > 0 && [h('h3', null, t('its flows', { n: own.length })), h('ul', { class: 'flows-of' }, own.slice(0, 60).map((flow) => flowItem(flows, flow, at))), own.length > 60 && h('p', { class: 'none' }, t('and more', { n: own.length - 60 }))]);
  if (shownTab === 'map') lightUp(at);
}

function flowItem(flows, flow, at) {
  const [from, to, ports, , verdict] = flows.list[flow];
  const out = flows.ends[from].node === at;
  return h('li', null, h('span', { class: 'dim' }, out ? '→ ' : '← '), name(flows.ends[out ? to : from].name), ' ', h('code', null, flows.texts[ports]), ' ', verdict !== 'holds' && chip(word('verdict', verdict), verdict));
}
