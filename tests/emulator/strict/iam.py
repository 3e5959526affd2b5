"""IAM: the policy simulator, which moto does not have"""
import ipaddress, json, re
from moto.core.responses import ActionResult
from moto.iam.exceptions import IAMException, InvalidInput
from moto.iam.responses import IamResponse as R
from .core import CFG, op, patch


class PolicyEvaluation(IAMException):
    code = 'PolicyEvaluation'


def fits(pattern, text, fold=False):
    """`*` and `?`, as policies have them; what is asked is taken as it stands"""
    rx = ''.join('.*' if c == '*' else '.' if c == '?' else re.escape(c) for c in pattern)
    return re.fullmatch(rx, text, re.S | (re.I if fold else 0)) is not None


def many(v):
    return v if isinstance(v, list) else [v]


def filled(pattern, ctx, missing):
    """policy variables"""
    def one(m):
        key, _, default = m.group(1).partition(',')
        if key in '*?$':
            return key
        got = ctx.get(key.strip().lower())
        if got is None and not default:
            missing.add(key)
            return '\0'         # fits nothing
        return got[0] if got else default.strip().strip("'")
    return re.sub(r'\$\{([^}]*)\}', one, pattern)


def compared(op_, want, have):
    base = op_.lower()
    if base.startswith('string'):
        fold = 'ignorecase' in base
        if 'like' in base:
            return fits(want, have, fold)
        return want.lower() == have.lower() if fold else want == have
    if base.startswith('arn'):      # each of the six parts by itself
        w, h = want.split(':', 5), have.split(':', 5)
        return len(w) == len(h) == 6 and all(fits(a, b) for a, b in zip(w, h))
    if base.startswith('bool'):
        return str(want).lower() == have.lower()
    if base.startswith('numeric'):
        a, b = float(have), float(want)
        return {'equals': a == b, 'notequals': a == b, 'lessthan': a < b, 'lessthanequals': a <= b, 'greaterthan': a > b, 'greaterthanequals': a >= b}[base[7:]]
    if base.startswith('date'):     # ISO 8601 in UTC compares as text
        return {'equals': have == want, 'notequals': have == want, 'lessthan': have < want, 'lessthanequals': have <= want, 'greaterthan': have > want, 'greaterthanequals': have >= want}[base[4:]]
    if 'ipaddress' in base:
        return ipaddress.ip_address(have) in ipaddress.ip_network(want, strict=False)
    raise PolicyEvaluation(f'condition operator {op_} is not known here')


def holds(condition, ctx, missing):
    """IAM User Guide, "Condition operators": a key that is missing makes a condition false, a negated one true"""
    every = True
    for full, keys in (condition or {}).items():
        each, _, op_ = full.rpartition(':')
        optional = op_.endswith('IfExists')
        op_ = op_.removesuffix('IfExists')
        negated = 'Not' in op_
        for key, wants in keys.items():
            wants = [filled(str(w).lower() if isinstance(w, bool) else str(w), ctx, missing) for w in many(wants)]
            have = ctx.get(key.lower())
            if op_ == 'Null':
                every &= (have is None) == (wants[0] == 'true')
                continue
            if have is None:
                missing.add(key)
                every &= optional or negated or each == 'ForAllValues'
                continue
            said = [any(compared(op_, w, h) for w in wants) != negated for h in have]
            every &= all(said) if each == 'ForAllValues' else any(said)
    return every


def statements(documents):
    for name, kind, text in documents:
        document = json.loads(text) if isinstance(text, str) else text
        for st in many(document.get('Statement', [])):
            yield name, kind, st


def matching(documents, action, resource, ctx, missing):
    for name, kind, st in statements(documents):
        named = any(fits(p, action, True) for p in many(st.get('Action', st.get('NotAction', []))))
        if named == ('NotAction' in st):
            continue
        on = any(fits(filled(p, ctx, missing), resource) for p in many(st.get('Resource', st.get('NotResource', []))))
        if on == ('NotResource' in st):
            continue
        if holds(st.get('Condition'), ctx, missing):
            yield name, kind, st['Effect']


def decided(documents, action, resource, ctx, missing):
    found = list(matching(documents, action, resource, ctx, missing))
    denies = [f for f in found if f[2] == 'Deny']
    return ('explicitDeny', denies[:1]) if denies else ('allowed', found) if found else ('implicitDeny', [])


def of_policy(p):
    return next(v.document for v in p.versions if v.is_default)


def documents_of(holder, kind, name):
    inline = [(f'{kind}_{name}_{n}', kind, t) for n, t in holder.policies.items()]
    return inline + [(p.name, 'aws-managed' if ':aws:policy' in arn else 'user-managed', of_policy(p)) for arn, p in holder.managed_policies.items()]


