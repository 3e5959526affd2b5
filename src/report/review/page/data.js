// The data: blocks of the page, read when they are first asked for, and what can be looked up in them.

const blocks = new Map();
const found = {};

/** A block by its name; nothing, if the page has none. What is long is packed with gzip. */
function load(block) {
  if (!blocks.has(block)) blocks.set(block, read(block));
  return blocks.get(block);
}

async function read(block) {
  const element = find('data-' + block);
  if (!element) return null;
  const text = element.textContent;
  if (element.type === 'application/gzip') found[block] = await unpacked(text);
  else found[block] = JSON.parse(text);
  return found[block];
}

async function unpacked(base64) {
  const raw = atob(base64);
  const bytes = new Uint8Array(raw.length);
  for (let at = 0; at < raw.length; at += 1) bytes[at] = raw.charCodeAt(at);
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream('gzip'));
  return JSON.parse(await new Response(stream).text());
}

/** The steps in short, with what is looked up in them. */
async function allSteps() {
  const steps = await load('steps');
  if (!steps.byId) {
    steps.byId = new Map(steps.list.map((step, at) => [step.id, at]));
    steps.laneOf = new Map(steps.lanes.map((lane, at) => [lane, at]));
    steps.ofLane = steps.lanes.map(() => []);
    steps.list.forEach((step, at) => steps.ofLane[step.lane].push(at));
    steps.onPath = new Set(steps.path);
  }
  return steps;
}

/** The steps that need a step. */
function neededBy(steps, at) {
  if (!steps.needers) {
    steps.needers = new Map();
    steps.list.forEach((step, needer) => (step.needs || []).forEach(([need, why]) => {
      if (!steps.needers.has(need)) steps.needers.set(need, []);
      steps.needers.get(need).push([needer, why]);
    }));
  }
  return steps.needers.get(at) || [];
}

const DETAILS = 200;

/** A step in full. */
async function detail(at) {
  const some = await load('detail-' + Math.floor(at / DETAILS));
  return some ? some[at % DETAILS] : {};
}

/** The map, with what is looked up in it. */
async function theMap() {
  const map = await load('map');
  if (!map.changes) {
    map.changes = new Map();
    map.byId = new Map();
    map.nodes.forEach((node, at) => {
      map.byId.set(node.id, at);
      for (const [when] of node.hist) {
        if (!map.changes.has(when)) map.changes.set(when, []);
        map.changes.get(when).push(at);
      }
    });
  }
  return map;
}

/** What something is like after so many steps; null where it is not there. */
function standAt(node, when) {
  const { hist } = node;
  let low = 0;
  let high = hist.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (hist[middle][0] <= when) low = middle + 1;
    else high = middle;
  }
  return low ? hist[low - 1][1] : null;
}

/** Flows by the place of their ends on the map. */
async function allFlows() {
  const flows = await load('flows');
  for (const end of flows.ends) if (end.sort === 'internet') end.name = t('sort.internet');
  if (!flows.ofNode) {
    flows.ofNode = new Map();
    flows.list.forEach(([from, to], at) => {
      for (const end of from === to ? [from] : [from, to]) {
        const { node } = flows.ends[end];
        if (node === undefined) continue;
        if (!flows.ofNode.has(node)) flows.ofNode.set(node, []);
        flows.ofNode.get(node).push(at);
      }
    });
  }
  return flows;
}

/** A port of call: where the last step before cleanup is, as a number of steps. */
function endOf(steps, stages) {
  const cleanup = stages.findIndex((stage) => stage.name === 'cleanup');
  const at = cleanup < 0 ? -1 : steps.list.findIndex((step) => step.stage === cleanup);
  return at < 0 ? steps.list.length : at;
}
