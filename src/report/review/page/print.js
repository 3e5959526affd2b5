// On paper: overview, moves, groups and steps as tables, whole as far as a printer's patience goes.

const PAGES = 2500;

function printed() {
  const { steps, groups, flows } = found;
  const rest = (all) => all.length > PAGES && h('p', null, t('and more', { n: number(all.length - PAGES) }));
  const some = (all) => all.slice(0, PAGES);
  show(find('print'),
    h('h1', null, 'hikkoshi · ' + head.migration), h('p', null, [t('account') + ' ' + head.account, head.region, head.vpc, t('plan') + ' ' + head.plan, t('seen', { at: head.taken_at })].join(' · ')),
    verdict(), tiles(),
    h('h2', null, t('moves')), table(['workload', 'kind', 'strategy', 'interruption', 'duration', 'risk', 'why'].map((key) => t(key)), some(head.moves).map((one) => [name(one.name), word('kind', one.kind), word('strategy', one.strategy), atMost(one.interruption_s), seconds(one.duration_s), word('risk', one.risk), one.reason])), rest(head.moves),
    bill(), before(), noReturn(), addresses(), proof(), warnings(),
    flows && exposureTable(flows),
    groups && [h('h2', null, t('security groups')), some(groups.units).filter((unit) => unit.group).map((unit) => [h('h3', null, name(unit.group), ' ← ', members(unit)), table(['', t('ports'), t('from'), t('why')],
      [...unit.rules.map((rule) => ['+', ...rule]), ...unit.unvouched.map((rule) => ['?', ...rule]), ...unit.dropped.map((rule) => ['−', ...rule])])]), rest(groups.units)],
    steps && [h('h2', null, t('steps')), table(['#', t('step'), t('what'), t('call'), t('begins at'), t('duration'), t('marks')], some(steps.list).map((step, at) => [at + 1, step.id, step.title, step.op, clock(step.at[0]), seconds(step.at[1] - step.at[0]),
      [step.impact && t('interrupts', { time: seconds(step.impact[0]) }), step.last && t('no way back'), steps.onPath.has(at) && t('critical'), stateOf(step.id) !== 'todo' && word('state', stateOf(step.id))].filter(Boolean).join(', ')])), rest(steps.list)]);
  for (const more of find('print').querySelectorAll('details')) more.open = true;
}

function exposureTable(flows) {
  const rows = (doors) => (doors || []).slice(0, PAGES).map((door) => [name(door.name), door.ports, door.from.join(', '), door.meant ? t('meant') : t('open')]);
  return [h('h2', null, t('what the internet reaches')), h('h3', null, t('today')), table([t('workload'), t('ports'), t('from'), ''], rows(flows.open_before)), h('h3', null, t('afterwards')), table([t('workload'), t('ports'), t('from'), ''], rows(flows.open_after))];
}