def entity(backend, arn):
    """its documents, its boundary, the keys that IAM knows by itself"""
    m = re.fullmatch(r'arn:[\w-]+:iam::\d+:(user|group|role)/(?:.*/)?([^/]+)', arn)
    if not m:       # uncertain: text as people report it
        raise InvalidInput(f'Invalid Entity Arn: {arn} does not clearly define entity type and name.')
    kind, name = m.groups()
    if kind == 'user':
        user = backend.get_user(name)
        docs = documents_of(user, 'user', name)
        for g in backend.get_groups_for_user(name):
            docs += documents_of(g, 'group', g.name)
        found, keys = user, {'aws:username': [name], 'aws:userid': [user.id]}
    elif kind == 'role':
        found, keys = backend.get_role(name), {}
        docs = documents_of(found, 'role', name)
    else:
        found, keys = backend.get_group(name), {}
        docs = documents_of(found, 'group', name)
    if found.arn != arn:
        raise backend_missing(kind, name)
    at = getattr(found, 'permissions_boundary_arn', None) or (getattr(found, 'permissions_boundary', None) or {}).get('PermissionsBoundaryArn') if kind != 'group' else None
    return docs, ([('boundary', 'aws-managed', of_policy(backend.get_policy(at)))] if at else None), keys


def backend_missing(kind, name):
    from moto.iam.exceptions import NotFoundException
    return NotFoundException(f'The {kind} with name {name} cannot be found.')


@patch
def simulator():
    @op(R)
    def simulate_principal_policy(self):
        docs, boundary, ctx = entity(self.backend, self._get_param('PolicySourceArn'))
        ctx = {k.lower(): v for k, v in ctx.items()}
        for e in self._get_param('ContextEntries', []) or []:
            values = e.get('ContextKeyValues') or []
            if not e.get('ContextKeyType', '').endswith('List') and len(values) > 1:
                raise InvalidInput(f"Context key {e['ContextKeyName']} has several values and is no list")      # uncertain
            ctx[e['ContextKeyName'].lower()] = values
        actions, resources = self._get_param('ActionNames', []), self._get_param('ResourceArns', []) or ['*']
        for a in actions:
            if not re.fullmatch(r'[\w-]+:[\w*]+', a):
                raise InvalidInput(f'Invalid Action: {a}')      # uncertain
        # AWS refuses some mixtures; which ones is not documented: here all of several services, and what a test says
        alone = ['iam:PassRole', *CFG['iam_alone'].split(',')]
        if len(actions) > 1 and (len({a.split(':')[0] for a in actions}) > 1 or any(a in alone for a in actions)):
            raise InvalidInput(f'Invalid Input Actions: [{actions[0]}] and [{actions[-1]}] require different authorization information')
        if any(a in CFG['iam_unknown'].split(',') for a in actions):
            raise InvalidInput(f'Invalid Input Action: {actions[0]}')       # uncertain
        out = [one(docs, boundary, ctx, a, resources) for a in actions]
        n, at = int(self._get_param('MaxItems') or 100), int(self._get_param('Marker') or 0)
        more = {'Marker': str(at + n)} if len(out) > at + n else {}
        return ActionResult({'EvaluationResults': out[at:at + n], 'IsTruncated': bool(more), **more})


def one(docs, boundary, ctx, action, resources):
    """API reference, EvaluationResult: one for each action, with the hardest decision of its resources"""
    each, order = [], ['allowed', 'implicitDeny', 'explicitDeny']
    for r in resources:
        missing = set()
        said, by = decided(docs, action, r, ctx, missing)
        part = {'EvalResourceName': r, 'EvalResourceDecision': said, 'MissingContextValues': sorted(missing),
                'MatchedStatements': [{'SourcePolicyId': n, 'SourcePolicyType': k} for n, k, _ in by]}
        if boundary is not None:
            within = decided(boundary, action, r, ctx, missing)[0]
            part['PermissionsBoundaryDecisionDetail'] = {'AllowedByPermissionsBoundary': within == 'allowed'}
            if within != 'allowed' and said == 'allowed':
                part['EvalResourceDecision'] = within
        each.append(part)
    worst = max(each, key=lambda p: order.index(p['EvalResourceDecision']))
    result = {'EvalActionName': action, 'EvalResourceName': resources[0], 'EvalDecision': worst['EvalResourceDecision'],
              'MatchedStatements': worst['MatchedStatements'], 'MissingContextValues': sorted(set().union(*(p['MissingContextValues'] for p in each)))}
    return {**result, 'ResourceSpecificResults': each} if resources != ['*'] else {**result, 'PermissionsBoundaryDecisionDetail': worst.get('PermissionsBoundaryDecisionDetail')} if boundary is not None else result
