// What the meeting sees first: what moves, what it costs in interruption, time and money, and what stands in the way.

let head;

async function overview(panel) {
  show(panel,
    h('div', { id: 'progress' }), verdict(), tiles(), strip(),
    section(t('moves'), movesTable()),
    h('div', { class: 'columns' },
      decides(), bill(), before(), noReturn(), addresses(), subnetTable(), proof(), warnings()));
  drawProgress();
}

function verdict() {
  const blocked = head.blockers.length > 0;
  const broken = head.broken.length > 0;
  const title = blocked ? t('blocked', { n: number(head.blockers.reduce((n, one) => n + one.count, 0)) }) : broken ? t('does not hold', { n: number(head.broken_count) })
    : head.proof.state === 'holds' ? t('proved') : t('edited');
  const sort = blocked || broken ? 'bad' : head.proof.state === 'holds' ? 'good' : 'warn';
  return h('div', { class: 'verdict ' + sort, role: 'note' }, h('h2', null, title),
    blocked && h('ul', null, head.blockers.slice(0, 30).map(blocker)),
    head.blockers.length > 30 && h('p', null, t('and more', { n: number(head.blockers.length - 30) })),
    broken && head.broken.slice(0, 5).map(counterexample), broken && head.broken_count > 5 && h('details', null, h('summary', null, t('and more', { n: number(head.broken_count - 5) })), head.broken.slice(5).map(counterexample)),
    !blocked && !broken && h('ul', null, certified().map((line) => h('li', null, line))));
}

function blocker(one) {
  return h('li', null, h('b', null, one.of.slice(0, 6).join(', ') + (one.count > 6 ? ' ' + t('and more', { n: number(one.count - 6) }) : '')), ' ', one.why, ' ', h('code', null, one.code), h('br'), t('way out') + ' ', one.way_out);
}

/** What was proved, in lines. */
function certified() {
  const { flows, pairs, doors, counted, effort } = head.proof;
  return [
    t('proof.flows', { flows: number(flows), pairs: number(pairs) }), t('proof.doors', { doors: number(doors), counted: number(counted) }),
    effort && t('proof.effort', { classes: number(effort.classes), examined: number(effort.examined), states: '10^' + (Math.max(1, effort.digits) - 1) }),
  ].filter(Boolean);
}

/** A state in which something does not hold, drawn: the steps that are done, the last of them, what one finds then. */
function counterexample(one) {
  return h('div', { class: 'counter' }, h('p', null, h('b', null, one.what), one.on_the_way_back && chip(t('on the way back'), 'warn')),
    h('ol', null, one.done.map((step) => h('li', { class: step === one.last ? 'culprit' : '' }, stepLink(step)))), h('p', null, t('in that state') + ' ', one.why, ' ', !one.on_the_way_back && momentLink(one.last)));
}

const stepCount = () => head.stages.reduce((sum, stage) => sum + stage.steps, 0);

function tiles() {
  const hit = head.moves.filter((one) => one.interruption_s > 0);
  const longest = Math.max(0, ...hit.map((one) => one.interruption_s));
  const gates = head.gates.length;
  const tile = (value, label, more, sort) => h('div', { class: 'tile ' + (sort || '') }, h('b', null, value), h('span', null, label), more && h('small', null, more));
  return h('div', { class: 'tiles' },
    tile(number(head.moves.length), t('workloads', { n: head.moves.length }), strategies()),
    tile(hit.length ? atMost(longest) : t('none'), t('longest interruption'), hit.length ? t('n interrupted', { n: number(hit.length) }) : t('nobody interrupted'), hit.length ? 'bad' : 'good'),
    tile(seconds(head.pace.length_s), t('duration'), t('one after the other', { time: seconds(head.pace.sum_s) })),
    tile(money(head.cost.cents_month, true), t('cost a month'), money(head.cost.before_cents) + ' → ' + money(head.cost.before_cents + head.cost.cents_month)),
    tile(number(stepCount()), t('steps', { n: stepCount() }), head.no_return.length ? t('n without way back', { n: number(head.no_return.length) }) : t('all with a way back'), head.no_return.length ? 'warn' : ''),
    tile(number(gates), t('gates', { n: gates }), head.lacking.length ? t('n approvals missing', { n: head.lacking.length }) : t('no approval missing'), head.lacking.length ? 'warn' : ''));
}

function strategies() {
  const count = new Map();
  head.moves.forEach((one) => count.set(one.strategy, (count.get(one.strategy) || 0) + 1));
  return [...count].sort((a, b) => b[1] - a[1]).map(([strategy, n]) => number(n) + ' ' + word('strategy', strategy)).join(' · ');
}

