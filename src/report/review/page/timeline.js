// Steps in time: lanes by stage and workload, drawn on a canvas of which only what is seen is drawn.

const LINE = 17;
const AXIS = 26;
let timeView = null;

const timelineShown = () => timeView && timeView.draw();
const zoomBy = (by) => timeView && shownTab === 'timeline' && timeView.zoom(by);
const revealInTime = (at) => timeView && timeView.reveal(at);

async function timelinePart(panel) {
  const steps = await allSteps();
  const canvas = h('canvas', { 'aria-hidden': 'true' });
  const spacer = h('div', { class: 'spacer' });
  const scroller = h('div', { class: 'time', tabindex: '0', role: 'application', 'aria-roledescription': t('part.timeline'), 'aria-label': t('timeline how') }, canvas, spacer);
  const tip = h('div', { class: 'tip', hidden: true, 'aria-hidden': 'true' });
  const box = h('input', { type: 'search', class: 'filter', placeholder: t('filter lanes'), 'aria-label': t('filter lanes') });
  const only = h('input', { type: 'checkbox', id: 'only-path' });
  const total = steps.list.reduce((most, step) => Math.max(most, step.at[1], step.at[0] + (step.impact ? step.impact[0] : 0)), 1);
  const view = { scale: 0, rows: [], cursor: -1, hits: [], total };
  timeView = view;
  const zoomed = (by) => h('button', { type: 'button', 'aria-label': t(by === 0 ? 'fit' : by > 1 ? 'zoom in' : 'zoom out'), on: { click: () => view.zoom(by) } }, by === 0 ? t('fit') : by > 1 ? '+' : '−');
  show(panel, h('div', { class: 'tools' }, box, h('label', null, only, ' ', t('critical path only')), zoomed(1.5), zoomed(1 / 1.5), zoomed(0), timeLegend()), scroller, tip);

  const gutter = () => (scroller.clientWidth < 600 ? 96 : 190);
  const fit = () => Math.max(0.002, (scroller.clientWidth - gutter() - 24) / total);
  view.layout = () => {
    view.rows = laneRows(steps, box.value.trim().toLowerCase(), only.checked);
    view.rowOf = new Map();
    view.rows.forEach((row, at) => (row.steps || []).forEach((step) => view.rowOf.set(step, at)));
    view.draw();
  };
  view.draw = () => {
    if (!scroller.clientWidth) return;
    const scale = view.scale || fit();
    spacer.style.width = gutter() + total * scale + 24 + 'px';
    spacer.style.height = AXIS + view.rows.length * LINE + 12 + 'px';
    drawTime(canvas, scroller, view, steps, { scale, gutter: gutter() });
  };
  view.zoom = (by) => {
    const scale = view.scale || fit();
    const middle = (scroller.scrollLeft + (scroller.clientWidth - gutter()) / 2) / scale;
    view.scale = by === 0 ? 0 : Math.min(200, Math.max(fit(), scale * by), 8e6 / total);
    view.draw();
    scroller.scrollLeft = middle * (view.scale || fit()) - (scroller.clientWidth - gutter()) / 2;
    view.draw();
  };
  view.reveal = (at) => {
    view.cursor = at;
    const row = view.rowOf.get(at);
    if (row === undefined) return view.draw();
    const scale = view.scale || fit();
    const [top, left] = [row * LINE, steps.list[at].at[0] * scale];
    if (top < scroller.scrollTop || top > scroller.scrollTop + scroller.clientHeight - AXIS - 2 * LINE) scroller.scrollTop = Math.max(0, top - scroller.clientHeight / 3);
    if (left < scroller.scrollLeft || left > scroller.scrollLeft + scroller.clientWidth - gutter() - 40) scroller.scrollLeft = Math.max(0, left - 60);
    view.draw();
  };
  const soon = framed(view.draw);
  scroller.addEventListener('scroll', soon, { passive: true });
  new ResizeObserver(soon).observe(scroller);
  box.addEventListener('input', view.layout);
  only.addEventListener('change', view.layout);
  scroller.addEventListener('wheel', (event) => {
    if (!event.ctrlKey) return;
    event.preventDefault();
    view.zoom(event.deltaY < 0 ? 1.2 : 1 / 1.2);
  }, { passive: false });
  const at = (event) => {
    const box2 = canvas.getBoundingClientRect();
    const [x, y] = [event.clientX - box2.left, event.clientY - box2.top];
    return view.hits.find(([left, top, right, bottom]) => x >= left && x <= right && y >= top && y <= bottom);
  };
  scroller.addEventListener('click', (event) => {
    const hit = at(event);
    if (hit) go('#step=' + encodeURIComponent(steps.list[hit[4]].id));
  });
  scroller.addEventListener('mousemove', (event) => {
    const hit = at(event);
    tip.hidden = !hit;
    if (!hit) return;
    const step = steps.list[hit[4]];
    show(tip, h('b', null, step.title), h('br'), step.id + ' · ' + step.op, h('br'), t('begins', { time: seconds(step.at[0]) }) + ' · ' + t('takes', { time: seconds(step.at[1] - step.at[0]) }) + (step.wait ? ' · ' + t('of these waits', { time: seconds(step.wait) }) : ''));
    tip.style.left = Math.min(event.clientX + 14, innerWidth - 320) + 'px';
    tip.style.top = event.clientY + 16 + 'px';
  });
  scroller.addEventListener('mouseleave', () => { tip.hidden = true; });
  scroller.addEventListener('keydown', (event) => timeKey(event, view, steps));
  view.layout();
  if (wantStage !== null) {
    const first = steps.list.findIndex((step) => step.stage === wantStage);
    wantStage = null;
    if (first >= 0) view.reveal(first);
  }
}

