// What the tests share: pages made by the program, a browser that notes what it should not see.

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { pathToFileURL } from 'node:url';

const { HIKKOSHI, CHROMIUM, MODULES, WORK, ROOT } = process.env;
const { chromium } = createRequire(MODULES + '/')('playwright-core');

const FLAGS = ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync'];

/** Runs the program in a directory. */
export function hikkoshi(dir, ...args) {
  return execFileSync(HIKKOSHI, args, { cwd: dir, encoding: 'utf8', maxBuffer: 1 << 30, env: { PATH: process.env.PATH, HOME: WORK, NO_COLOR: '1' } });
}

/** A copy of the repository's worked example. */
export function story(name) {
  const dir = path.join(WORK, name);
  fs.mkdirSync(dir, { recursive: true });
  for (const part of ['migrations', 'plans']) fs.cpSync(path.join(ROOT, part), path.join(dir, part), { recursive: true });
  return dir;
}

export const file = (dir, ...parts) => path.join(dir, ...parts);
export const read = (...parts) => fs.readFileSync(path.join(...parts), 'utf8');

export async function browser() {
  return chromium.launch({ executablePath: CHROMIUM, args: FLAGS });
}

/** Opens a page from disk, and holds it to what must hold of each: no error, no word on the console, no request. */
export const open = (started, at, options = {}) => visit(started, pathToFileURL(at).href + (options.hash || ''), options);

/** The same of a page that a server shows: it may ask that server, and nobody else. */
export async function visit(started, url, { hash, init, ...options } = {}) {
  const context = await started.newContext({ viewport: { width: 1280, height: 800 }, locale: 'en-US', colorScheme: 'light', ...options });
  const page = await context.newPage();
  const seen = [];
  page.on('console', (message) => seen.push('console: ' + message.text()));
  page.on('pageerror', (error) => seen.push('error: ' + error.message));
  page.on('dialog', (dialog) => { seen.push('dialog: ' + dialog.message()); dialog.dismiss(); });
  page.on('request', (request) => { if (!/^(file|data|blob):/.test(request.url()) && !(url.startsWith('http') && request.url().startsWith(new URL(url).origin))) seen.push('request: ' + request.url()); });
  if (init) await page.addInitScript(init);
  await page.goto(url);
  await page.waitForSelector('html[data-ready]', { timeout: 60_000 });
  page.done = async () => {
    assert.deepEqual(seen, [], 'the page is silent');
    await context.close();
  };
  page.tab = async (key) => {
    await page.click('#tab-' + key);
    await page.waitForSelector('#panel-' + key + ':not([hidden]) > *', { state: 'attached' });
  };
  page.texts = (selector) => page.$$eval(selector, (found) => found.map((one) => one.textContent.trim()));
  page.text = (selector) => page.textContent(selector);
  return page;
}

/** The longest time for which the page answers nobody while something is done, in milliseconds; nothing under 50 counts. */
export async function busy(page, act) {
  await page.evaluate(watch);
  await act();
  return page.evaluate(() => Math.max(0, ...(window.stalls || []), ...(window.watched?.takeRecords() || []).map((one) => one.duration)));
}

/** In the page: notes from now on what takes long. */
export function watch() {
  window.stalls = [];
  window.watched?.disconnect();
  window.watched = new PerformanceObserver((list) => list.getEntries().forEach((one) => window.stalls.push(one.duration)));
  window.watched.observe({ type: 'longtask' });
}
