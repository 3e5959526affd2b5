// Many workloads: nothing that a person does keeps the page from answering. A stack is nine workloads; 56 are five hundred,
// which a debug build plans in seconds. HIKKOSHI_STACKS=556 takes five thousand, HIKKOSHI_LARGE=DIR a page that is there.

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { busy, file, hikkoshi, open, watch } from './support.mjs';

/** For so long at most the page may answer nobody, in milliseconds. Others may build on the machine of the tests. */
const MOST = Number(process.env.HIKKOSHI_MOST_MS || 300);
const STACKS = Number(process.env.HIKKOSHI_STACKS || 56);

const dir = process.env.HIKKOSHI_LARGE || path.join(process.env.WORK, 'large');

function made() {
  const at = file(dir, 'plans/large/review.html');
  if (!fs.existsSync(at)) {
    execFileSync('node', [path.join(import.meta.dirname, 'large.mjs'), process.env.ROOT, dir, String(STACKS)]);
    hikkoshi(dir, 'plan', 'large');
    hikkoshi(dir, 'review', 'large');
  }
  return at;
}

export const size = {
  async 'as many workloads as it takes'(started) {
    const at = made();
    const bytes = fs.statSync(at).size;
    const spent = {};
    const page = await open(started, at, { init: watch });
    const opened = await page.evaluate(() => performance.getEntriesByType('navigation')[0].duration);
    await page.waitForSelector('html[data-idle]');
    spent.open = await page.evaluate(() => Math.max(0, ...window.stalls));
    for (const part of ['steps', 'map', 'timeline', 'flows', 'groups', 'overview']) {
      spent[part] = await busy(page, async () => {
        await page.tab(part);
        await page.waitForTimeout(300);
      });
    }
    await page.tab('steps');
    for (const typed of ['a', 'p', 'p', '-', '1']) {
      spent['type ' + typed] = await busy(page, async () => {
        await page.type('#search-steps', typed);
        await page.waitForTimeout(60);
      });
    }
    assert.ok((await page.$$('.steps .row')).length < 80, 'only what is seen is there');
    await page.click('.steps .row[data-at="0"]');
    await page.waitForSelector('#side:not([hidden])');
    await page.tab('map');
    const last = Number(await page.getAttribute('#moment', 'max'));
    for (const by of [0.1, 0.5, 0.9]) {
      spent['moment ' + by] = await busy(page, async () => {
        await page.$eval('#moment', (slider, to) => { slider.value = to; slider.dispatchEvent(new Event('input')); }, Math.round(by * last));
        await page.waitForTimeout(150);
      });
    }
    await page.tab('timeline');
    spent.scroll = await busy(page, async () => {
      await page.$eval('div.time', (one) => { one.scrollTop = 50_000; });
      await page.waitForTimeout(100);
    });
    const slow = Object.entries(spent).filter(([, ms]) => ms > MOST);
    const told = Object.entries(spent).map(([what, ms]) => what + ' ' + Math.round(ms)).join(', ');
    assert.deepEqual(slow, [], told);
    const workloads = await page.getAttribute('.moves .row[data-at]', 'aria-setsize');
    await page.done();
    return workloads + ' workloads, ' + (bytes / 1e6).toFixed(1) + ' MB, opened in ' + Math.round(opened) + ' ms; longest stalls in ms: ' + told;
  },
};