function timeKey(event, view, steps) {
  const row = view.rowOf.get(view.cursor);
  const inRow = (by) => {
    for (let at = row === undefined ? 0 : row + by; view.rows[at]; at += by) if (view.rows[at].steps) return view.rows[at].steps[0];
    return view.cursor;
  };
  const along = (by) => {
    const all = [...view.rowOf.keys()].sort((a, b) => a - b);
    const place = all.indexOf(view.cursor);
    return all[Math.max(0, Math.min(all.length - 1, place < 0 ? 0 : place + by))];
  };
  const to = { ArrowRight: () => along(1), ArrowLeft: () => along(-1), ArrowDown: () => inRow(1), ArrowUp: () => inRow(-1) }[event.key];
  if (to) {
    event.preventDefault();
    event.stopPropagation();
    view.reveal(to());
    const step = steps.list[view.cursor];
    if (step) tell(step.title + '. ' + word('stage', head.stages[step.stage].name) + '. ' + t('begins', { time: seconds(step.at[0]) }) + '. ' + t('takes', { time: seconds(step.at[1] - step.at[0]) }) + (step.impact ? '. ' + t('interrupts', { time: seconds(step.impact[0]) }) : ''));
  } else if (event.key === 'Enter' && view.cursor >= 0) {
    event.preventDefault();
    go('#step=' + encodeURIComponent(steps.list[view.cursor].id));
  }
}

function timeLegend() {
  const item = (sort, key) => h('span', null, h('i', { class: 'key ' + sort }), t(key));
  return h('span', { class: 'legend' }, item('call', 'call'), item('waits', 'waits'), item('crit', 'critical'), item('hit', 'interruption'), item('last', 'no way back'));
}

/** What is least comes first: which line of a lane is free the earliest. */
class Heap {
  constructor(key) {
    this.key = key;
    this.all = [];
  }

  least() {
    return this.all[0];
  }

  put(one) {
    const { all, key } = this;
    let at = all.push(one) - 1;
    while (at > 0 && key(all[(at - 1) >> 1]) > key(one)) {
      all[at] = all[(at - 1) >> 1];
      at = (at - 1) >> 1;
    }
    all[at] = one;
  }

  take() {
    const { all, key } = this;
    const last = all.pop();
    if (!all.length) return;
    let at = 0;
    for (;;) {
      let child = 2 * at + 1;
      if (child >= all.length) break;
      if (child + 1 < all.length && key(all[child + 1]) < key(all[child])) child += 1;
      if (key(all[child]) >= key(last)) break;
      all[at] = all[child];
      at = child;
    }
    all[at] = last;
  }
}

/** Rows: a head for each stage, then its lanes, the earliest first; steps of a lane at the same time below each other. */
function laneRows(steps, wanted, onPath) {
  const rows = [];
  const names = new Map(head.moves.map((move) => [move.id, move.name]));
  const byStage = head.stages.map(() => new Map());
  steps.list.forEach((step, at) => {
    if (onPath && !steps.onPath.has(at)) return;
    const lanes = byStage[step.stage];
    if (!lanes.has(step.lane)) lanes.set(step.lane, []);
    lanes.get(step.lane).push(at);
  });
  byStage.forEach((lanes, stage) => {
    const own = [];
    for (const [lane, list] of lanes) {
      const text = names.get(steps.lanes[lane]) || steps.lanes[lane];
      if (wanted && !(text + ' ' + steps.lanes[lane]).toLowerCase().includes(wanted)) continue;
      own.push([lane, text, list.sort((a, b) => steps.list[a].at[0] - steps.list[b].at[0] || a - b)]);
    }
    if (!own.length) return;
    rows.push({ stage, lanes: own.length });
    own.sort((a, b) => steps.list[a[2][0]].at[0] - steps.list[b[2][0]].at[0]);
    for (const [lane, text, list] of own) {
      const lines = [];
      const free = new Heap((line) => steps.list[line[line.length - 1]].at[1] + line.n / 1e6);
      for (const at of list) {
        let line = free.least();
        if (line && steps.list[line[line.length - 1]].at[1] <= steps.list[at].at[0]) free.take();
        else lines.push(line = Object.assign([], { n: lines.length }));
        line.push(at);
        free.put(line);
      }
      lines.forEach((line, n) => rows.push({ lane, text: n ? '' : text, steps: line }));
    }
  });
  return rows;
}

