// A large account out of the story's: its workloads so many times, each with ids, names and addresses of its own, in subnets
// that are wide enough. `node large.mjs STORY_DIR OUT_DIR STACKS`

import fs from 'node:fs';
import path from 'node:path';

const WIDE = { a: '10.0.0.0/18', b: '10.0.64.0/18', c: '10.0.128.0/18' };
const SECOND = '100.64.0.0/16';
const GROUP = 'default-all';
const SHARED = new Set(['network', 'subnet', 'acl', 'gateway', 'route_table', 'group', 'subnet_group']);

/** The inventory of an account with so many times the story's workloads. */
export function large(story, stacks) {
  const shared = story.resources.filter((one) => SHARED.has(one.role)).map(widened);
  const own = story.resources.filter((one) => !SHARED.has(one.role));
  const used = { a: 10, b: 10, c: 10, public: 0 };
  const copies = [];
  const open = story.resources.find((one) => one.name === GROUP);
  const balancers = story.resources.find((one) => one.name === 'alb').id;
  for (let stack = 0; stack < stacks; stack += 1) {
    const rename = renamer(own, stack, used, stack > 0 && open);
    if (stack > 0) copies.push(closed(rename(open), balancers));
    // One bastion is enough: an elastic IP for each would be more than an account may have.
    copies.push(...own.filter((one) => stack === 0 || !of(one, 'bastion')).map((one) => rename(one)));
  }
  return { ...story, resources: [...shared, ...copies] };
}

/** A stack's group: open to itself and to balancers, and to SSH from everywhere. With one for all, flows would be quadratic. */
function closed(group, balancers) {
  const peers = [group.id, balancers];
  const every = { protocol: 'all', from: 0, to: 65535 };
  const ingress = [...peers.map((peer) => ({ ports: every, peer: { group: peer } })), { ports: { protocol: 'tcp', from: 22, to: 22 }, peer: { cidr: '0.0.0.0/0' } }];
  const permissions = [{ IpProtocol: '-1', UserIdGroupPairs: peers.map((GroupId) => ({ GroupId })), IpRanges: [] }, { IpProtocol: 'tcp', FromPort: 22, ToPort: 22, IpRanges: [{ CidrIp: '0.0.0.0/0' }] }];
  return { ...group, facets: { ...group.facets, rules: { ...group.facets.rules, ingress } }, doc: { ...group.doc, IpPermissions: permissions } };
}

/** Whether a resource is a workload, or belongs to it. */
function of(resource, name) {
  return resource.name === name || JSON.stringify(resource).includes('"i-bf7d564803bc740c1"');
}

function widened(resource) {
  if (resource.role === 'network') {
    const second = { AssociationId: 'vpc-cidr-assoc-second', CidrBlock: SECOND, CidrBlockState: { State: 'associated' } };
    return { ...resource, facets: { ...resource.facets, ranges: [...resource.facets.ranges, SECOND] }, doc: { ...resource.doc, CidrBlockAssociationSet: [...resource.doc.CidrBlockAssociationSet, second] } };
  }
  if (resource.role === 'route_table') {
    const { routing } = resource.facets;
    const local = { DestinationCidrBlock: SECOND, GatewayId: 'local', State: 'active', Origin: 'CreateRouteTable' };
    const route = { destination: SECOND, hop: 'local', blackhole: false, propagated: false };
    return { ...resource, facets: { ...resource.facets, routing: { ...routing, routes: [route, ...routing.routes] } }, doc: { ...resource.doc, Routes: [local, ...resource.doc.Routes] } };
  }
  if (resource.role !== 'subnet') return resource;
  const zone = resource.doc.AvailabilityZone.slice(-1);
  const wide = WIDE[zone];
  return { ...resource, facets: { ...resource.facets, ranges: [wide] }, doc: { ...resource.doc, CidrBlock: wide, AvailableIpAddressCount: 16000 } };
}

/** A copy of a resource in which everything that is its stack's own has another name. */
function renamer(own, stack, used, group) {
  const tail = '-' + stack;
  const names = new Set(own.filter((one) => ['workload', 'balancer', 'target_group'].includes(one.role)).map((one) => one.name));
  const addresses = new Map();
  const ids = /\b(i|eni|eipalloc|eipassoc|eni-attach|vol|ami)-([0-9a-f]{8,})\b|\b([0-9a-f]{16})\b/g;
  const named = new RegExp('\\b((?:lb|tg|db|function|targetgroup|app|net)[:/])(' + [...names].join('|') + ')(?=$|[/.:])', 'g');
  const text = (value, key) => {
    if (names.has(value) && key !== 'Scheme') return value + tail;
    if (group && (value === group.id || value === group.name)) return value + tail;
    return value.replace(ids, (all) => all.slice(0, -4) + stack.toString(16).padStart(4, '0')).replace(named, (all, kind, name) => kind + name + tail)
      .replace(/\b10\.0\.[123]\.\d+\b/g, (ip) => moved(ip, addresses, used)).replace(/\b(54\.214|18\.60)\.\d+\.\d+\b/g, (ip) => published(ip, addresses, used));
  };
  const walk = (value, key) => {
    if (typeof value === 'string') return text(value, key);
    if (Array.isArray(value)) return value.map((one) => walk(one, key));
    if (value && typeof value === 'object') return Object.fromEntries(Object.entries(value).map(([name, one]) => [name, walk(one, name)]));
    return value;
  };
  return (resource) => walk(resource, '');
}

function moved(ip, addresses, used) {
  if (!addresses.has(ip)) {
    const zone = 'abc'[Number(ip.split('.')[2]) - 1];
    const at = used[zone]++;
    addresses.set(ip, '10.0.' + ('abc'.indexOf(zone) * 64 + (at >> 8)) + '.' + (at & 255));
  }
  return addresses.get(ip);
}

function published(ip, addresses, used) {
  if (!addresses.has(ip)) {
    const at = used.public++;
    addresses.set(ip, '54.214.' + ((at >> 8) & 255) + '.' + (at & 255));
  }
  return addresses.get(ip);
}

if (process.argv[1] === new URL(import.meta.url).pathname) {
  const [from, to, stacks] = process.argv.slice(2);
  const story = JSON.parse(fs.readFileSync(path.join(from, 'plans/story/inventory.json'), 'utf8'));
  const inventory = large(story, Number(stacks));
  fs.mkdirSync(path.join(to, 'plans/large'), { recursive: true });
  fs.mkdirSync(path.join(to, 'migrations'), { recursive: true });
  fs.writeFileSync(path.join(to, 'plans/large/inventory.json'), JSON.stringify(inventory));
  fs.writeFileSync(path.join(to, 'migrations/large.yaml'), 'migration: large\naccount: "' + story.account + '"\nregion: ' + story.region + '\nvpc: ' + story.vpc + '\nsubnets: {private_prefix: 18, public_prefix: 20}\n');
}