/** The stages beside each other, as long as they take, with what is asked before them. */
function strip() {
  const stages = head.stages.map((stage, at) => {
    const asked = head.gates.filter((gate) => gate.before === stage.name || (gate.before === 'start' && at === 0));
    const last = head.no_return.filter((one) => one.stage === stage.name).length;
    const length = stage.at[1] - stage.at[0];
    return h('li', { css: { 'flex-grow': String(Math.sqrt(Math.sqrt(Math.max(1, length)))) } },
      asked.map((gate) => h('span', { class: 'gate', title: gate.asks }, h('span', { class: 'unseen' }, t('gate') + ' ' + gate.asks), '◆')),
      h('a', { href: '#timeline', class: stage.name === 'cleanup' ? 'late' : '', on: { click: () => { wantStage = at; } } },
        h('b', null, word('stage', stage.name)), h('small', null, t('n steps', { n: number(stage.steps) }) + ' · ' + seconds(length)),
        stage.impacts > 0 && h('i', { class: 'bad' }, t('interrupts n', { n: number(stage.impacts) })), last > 0 && h('i', { class: 'warn' }, t('n without way back', { n: number(last) }))));
  });
  return stages.length > 0 && section(t('stages'), h('ol', { class: 'strip' }, stages));
}

let wantStage = null;

function movesTable() {
  const { moves } = head;
  const draw = (move) => [
    h('span', { class: 'who' }, name(move.name), h('small', null, word('kind', move.kind))),
    h('span', { class: 'how' }, chip(word('strategy', move.strategy), 'strategy')),
    h('span', { class: 'lost ' + (move.interruption_s ? 'bad' : 'dim') }, atMost(move.interruption_s)),
    h('span', { class: 'long-s dim' }, seconds(move.duration_s)), h('span', { class: 'risk risk-' + move.risk }, word('risk', move.risk)),
    h('span', { class: 'why' }, move.reason),
  ];
  let shown = moves;
  const box = h('input', { type: 'search', class: 'filter', placeholder: t('filter moves'), 'aria-label': t('filter moves') });
  const sorts = h('select', { 'aria-label': t('sort') }, ['order', 'interruption', 'duration', 'name'].map((key) => h('option', { value: key }, t('sort.' + key))));
  const list = longList({
    label: t('moves'), row: innerWidth < 700 ? 92 : 46, max: moves.length > 14 ? '46vh' : undefined, hint: t('nothing found'),
    draw: (at) => draw(shown[at]), open: (at) => go('#move=' + encodeURIComponent(shown[at].id)),
  });
  list.element.classList.add('moves');
  if (moves.length <= 14) list.element.style.height = moves.length * (innerWidth < 700 ? 92 : 46) + 2 + 'px';
  const update = () => {
    const wanted = box.value.trim().toLowerCase().split(/\s+/);
    shown = moves.filter((move) => wanted.every((part) => (move.name + ' ' + move.kind + ' ' + move.strategy + ' ' + move.reason + ' ' + move.workload).toLowerCase().includes(part)));
    const by = { interruption: (a, b) => b.interruption_s - a.interruption_s, duration: (a, b) => b.duration_s - a.duration_s, name: (a, b) => a.name.localeCompare(b.name) }[sorts.value];
    if (by) shown = [...shown].sort(by);
    list.set(shown.length);
  };
  box.addEventListener('input', update);
  sorts.addEventListener('change', update);
  list.set(shown.length);
  const heads = h('div', { class: 'moves heads', 'aria-hidden': 'true' }, h('div', { class: 'row' },
    ['workload', 'strategy', 'interruption', 'duration', 'risk', 'why'].map((key) => h('span', null, t(key)))));
  return [moves.length > 6 && h('div', { class: 'tools' }, box, sorts), moves.length ? [heads, list.element] : h('p', { class: 'none' }, t(head.blockers.length ? 'blocked moves' : 'nothing moves'))];
}

function decides() {
  const { pace } = head;
  if (!pace.path) return null;
  const most = Math.max(1, ...pace.shares.map((one) => one.seconds));
  const bar = (one) => {
    const move = head.moves.find((known) => known.id === one.lane);
    return h('li', null, h('span', null, move ? moveLink(move) : one.lane), h('i', { css: { width: (100 * one.seconds) / most + '%' } }), h('small', null, seconds(one.seconds)));
  };
  return section(t('what decides the duration'),
    h('p', { class: 'dim' }, t('critical path', { n: number(pace.path), time: seconds(pace.length_s) })), h('ul', { class: 'bars' }, pace.shares.map(bar)),
    pace.budget && h('p', null, t('budget', { class: pace.budget.class, time: seconds(pace.budget.seconds) })),
    pace.cleanup_s > 0 && h('p', { class: 'dim' }, t('cleanup later', { time: seconds(pace.cleanup_s) })),
    pace.savings.length > 0 && [h('h3', null, t('what would shorten it')), h('ul', null, pace.savings.slice(0, 8).map((one) => h('li', null,
      t('saves', { time: seconds(one.seconds) }) + ' ', stepLink(one.step), ' ' + t('not after') + ' ', stepLink(one.needs), ' ' + t('saves end'), h('span', { class: 'dim' }, ' ' + one.because))))]);
}

