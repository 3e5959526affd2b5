// The served page: live, and what one may ask of a run on it.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import fs from 'node:fs';
import { file, hikkoshi, story } from './support.mjs';

const SIM = '--cloud=sim:account.json';

/** The worked example on a simulated account, with more in its intent. */
function begun(name, more) {
  const dir = story(name);
  fs.copyFileSync(file(dir, 'plans/story/inventory.json'), file(dir, 'account.json'));
  fs.appendFileSync(file(dir, 'migrations/story.yaml'), more);
  return dir;
}

/** A migration that is served, and its page in a browser. */
async function serve(started, dir, ...options) {
  const server = spawn(process.env.HIKKOSHI, ['serve', 'story', ...options], { cwd: dir, env: { PATH: process.env.PATH, HOME: dir, NO_COLOR: '1' } });
  const address = await new Promise((resolve, reject) => {
    server.stdout.on('data', (text) => resolve(String(text).split('\n')[0]));
    server.on('exit', (code) => reject(new Error('serve ended with ' + code)));
  });
  const context = await started.newContext({ viewport: { width: 1280, height: 800 }, locale: 'en-US' });
  const page = await context.newPage();
  const seen = [];
  page.on('console', (message) => seen.push(message.text()));
  page.on('pageerror', (error) => seen.push(error.message));
  await page.goto(address);
  await page.waitForSelector('html[data-ready]');
  page.texts = (selector) => page.$$eval(selector, (found) => found.map((one) => one.textContent.trim()));
  page.text = (selector) => page.textContent(selector);
  const stop = () => server.kill('SIGINT');
  const done = async ({ errors = /status of 4\d\d/ } = {}) => {
    stop();
    assert.deepEqual(seen.filter((text) => !errors.test(text)), [], 'the page is silent');
    await context.close();
  };
  return { page, stop, done };
}
const as = (name) => `--caller=arn:aws:sts::123456789012:assumed-role/Ops/${name}`;

export const live = {
  async 'a served page goes with the run, pauses it and lets it go on'(started) {
    const dir = begun('live', 'postponed: [pg-multi-not-public]\n');
    hikkoshi(dir, 'plan', 'story', SIM);
    const served = await serve(started, dir, SIM);
    const { page } = served;
    await page.waitForSelector('#control button');
    assert.ok((await page.text('#control')).includes('nobody runs it just now'));
    assert.ok(!page.url().includes('token'), 'the token has left the address');
    hikkoshi(dir, 'apply', 'story', '--yes', '--until=foundation', SIM);
    await page.waitForFunction(() => /^2\d of \d+ steps done/.test(document.querySelector('#progress h2').textContent));
    await page.click('#control button:text-is("Pause")');
    await page.waitForFunction(() => document.getElementById('control').textContent.includes('kept for the next run'));
    assert.throws(() => hikkoshi(dir, 'apply', 'story', '--yes', SIM), /HK0512/);
    await page.click('#tab-steps');
    assert.ok((await page.texts('.steps .state-done')).length > 0, 'what is done is shown with the steps');
    await page.click('#control button:text-is("Go on")');
    await page.waitForFunction(() => [...document.querySelectorAll('#control button')].some((one) => one.textContent === 'Pause'));
    await page.click('#control button:text-is("Release pg-multi-not-public")');
    await page.waitForFunction(() => [...document.querySelectorAll('#control button')].some((one) => one.textContent.startsWith('Hold pg-multi-not-public')));
    await page.keyboard.press('Escape');
    await page.evaluate(() => document.querySelectorAll('.switches button')[0].click());
    await page.waitForFunction(() => document.getElementById('control').textContent.includes('一時停止'));
    await served.done();
  },

  async 'a plan is approved by who types its name'(started) {
    const dir = begun('approved', 'approvals: {need: 1}\n');
    hikkoshi(dir, 'plan', 'story', SIM, as('rin'));
    const served = await serve(started, dir, SIM, as('mika'));
    const { page } = served;
    await page.click('#control .lacking button');
    await page.keyboard.type('stroy');
    await page.keyboard.press('Enter');
    await page.waitForFunction(() => document.getElementById('control').textContent.includes("type the migration's name"));
    await page.fill('#control input >> nth=0', 'story');
    await page.fill('#control input >> nth=1', 'read in the meeting');
    await page.keyboard.press('Enter');
    await page.waitForFunction(() => document.getElementById('control').textContent.includes('assumed-role/Ops/mika approves plan'));
    await page.waitForFunction(() => !document.querySelector('#control .lacking'));
    await served.done();
  },

  async 'a server that has gone away is told'(started) {
    const dir = begun('gone', '');
    const served = await serve(started, dir, SIM);
    await served.page.waitForSelector('#control button');
    served.stop();
    await served.page.waitForFunction(() => document.getElementById('control').textContent.includes('the server does not answer'));
    await served.done({ errors: /Failed to load resource|ERR_CONNECTION_REFUSED/ });
  },
};
