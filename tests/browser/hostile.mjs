// Names that want to be more than names.

import assert from 'node:assert/strict';
import fs from 'node:fs';
import { file, hikkoshi, open, story } from './support.mjs';

const NAMES = ['<img src=x onerror=alert(1)>', '</script><script>window.broken = 1</script>', 'safe\u202egpj.exe', '"><svg onload=alert(2)>', '{{script}}${nat-a.NatGatewayId}', '<!--<script>'];

export const hostile = {
  async 'hostile names are shown and do nothing'(started) {
    const dir = story('hostile');
    const at = file(dir, 'plans/story/inventory.json');
    const inventory = JSON.parse(fs.readFileSync(at, 'utf8'));
    const instances = inventory.resources.filter((one) => ['ec2_instance', 'subnet'].includes(one.kind));
    assert.equal(instances.length, NAMES.length);
    instances.forEach((one, n) => {
      one.name = NAMES[n];
      one.tags.Name = NAMES[n];
      one.doc.Tags = [...(one.doc.Tags || []).filter((tag) => tag.Key !== 'Name'), { Key: 'Name', Value: NAMES[n] }];
    });
    fs.writeFileSync(at, JSON.stringify(inventory));
    hikkoshi(dir, 'plan', 'story');
    hikkoshi(dir, 'review', 'story');
    const page = await open(started, file(dir, 'plans/story/review.html'));
    const shown = [];
    for (const part of ['overview', 'map', 'timeline', 'flows', 'groups', 'steps']) {
      await page.tab(part);
      await page.waitForTimeout(100);
      shown.push(await page.text('#panel-' + part));
    }
    await page.click('.steps .row >> nth=5');
    await page.evaluate(() => window.dispatchEvent(new Event('beforeprint')));
    await page.waitForTimeout(200);
    assert.equal(await page.evaluate(() => window.broken), undefined);
    assert.equal((await page.$$('img, svg[onload], main script, #side script, #print script')).length, 0);
    assert.ok(shown.some((text) => text.includes('<img src=x onerror=alert(1)>')), 'the name is shown as it is');
    const all = shown.join('') + (await page.text('#print'));
    assert.ok(!/[\u202a-\u202e\u2066-\u2069]/.test(all), 'no mark turns the direction of writing');
    await page.done();
  },

  async 'the page may run nothing but its own script and call nobody'(started) {
    const dir = story('policy');
    hikkoshi(dir, 'review', 'story');
    const page = await open(started, file(dir, 'plans/story/review.html'));
    const policy = await page.getAttribute('meta[http-equiv]', 'content');
    assert.match(policy, /default-src 'none'; script-src 'sha256-[^ ]+'; style-src 'sha256-[^ ]+'; img-src data:; connect-src 'none'/);
    const tried = await page.evaluate(async () => {
      const script = document.createElement('script');
      script.textContent = 'window.smuggled = 1';
      document.body.append(script);
      const called = await fetch('http://127.0.0.1:9/').then(() => 'called', () => 'refused');
      return [window.smuggled, called];
    });
    assert.deepEqual(tried, [undefined, 'refused']);
    await page.context().close();
  },
};