function drawTime(canvas, scroller, view, steps, { scale, gutter }) {
  const [width, height] = [scroller.clientWidth, scroller.clientHeight];
  const dots = window.devicePixelRatio || 1;
  if (canvas.width !== width * dots || canvas.height !== height * dots) {
    canvas.width = width * dots;
    canvas.height = height * dots;
    canvas.style.width = width + 'px';
    canvas.style.height = height + 'px';
  }
  const pen = canvas.getContext('2d');
  const style = getComputedStyle(document.documentElement);
  const ink = (key) => style.getPropertyValue('--' + key).trim();
  const colour = Object.fromEntries(['bg', 'panel', 'ink', 'dim', 'line', 'accent', 'accent-soft', 'bad', 'good', 'warn', 'mark', 'band'].map((key) => [key, ink(key)]));
  pen.setTransform(dots, 0, 0, dots, 0, 0);
  pen.fillStyle = colour.panel;
  pen.fillRect(0, 0, width, height);
  pen.font = '12px system-ui, sans-serif';
  pen.textBaseline = 'middle';
  const frame = { pen, width, height, scale, gutter, colour, x: (s) => gutter + s * scale - scroller.scrollLeft, top: (row) => AXIS + row * LINE - scroller.scrollTop };
  view.hits = [];
  const first = Math.max(0, Math.floor(scroller.scrollTop / LINE));
  const last = Math.min(view.rows.length, first + Math.ceil(height / LINE) + 1);
  grid(frame, view.total);
  for (let at = first; at < last; at += 1) drawRow(frame, view, steps, at);
  if (view.cursor >= 0) edges(frame, view, steps);
  pen.fillStyle = colour.panel;
  pen.fillRect(0, 0, width, AXIS);
  axis(frame, view.total);
}

const SPANS = [1, 5, 10, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14400, 43200, 86400];

function grid({ pen, width, height, x, gutter, colour, scale }, total) {
  const span = SPANS.find((one) => one * scale >= 70) || 86400;
  pen.fillStyle = colour.line;
  for (let s = Math.max(0, Math.floor((gutter - x(0)) / scale / span) * span); s <= total && x(s) < width; s += span) if (x(s) >= gutter) pen.fillRect(Math.round(x(s)), AXIS, 1, height);
}

function axis({ pen, width, x, gutter, colour, scale }, total) {
  const span = SPANS.find((one) => one * scale >= 70) || 86400;
  pen.fillStyle = colour.dim;
  for (let s = 0; s <= total; s += span) if (x(s) >= gutter && x(s) < width) pen.fillText(clock(s), x(s) + 4, AXIS / 2);
  pen.fillStyle = colour.line;
  pen.fillRect(0, AXIS - 1, width, 1);
}

const clock = (s) => '+' + Math.floor(s / 3600) + ':' + String(Math.floor((s % 3600) / 60)).padStart(2, '0') + (s % 60 ? ':' + String(s % 60).padStart(2, '0') : '');

function drawRow(frame, view, steps, at) {
  const { pen, width, colour, gutter, x } = frame;
  const row = view.rows[at];
  const top = frame.top(at);
  if (row.stage !== undefined) {
    pen.fillStyle = colour.band;
    pen.fillRect(0, top, width, LINE);
    pen.fillStyle = colour.ink;
    pen.font = '600 12px system-ui, sans-serif';
    const stage = head.stages[row.stage];
    const gates = head.gates.filter((gate) => gate.before === stage.name);
    pen.fillText(word('stage', stage.name) + '  ' + t('n steps', { n: number(stage.steps) }) + (gates.length ? '  ◆ ' + t('gate') + ' ' + gates.map((gate) => clean(gate.id)).join(', ') : ''), 8, top + LINE / 2);
    pen.font = '12px system-ui, sans-serif';
    return;
  }
  pen.save();
  pen.beginPath();
  pen.rect(gutter, top, width - gutter, LINE);
  pen.clip();
  row.steps.forEach((step, n) => {
    drawBar(frame, view, steps, step, top);
    titled(frame, steps, step, row.steps[n + 1], top);
  });
  pen.restore();
  pen.fillStyle = colour.ink;
  pen.fillText(shortened(pen, clean(row.text), gutter - 16), 8, top + LINE / 2);
  pen.fillStyle = colour.line;
  pen.fillRect(gutter - 1, top, 1, LINE);
}

