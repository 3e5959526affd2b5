// The page that `hikkoshi serve` shows: the same, live.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import fs from 'node:fs';
import { file, hikkoshi, story, visit } from './support.mjs';

const { HIKKOSHI, WORK } = process.env;

/** A server in a directory, and where it shows the page. */
export async function serving(dir, ...options) {
  const child = spawn(HIKKOSHI, ['--cloud', 'sim:account.json', 'serve', 'story', ...options], { cwd: dir, env: { PATH: process.env.PATH, HOME: WORK, NO_COLOR: '1' } });
  let said = '';
  const url = await new Promise((found, lost) => {
    child.stdout.on('data', (some) => {
      said += some;
      const match = said.match(/http:\/\/127\.0\.0\.1:\d+\/\S*/);
      if (match) found(match[0]);
    });
    child.stderr.on('data', (some) => { said += some; });
    child.on('exit', () => lost(new Error('the server ended: ' + said)));
  });
  return { url, end: () => child.kill() };
}

export function account(name) {
  const dir = story(name);
  fs.copyFileSync(file(dir, 'plans/story/inventory.json'), file(dir, 'account.json'));
  return dir;
}

export const serve = {
  async 'a run is seen as it goes, in every part, without loading the page again'(started) {
    const dir = account('live');
    const server = await serving(dir);
    try {
      const page = await visit(started, server.url);
      assert.ok((await page.text('body')).includes('nobody runs it just now'));
      hikkoshi(dir, '--cloud', 'sim:account.json', 'apply', 'story', '--yes', '--until', 'foundation');
      await page.waitForFunction(() => document.getElementById('progress').textContent.includes('26 of 91 steps done'), null, { timeout: 15_000 });
      await page.click('#tab-steps');
      await page.waitForSelector('.steps .row .state-done');
      await page.click('#tab-map');
      await page.click('.run-now');
      await page.waitForFunction(() => document.querySelectorAll('.subnet').length === 9);
      await page.done();
    } finally {
      server.end();
    }
  },

  async 'who types into the bar presses no key of the page; a pause is asked for by a button'(started) {
    const dir = account('asked');
    const server = await serving(dir);
    try {
      const page = await visit(started, server.url);
      await page.evaluate(() => {
        const box = document.createElement('input');
        box.type = 'text';
        box.id = 'typed';
        document.body.prepend(box);
      });
      await page.type('#typed', '6d?/l');
      assert.equal(await page.getAttribute('#tab-overview', 'aria-selected'), 'true');
      assert.equal(await page.evaluate(() => document.getElementById('help').open), false);
      await page.click('#control button:text-is("Pause")');
      await page.waitForFunction(() => document.getElementById('control').textContent.includes('kept for the next run'));
      assert.match(hikkoshi(dir, 'status', 'story'), /paused|pause/);
      await page.done();
    } finally {
      server.end();
    }
  },
};
