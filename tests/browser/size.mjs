// 5,000 workloads: nothing that a person does keeps the page from answering.

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { busy, file, hikkoshi, open } from './support.mjs';

/** The page may be busy so long with one deed, in milliseconds. CI's machines are slower than a person's. */
const MOST = Number(process.env.HIKKOSHI_MOST_MS || 400);
const STACKS = Number(process.env.HIKKOSHI_STACKS || 556);

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
  async 'five thousand workloads'(started) {
    const at = made();
    const bytes = fs.statSync(at).size;
    const spent = {};
    const page = await open(started, at);
    const opened = await page.evaluate(() => performance.getEntriesByType('navigation')[0].duration);
    spent.open = await busy(page, async () => {
      await page.reload();
      await page.waitForSelector('html[data-ready]');
    });
    await page.waitForSelector('html[data-idle]');
    for (const part of ['steps', 'map', 'timeline', 'flows', 'groups', 'overview']) {
      spent[part] = await busy(page, async () => {
        await page.tab(part);
        await page.waitForTimeout(300);
      });
    }
    await page.tab('steps');
    for (const typed of ['a', 'p', 'p', '-', '7']) {
      spent['type ' + typed] = await busy(page, async () => {
        await page.type('#search-steps', typed);
        await page.waitForTimeout(60);
      });
    }
    assert.ok((await page.$$('.steps .row')).length < 80, 'only what is seen is there');
    await page.click('.steps .row[data-at="0"]');
    await page.waitForSelector('#side:not([hidden])');
    await page.tab('map');
    for (const by of [1000, 20000, 35000]) {
      spent['moment ' + by] = await busy(page, async () => {
        await page.$eval('#moment', (slider, to) => { slider.value = to; slider.dispatchEvent(new Event('input')); }, by);
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
    await page.done();
    return (bytes / 1e6).toFixed(1) + ' MB, opened in ' + Math.round(opened) + ' ms; ms busy: ' + told;
  },
};
