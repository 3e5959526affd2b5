// What one may ask of a run on the served page.

import assert from 'node:assert/strict';
import fs from 'node:fs';
import { account, serving } from './serve.mjs';
import { file, hikkoshi, visit } from './support.mjs';

const SIM = '--cloud=sim:account.json';
const as = (name) => `--caller=arn:aws:sts::123456789012:assumed-role/Ops/${name}`;

/** The worked example on a simulated account, with more in its intent, planned anew. */
function planned(name, more, ...options) {
  const dir = account(name);
  fs.appendFileSync(file(dir, 'migrations/story.yaml'), more);
  hikkoshi(dir, 'plan', 'story', SIM, ...options);
  return dir;
}

const says = (page, text) => page.waitForFunction((part) => document.getElementById('control').textContent.includes(part), text);
const button = (page, label) => page.click(`#control button:text-is("${label}")`);

export const live = {
  async 'a run is paused, let go on, and a postponed step released'(started) {
    const dir = planned('postponed', 'postponed: [pg-multi-not-public]\n');
    const server = await serving(dir);
    try {
      const page = await visit(started, server.url);
      assert.ok(!page.url().includes('token'), 'the token has left the address');
      await button(page, 'Pause');
      await says(page, 'paused by');
      assert.throws(() => hikkoshi(dir, 'apply', 'story', '--yes', SIM), /HK0512/);
      await button(page, 'Go on');
      await page.waitForSelector('#control button:text-is("Pause")');
      await button(page, 'Release pg-multi-not-public');
      await page.waitForSelector('#control button:text-is("Hold pg-multi-not-public again")');
      await page.evaluate(() => { document.documentElement.lang = 'ja'; });
      await says(page, '一時停止');
      await page.done();
    } finally {
      server.end();
    }
  },

  async 'a plan is approved by who types its name'(started) {
    const dir = planned('approved', 'approvals: {need: 1}\n', as('rin'));
    const server = await serving(dir, as('mika'));
    try {
      const page = await visit(started, server.url);
      await page.click('#control .lacking button');
      await page.fill('#control input >> nth=0', 'story');
      await page.fill('#control input >> nth=1', 'read in the meeting');
      await page.keyboard.press('Enter');
      await says(page, 'assumed-role/Ops/mika approves plan');
      await page.waitForFunction(() => !document.querySelector('#control .lacking'));
      await page.done();
    } finally {
      server.end();
    }
  },

  async 'a server that has gone away is told'(started) {
    const server = await serving(account('gone'));
    const page = await visit(started, server.url);
    await page.waitForSelector('#control button');
    server.end();
    await says(page, 'the server does not answer');
  },
};