function drawBar(frame, view, steps, at, top) {
  const { pen, colour, width, gutter, x, scale } = frame;
  const step = steps.list[at];
  const [left, right] = [x(step.at[0]), Math.max(x(step.at[1]) - 1, x(step.at[0]) + 3)];
  if (Math.max(right, left + (step.impact ? step.impact[0] * scale : 0)) < gutter || left > width) return;
  const state = stateOf(step.id);
  const fill = { done: colour.good, failed: colour.bad, running: colour.mark, waiting: colour.mark, undone: colour.dim, skipped: colour.dim }[state] || colour.accent;
  const waits = Math.min(right - left - 2, step.wait ? step.wait * scale : 0);
  pen.fillStyle = fill;
  pen.fillRect(left, top + 4, Math.max(2, right - left - Math.max(0, waits)), LINE - 7);
  if (waits > 0) {
    pen.globalAlpha = 0.32;
    pen.fillRect(right - waits, top + 4, waits, LINE - 7);
    pen.globalAlpha = 1;
    hatch(pen, fill, right - waits, top + 4, waits, LINE - 7, [gutter, width]);
  }
  if (step.impact) {
    pen.fillStyle = colour.bad;
    // As long as it may last, which may be longer than the step: what follows ends it.
    pen.fillRect(left, top + LINE - 4, Math.max(4, step.impact[0] * scale), 3);
  }
  if (steps.onPath.has(at)) {
    pen.fillStyle = colour.ink;
    pen.fillRect(left, top + 2, Math.max(3, right - left), 2);
  }
  if (step.last) {
    pen.fillStyle = colour.warn;
    pen.fillText('▲', left - 1, top + LINE / 2);
  }
  if (view.cursor === at) {
    pen.strokeStyle = colour.mark;
    pen.lineWidth = 2;
    pen.strokeRect(left - 2, top + 2, right - left + 4, LINE - 4);
  }
  view.hits.push([left - 2, top, right + 2, top + LINE, at]);
}

/** What a step does, behind its bar, where there is room. */
function titled({ pen, colour, width, gutter, x }, steps, at, next, top) {
  const step = steps.list[at];
  const from = Math.max(x(step.at[1]), x(step.at[0]) + 3) + 5;
  const room = (next === undefined ? width : Math.min(width, x(steps.list[next].at[0]))) - from - 6;
  if (room < 70 || from < gutter) return;
  pen.fillStyle = colour.dim;
  pen.font = '11px system-ui, sans-serif';
  pen.fillText(shortened(pen, clean(step.title), room), from, top + LINE / 2);
  pen.font = '12px system-ui, sans-serif';
}

function hatch(pen, fill, left, top, width, height, [from, to]) {
  pen.save();
  pen.beginPath();
  pen.rect(left, top, width, height);
  pen.clip();
  pen.strokeStyle = fill;
  pen.lineWidth = 1;
  pen.beginPath();
  const start = left + Math.max(0, Math.floor((from - left) / 6) * 6);
  for (let at = start - height; at < Math.min(left + width, to); at += 6) {
    pen.moveTo(at, top + height);
    pen.lineTo(at + height, top);
  }
  pen.stroke();
  pen.restore();
}

/** What the chosen step waits for, and what waits for it. */
function edges(frame, view, steps) {
  const { pen, colour, x } = frame;
  const row = view.rowOf.get(view.cursor);
  if (row === undefined) return;
  pen.strokeStyle = colour.mark;
  pen.lineWidth = 1.2;
  const middle = (at) => frame.top(view.rowOf.get(at)) + LINE / 2;
  const curve = (from, to) => {
    if (!view.rowOf.has(from) || !view.rowOf.has(to)) return;
    const [a, b] = [x(steps.list[from].at[1]), x(steps.list[to].at[0])];
    pen.beginPath();
    pen.moveTo(a, middle(from));
    pen.bezierCurveTo(a + 20, middle(from), b - 20, middle(to), b, middle(to));
    pen.stroke();
  };
  (steps.list[view.cursor].needs || []).slice(0, 60).forEach(([need]) => curve(need, view.cursor));
  neededBy(steps, view.cursor).slice(0, 60).forEach(([needer]) => curve(view.cursor, needer));
}

function shortened(pen, text, most) {
  const whole = pen.measureText(text).width;
  if (whole <= most) return text;
  let end = Math.max(1, Math.floor((text.length * most) / whole));
  while (end > 1 && pen.measureText(text.slice(0, end) + '…').width > most) end -= 1;
  return text.slice(0, end) + '…';
}