function bill() {
  const { cost } = head;
  const row = (line, sign) => [word('cost', line.what), number(line.count), money(line.cents_month, sign)];
  return section(t('cost a month'), h('table', { class: 'sums' },
    h('tbody', null,
      h('tr', { class: 'sum' }, h('th', { scope: 'row', colspan: '2' }, t('today, what has an hourly price')), h('td', null, money(cost.before_cents))),
      cost.before.map((line) => h('tr', null, row(line).map((cell) => h('td', null, cell)))),
      cost.lines.map((line) => h('tr', { class: 'plus' }, row(line, true).map((cell) => h('td', null, cell)))),
      h('tr', { class: 'sum' }, h('th', { scope: 'row', colspan: '2' }, t('afterwards')), h('td', null, money(cost.before_cents + cost.cents_month))))),
    h('p', { class: 'dim' }, t('through NAT', { price: '$' + (cost.nat_gb_mills / 1000).toFixed(3) }) + ' ' + cost.prices));
}

function before() {
  if (!head.gates.length && !head.lacking.length && !head.windows.length && !head.hooks.length) return null;
  return section(t('gates and approvals'),
    h('ul', null,
      head.gates.map((gate) => h('li', null, chip(word('how', gate.how), 'gate'), ' ', t('before stage', { stage: word('stage', gate.before) }), ': ', gate.asks,
        gate.details.length > 0 && h('details', null, h('summary', null, t('details')), h('ul', null, gate.details.map((line) => h('li', null, line)))))),
      head.lacking.map((line) => h('li', { class: 'warn' }, line)),
      head.windows.map((line) => h('li', null, t('window') + ' ', h('code', null, line))),
      head.hooks.map((line) => h('li', null, t('told') + ' ', line))));
}

function noReturn() {
  return section(t('points of no return'), head.no_return.length
    ? [h('ul', null, head.no_return.slice(0, 20).map((one) => h('li', null, chip(word('stage', one.stage)), ' ', stepLink(one.step), h('span', { class: 'dim' }, ' ' + one.why)))),
      head.no_return.length > 20 && h('p', null, link('#steps', t('and more', { n: number(head.no_return.length - 20) }), { on: { click: () => { wantFilter = 'last'; } } }))]
    : h('p', null, t('all with a way back')));
}

function addresses() {
  const fixed = head.egress.filter((one) => one.old && one.old.length);
  if (!head.egress.length) return null;
  const ref = (text) => text.replace(/^\$\{([^}]*)\.[^.}]*\}$/, (all, step) => t('address of', { step }));
  return section(t('addresses to the outside'),
    fixed.length > 0 && table([t('workload'), t('today'), t('afterwards')], fixed.slice(0, 20).map((one) => [name(one.name), one.old.join(', '), one.new.map(ref).join(', ')])),
    fixed.length > 20 && h('p', { class: 'none' }, t('and more', { n: number(fixed.length - 20) })),
    head.egress.length > fixed.length && h('p', { class: 'dim' }, t('n without a fixed address', { n: number(head.egress.length - fixed.length) })));
}

function subnetTable() {
  if (!head.subnets.length) return null;
  return section(t('subnets'), table([t('range'), t('zone'), t('what')], head.subnets.map((one) => [h('code', null, one.cidr), one.zone, word('subnet', one.what)])));
}

function proof() {
  const lines = [...(head.blockers.length || head.broken.length ? head.proof.lines : []), ...head.proof.notes];
  const untracked = head.interruptions;
  if (!lines.length && !untracked.length) return null;
  return section(t('what the proof says'),
    untracked.length > 0 && [h('h3', null, t('what no order avoids')), h('ul', null, untracked.slice(0, 20).map((one) => h('li', null, stepLink(one.step), ' ', declared(one.what))))],
    untracked.length > 20 && h('p', { class: 'none' }, t('and more', { n: number(untracked.length - 20) })),
    lines.length > 0 && h('ul', null, lines.slice(0, 20).map((line) => h('li', null, line))));
}

function declared(what) {
  if (what === 'untracked') return t('untracked');
  return t('cut until', { claim: what.claim.claim, until: what.claim.until, time: seconds(what.claim.minutes * 60) });
}

function warnings() {
  if (!head.warnings.length) return null;
  return section(t('to know or to settle'), h('ul', { class: 'warnings' }, head.warnings.slice(0, 40).map((line) => h('li', null, line))),
    head.warnings.length > 40 && h('p', { class: 'none' }, t('and more', { n: number(head.warnings.length - 40) })));
}
