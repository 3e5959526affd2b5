// Runs the suites one after the other and tells how many held.

import { browser } from './support.mjs';
import { content } from './content.mjs';
import { keys } from './keys.mjs';
import { live } from './live.mjs';
import { hostile } from './hostile.mjs';
import { serve } from './serve.mjs';
import { size } from './size.mjs';

const wanted = process.argv[2];
const started = await browser();
let held = 0;
const failed = [];
for (const suite of [content, keys, hostile, serve, live, size]) {
  for (const [name, test] of Object.entries(suite)) {
    if (wanted && !(suite.name + ' ' + name).includes(wanted)) continue;
    const from = Date.now();
    try {
      const told = await test(started);
      held += 1;
      console.log('ok    ' + name + '  (' + (Date.now() - from) + ' ms)' + (told ? '  ' + told : ''));
    } catch (error) {
      failed.push(name);
      console.log('FAILED ' + name + '\n' + (error.stack || error));
    }
  }
}
await started.close();
console.log('tests/browser: ' + held + ' held, ' + failed.length + ' failed' + (failed.length ? ': ' + failed.join('; ') : ''));
process.exit(failed.length || !held ? 1 : 0);
