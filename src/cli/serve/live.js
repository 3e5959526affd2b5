// The live part of a served page: asks the server where the run stands, and lets people ask something of it.
(() => {
  'use strict';
  const EVERY_MS = 1000;
  const WORDS = {
    en: {
      control: 'Run', lost: 'the server does not answer; what you see is as of {at}', nobody: 'nobody runs it just now', runs: 'running: {who}',
      pause: 'Pause', resume: 'Go on', abort: 'End the run', release: 'Release {step}', hold: 'Hold {step} again', approve: 'Approve',
      paused: 'paused by {who}', asked: 'asked for; the run hears it within a second or two', kept: 'kept for the next run',
      lacking: 'before {point}: {why}', typed: 'type {name} to approve this plan', reason: 'reason (optional)', cancel: 'Cancel',
      sure: 'End the run? Calls in flight are finished; hikkoshi apply goes on later.', yes: 'End it', other: 'the plan has changed since this page was loaded: load it again',
      shows: 'this server only shows', failed: '{step} failed: {why}',
    },
    ja: {
      control: '実行', lost: 'サーバーが応答しません。表示は {at} 時点のものです', nobody: '現在、実行中の人はいません', runs: '実行中: {who}',
      pause: '一時停止', resume: '再開', abort: '実行を終了', release: '{step} を解放', hold: '{step} を再び保留', approve: '承認する',
      paused: '{who} により一時停止中', asked: '依頼しました。1、2 秒以内に実行側へ届きます', kept: '次回の実行まで保持されます',
      lacking: '{point} の前: {why}', typed: '承認するには {name} と入力してください', reason: '理由（任意）', cancel: 'キャンセル',
      sure: '実行を終了しますか。送信済みの呼び出しは完了します。hikkoshi apply で後から続行できます。', yes: '終了する', other: 'このページを開いた後に計画が変わりました。再読み込みしてください',
      shows: 'このサーバーは表示専用です', failed: '{step} が失敗しました: {why}',
    },
  };
  const about = window.hikkoshi.about || {};
  const t = (key, values = {}) => {
    const words = WORDS[document.documentElement.lang === 'ja' ? 'ja' : 'en'];
    return words[key].replace(/\{(\w+)\}/g, (_, name) => String(values[name] ?? ''));
  };
  const make = (tag, attributes, ...children) => {
    const element = document.createElement(tag);
    Object.entries(attributes || {}).forEach(([name, value]) => {
      if (typeof value === 'function') element.addEventListener(name, value);
      else if (value !== false) element.setAttribute(name, value === true ? '' : value);
    });
    element.append(...children.flat().filter((child) => child !== false && child !== null && child !== undefined));
    return element;
  };

  let state = null;
  let seen = '';
  let lostAt = '';
  let note = '';
  let open = null; // which question is being asked: 'abort', or the point of an approval

  const rowsOf = make('div', {});
  const told = make('p', { role: 'status' }); // apart: what a person types is not taken away when something is told
  const bar = make('section', { id: 'control', 'aria-label': t('control') }, rowsOf, told);
  Object.assign(bar.style, { background: 'var(--panel)', borderBottom: '1px solid var(--line)', padding: '6px 20px', fontSize: '12.5px' });
  document.getElementById('body').before(bar);
  new MutationObserver(draw).observe(document.documentElement, { attributes: true, attributeFilter: ['lang'] });

  async function post(path, body) {
    const answer = await fetch(path, { method: 'POST', headers: { 'Content-Type': 'application/json', 'X-Hikkoshi': '1' }, body: JSON.stringify(body) });
    const text = await answer.text();
    if (answer.ok) return JSON.parse(text);
    let why = text;
    try { why = JSON.parse(text).error.message; } catch { /* plain words */ }
    throw new Error(why.trim());
  }

  async function ask(body) {
    try {
      const answer = await post('ask', body);
      note = t(answer.runs ? 'asked' : 'kept');
    } catch (error) {
      note = error.message;
    }
    open = null;
    draw();
    look();
  }

  async function approve(point, typed, reason) {
    try {
      note = (await post('approve', { plan: state.plan, checkpoint: point, typed, reason: reason || null })).said;
      open = null;
    } catch (error) {
      note = error.message;
    }
    draw();
    look();
  }

  const button = (key, values, press, kind) => make('button', { type: 'button', class: kind || 'plain', click: press, disabled: about.read_only === true }, t(key, values));

  function question(point) {
    const name = make('input', { type: 'text', autocomplete: 'off', 'aria-label': t('typed', { name: about.migration }), placeholder: t('typed', { name: about.migration }) });
    const why = make('input', { type: 'text', autocomplete: 'off', 'aria-label': t('reason'), placeholder: t('reason') });
    const form = make('form', { submit: (event) => { event.preventDefault(); approve(point, name.value, why.value); } },
      name, ' ', why, ' ', make('button', { type: 'submit' }, t('approve')), ' ', button('cancel', {}, () => { open = null; draw(); }));
    setTimeout(() => name.focus(), 0);
    return form;
  }

  function draw() {
    told.textContent = note;
    if (!state) return;
    const typing = bar.contains(document.activeElement) && document.activeElement.tagName === 'INPUT';
    if (typing && open) return; // what a person types is not taken away
    bar.setAttribute('aria-label', t('control'));
    const line = [lostAt ? make('strong', { class: 'bad' }, t('lost', { at: lostAt })) : make('span', {}, state.lease ? t('runs', { who: state.lease }) : t('nobody'))];
    if (state.paused) line.push(' · ', make('strong', {}, t('paused', { who: state.paused })));
    const buttons = [];
    buttons.push(state.paused ? button('resume', {}, () => ask({ what: 'resume' })) : button('pause', {}, () => ask({ what: 'pause' })));
    if (state.lease) buttons.push(button('abort', {}, () => { open = 'abort'; draw(); }));
    state.held.forEach((step) => buttons.push(button('release', { step }, () => ask({ what: 'release', step }))));
    state.released.forEach((step) => buttons.push(button('hold', { step }, () => ask({ what: 'hold', step }))));
    const rows = [make('p', {}, line, ' ', buttons.map((one) => [one, ' ']).flat())];
    if (open === 'abort') rows.push(make('p', { role: 'alert' }, t('sure'), ' ', button('yes', {}, () => ask({ what: 'abort' })), ' ', button('cancel', {}, () => { open = null; draw(); })));
    Object.entries(state.failures).forEach(([step, why]) => rows.push(make('p', { class: 'bad' }, t('failed', { step, why }))));
    state.lacking.forEach(([point, why]) => {
      const asking = open === 'approve ' + point;
      rows.push(make('div', { class: 'lacking' }, make('span', {}, t('lacking', { point, why })), ' ', asking ? question(point) : button('approve', {}, () => { open = 'approve ' + point; draw(); })));
    });
    if (about.read_only) rows.push(make('p', { class: 'dim' }, t('shows')));
    rowsOf.replaceChildren(...rows);
  }

  async function look() {
    try {
      const answer = await fetch('live', { cache: 'no-store' });
      if (!answer.ok) throw new Error(String(answer.status));
      const text = await answer.text();
      const back = lostAt !== '';
      lostAt = '';
      if (text !== seen) {
        const first = state;
        seen = text;
        state = JSON.parse(text);
        if (first && first.plan !== state.plan) note = t('other');
        window.hikkoshi.live({ ...state, postponed: state.held, lease: state.lease ? { who: state.lease } : null });
        draw();
      } else if (back) {
        draw();
      }
    } catch {
      if (state && !lostAt) {
        lostAt = new Date().toLocaleTimeString(document.documentElement.lang || 'en');
        draw();
      }
    }
  }

  async function on() {
    await look();
    setTimeout(on, EVERY_MS);
  }
  on();
})();
