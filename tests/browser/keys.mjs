// By keyboard, in both languages, light and dark, on paper, by screen reader.

import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { file, hikkoshi, open, story } from './support.mjs';

const dir = story('keys');
hikkoshi(dir, 'review', 'story');
const at = file(dir, 'plans/story/review.html');
const PARTS = ['overview', 'map', 'timeline', 'flows', 'groups', 'steps'];

export const keys = {
  async 'everything is reached by keyboard alone'(started) {
    const page = await open(started, at);
    await page.keyboard.press('6');
    await page.waitForSelector('#panel-steps:not([hidden]) .row');
    await page.keyboard.press('/');
    await page.keyboard.type('launch');
    await page.keyboard.press('ArrowDown');
    await page.keyboard.press('ArrowDown');
    await page.keyboard.press('Enter');
    await page.waitForSelector('#side:not([hidden])');
    assert.ok((await page.text('#side')).includes('ec2:RunInstances'));
    await page.keyboard.press('Escape');
    await page.waitForSelector('#side', { state: 'hidden' });
    await page.keyboard.press('2');
    await page.waitForSelector('.subnet');
    await page.keyboard.press(']');
    await page.waitForFunction(() => document.querySelector('.caption').textContent.includes('subnet-private-a'));
    await page.keyboard.press('?');
    assert.equal(await page.evaluate(() => document.getElementById('help').open), true);
    await page.keyboard.press('Escape');
    await page.done();
  },

  async 'tabs are tabs: arrows move, one stop in the order of focus'(started) {
    const page = await open(started, at);
    await page.focus('#tab-overview');
    for (const part of [...PARTS.slice(1), 'overview']) {
      await page.keyboard.press('ArrowRight');
      await page.waitForFunction((key) => document.getElementById('tab-' + key).getAttribute('aria-selected') === 'true', part);
      assert.equal(await page.evaluate(() => document.activeElement.id), 'tab-' + part);
    }
    assert.equal((await page.$$('#tabs [tabindex="0"]')).length, 1);
    await page.done();
  },

  async 'what is focused is seen to be'(started) {
    const page = await open(started, at);
    for (let n = 0; n < 12; n += 1) {
      await page.keyboard.press('Tab');
      const [width, id] = await page.evaluate(() => [getComputedStyle(document.activeElement).outlineWidth, document.activeElement.id || document.activeElement.className]);
      assert.notEqual(width, '0px', id);
    }
    await page.done();
  },

  async 'roles and names are there for a screen reader'(started) {
    const page = await open(started, at);
    for (const part of PARTS) {
      await page.tab(part);
      await page.waitForTimeout(100);
      const nameless = await page.$$eval('#panel-' + part + ' :is(button, a, input, select, [role=listbox], [role=application])', (all) => all.filter((one) => !(one.getAttribute('aria-label') || one.textContent.trim() || one.labels?.length)).map((one) => one.outerHTML.slice(0, 120)));
      assert.deepEqual(nameless, [], part);
    }
    const tree = await page.locator('#tabs').ariaSnapshot();
    assert.match(tree, /tablist "Parts of the review"/);
    assert.match(tree, /tab "Overview"/);
    assert.equal(await page.getAttribute('#told', 'aria-live'), 'polite');
    const ids = await page.$$eval('[id]', (all) => all.map((one) => one.id));
    assert.equal(new Set(ids).size, ids.length, 'ids are unique');
    await page.done();
  },

  async 'axe finds nothing to mend, in any part, light and dark'(started) {
    const axe = fs.readFileSync(path.join(process.env.MODULES, 'node_modules/axe-core/axe.min.js'), 'utf8');
    for (const colorScheme of ['light', 'dark']) {
      const page = await open(started, at, { colorScheme, init: { content: axe } });
      for (const part of PARTS) {
        await page.tab(part);
        if (part === 'map') await page.click('.thing >> nth=3');
        await page.waitForTimeout(150);
        const found = await page.evaluate(async () => (await window.axe.run({ resultTypes: ['violations'] })).violations.map((one) => one.id + ' ' + one.nodes.slice(0, 3).map((node) => node.html.slice(0, 140) + ' ' + (node.any[0]?.message || '')).join(' | ')));
        assert.deepEqual(found, [], colorScheme + ' ' + part);
      }
      await page.done();
    }
  },

  async 'a screen reader hears the moment of the map'(started) {
    const page = await open(started, at, { hash: '#map' });
    await page.focus('#moment');
    await page.keyboard.press('ArrowRight');
    await page.waitForFunction(() => /subnet-private-a/.test(document.getElementById('told').textContent), null, { timeout: 3000 });
    await page.done();
  },

  async 'both languages have a word for everything'(started) {
    const page = await open(started, at, { locale: 'ja-JP' });
    assert.equal(await page.getAttribute('html', 'lang'), 'ja');
    const heads = [];
    for (const part of PARTS) {
      await page.tab(part);
      heads.push(...await page.texts('#panel-' + part + ' :is(h2, th[scope=col], .tile span, option, .summary)'));
    }
    const own = /^(default-all|story-.*|[\w.-]+|.*\d.*)$/;
    assert.deepEqual(heads.filter((text) => !/[\u3040-\u30ff\u4e00-\u9fff]/.test(text) && !own.test(text)), [], 'headings without Japanese');
    await page.click('#language');
    await page.waitForFunction(() => document.documentElement.lang === 'en');
    assert.equal(await page.text('#tab-map'), 'Map');
    const english = await page.text('body main');
    assert.ok(!/[\u3040-\u30ff\u4e00-\u9fff]/.test(english), 'Japanese left over in English');
    await page.done();
  },

  async 'another language leaves what one looks at where it is'(started) {
    for (const [hash, shown] of [['#step=nat-a', '#panel-steps .steps .row'], ['#move=bastion', '#panel-overview .moves .row[data-at]'], ['#moment=nat-a', '#panel-map .subnet']]) {
      const page = await open(started, at, { hash });
      await page.waitForSelector(shown);
      const text = await page.text('#side');
      const before = (await page.$$(shown)).length;
      await page.click('#language');
      await page.waitForSelector('html[lang=ja]');
      await page.waitForSelector(shown);
      assert.equal((await page.$$(shown)).length, before, hash);
      if (text) assert.ok((await page.text('#side')).length > 0, hash);
      await page.done();
    }
  },

  async 'light, dark, and as the system has it; always legible'(started) {
    const page = await open(started, at, { colorScheme: 'dark' });
    const ground = () => page.evaluate(() => getComputedStyle(document.body).backgroundColor);
    const dark = await ground();
    assert.ok(contrast(dark, await page.evaluate(() => getComputedStyle(document.body).color)) > 7);
    for (const theme of ['light', 'dark']) {
      await page.click('#theme');
      assert.equal(await page.getAttribute('html', 'data-theme'), theme);
      const pairs = await page.$$eval('.dim, .chip, .tile b, .why, .row small', (all) => all.slice(0, 60).map((one) => {
        let under = one;
        let back = getComputedStyle(under).backgroundColor;
        while (/, 0\)$|transparent/.test(back) && under.parentElement) { under = under.parentElement; back = getComputedStyle(under).backgroundColor; }
        return [getComputedStyle(one).color, back, one.className + ' ' + one.textContent.slice(0, 20)];
      }));
      for (const [ink, back, what] of pairs) assert.ok(contrast(ink, back) >= 4.5, theme + ': ' + what + ' ' + contrast(ink, back).toFixed(2));
    }
    await page.done();
  },

  async 'it prints everything, black on white, and none of the switches'(started) {
    const page = await open(started, at, { colorScheme: 'dark' });
    await page.waitForSelector('html[data-idle]');
    await page.evaluate(() => window.dispatchEvent(new Event('beforeprint')));
    await page.emulateMedia({ media: 'print' });
    assert.equal(await page.isVisible('#tabs'), false);
    const text = await page.text('#print');
    for (const part of ['bastion', 'nat-a', 'ec2:CreateNatGateway', 'app-1-terminate', 'story-pg-multi', 'What the internet reaches']) assert.ok(text.includes(part), part);
    assert.equal((await page.$$('#print table:last-of-type tbody tr')).length > 90, true);
    const pdf = await page.pdf();
    assert.ok(pdf.length > 30_000);
    await page.done();
  },

  async 'nothing is wider than a small screen'(started) {
    const page = await open(started, at, { viewport: { width: 390, height: 844 } });
    for (const part of PARTS) {
      await page.tab(part);
      await page.waitForTimeout(80);
      const wide = await page.evaluate(() => document.documentElement.scrollWidth);
      assert.ok(wide <= 390, part + ' is ' + wide + ' wide');
    }
    await page.done();
  },
};

/** The contrast of two colours as WCAG counts it. */
function contrast(one, two) {
  const light = (colour) => {
    const [r, g, b] = colour.match(/[\d.]+/g).map(Number).map((value) => (value / 255 <= 0.03928 ? value / 255 / 12.92 : ((value / 255 + 0.055) / 1.055) ** 2.4));
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const [a, b] = [light(one), light(two)].sort((x, y) => y - x);
  return (a + 0.05) / (b + 0.05);
}
