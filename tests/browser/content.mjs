// What the page shows is what the plan says.

import assert from 'node:assert/strict';
import fs from 'node:fs';
import { file, hikkoshi, open, read, story } from './support.mjs';

const dir = story('story');
const told = hikkoshi(dir, 'review', 'story');
const view = JSON.parse(hikkoshi(dir, 'review', 'story', '--json'));
const at = file(dir, 'plans/story/review.html');

export const content = {
  async 'the program says where the page is and how large'() {
    assert.match(told, /^wrote plans\/story\/review\.html: \d+ KB, one file/);
    assert.ok(fs.statSync(at).size < 400_000);
    hikkoshi(dir, 'review', 'story', '--out', 'again.html');
    assert.equal(read(dir, 'again.html'), read(at), 'same input, same bytes');
  },

  async 'the overview shows each move, the totals and what stands at the end'(started) {
    const page = await open(started, at);
    const moves = await page.texts('.moves .row[data-at] .who bdi');
    assert.deepEqual(moves, view.head.moves.map((one) => one.name));
    const text = await page.text('#panel-overview');
    for (const part of ['This plan holds', '≤ 14 min', '59 min', '+$91.25', '$18.25 → $109.50', 'Has everybody who allow-lists', 'app-1-terminate']) assert.ok(text.includes(part), part);
    assert.equal((await page.$$('.strip li')).length, view.head.stages.length);
    assert.ok((await page.text('.tiles')).includes(String(view.steps.list.length)));
    await page.done();
  },

  async 'a move opens with the strategies that were not taken'(started) {
    const page = await open(started, at);
    await page.click('.moves .row[data-at="6"]');
    await page.waitForSelector('#side:not([hidden])');
    const side = await page.text('#side');
    for (const part of ['bastion', 'relocate', 'flip', 'retire', 'bastion-launch']) assert.ok(side.includes(part), part);
    await page.done();
  },

  async 'a step is found by its address, with call, command, waits, checks, way back, reasons'(started) {
    const page = await open(started, at, { hash: '#step=nat-a' });
    const side = await page.text('#side');
    for (const part of ['ec2:CreateNatGateway', 'aws ec2 create-nat-gateway', '${eip-nat-a.AllocationId}', 'Waits for', 'Way back', 'ec2:DeleteNatGateway', 'Needs', 'Needed by']) assert.ok(side.includes(part), part);
    assert.equal(await page.getAttribute('#tab-steps', 'aria-selected'), 'true');
    await page.click('#side a[href="#step=eip-nat-a"]');
    await page.waitForFunction(() => document.getElementById('side').textContent.includes('ec2:AllocateAddress'));
    await page.goBack();
    await page.waitForFunction(() => document.getElementById('side').textContent.includes('ec2:CreateNatGateway'));
    await page.done();
  },

  async 'search and filters narrow the steps'(started) {
    const page = await open(started, at, { hash: '#steps' });
    await page.fill('#search-steps', 'createnat');
    assert.deepEqual(await page.texts('.steps .row code'), ['nat-a', 'nat-b', 'nat-c']);
    await page.fill('#search-steps', '');
    await page.selectOption('#panel-steps select >> nth=1', 'last');
    assert.deepEqual((await page.texts('.steps .row code')).sort(), view.head.no_return.map((one) => one.step).sort());
    await page.fill('#search-steps', 'no such thing');
    assert.ok((await page.text('#panel-steps')).includes('Nothing matches'));
    await page.done();
  },

  async 'the command line is copied as it is'(started) {
    const page = await open(started, at, { hash: '#step=subnet-private-a', permissions: ['clipboard-read', 'clipboard-write'] });
    const line = await page.text('#side .cli pre');
    await page.click('#side .cli button');
    await page.waitForFunction(() => document.querySelector('#side .cli button').textContent === 'Copied');
    assert.equal(await page.evaluate(() => navigator.clipboard.readText()), line);
    await page.done();
  },

  async 'the map shows the account before, after, and at each moment between'(started) {
    const page = await open(started, at, { hash: '#map' });
    const subnets = () => page.$$eval('.subnet', (all) => all.map((one) => [one.querySelector('bdi').textContent, one.classList.contains('public')]));
    assert.deepEqual((await subnets()).map(([, open]) => open), [true, true, true], 'today all are public');
    await page.click('.marks-row .end');
    const after = Object.fromEntries(await subnets());
    assert.equal(after['prod-public-a'], false);
    assert.equal(after['story-public-a'], true);
    const inside = await page.$eval('.subnet:has(header bdi:text-is("story-private-a"))', (one) => one.querySelector('.things').textContent);
    for (const name of ['bastion', 'app-1', 'billing']) assert.ok(inside.includes(name), name);
    const place = view.steps.list.findIndex((one) => one.id === 'nat-b') + 1;
    await page.$eval('#moment', (slider, to) => { slider.value = to; slider.dispatchEvent(new Event('input')); }, place);
    await page.waitForFunction(() => document.querySelector('.caption').textContent.includes('nat-b'));
    assert.deepEqual(await page.texts('.thing.changed bdi'), ['story-nat-b']);
    await page.evaluate(() => { location.hash = '#moment=flip-10-0-1-0-24'; });
    await page.waitForFunction(() => document.querySelector('.caption').textContent.includes('flip-10-0-1-0-24'));
    assert.match(await page.getAttribute('#moment', 'aria-valuetext'), /^after step \d+ of 91/);
    await page.done();
  },

  async 'a thing tells what becomes of it, step by step'(started) {
    const page = await open(started, at, { hash: '#thing=i-cd7ed5de7e92a42e1' });
    const side = await page.text('#side');
    for (const part of ['app-1', '10.0.1.4', 'app-1-stop', 'running', 'stopped', 'app-1-terminate', 'not there', 'pg-multi']) assert.ok(side.includes(part), part);
    await page.done();
  },

  async 'doors and the map agree with reach, another part of the program'() {
    const reach = (who, port, when) => {
      try {
        hikkoshi(dir, 'reach', 'story', '--from', 'internet', '--to', who, '--port', port, '--at', when);
        return true;
      } catch (error) {
        assert.equal(error.status, 3, error.stderr);
        return false;
      }
    };
    const open = (doors, who, port) => doors.some((one) => one.name === who && (one.ports === 'tcp ' + port || one.ports === 'all traffic'));
    for (const [who, port] of [['pg-multi', '5432'], ['bastion', '22'], ['app-1', '8080'], ['app', '80'], ['orders', '443'], ['internal', '80']]) {
      assert.equal(open(view.flows.open_before, who, port), reach(who, port, 'start'), who + ' ' + port + ' today');
      assert.equal(open(view.flows.open_after, who, port), reach(who, port, 'end'), who + ' ' + port + ' afterwards');
    }
    const node = view.map.nodes.find((one) => one.name === 'prod-public-a');
    const flip = view.steps.list.findIndex((one) => one.id === 'flip-10-0-1-0-24') + 1;
    assert.deepEqual(node.hist.map(([when, stand]) => [when, /^igw-/.test(stand.w)]), [[0, true], [flip, false]]);
  },

  async 'the timeline draws bars, and opens the step under the pointer'(started) {
    const page = await open(started, at, { hash: '#timeline' });
    await page.waitForSelector('div.time canvas');
    const colours = await page.$eval('div.time canvas', (canvas) => {
      const { data } = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height);
      const all = new Set();
      for (let at2 = 0; at2 < data.length; at2 += 4) all.add(data[at2] + ',' + data[at2 + 1] + ',' + data[at2 + 2]);
      return all.size;
    });
    assert.ok(colours > 20, colours + ' colours');
    await page.focus('div.time');
    for (let n = 0; n < 3; n += 1) await page.keyboard.press('ArrowRight');
    await page.keyboard.press('Enter');
    await page.waitForSelector('#side:not([hidden])');
    assert.ok((await page.text('#side')).includes('ec2:CreateSubnet'));
    assert.equal(await page.getAttribute('#tab-timeline', 'aria-selected'), 'true', 'the timeline stays');
    await page.done();
  },

  async 'flows stand in the matrix and in the list with evidence and verdict; doors before and after'(started) {
    const page = await open(started, at, { hash: '#flows' });
    assert.ok((await page.text('#panel-flows')).includes('(' + view.flows.count + ')'));
    await page.click('.matrix button[aria-label^="billing → pg-multi"]');
    assert.deepEqual(await page.texts('.flows .row .ends'), ['billing → pg-multi']);
    assert.ok((await page.text('.flows .row')).includes('holds in every state'));
    const doors = await page.texts('#panel-flows .count');
    assert.deepEqual(doors, ['14 open, 1 meant', '0 open, 1 meant']);
    await page.done();
  },

  async 'groups stand side by side, with what nobody vouches for in red'(started) {
    const page = await open(started, at, { hash: '#groups' });
    await page.selectOption('#panel-groups select', 'unvouched');
    assert.ok((await page.texts('.units .row b')).includes('story-app-1'));
    await page.click('.units .row[data-at="0"]');
    const detail = await page.text('.group-detail');
    for (const part of ['default-all', 'all traffic', 'Let in although nobody vouches', 'Dropped', 'target of app']) assert.ok(detail.includes(part), part);
    await page.done();
  },

  async 'two plans are compared'(started) {
    const old = read(dir, 'plans/story/plan.yaml').replace('title: Create the private subnet 10.0.0.0/24 in us-east-1a', 'title: Create the first private subnet')
      .replace('strategy: stay\n  reason', 'strategy: flip\n  reason').replace('minutes: 14', 'minutes: 15');
    fs.writeFileSync(file(dir, 'old.yaml'), old);
    hikkoshi(dir, 'review', 'story', '--against', 'old.yaml', '--out', 'compared.html');
    const page = await open(started, file(dir, 'compared.html'), { hash: '#compare' });
    const text = await page.text('#panel-compare');
    for (const part of ['old.yaml', 'subnet-private-a', 'changed', 'flip', 'stay']) assert.ok(text.includes(part), part);
    await page.click('#panel-compare .row:has(code:text-is("subnet-private-a"))');
    assert.ok((await page.text('#side .diff')).includes('+ title: Create the private subnet'));
    await page.done();
  },

  async 'the journal shows: what is done is marked'(started) {
    const run = story('run');
    fs.copyFileSync(file(run, 'plans/story/inventory.json'), file(run, 'account.json'));
    hikkoshi(run, '--cloud', 'sim:account.json', 'apply', 'story', '--yes', '--until', 'foundation');
    hikkoshi(run, 'review', 'story');
    const page = await open(started, file(run, 'plans/story/review.html'));
    assert.ok((await page.text('#progress')).includes('26 of 91 steps done'));
    await page.tab('steps');
    assert.equal((await page.$$('.steps .row .state-done')).length > 10, true);
    await page.done();
  },

  async 'live data is shown where it comes'(started) {
    const page = await open(started, at);
    await page.evaluate(() => window.hikkoshi.live({ steps: { 'subnet-private-a': 'done', 'nat-a': 'running', 'nat-b': 'failed' }, events: [{ at: '2026-11-29T00:00:00Z', text: 'nat-a is begun' }], eta_s: 600, bound_s: 300, paused: 'kei', postponed: [], lease: { who: 'kei@laptop' } }));
    const text = await page.text('#progress');
    for (const part of ['1 of 91 steps done', '10 min to go', 'at best 5 min', 'Paused kei', 'kei@laptop', 'nat-b', 'nat-a is begun']) assert.ok(text.includes(part), part);
    await page.tab('steps');
    assert.equal((await page.$$('.steps .row .state-failed')).length, 1);
    await page.tab('map');
    await page.evaluate(() => window.hikkoshi.live({ steps: { 'subnet-private-a': 'done', 'app-1-launch': 'running' } }));
    assert.deepEqual(await page.texts('.thing.run-running bdi'), ['app-1']);
    await page.click('.run-now');
    assert.ok((await page.text('.caption')).includes('subnet-private-a'));
    await page.done();
  },
};
